"""The argument DIR of the commands: the directory of a function."""

from __future__ import annotations

from pathlib import Path

from funcpack.command_errors import NotADirectoryArgumentError


def existing_directory(text: str) -> Path:
    """Return the directory that the user names.

    Raises:
        NotADirectoryArgumentError: It does not exist, or it is not a directory.

    """
    path = Path(text)
    if path.is_dir():
        return path
    raise NotADirectoryArgumentError(text, "is not a directory" if path.exists() else "does not exist")
