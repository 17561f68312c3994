"""How much of what was sent is still on this machine."""

from __future__ import annotations

import array
import fcntl
import termios
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio


def unsent_bytes(transport: asyncio.Transport) -> int:
    """Return the number of bytes that the client has not acknowledged: those that asyncio keeps, and the kernel's.

    The kernel takes more from asyncio only after the client has read a third of some megabytes. Without its own count, a
    slow client would seem to read nothing for minutes.
    """
    count = array.array("i", [0])
    with suppress(OSError, AttributeError):  # the connection is closed
        fcntl.ioctl(transport.get_extra_info("socket").fileno(), termios.TIOCOUTQ, count)
    return transport.get_write_buffer_size() + count[0]
