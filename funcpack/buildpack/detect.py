"""Decides in `bin/detect` if there is a function for us.

It passes when a handler is named, or when the default one is there. Everything that is wrong with a named one is an
error of the build, where there is room to explain; other buildpacks must not suffer from it here.
"""

from __future__ import annotations

import ast
import os
import warnings
from typing import TYPE_CHECKING

from funcpack.buildpack import error_boundary
from funcpack.buildpack.platform.cnb import EXIT_FAIL, EXIT_PASS, Context
from funcpack.buildpack.platform.log import Log
from funcpack.check.definitions import Definitions
from funcpack.errors import MalformedHandlerError, ProjectFileError
from funcpack.project.settings import Settings, default_handler, named_handler, source_roots

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from funcpack.project.settings import HandlerName


def main(arguments: Sequence[str]) -> int:
    """Run the detection and return its exit code."""
    log = Log()
    return error_boundary.run(lambda: detect(Context.of_detect(os.environ, arguments), log), log)


def detect(context: Context, log: Log) -> int:
    """Say why the app is none of ours, if it is not."""
    reason = reason_against(context.app, context.environ)
    if reason is None:
        return EXIT_PASS
    log.line(f"Not a function for Funcpack: {reason}")
    return EXIT_FAIL


def reason_against(app: Path, environ: Mapping[str, str]) -> str | None:
    """Return why the app is none of ours, or None when it is."""
    try:
        named = named_handler(Settings.read(app, environ))
    except MalformedHandlerError:
        return None
    except ProjectFileError as exc:
        reason = _reason_against_default(app, default_handler(app))
        return f"{reason} ({exc})" if reason else None
    return None if named else _reason_against_default(app, default_handler(app))


def _reason_against_default(app: Path, handler: HandlerName) -> str | None:
    function = handler.attributes[0]
    files = [root / f"{handler.module}.py" for root in source_roots(app)]
    present = [file for file in files if file.is_file()]
    if not present:
        return f"neither PYTHON_HANDLER is set nor a {handler.module}.py there."
    definitions = _definitions(present[0])
    if definitions is None or function in definitions.names or definitions.is_dynamic:
        return None
    return f"{present[0].relative_to(app)} does not define '{function}', and PYTHON_HANDLER is not set."


def _definitions(file: Path) -> Definitions | None:
    """Return None for a source that cannot be read; the build says why."""
    try:
        with warnings.catch_warnings(action="ignore"):
            return Definitions.of(ast.parse(file.read_bytes()))
    except (OSError, SyntaxError, ValueError, MemoryError, RecursionError):
        return None
