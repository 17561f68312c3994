"""Opens the sockets that the server listens on."""

from __future__ import annotations

import errno
import socket
from contextlib import ExitStack
from typing import Any

from funcpack_invoker.errors import ListenError

# Connections that wait while all workers are busy; the kernel lowers it to net.core.somaxconn.
BACKLOG = 2048

_NOT_HERE = frozenset({errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT})

# What `socket` calls an address: with a scope where it is one of a link alone.
_Address = tuple[socket.AddressFamily, tuple[Any, ...]]


def listen(host: str | None, port: int) -> list[socket.socket]:
    """Open the listening sockets.

    Without a host one socket takes IPv6 and IPv4 alike; a machine without IPv6 gets one for IPv4.

    Raises:
        ListenError: when no socket can be opened, or the port is taken.

    """
    try:
        found = _open_all(_resolve(host, port)) if host else _open_for_everybody(port)
    except OSError as exc:
        raise ListenError(host, port, _reason(exc)) from None
    except UnicodeError:
        raise ListenError(host, port, "this is no name of a host") from None
    if not found:
        raise ListenError(host, port, "this machine has no such address")
    return found


def url(listener: socket.socket) -> str:
    """Write where a socket listens, as `http://[::]:8080`."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _resolve(host: str, port: int) -> list[_Address]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    return [(family, address) for family, _, _, _, address in found]


def _open_for_everybody(port: int) -> list[socket.socket]:
    return _open_all([(socket.AF_INET6, ("::", port))]) or _open_all([(socket.AF_INET, ("0.0.0.0", port))])  # noqa: S104 - so is it meant


def _open_all(addresses: list[_Address]) -> list[socket.socket]:
    """Open a socket for each of the addresses that this machine has."""
    with ExitStack() as on_failure:
        opened = []
        for family, address in addresses:
            try:
                opened.append(on_failure.enter_context(_open_one(family, address)))
            except OSError as exc:
                if exc.errno not in _NOT_HERE:
                    raise
        on_failure.pop_all()
        return opened


def _open_one(family: socket.AddressFamily, address: tuple[Any, ...]) -> socket.socket:
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            # Whatever net.ipv6.bindv6only says: only the address of all interfaces takes IPv4 as well.
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(address[0] != "::"))
        listener.bind(address)
        listener.listen(BACKLOG)
    except BaseException:
        listener.close()
        raise
    return listener


def _reason(exc: OSError) -> str:
    if exc.errno == errno.EADDRINUSE:
        return "another process uses the port"
    return (exc.strerror or str(exc)).lower()
