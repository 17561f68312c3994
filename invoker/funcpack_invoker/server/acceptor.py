"""Accepts connections, as `asyncio.Server` does, but ends without losing one.

An `asyncio.Server` that is closed drops the connections that it has accepted a moment before, and leaves those that the
kernel has to be reset; to their clients all of them were accepted.
"""

from __future__ import annotations

import array
import asyncio
import logging
import socket
import struct
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

logger = logging.getLogger("funcpack")

# At a time: several workers listen on the same socket, and the first one to wake up should not take them all.
_AT_A_TIME = 16

# Seconds in which handshakes end that have begun when no more are taken.
_HANDSHAKE = 0.05

# Seconds until it is tried again when there are too many open files, or too little memory.
_PAUSE = 1.0

_MAPPED = "::ffff:"


class Acceptor:
    """Makes connections of what arrives at listening sockets, each with a protocol of its own."""

    def __init__(self, listeners: Iterable[socket.socket], protocol: Callable[[], asyncio.Protocol]) -> None:
        self._listeners = list(listeners)
        self._protocol = protocol
        self._loop = asyncio.get_running_loop()
        self._stopped = False

    def start(self) -> None:
        """Accept connections from now on."""
        for listener in self._listeners:
            self._loop.add_reader(listener, self._accept, listener)

    async def stop(self, *, last: bool) -> None:
        """Accept what the kernel has taken already, and close the sockets.

        Args:
            last: no other process will accept connections from these sockets any more.

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
        # The protocols learn of their connections in the loop's next turn.
        await asyncio.sleep(0)

    def _accept(self, listener: socket.socket) -> bool:
        """Accept some connections; tells whether there may be more."""
        for _ in range(_AT_A_TIME):
            try:
                connection, address = listener.accept()
            except (BlockingIOError, ConnectionAbortedError):
                return False
            except OSError as exc:
                logger.error("no connection can be accepted: %s", exc.strerror)  # noqa: TRY400 - it says it all
                self._pause(listener)
                return False
            connection.setblocking(False)
            # As asyncio.Server does. `connect_accepted_socket` is for sockets of any sort: it takes a task for each, and
            # loads ssl to see that it is none of TLS, a twentieth of a start.
            self._loop._make_socket_transport(  # type: ignore[attr-defined] # noqa: SLF001
                connection, self._protocol(), extra={"peername": _own_address(address)}
            )
        return True

    def _pause(self, listener: socket.socket) -> None:
        self._loop.remove_reader(listener)
        if not self._stopped:
            self._loop.call_later(_PAUSE, self._resume, listener)

    def _resume(self, listener: socket.socket) -> None:
        if not self._stopped:
            self._loop.add_reader(listener, self._accept, listener)


def _own_address(address: Any) -> Any:
    """Give a client's address, one of IPv4 as IPv4 has it.

    A socket that listens on IPv6 and IPv4 shows it in IPv6's clothes (RFC 4291 section 2.5.5.2), in which nobody knows it:
    not the settings that name trusted proxies, and no log.
    """
    host = address[0] if address else ""
    return (host.removeprefix(_MAPPED), address[1]) if host.startswith(_MAPPED) else address


# Classic BPF over the TCP header of a packet (Linux's Documentation/networking/filter.rst): drop it if it is a SYN
# without an ACK, else let it pass. Each instruction is code, jump if true, jump if false, operand.
_DROP_SYN = (
    (0x30, 0, 0, 13),  # load the byte of the flags
    (0x54, 0, 0, 0x12),  # keep SYN and ACK
    (0x15, 0, 1, 0x02),  # SYN alone?
    (0x06, 0, 0, 0),  # drop
    (0x06, 0, 0, 0xFFFFFFFF),  # pass
)
_SO_ATTACH_FILTER = 26


def _drop_new_connections(listener: socket.socket) -> None:
    """Have the kernel ignore who wants to connect; they try again, and are refused once the socket is closed.

    Without it there is always a moment between the last look into the socket's queue and its closing, and whoever gets
    into the queue in that moment is reset. Where it is not to be had (gVisor, macOS) that moment stays.
    """
    if sys.platform != "linux":
        return
    program = array.array("B", b"".join(struct.pack("=HBBI", *instruction) for instruction in _DROP_SYN))
    address, _ = program.buffer_info()
    with suppress(OSError):
        listener.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, struct.pack("HP", len(_DROP_SYN), address))
