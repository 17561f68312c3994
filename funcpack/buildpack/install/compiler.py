"""Compiles the Python files whose names are on standard input, separated by NUL. The image's Python runs this program.

It writes the same bytecode as `python -m compileall --invalidation-mode checked-hash`, and skips files that are not valid.
compileall is slower to start, and every build would wait for it.
"""

import contextlib
import importlib.util
import marshal
import os
import sys

_CHECKED_HASH = 0b11  # https://peps.python.org/pep-0552/


def compile_file(file: str) -> None:
    """Write the bytecode of a file, and replace any older bytecode."""
    with open(file, "rb") as stream:  # noqa: PTH123 - pathlib is slow to import
        source = stream.read()
        mode = os.fstat(stream.fileno()).st_mode
    code = compile(source, file, "exec", dont_inherit=True)
    flags = _CHECKED_HASH.to_bytes(4, "little")
    content = importlib.util.MAGIC_NUMBER + flags + importlib.util.source_hash(source) + marshal.dumps(code)
    write(importlib.util.cache_from_source(file), content, (mode | 0o200) & 0o666)


def write(target: str, content: bytes, mode: int) -> None:
    """Write a new file, unless its directory is a link. A file of this name is removed first, because it may be a link, too."""
    directory, name = os.path.split(target)
    with contextlib.suppress(FileExistsError):
        os.mkdir(directory)  # noqa: PTH102 - see above
    place = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name, dir_fd=place)
        descriptor = os.open(name, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode, dir_fd=place)
        with open(descriptor, "wb") as stream:  # noqa: PTH123 - see above
            stream.write(content)
    finally:
        os.close(place)


for name in filter(None, sys.stdin.buffer.read().split(b"\0")):
    try:
        compile_file(os.fsdecode(name))
    except (OSError, SyntaxError, ValueError, OverflowError, RecursionError, MemoryError):
        continue

os._exit(0)  # everything is written, and a regular exit takes as long as the start
