"""Packs Python packages into an archive to import from (https://docs.python.org/3/library/zipimport.html): packer ARCHIVE.

It is a program for the image's own Python. The working directory is the packages'; the paths of their files are on standard
input, in the order that they are packed in, with NUL between them. The same files make the same archive.
"""

import importlib.util
import marshal
import os
import sys
import zipfile

# https://peps.python.org/pep-0552/: bytecode and source change together here or not at all, so nothing is to be compared.
_UNCHECKED_HASH = 0b01

_FIRST_TIME = (1980, 1, 1, 0, 0, 0)  # that zip files can have


def pack(archive: zipfile.ZipFile, file: str) -> None:
    """Add a file, and its bytecode if it is Python that this one understands."""
    with open(file, "rb") as stream:  # noqa: PTH123 - pathlib takes long to import
        content = stream.read()
    add(archive, file, content, zipfile.ZIP_DEFLATED)
    if file.endswith(".py"):
        try:
            code = compile(content, f"{archive.filename}/{file}", "exec", dont_inherit=True)
        except (SyntaxError, ValueError):
            return
        # Every start reads bytecode; sources are for tracebacks.
        add(archive, f"{file}c", header(content) + marshal.dumps(code), zipfile.ZIP_STORED)


def header(source: bytes) -> bytes:
    """Return what a file of bytecode begins with."""
    return importlib.util.MAGIC_NUMBER + _UNCHECKED_HASH.to_bytes(4, "little") + importlib.util.source_hash(source)


def add(archive: zipfile.ZipFile, name: str, content: bytes, compression: int) -> None:
    """Add an entry that anybody may read."""
    entry = zipfile.ZipInfo(name, _FIRST_TIME)
    entry.external_attr = (0o755 if name.endswith("/") else 0o644) << 16
    archive.writestr(entry, content, compression)


def directories(files: list[str]) -> list[str]:
    """Return the directories of files: Python before 3.13 finds a package without `__init__.py` by its directory alone."""
    found: set[str] = set()
    for file in files:
        parts = file.split("/")
        found.update("/".join(parts[:depth]) + "/" for depth in range(1, len(parts)))
    return sorted(found)


names = [os.fsdecode(name) for name in sys.stdin.buffer.read().split(b"\0")]
with zipfile.ZipFile(sys.argv[1], "x") as made:
    for directory in directories(names):
        add(made, directory, b"", zipfile.ZIP_STORED)
    for name in names:
        pack(made, name)
