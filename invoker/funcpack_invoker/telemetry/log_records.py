"""Sends the records of Python's logging to OpenTelemetry, in addition to the log.

The handlers for this in OpenTelemetry's own packages are deprecated (the one of the SDK) or in a beta release that is not
part of the SDK (`opentelemetry-instrumentation-logging`). Neither can continue the trace of a call outside its span.
"""

from __future__ import annotations

import inspect
import json
import logging
import threading
from typing import TYPE_CHECKING, Any

from opentelemetry import trace
from opentelemetry._logs import Logger, SeverityNumber, get_logger_provider, set_logger_provider
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from funcpack_invoker.context import current
from funcpack_invoker.logs import ExportHandler, exception_text, extras, message, shown, to_json
from funcpack_invoker.telemetry.semconv import error_type
from funcpack_invoker.tracebacks import raised

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from opentelemetry.context import Context
    from opentelemetry.sdk.resources import Resource

if "body" not in inspect.signature(Logger.emit).parameters:
    raise ImportError("opentelemetry-sdk 1.38 or newer is required")


class _Thread(threading.local):
    """Whether the current thread is sending records: those that come from this must not be sent in turn, for ever."""

    is_sending = False


_thread = _Thread()

# The lowest level of Python for each severity, and its name in OpenTelemetry's data model, from the highest down.
_SEVERITIES = (
    (logging.CRITICAL, SeverityNumber.FATAL, "FATAL"),
    (logging.ERROR, SeverityNumber.ERROR, "ERROR"),
    (logging.WARNING, SeverityNumber.WARN, "WARN"),
    (logging.INFO, SeverityNumber.INFO, "INFO"),
    (logging.DEBUG, SeverityNumber.DEBUG, "DEBUG"),
    (logging.NOTSET, SeverityNumber.TRACE, "TRACE"),
)

# The standard levels are named as OpenTelemetry does it; others keep their names.
_RENAMED = {"WARNING": "WARN", "CRITICAL": "FATAL"}

# Protobuf has no greater integers.
_INT_BITS = 63


class LogRecords(ExportHandler):
    """Sends records to the global logger provider.

    Attributes:
        provider: the provider.

    """

    def __init__(self) -> None:
        super().__init__()
        self.provider: Any = get_logger_provider()
        self._handled = tuple(_handled_by_others())

    def attach(self) -> None:
        """Add this handler to the root logger, unless it is there. A function that configures its logging removes it."""
        handlers = logging.getLogger().handlers
        if self not in handlers and "root" not in self._handled:
            handlers.append(self)

    def detach(self) -> None:
        """Remove this handler from the root logger."""
        logging.getLogger().removeHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        """Send a record."""
        if _thread.is_sending or f"{record.name}.".startswith(self._handled):
            return
        _thread.is_sending = True
        try:
            number, text = _severity(record)
            self.provider.get_logger(record.name).emit(
                timestamp=int(record.created * 1e9),
                context=_context(),
                severity_number=number,
                severity_text=text,
                body=_encodable(message(record)),
                attributes=_attributes(record),
            )
        except Exception:  # noqa: BLE001 - as in the handlers of the standard library
            self.handleError(record)
        finally:
            _thread.is_sending = False


class SilentExporter:
    """An exporter of log records whose own records are not sent."""

    def __init__(self, exporter: Any) -> None:
        self._exporter = exporter

    def export(self, batch: Any) -> Any:
        """Export a batch."""
        _thread.is_sending = True
        try:
            return self._exporter.export(batch)
        finally:
            _thread.is_sending = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._exporter, name)


def set_provider(exporters: Iterable[Any], resource: Resource) -> None:
    """Set a global logger provider of the SDK with exporters, given their classes.

    Raises:
        ImportError: if the SDK has no logger provider under this name any more.

    """
    from opentelemetry.sdk._logs import LoggerProvider  # noqa: PLC0415 - a provider of the function may be another's
    from opentelemetry.sdk._logs.export import BatchLogRecordProcessor  # noqa: PLC0415 - as above

    provider = LoggerProvider(resource=resource, shutdown_on_exit=False)
    for exporter in exporters:
        provider.add_log_record_processor(BatchLogRecordProcessor(SilentExporter(exporter())))
    set_logger_provider(provider)


def _handled_by_others() -> Iterator[str]:
    """Return the loggers, in the form `name.`, or `root`, whose records the function sends to OpenTelemetry itself."""
    for name, logger in [("root", logging.root), *logging.root.manager.loggerDict.items()]:
        handlers = getattr(logger, "handlers", ())
        if any(kind.__module__.startswith("opentelemetry.") for handler in handlers for kind in type(handler).__mro__):
            yield name if logger is logging.root else f"{name}."


def _severity(record: logging.LogRecord) -> tuple[SeverityNumber, str]:
    number, name = next((number, name) for level, number, name in _SEVERITIES if record.levelno >= level)
    return number, _RENAMED.get(record.levelname, record.levelname or name)


def _context() -> Context | None:
    """Return the context with the span that a record belongs to: the current one, or else the one of the call."""
    call = current.get()
    if call is None or not call.traceparent or trace.get_current_span().get_span_context().is_valid:
        return None
    return TraceContextTextMapPropagator().extract({"traceparent": call.traceparent})


def _attributes(record: logging.LogRecord) -> dict[str, Any]:
    """Return what was passed as `extra`, the id of the call, and the exception."""
    attributes = {_encodable(name): _attribute(value) for name, value in extras(record)}
    call = current.get()
    if call is not None:
        attributes["faas.invocation_id"] = call.request_id
    if record.exc_info and record.exc_info[1] is not None:
        error = raised(record.exc_info[1])
        attributes["exception.type"] = error_type(error)
        attributes["exception.message"] = _attribute(error)
        attributes["exception.stacktrace"] = _encodable(exception_text(record))
    return attributes


def _attribute(value: Any) -> Any:
    """Return a value that protobuf can encode: one that it cannot would cost the whole batch of records."""
    if isinstance(value, str):
        return _encodable(value)
    if isinstance(value, bool | float | bytes):
        return value
    return json.loads(_encodable(to_json(shown(value))), parse_int=_integer)


def _integer(digits: str) -> int | str:
    number = int(digits)
    return number if number.bit_length() <= _INT_BITS else digits


def _encodable(text: str) -> str:
    """Return a text without halves of surrogate pairs."""
    return text.encode(errors="replace").decode()
