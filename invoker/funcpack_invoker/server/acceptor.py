"""Accepts connections like `asyncio.Server`, but shuts down without losing any.

When an `asyncio.Server` is closed, it drops connections that it has just accepted, and the kernel resets those in its
queue. To their clients, all of them were accepted.
"""

from __future__ import annotations

import array
import asyncio
import logging
import socket
import struct
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

logger = logging.getLogger("funcpack")

# Per wake-up: several workers listen on the same socket, and the first one to wake up should not take all connections.
_AT_A_TIME = 16

# Seconds for TCP handshakes that are under way when the listener stops accepting.
_HANDSHAKE = 0.05

# Seconds until the next attempt if there are too many open files, or too little memory.
_PAUSE = 1.0


class Acceptor:
    """Accepts connections from listening sockets, and creates a protocol for each."""

    def __init__(self, listeners: Iterable[socket.socket], protocol: Callable[[], asyncio.BaseProtocol]) -> None:
        self._listeners = list(listeners)
        self._protocol = protocol
        self._loop = asyncio.get_running_loop()
        self._stopped = False

    def start(self) -> None:
        """Start accepting connections."""
        for listener in self._listeners:
            self._loop.add_reader(listener, self._accept, listener)

    async def stop(self, *, last: bool) -> None:
        """Accept the connections in the kernel's queue, and close the sockets.

        Args:
            last: whether this is the last process that accepts connections from these sockets.

        """
        if last:
            for listener in self._listeners:
                _drop_new_connections(listener)
            await asyncio.sleep(_HANDSHAKE)
        self._stopped = True
        for listener in self._listeners:
            self._loop.remove_reader(listener)
            while self._accept(listener):
                pass
            listener.close()
        # The protocols get their connections in the next iteration of the loop.
        await asyncio.sleep(0)

    def _accept(self, listener: socket.socket) -> bool:
        """Accept some connections; return whether there may be more."""
        for _ in range(_AT_A_TIME):
            try:
                connection, address = listener.accept()
            except (BlockingIOError, ConnectionAbortedError):
                return False
            except OSError as exc:
                logger.error("cannot accept a connection: %s", exc.strerror)  # noqa: TRY400 - a traceback would add nothing
                self._pause(listener)
                return False
            connection.setblocking(False)
            # As asyncio.Server does. The public `connect_accepted_socket` needs a task for each connection, and imports
            # ssl only to find out that TLS is not used, which would slow down every start.
            self._loop._make_socket_transport(  # type: ignore[attr-defined] # noqa: SLF001
                connection, self._protocol(), extra={"peername": address}
            )
        return True

    def _pause(self, listener: socket.socket) -> None:
        self._loop.remove_reader(listener)
        if not self._stopped:
            self._loop.call_later(_PAUSE, self._resume, listener)

    def _resume(self, listener: socket.socket) -> None:
        if not self._stopped:
            self._loop.add_reader(listener, self._accept, listener)


# Classic BPF over the TCP header of a packet (Linux's Documentation/networking/filter.rst): drop SYN
# packets without ACK, and let the others pass. Each instruction has a code, two jump offsets (true, false) and an operand.
_DROP_SYN = (
    (0x30, 0, 0, 13),  # load the byte of the flags
    (0x54, 0, 0, 0x12),  # keep SYN and ACK
    (0x15, 0, 1, 0x02),  # SYN alone?
    (0x06, 0, 0, 0),  # drop
    (0x06, 0, 0, 0xFFFFFFFF),  # pass
)
_SO_ATTACH_FILTER = 26


def _drop_new_connections(listener: socket.socket) -> None:
    """Let the kernel ignore new connection attempts. Clients retry, and are refused once the socket is closed.

    Without this, a connection that enters the queue between the last `accept` and the closing of the socket is reset. On
    platforms without socket filters (gVisor, macOS) this can still happen.
    """
    if sys.platform != "linux":
        return
    program = array.array("B", b"".join(struct.pack("=HBBI", *instruction) for instruction in _DROP_SYN))
    address, _ = program.buffer_info()
    with suppress(OSError):
        listener.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, struct.pack("HP", len(_DROP_SYN), address))
