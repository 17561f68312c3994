"""Tracebacks that start in the user's code, without the frames of the invoker and of the import system."""

from __future__ import annotations

import os
import traceback
from types import TracebackType

_OURS = os.path.dirname(os.path.abspath(__file__)) + os.sep  # noqa: PTH100, PTH120 - pathlib is not needed elsewhere here
_IMPORT_SYSTEM = ("<frozen importlib", os.sep + "importlib" + os.sep + "__init__.py")


class ExitError(Exception):
    """A SystemExit or KeyboardInterrupt of the user's code, wrapped because it would end the process."""

    def __init__(self, cause: BaseException) -> None:
        super().__init__(f"raised {type(cause).__name__}")
        self.cause = cause


def raised(exc: BaseException) -> BaseException:
    """Return the exception that the user's code raised."""
    return exc.cause if isinstance(exc, ExitError) else exc


def user_traceback(exc: BaseException) -> TracebackType | None:
    """Return the part of an exception's traceback that starts in the user's code; None if there is none."""
    tb = exc.__traceback__
    while tb is not None and _is_foreign(tb.tb_frame.f_code.co_filename):
        tb = tb.tb_next
    return tb


def format_user_traceback(exc: BaseException) -> str:
    """Format an exception as Python does, starting with the first frame of the user's code."""
    exc = raised(exc)
    lines = traceback.format_exception(type(exc), exc, _without_import_system(user_traceback(exc)))
    return "".join(lines)


def _without_import_system(tb: TracebackType | None) -> TracebackType | None:
    """Remove the import system's frames between the user's modules, as Python does when it prints a traceback."""
    kept = []
    while tb is not None:
        if not tb.tb_frame.f_code.co_filename.startswith(_IMPORT_SYSTEM[0]):
            kept.append(tb)
        tb = tb.tb_next
    rest: TracebackType | None = None
    for entry in reversed(kept):
        rest = TracebackType(rest, entry.tb_frame, entry.tb_lasti, entry.tb_lineno)
    return rest


def _is_foreign(file: str) -> bool:
    return file.startswith((_OURS, _IMPORT_SYSTEM[0])) or file.endswith(_IMPORT_SYSTEM[1])
