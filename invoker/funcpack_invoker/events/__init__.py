"""CloudEvents: attributes, decoding, encoding, replies and the SDK's classes. No I/O, no server."""
