"""Waits until the function's process serves."""

from __future__ import annotations

import asyncio

# Seconds between two attempts: the first ones, and the later ones of a start that takes long.
_SHORTEST, _LONGEST = 0.005, 0.1


async def until_it_serves(host: str, port: int) -> None:
    """Return when the invoker at this address accepts connections, which it does when the function's `start` is done.

    The function's own `ready` does not count, because requests are served before it agrees.
    """
    pause = _SHORTEST
    while not await _accepts(host, port):
        await asyncio.sleep(pause)
        pause = min(pause * 1.1, _LONGEST)


async def _accepts(host: str, port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection(host, port)
    except OSError:
        return False
    writer.transport.abort()
    return True
