"""Logging: one handler on standard error for the invoker, the server and the function, as text or as JSON."""

from __future__ import annotations

import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from funcpack_invoker.context import current
from funcpack_invoker.tracebacks import raised, user_traceback

if TYPE_CHECKING:
    from collections.abc import Callable

    from funcpack_invoker.settings import Settings


def configure(settings: Settings) -> None:
    """Send every logger's records to standard error, and let `print` out at once."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if settings.log_format == "json" else TextFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level.upper())
    logging.captureWarnings(capture=True)
    for name in _LASTING:
        logging.getLogger(name).__class__ = _LastingLogger
    logging.basicConfig = _giving_way(handler, logging.basicConfig)
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(line_buffering=True)


class _LastingLogger(logging.Logger):
    """A logger that cannot be turned off.

    `logging.config.dictConfig` and `fileConfig` do so, unless told otherwise, with every logger that is there before: a
    function that sets up its logging with them would never see its own tracebacks.
    """

    @property
    def disabled(self) -> bool:
        """Never."""
        return False

    @disabled.setter
    def disabled(self, value: bool) -> None:
        pass


# The invoker's, the one that functions get as `context.logger`, and those that others write to on our behalf.
_LASTING = ("funcpack", "funcpack.access", "function", "gunicorn.error", "asyncio", "py.warnings")


def _giving_way(handler: logging.Handler, original: Callable[..., None]) -> Callable[..., None]:
    """Make `logging.basicConfig` do what a function expects of it.

    By itself it does nothing where the root logger has a handler already: functions that call it to get their debug
    records, or a format of their own, would be ignored. So a level is set, and for anything more our handler gives way.
    """

    def basic_config(**options: Any) -> None:
        root = logging.getLogger()
        if root.handlers != [handler] or options.get("force"):
            original(**options)
        elif options.keys() <= {"level"}:
            root.setLevel(options.get("level") or root.level)
        else:
            root.handlers.clear()
            original(**options)

    return basic_config


class TextFormatter(logging.Formatter):
    """A line a record: time, level, logger, the request it belongs to, message; a traceback below it."""

    def format(self, record: logging.LogRecord) -> str:
        """Write a record."""
        call = current.get()
        request = f" [{call.request_id}]" if call else ""
        line = f"{_time(record)} {record.levelname} {record.name}{request}: {_message(record)}"
        exception = _exception(record)
        return f"{line}\n{exception}" if exception else line


class JsonFormatter(logging.Formatter):
    """An object a line, with the names that DESIGN and the collectors' usual parsers know."""

    def format(self, record: logging.LogRecord) -> str:
        """Write a record."""
        members = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _message(record),
            **_call_members(record),
        }
        exception = _exception(record)
        if exception:
            members["exception"] = exception
        return json.dumps(members, ensure_ascii=False)


def _message(record: logging.LogRecord) -> str:
    """Give the text of a record; one whose arguments do not fit must not break the format of the log."""
    try:
        text = record.getMessage()
    except Exception as exc:  # noqa: BLE001 - whatever the %-formatting of the user's objects raises
        text = f"{record.msg!r} with {record.args!r}, which do not fit: {exc} ({record.pathname}:{record.lineno})"
    return f"{text}\n{record.stack_info}" if record.stack_info else text


def _call_members(record: logging.LogRecord) -> dict[str, str]:
    """Tell which call and which span a record belongs to; telemetry has noted the span where it is on."""
    call = current.get()
    members = {"request_id": call.request_id} if call else {}
    traceparent = getattr(record, "traceparent", None) or (call and call.traceparent)
    if traceparent:
        _, members["trace_id"], members["span_id"], *_ = traceparent.split("-")
    return members


def _time(record: logging.LogRecord) -> str:
    moment = datetime.fromtimestamp(record.created, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _exception(record: logging.LogRecord) -> str:
    """Write the traceback of a record: from the user's first frame on, if it has one."""
    if not record.exc_info or record.exc_info[1] is None:
        return ""
    exc = raised(record.exc_info[1])
    lines = traceback.format_exception(type(exc), exc, user_traceback(exc) or exc.__traceback__)
    return "".join(lines).rstrip()
