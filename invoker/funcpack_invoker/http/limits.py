"""What a connection grants its client."""

from __future__ import annotations

from typing import NamedTuple


class WireLimits(NamedTuple):
    """Times in seconds, sizes in bytes.

    Attributes:
        header_timeout: from a connection's first moment, or a request's first byte, to the end of its header.
        body_timeout: a request's body must make `body_progress` in every span of this length, or it is answered 408.
        body_progress: bytes; 10 KB in 20 seconds is what the slowest modem did.
        write_timeout: for a client to take some of a response that it has stopped reading.
        keep_alive: an idle connection is kept; longer than Go's transports keep theirs (90 s), so that it is the proxy
            that closes, which cannot lose a request by it.
        half_close: an answer is waited for after the client closed its side: most have left, some only said all they had.
        linger: what the client still sends is read and dropped after the last response; closing at once could destroy
            that response on its way (RFC 9112 section 9.6).
        request_line: a longer one is answered 414.
        field: a header field with its line end; a longer one is answered 431.
        fields: the number of header fields; more are answered 431.
        header: the request line and all fields; more is answered 431.
        framing: chunk extensions and trailers of a body, on top of some bytes for each of the body's; more is answered 413.

    """

    header_timeout: float = 10.0
    body_timeout: float = 20.0
    body_progress: int = 10_000
    write_timeout: float = 60.0
    keep_alive: float = 120.0
    half_close: float = 1.0
    linger: float = 5.0
    request_line: int = 8190
    field: int = 8190
    fields: int = 100
    header: int = 8190 * 101
    framing: int = 1 << 16
