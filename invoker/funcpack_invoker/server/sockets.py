"""Opens the sockets that the server listens on, in two steps.

The master binds them, so that it reports a port that is in use before the function is imported. A worker listens on them
when it can answer. Until then the kernel refuses connections, and probes of the port fail, as they should.
"""

from __future__ import annotations

import errno
import socket
from contextlib import ExitStack
from typing import Any

from funcpack_invoker.errors import ListenError

# The number of connections that wait while all workers are busy; the kernel limits it to net.core.somaxconn.
BACKLOG = 2048

_NOT_HERE = frozenset({errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT})

# An address as `socket` has it: for IPv6 with a scope, if the address is link-local.
_Address = tuple[socket.AddressFamily, tuple[Any, ...]]


def bind(host: str | None, port: int) -> list[socket.socket]:
    """Open the sockets, which do not listen yet.

    Without a host, one socket accepts both IPv6 and IPv4; a machine without IPv6 gets an IPv4 socket.

    Raises:
        ListenError: if no socket can be opened, or the port is in use.

    """
    try:
        found = _open_all(_resolve(host, port)) if host else _open_for_everybody(port)
    except OSError as exc:
        raise ListenError(host, port, _reason(exc)) from None
    except UnicodeError:
        raise ListenError(host, port, "invalid host name") from None
    if not found:
        raise ListenError(host, port, "this machine does not have that address")
    return found


def listen(listeners: list[socket.socket], host: str | None, port: int) -> None:
    """Let connections in. Several workers can do this to the same sockets, which were bound to this host and port.

    Raises:
        ListenError: if another process has listened on the port meanwhile.

    """
    try:
        for listener in listeners:
            listener.listen(BACKLOG)
    except OSError as exc:
        raise ListenError(host, port, _reason(exc)) from None


def url(listener: socket.socket) -> str:
    """Return the URL that a socket listens on, such as `http://[::]:8080`."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _resolve(host: str, port: int) -> list[_Address]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    return [(family, address) for family, _, _, _, address in found]


def _open_for_everybody(port: int) -> list[socket.socket]:
    return _open_all([(socket.AF_INET6, ("::", port))]) or _open_all([(socket.AF_INET, ("0.0.0.0", port))])  # noqa: S104 - all addresses are intended


def _open_all(addresses: list[_Address]) -> list[socket.socket]:
    """Open a socket for each address, except those that this machine does not have."""
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
            # Regardless of net.ipv6.bindv6only: only the wildcard address accepts IPv4, too.
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(address[0] != "::"))
        listener.bind(address)
        listener.setblocking(False)
    except BaseException:
        listener.close()
        raise
    return listener


def _reason(exc: OSError) -> str:
    if exc.errno == errno.EADDRINUSE:
        return "another process uses the port"
    return (exc.strerror or str(exc)).lower()
