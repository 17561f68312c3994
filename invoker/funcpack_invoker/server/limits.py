"""What a worker grants its clients together, and how long it takes to end.

These are not settings: each has one right value for a function behind a platform's proxy. They stand in two places, here
and in `http/limits.py` (of a single connection), so that tests can start a server with smaller ones.
"""

from __future__ import annotations

from typing import NamedTuple

from funcpack_invoker.http.limits import WireLimits


class Limits(NamedTuple):
    """Times in seconds.

    Attributes:
        connections: open at a time in one worker; a new one above it is answered 503.
        idle_at_shutdown: since its last request a connection may be idle at shutdown; the next one may be under way.
        shutdown_reserve: for cancelled calls and the module's `stop` after the grace period.
        wire: of each connection.

    """

    connections: int = 4096
    idle_at_shutdown: float = 1.0
    shutdown_reserve: float = 3.0
    wire: WireLimits = WireLimits()
