"""Logging: one handler on standard error for the invoker, the server and the function, as text or JSON."""

from __future__ import annotations

import json
import logging
import re
import sys
import threading
import traceback
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from funcpack_invoker import output
from funcpack_invoker.context import current
from funcpack_invoker.tracebacks import raised, user_traceback

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from funcpack_invoker.settings import Settings


logger = logging.getLogger("funcpack")


def configure(settings: Settings) -> None:
    """Send the records of all loggers to standard error, and let all output leave the process at once."""
    handler = logging.StreamHandler(sys.stderr)
    is_json = settings.log_format == "json"
    handler.setFormatter(JsonFormatter(settings.google_cloud_project) if is_json else TextFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level.upper())
    logging.captureWarnings(capture=True)
    threading.excepthook = _log_uncaught
    sys.unraisablehook = _log_unraisable
    for name in _LASTING:
        logging.getLogger(name).__class__ = _LastingLogger
    logging.basicConfig = _replaceable(handler, logging.basicConfig)
    output.write_through()


def _log_uncaught(args: threading.ExceptHookArgs) -> None:
    """Log an exception that ended a thread of the function; Python would print it, also among lines of JSON."""
    if args.exc_type is not SystemExit:
        name = args.thread.name if args.thread else "unknown"
        logger.error("uncaught exception in the thread %s", name, exc_info=_exc_info(args))


def _log_unraisable(args: sys.UnraisableHookArgs) -> None:
    """Log an exception that cannot be raised, such as one of a `__del__`."""
    logger.error("%s: %r", args.err_msg or "Exception ignored in", args.object, exc_info=_exc_info(args))


def _exc_info(args: Any) -> Any:
    return args.exc_type, args.exc_value, args.exc_traceback


class _LastingLogger(logging.Logger):
    """A logger that cannot be disabled.

    By default, `logging.config.dictConfig` and `fileConfig` disable every existing logger. A function that configures
    its logging with them would never see its own tracebacks.
    """

    @property
    def disabled(self) -> bool:
        """Always False."""
        return False

    @disabled.setter
    def disabled(self, value: bool) -> None:
        pass


# The loggers of the invoker, of `context.logger`, and of the libraries that report errors for the invoker.
_LASTING = ("funcpack", "funcpack.access", "function", "gunicorn.error", "asyncio", "py.warnings")


class ExportHandler(logging.Handler):
    """A handler that sends records elsewhere in addition to the log, which a function can configure regardless of it."""


def _replaceable(handler: logging.Handler, original: Callable[..., None]) -> Callable[..., None]:
    """Return a `logging.basicConfig` that does what a function expects.

    The original does nothing if the root logger has a handler, so it would ignore a function that calls it for its debug
    records or its own format. This one sets the level, and for any other option removes the invoker's handler first.
    """

    def basic_config(**options: Any) -> None:
        root = logging.getLogger()
        exporters = [other for other in root.handlers if isinstance(other, ExportHandler)]
        root.handlers[:] = [other for other in root.handlers if other not in exporters]
        try:
            if root.handlers != [handler] or options.get("force"):
                original(**options)
            elif options.keys() <= {"level"}:
                root.setLevel(options.get("level") or root.level)
            else:
                root.handlers.clear()
                original(**options)
        finally:
            root.handlers += exporters

    return basic_config


class TextFormatter(logging.Formatter):
    """One line per record: time, level, logger, request id and message, followed by the traceback."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the text of a record."""
        call = current.get()
        request = f" [{call.request_id}]" if call else ""
        line = f"{_time(record)} {record.levelname} {record.name}{request}: {_escaped(_text(record))}"
        details = "\n".join(filter(None, (exception_text(record), record.stack_info)))
        return f"{line}\n{_escaped_but_line_ends(details)}" if details else line


class JsonFormatter(logging.Formatter):
    """One JSON object per line, with member names that the usual log collectors parse.

    What a caller passes as `extra` becomes further members. They do not replace those of the line: a `time` becomes
    `time_`.
    """

    def __init__(self, project: str | None = None) -> None:
        """Add the trace in the form of Google Cloud Logging if its project is given.

        https://cloud.google.com/logging/docs/structured-logging#special-payload-fields
        """
        super().__init__()
        self._project = project

    def format(self, record: logging.LogRecord) -> str:
        """Return the text of a record."""
        members: dict[str, Any] = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "severity": _severity(record),
            "logger": record.name,
            "message": message(record),
            **_call_members(record),
        }
        if self._project and "trace_id" in members:
            members["logging.googleapis.com/trace"] = f"projects/{self._project}/traces/{members['trace_id']}"
            members["logging.googleapis.com/spanId"] = members["span_id"]
        exception = exception_text(record)
        if exception:
            members["exception"] = exception
        for name, value in extras(record):
            members[f"{name}_" if name in members or name in _NAMES else name] = value
        try:
            return to_json(members)
        except Exception:  # noqa: BLE001 - any exception from converting the user's objects
            return to_json({name: shown(value) for name, value in members.items()})


