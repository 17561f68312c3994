"""Limits of a worker: its connections, and the times of its shutdown.

These are not settings: each has one right value for a function behind a platform's proxy. They are values, here and in
`http/limits.py` (those of a single connection), so that tests can start a server with smaller ones.
"""

from __future__ import annotations

from typing import NamedTuple

from funcpack_invoker.http.limits import WireLimits

# Bytes that a connection and what it may hold take on average, if all of them do as little as keeps them open.
_MEMORY_OF_CONNECTION = 1 << 17

# For the process itself, and for connections that have been accepted while others are being closed.
_RESERVED_FILES = 64


class Limits(NamedTuple):
    """Times in seconds.

    Attributes:
        connections: the number of open connections of a worker. For a further one, an idle one is closed; if none is idle,
            the further one is answered 503.
        idle_at_shutdown: how long a connection must have been idle before it is closed at shutdown: until then, the
            client's next request may be under way.
        shutdown_reserve: the time for cancelled calls and the module's `stop` after the grace period.
        memory: the bytes that a worker may have; None without a limit.
        wire: the limits of each connection.

    """

    connections: int = 4096
    idle_at_shutdown: float = 1.0
    shutdown_reserve: float = 3.0
    memory: int | None = None
    wire: WireLimits = WireLimits()

    def with_header(self, header: int, field: int) -> Limits:
        """Return these limits with others for the header of a request and for one field of it."""
        return self._replace(wire=self.wire._replace(header=header, field=field))

    @property
    def most_unfinished(self) -> int | None:
        """The bytes of requests that arrive, in all connections; those whose memory is reserved do not count."""
        return None if self.memory is None else self.memory // 16

    @property
    def most_unsent(self) -> int | None:
        """The bytes of responses that wait for their clients, in all connections."""
        return None if self.memory is None else self.memory // 8

    def with_memory(self, allowed: int | None, workers: int) -> Limits:
        """Return these limits for so many workers in the memory that the cgroup allows (None: without a limit)."""
        if allowed is None:
            return self
        memory = allowed // workers
        return self._replace(memory=memory, connections=max(1, min(self.connections, memory // _MEMORY_OF_CONNECTION)))

    def within(self, open_files: int) -> Limits:
        """Return these limits for a process that may have so many open files, some of which the function needs."""
        reserved = max(_RESERVED_FILES, open_files // 4)
        return self._replace(connections=max(1, min(self.connections, open_files - reserved)))
