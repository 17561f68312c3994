"""Parses source files, as the Python that will run them would as far as this one knows."""

from __future__ import annotations

import ast
import sys
import warnings
from typing import TYPE_CHECKING

from funcpack.errors import SourceError, UnreadableFileError

if TYPE_CHECKING:
    from pathlib import Path


def parse(file: Path, app: Path, target: tuple[int, ...]) -> ast.Module:
    """Parse and compile a file of the app, since some syntax errors show up in the second step only.

    Where the Python `target` is older than this one, most of the syntax that came after it is refused too
    (https://docs.python.org/3/library/ast.html#ast.parse, `feature_version`).

    Raises:
        SourceError, UnreadableFileError: it is not valid, or cannot be read.

    """
    shown = str(file.relative_to(app))
    version = min(sys.version_info[:2], (target[0], target[1]))
    python = ".".join(map(str, version))
    try:
        source = file.read_bytes()
    except OSError as exc:
        raise UnreadableFileError(shown, exc.strerror or str(exc)) from exc
    try:
        with warnings.catch_warnings(action="ignore"):
            module = ast.parse(source, shown, feature_version=version)
            compile(source, shown, "exec", dont_inherit=True)
    except SyntaxError as exc:
        raise SourceError.of_syntax_error(shown, source, exc, python) from exc
    except (ValueError, MemoryError, RecursionError) as exc:
        raise SourceError(shown, None, "", None, str(exc) or "it is nested too deeply", python) from exc
    return module
