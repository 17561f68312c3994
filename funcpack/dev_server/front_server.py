"""Serves the front on its sockets, with the connections of the invoker and their limits."""

from __future__ import annotations

import asyncio
import resource
from typing import TYPE_CHECKING, TypedDict

from funcpack_invoker.http.connection import Connection
from funcpack_invoker.http.forwarded import TrustedProxies
from funcpack_invoker.http.service import Service
from funcpack_invoker.server.acceptor import Acceptor
from funcpack_invoker.server.limits import Limits

if TYPE_CHECKING:
    import socket
    from collections.abc import Sequence

    from funcpack_invoker.http.limits import WireLimits
    from funcpack_invoker.http.service import Application
    from funcpack_invoker.settings import Settings

_PAUSE = 0.02


class FrontServer:
    """Accepts connections for an application, with the limits that the invoker has with the same settings."""

    def __init__(self, listeners: Sequence[socket.socket], application: Application, settings: Settings) -> None:
        """Accept connections from now on."""
        self._loop = asyncio.get_running_loop()
        self._ending = asyncio.Event()
        self._service: Service[Connection] = Service.for_loop(
            self._loop, application=application, is_ending=self._ending.is_set, **_applied(settings)
        )
        for listener in listeners:
            listener.setblocking(False)
        self._acceptor = Acceptor(listeners, lambda: Connection(self._service, self._loop))
        self._acceptor.start()

    def apply(self, settings: Settings) -> None:
        """Apply the settings of the function's process to connections that are made from now on."""
        self._service = self._service._replace(**_applied(settings))

    async def stop(self, seconds: float) -> None:
        """Accept no more connections; give requests in flight some seconds, and cut those off that remain."""
        self._ending.set()
        await self._acceptor.stop(last=False)
        end = self._loop.time() + seconds
        connections = self._service.connections
        while connections and self._loop.time() < end:
            for connection in tuple(connections):
                connection.close_if_idle(0)
            await asyncio.sleep(_PAUSE)
        for connection in tuple(connections):
            connection.abort()


class _Applied(TypedDict):
    """What the settings decide of a service."""

    limits: WireLimits
    max_body: int
    most_connections: int
    proxies: TrustedProxies


def _applied(settings: Settings) -> _Applied:
    open_files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    # Each connection of a client can need one to the process.
    limits = Limits().with_header(settings.max_header, settings.max_header_field).within(open_files // 2)
    return {
        "limits": limits.wire,
        "max_body": settings.max_body,
        "most_connections": limits.connections,
        "proxies": TrustedProxies(settings.trusted_proxies),
    }
