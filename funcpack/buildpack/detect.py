"""Runs `bin/detect`, which decides whether the app contains a function.

It passes if a handler is named, or if the default handler exists. A named handler that is not valid is an error of the build,
which can explain it. Here it would only affect other buildpacks.
"""

from __future__ import annotations

import ast
import os
import warnings
from typing import TYPE_CHECKING

from funcpack import errors
from funcpack.buildpack import error_boundary
from funcpack.buildpack.platform.context import EXIT_FAIL, EXIT_PASS, Context
from funcpack.buildpack.platform.log import Log
from funcpack.check.definitions import Definitions
from funcpack.errors import HandlerNameError, UserError
from funcpack.project import kn_func
from funcpack.project.app_files import is_file, read_bytes, source_roots
from funcpack.project.handler_name import default_handler, named_handler
from funcpack.project.project_toml import ProjectToml
from funcpack.project.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from funcpack.project.handler_name import Handler


def main(arguments: Sequence[str]) -> int:
    """Run the detection and return its exit code."""
    log = Log()
    return error_boundary.run_phase(lambda: detect(Context.for_detect(os.environ, arguments), log), log)


def detect(context: Context, log: Log) -> int:
    """Log the reason if the app does not contain a function, and return the exit code."""
    reason = reason_to_fail(context.app, context.variables, context.environ)
    if reason is None:
        return EXIT_PASS
    log.line(f"Not a function for Funcpack: {reason}")
    return EXIT_FAIL


def reason_to_fail(app: Path, variables: Mapping[str, str], builder: Mapping[str, str]) -> str | None:
    """Return why the app does not contain a function, or None if it contains one."""
    app = kn_func.function_directory(app)
    try:
        named = named_handler(Settings(variables, ProjectToml.read(app).variables, builder=builder))
    except HandlerNameError:
        return None
    except UserError as exc:  # project.toml is not valid
        reason = _reason_without_name(app, default_handler(app))
        return f"{reason} ({' '.join(str(exc).splitlines())})" if reason else None
    return None if named else _reason_without_name(app, default_handler(app))


def _reason_without_name(app: Path, handler: Handler) -> str | None:
    """Return why the app does not contain the default handler, or None if it does or may do."""
    function = handler.attributes[0]
    files = [root / f"{handler.module}.py" for root in source_roots(app)]
    present = [file for file in files if is_file(file)]
    own = None if present else kn_func.own_function(app)
    if own:
        return errors.function_of_kn_func(own)
    if not present:
        return errors.missing_handler_file(f"{handler.module}.py", function)
    definitions = _definitions(present[0], app)
    if definitions is None or function in definitions.names or definitions.is_dynamic:
        return None
    shown = str(present[0].relative_to(app))
    return errors.missing_default_handler(shown, handler.module, function, definitions.functions())


def _definitions(file: Path, app: Path) -> Definitions | None:
    """Return None for a source that cannot be parsed; the build reports the error."""
    try:
        with warnings.catch_warnings(action="ignore"):
            return Definitions.of(ast.parse(read_bytes(file, app)))
    except (UserError, SyntaxError, ValueError, MemoryError, RecursionError):
        return None
