"""Limits of a single connection."""

from __future__ import annotations

from typing import NamedTuple


class WireLimits(NamedTuple):
    """Times in seconds, sizes in bytes.

    Attributes:
        header_timeout: from the start of the connection, or the first byte of a request, to the end of the header.
        body_timeout: in every period of this length, `body_progress` bytes of a body must arrive, or it is answered 408.
        body_progress: bytes; the slowest modems sent 10 KB in 20 seconds.
        upload: bytes. A larger body can occupy a thread while it arrives, so it must arrive faster.
        upload_progress: bytes in every `body_timeout` for the rest of a body that is larger than `upload`.
        body_grace: seconds that every body has; a body may take one second more for every `body_rate` bytes.
        body_rate: bytes in a second.
        write_timeout: in every period of this length, a client must read `write_progress` bytes of a response that waits.
        write_progress: bytes, or all that is left.
        keep_alive: how long an idle connection is kept; longer than Go's HTTP transport keeps it (90 s), so that the proxy
            closes first, which cannot lose a request.
        half_close: how long a call may go on after the client has closed its side: most clients have left then, and some
            have only sent everything.
        linger: how long bytes of the client are read and dropped after the last response; closing at once could destroy
            the response on its way (RFC 9112 section 9.6).
        request_line: a longer one is answered 414.
        field: a header field with its line end; a longer one is answered 431 (FUNCTION_MAX_HEADER_FIELD).
        fields: the number of header fields; more are answered 431.
        header: the request line and all fields; more is answered 431 (FUNCTION_MAX_HEADER).
        framing: chunk extensions and trailers of a body, in addition to a few bytes for each byte of the body; more is
            answered 413.

    """

    header_timeout: float = 10.0
    body_timeout: float = 20.0
    body_progress: int = 10_000
    upload: int = 1 << 20
    upload_progress: int = 200_000
    body_grace: float = 60.0
    body_rate: int = 10_000
    write_timeout: float = 60.0
    write_progress: int = 10_000
    keep_alive: float = 120.0
    half_close: float = 1.0
    linger: float = 5.0
    request_line: int = 8190
    field: int = 1 << 15
    fields: int = 100
    header: int = 1 << 16
    framing: int = 1 << 16

    def allows(self, size: int, progress: int, seconds: float) -> bool:
        """Return whether a body may go on arriving.

        Args:
            size: the bytes that have arrived.
            progress: those of the last `body_timeout`.
            seconds: that the client has had for it.

        """
        wanted = self.upload_progress if size > self.upload else self.body_progress
        return progress >= wanted and seconds <= self.body_grace + size / self.body_rate
