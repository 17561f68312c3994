"""Reads text files of the app, with an error for what is no text or is not there in the build."""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING

from funcpack.errors import RequirementsEncodingError, UnreadableFileError

if TYPE_CHECKING:
    from pathlib import Path

_BYTE_ORDER_MARKS = {codecs.BOM_UTF16_LE: "UTF-16", codecs.BOM_UTF16_BE: "UTF-16"}


def is_there(file: Path) -> bool:
    """Tell if there is a file, or a link that leads nowhere: what it was to lead to was not sent to the build."""
    return file.is_file() or leads_nowhere(file)


def leads_nowhere(file: Path) -> bool:
    """Tell if there is a link, and nothing that it leads to."""
    return file.is_symlink() and not file.exists()


def text_of(file: Path, shown: str) -> str:
    """Return the text of a file that must be UTF-8.

    Raises:
        RequirementsEncodingError, UnreadableFileError: it is not, or it cannot be read.

    """
    try:
        content = file.read_bytes()
    except OSError as exc:
        target = f"it is a link to '{file.readlink()}': " if file.is_symlink() else ""
        raise UnreadableFileError(shown, target + (exc.strerror or str(exc))) from exc
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise RequirementsEncodingError(shown, _BYTE_ORDER_MARKS.get(content[:2], "")) from exc
