"""Zips with the same bytes for the same files, on every machine and with every Python."""

from __future__ import annotations

import io
import stat
import zipfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

# The oldest time that a zip can have.
_TIME = (1980, 1, 1, 0, 0, 0)
_UNIX = 3


def zipped(files: Mapping[str, bytes], executable: Collection[str] = ()) -> bytes:
    """Return a zip with files by their names, of which some are executable.

    Nothing is compressed: the bytes that deflate makes depend on the library, of which Python builds have several, and on its
    version. A function's source is small, since its dependencies are installed where it is built.
    """
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _TIME)
            # Python writes the system that it runs on.
            entry.create_system = _UNIX
            entry.external_attr = (stat.S_IFREG | (0o755 if name in executable else 0o644)) << 16
            archive.writestr(entry, files[name])
    return content.getvalue()
