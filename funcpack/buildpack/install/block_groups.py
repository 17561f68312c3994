"""Has a file system keep directories apart that have nothing to do with each other.

ext4 puts what is below one directory into few groups of blocks. Without a journal, as virtual machines like to have it, it
looks for a new file's inode at all those of the group that were freed in the last minutes (`recently_deleted` in the kernel's
fs/ext4/ialloc.c): where the build before left thousands of them, making a file takes ten times as long. A directory in a
group of its own has none before it.
"""

from __future__ import annotations

import array
import fcntl
import os
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

# https://github.com/torvalds/linux/blob/master/include/uapi/linux/fs.h, of 64-bit machines
_FS_IOC_GETFLAGS = 0x80086601
_FS_IOC_SETFLAGS = 0x40086602
_FS_TOPDIR_FL = 0x00020000


def spread(directory: Path) -> None:
    """Have subdirectories that are made from now on spread over the groups, as `chattr +T` does.

    It is a hint: file systems that know no such thing go on as they do.
    """
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with suppress(OSError):
            flags = array.array("l", [0])
            fcntl.ioctl(descriptor, _FS_IOC_GETFLAGS, flags)
            flags[0] |= _FS_TOPDIR_FL
            fcntl.ioctl(descriptor, _FS_IOC_SETFLAGS, flags)
    finally:
        os.close(descriptor)
