"""What the server grants a client, and how long it takes to end.

These are no settings: each has one right value for a function behind a platform's proxy. They are in one place so that
tests can start a server with smaller ones.
"""

from __future__ import annotations

from typing import NamedTuple


class Limits(NamedTuple):
    """Times in seconds, sizes in bytes.

    Attributes:
        connections: open at a time in one worker; a new one above it is answered 503.
        header_timeout: from a connection's first moment, or a request's first byte, to the end of its header.
        body_timeout: a request's body must make `body_progress` in every span of this length, or it is answered 408.
        body_progress: bytes; 10 KB in 20 seconds is what the slowest modem did.
        write_timeout: for a client to take some of a response that it has stopped reading.
        keep_alive: an idle connection is kept; longer than Go's transports keep theirs (90 s), so that it is the proxy
            that closes, which cannot lose a request by it.
        half_close: an answer is waited for after the client closed its side: most have left, some only said all they had.
        linger: what the client still sends is read away after the last response; closing at once could destroy that
            response on its way (RFC 9112 section 9.6).
        idle_at_shutdown: since its last request a connection may be idle at shutdown; the next one may be under way.
        shutdown_reserve: for cancelled calls and the module's `stop` after the grace period.

    """

    connections: int = 4096
    header_timeout: float = 10.0
    body_timeout: float = 20.0
    body_progress: int = 10_000
    write_timeout: float = 60.0
    keep_alive: float = 120.0
    half_close: float = 1.0
    linger: float = 5.0
    idle_at_shutdown: float = 1.0
    shutdown_reserve: float = 3.0
