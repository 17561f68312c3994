"""Installed packages: their files by their RECORD, and the neighbours that their libraries need.

https://packaging.python.org/en/latest/specifications/recording-installed-packages/
"""

from __future__ import annotations

import csv
import mmap
import posixpath
import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from funcpack.project.package_names import normalized

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import Message
    from pathlib import Path

# The scripts of a virtual environment, relative to its directory of packages.
SCRIPTS = "../../../bin/"

# The directories, relative to itself, in which a shared library searches for others (ld.so(8)).
_ORIGIN = re.compile(rb"\$(?:ORIGIN|\{ORIGIN\})([^\0:]*)")
_LIBRARY = re.compile(r"\.so(\.\d+)*$")


@dataclass(frozen=True)
class Distribution:
    """An installed package, identified by the directory with its metadata."""

    info: Path

    @property
    def name(self) -> str:
        """The normalized name of the package."""
        return normalized(self.info.name.split("-")[0])

    @property
    def version(self) -> str:
        """The version of the package."""
        return self.info.name.removesuffix(".dist-info").split("-")[1]

    @cached_property
    def files(self) -> dict[str, str]:
        """The sizes of the files, or empty texts, by their paths relative to the directory of packages."""
        return {row[0]: row[-1] for row in record(self.info)}

    @cached_property
    def entries(self) -> frozenset[str]:
        """The files and directories that the package adds to the directory of packages, and the paths of its files elsewhere."""
        return frozenset(path if path.startswith("..") else path.split("/")[0] for path in self.files)

    @property
    def size(self) -> int:
        """The total size of the files in bytes."""
        return sum(int(size) if size.isdecimal() else self._size_of(path) for path, size in self.files.items())

    @property
    def is_self_contained(self) -> bool:
        """Whether the package works in any directory of sys.path.

        It does not if it is part of a namespace package, whose directory may belong to several packages, if it has files
        that Python reads only in certain directories (.pth), or if it was installed from a directory or a URL.
        """
        return f"{self.info.name}/direct_url.json" not in self.files and all(map(self._is_movable, self.entries))

    @cached_property
    def neighbours(self) -> frozenset[str]:
        """Entries of other packages in which its libraries search for others; `..` stands for all other directories."""
        places = (self._places(path) for path in self.files if _LIBRARY.search(path))
        return frozenset(place.split("/")[0] for found in places for place in found) - self.entries

    def _is_movable(self, entry: str) -> bool:
        is_module = entry in self.files and entry.endswith((".py", ".so"))
        is_package = f"{entry}/__init__.py" in self.files
        return is_module or is_package or entry.endswith(".libs") or entry == self.info.name or _is_script(entry)

    def _size_of(self, path: str) -> int:
        file = self.info.parent / path
        return file.stat().st_size if file.is_file() else 0

    def _places(self, path: str) -> Iterator[str]:
        file = self.info.parent / path
        if file.is_file() and file.stat().st_size:
            with file.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
                below = [match[1].decode(errors="replace") for match in _ORIGIN.finditer(content)]
            yield from (posixpath.normpath(posixpath.dirname(path) + place) for place in below)


def installed(site_packages: Path) -> list[Distribution]:
    """Return the packages in a directory, sorted by name."""
    return [Distribution(info) for info in sorted(site_packages.glob("*.dist-info")) if (info / "RECORD").is_file()]


def record(info: Path) -> list[list[str]]:
    """Return the rows of a package's RECORD: the path, hash and size of each file."""
    with (info / "RECORD").open(encoding="utf-8", newline="") as stream:
        return [row for row in csv.reader(stream) if row]


def metadata(info: Path) -> Message:
    """Return the headers of a package's METADATA."""
    from email.parser import HeaderParser  # noqa: PLC0415 - slow, and most builds reuse the layers of the last build

    return HeaderParser().parsestr((info / "METADATA").read_text(encoding="utf-8", errors="replace"))


def _is_script(entry: str) -> bool:
    return entry.startswith(SCRIPTS) and "/" not in entry.removeprefix(SCRIPTS)
