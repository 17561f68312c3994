"""The Python of the image: the run image's own where it will do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from funcpack.buildpack import interpreter, report
from funcpack.buildpack.errors import PythonVersionUnknownError

if TYPE_CHECKING:
    from funcpack.buildpack.cnb import Context
    from funcpack.buildpack.interpreter import Interpreter
    from funcpack.buildpack.output import Log
    from funcpack.buildpack.python_version import Request
    from funcpack.buildpack.uv import Uv
    from funcpack.project import Settings


def provide(context: Context, settings: Settings, request: Request | None, uv: Uv, log: Log) -> Interpreter:
    """Return the run image's Python, or make a layer with one."""
    own = interpreter.of_run_image(settings)
    if own and (request is None or request.allows(own.numbers)):
        report.python(log, request, own)
        return own
    raise PythonVersionUnknownError(request.setting.value, request.setting.origin, [own.version])
