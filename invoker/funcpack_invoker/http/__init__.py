"""HTTP/1.1: the connection, framing, bodies, responses and media types."""
