"""Waits until the function's process serves."""

from __future__ import annotations

import asyncio
from contextlib import suppress

# Seconds between two attempts: the first ones, and the later ones of a start that takes long.
_SHORTEST, _LONGEST = 0.005, 0.1

_READY = b"GET /health/ready HTTP/1.1\r\nHost: localhost\r\n\r\n"
_STARTING = b"\r\n\r\nstarting\n"

# The invoker answers it without the function.
_UNSUPPORTED = b"GET / HTTP/9.9\r\n\r\n"


async def until_it_serves(host: str, port: int, *, health_paths: bool) -> None:
    """Return when the invoker at this address accepts connections, and the function's `start` is done.

    The function's own `ready` does not count, because requests are served before it agrees. If the health paths are off, this
    does not wait for a `start` of more than a second. Requests wait for it then.
    """
    pause = _SHORTEST
    while True:
        with suppress(OSError):
            if not (await _answer(host, port, _READY if health_paths else _UNSUPPORTED)).endswith(_STARTING):
                return
        await asyncio.sleep(pause)
        pause = min(pause * 1.1, _LONGEST)


async def _answer(host: str, port: int, request: bytes) -> bytes:
    """Send a request; return the answer, which comes in one piece.

    Raises:
        OSError: There is none.

    """
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(request)
        answer = await reader.read(1 << 12)
    finally:
        writer.transport.abort()
    if not answer:
        raise ConnectionResetError
    return answer
