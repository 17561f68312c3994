"""Parses source files as the Python of the image would, as far as the Python of the build can."""

from __future__ import annotations

import ast
import sys
import warnings
from typing import TYPE_CHECKING

from funcpack.check import other_python
from funcpack.errors import SourceError
from funcpack.project.app_files import read_bytes

if TYPE_CHECKING:
    from pathlib import Path


def parse_source(file: Path, app: Path, target: tuple[int, ...]) -> ast.Module:
    """Parse a file of the app, and compile it, because only the compiler finds some syntax errors.

    If the Python version `target` is older than this Python, most of the newer syntax is rejected too
    (https://docs.python.org/3/library/ast.html#ast.parse, `feature_version`). If it is newer, the error may not be one of
    `target`: see `is_certain`.

    Raises:
        SourceError: The file is not valid Python.
        OutsideFileError, NotAFileError, FileTooLargeError, UnreadableFileError: The file cannot be read.

    """
    shown = str(file.relative_to(app))
    version = min(sys.version_info[:2], (target[0], target[1]))
    python = _format(version)
    source = read_bytes(file, app)
    try:
        with warnings.catch_warnings(action="ignore"):
            module = ast.parse(source, shown, feature_version=version)
            compile(source, shown, "exec", dont_inherit=True)
    except SyntaxError as exc:
        if version < (target[0], target[1]) and (error := other_python.syntax_error(source, shown, target)):
            raise SourceError.from_syntax_error(shown, source, error, _format(target)) from exc
        raise SourceError.from_syntax_error(shown, source, exc, python) from exc
    except (ValueError, MemoryError, RecursionError) as exc:
        raise SourceError(shown, None, "", None, str(exc) or "the code is nested too deeply", python) from exc
    return module


def is_certain(error: SourceError, target: tuple[int, ...]) -> bool:
    """Check whether the Python version `target` would reject the source, too: a newer Python may accept other syntax."""
    return error.python == _format(target)


def _format(version: tuple[int, ...]) -> str:
    return f"{version[0]}.{version[1]}"