# The members of a line, including those that not every line has.
_NAMES = frozenset({"time", "level", "severity", "logger", "message", "request_id", "trace_id", "span_id", "exception"})

# The attributes that each record has. `message` and `asctime` are set by other formatters, `traceparent` by telemetry.
_STANDARD = frozenset({*vars(logging.makeLogRecord({})), "message", "asctime", "taskName", "traceparent"})


def extras(record: logging.LogRecord) -> Iterator[tuple[str, Any]]:
    """Return the names and values that the caller passed as `extra`."""
    for name, value in vars(record).items():
        if name not in _STANDARD:
            yield str(name), value


def to_json(value: Any) -> str:
    """Return a value as JSON; what JSON cannot express becomes text."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, default=str)


def shown(value: Any) -> Any:
    """Return a value that JSON can express: the value itself, or a text."""
    try:
        to_json(value)
    except Exception:  # noqa: BLE001 - as above
        try:
            return repr(value)
        except Exception:  # noqa: BLE001 - as above
            return f"<{type(value).__name__}>"
    return value


# Google Cloud Logging's names (https://cloud.google.com/logging/docs/reference/v2/rest/v2/LogEntry#LogSeverity), with the
# lowest level that each stands for.
_SEVERITIES = (
    (logging.CRITICAL, "CRITICAL"),
    (logging.ERROR, "ERROR"),
    (logging.WARNING, "WARNING"),
    (logging.INFO, "INFO"),
    (logging.DEBUG, "DEBUG"),
)
_OWN_SEVERITIES = frozenset({"NOTICE", "ALERT", "EMERGENCY"})


def _severity(record: logging.LogRecord) -> str:
    """Return the severity of a record; a level that a function has defined can have one of the other names."""
    if record.levelname in _OWN_SEVERITIES:
        return record.levelname
    return next((name for level, name in _SEVERITIES if record.levelno >= level), "DEFAULT")


def message(record: logging.LogRecord) -> str:
    """Return the message of a record with the stack that its caller asked for."""
    text = _text(record)
    return f"{text}\n{record.stack_info}" if record.stack_info else text


def _text(record: logging.LogRecord) -> str:
    """Return the message of a record; arguments that do not match it must not break the format of the log."""
    try:
        return record.getMessage()
    except Exception as exc:  # noqa: BLE001 - any exception from formatting the user's objects
        return f"invalid arguments {record.args!r} for {record.msg!r}: {exc} ({record.pathname}:{record.lineno})"


# Control characters, line ends of Unicode, characters that reorder text, and surrogates: with them, a client whose input
# is logged could forge lines, or move the cursor of a terminal.
_UNSAFE = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def _escaped(text: str) -> str:
    """Return a text in one line, with unsafe characters as Python writes them in a string literal."""
    return _UNSAFE.sub(lambda match: ascii(match[0])[1:-1], text) if not text.isprintable() else text


def _escaped_but_line_ends(text: str) -> str:
    return "\n".join(map(_escaped, text.split("\n")))


def _call_members(record: logging.LogRecord) -> dict[str, str]:
    """Return the ids of the call and the span that a record belongs to; telemetry adds the span if it is on."""
    call = current.get()
    members = {"request_id": call.request_id} if call else {}
    traceparent = getattr(record, "traceparent", None) or (call and call.traceparent)
    if traceparent:
        _, members["trace_id"], members["span_id"], *_ = traceparent.split("-")
    return members


def _time(record: logging.LogRecord) -> str:
    moment = datetime.fromtimestamp(record.created, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def exception_text(record: logging.LogRecord) -> str:
    """Return the traceback of a record, starting with the first frame of the user's code."""
    if not record.exc_info or record.exc_info[1] is None:
        return ""
    exc = raised(record.exc_info[1])
    lines = traceback.format_exception(type(exc), exc, user_traceback(exc) or exc.__traceback__)
    return "".join(lines).rstrip()
