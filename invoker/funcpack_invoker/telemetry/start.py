"""Decides, when the function is loaded, whether OpenTelemetry is on. If it is off, nothing of it is imported.

It is on if OpenTelemetry's own variables name an exporter and its SDK is installed (`pip install
funcpack-invoker[otel]`, or the two packages of that extra among the function's own requirements). It is also on if the
function's module has set a provider itself, without any variable.
"""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING

from funcpack_invoker.lazy_imports.libraries import outside_app
from funcpack_invoker.logs import ExportHandler
from funcpack_invoker.telemetry.exporters import Exporters, is_disabled
from funcpack_invoker.telemetry.own_providers import has_providers

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from funcpack_invoker.function.loader import LoadedApplication, LoadedFunction
    from funcpack_invoker.telemetry.observer import Observer

logger = logging.getLogger("funcpack")


# More records than this are not kept.
_MOST_RECORDS = 1000


class _EarlyRecords(ExportHandler):
    def __init__(self, records: list[logging.LogRecord]) -> None:
        super().__init__()
        self._records = records

    def emit(self, record: logging.LogRecord) -> None:
        if len(self._records) < _MOST_RECORDS:
            self._records.append(record)


@contextmanager
def keeping_records(exporters: Exporters) -> Iterator[list[logging.LogRecord]]:
    """Return a list of the block's log records, if there are exporters of logs: telemetry can be started only after it."""
    records: list[logging.LogRecord] = []
    if not exporters.logs:
        yield records
        return
    handler = _EarlyRecords(records)
    logging.root.addHandler(handler)
    try:
        yield records
    finally:
        logging.root.removeHandler(handler)


def start(
    loaded: LoadedFunction | LoadedApplication,
    directories: list[str],
    environ: Mapping[str, str],
    exporters: Exporters,
    early: list[logging.LogRecord],
) -> Observer | None:
    """Start telemetry for a function or application; None if it is off. It is served even if telemetry fails.

    Args:
        loaded: the function or application.
        directories: the app's directories, whose files must not shadow a library.
        environ: OpenTelemetry's variables, and Knative's, which name the service.
        exporters: those that the variables name.
        early: the log records so far.

    """
    if not exporters and (is_disabled(environ) or not has_providers()):
        return None
    with outside_app(directories):
        try:
            if exporters:
                import opentelemetry.sdk  # noqa: F401, PLC0415 - other packages install the API without it

            from funcpack_invoker.telemetry.observer import observer  # noqa: PLC0415 - a third of a second
        except ImportError as exc:
            logger.warning("telemetry is off, although an OpenTelemetry exporter is configured: %s", exc)
            return None
        try:
            return observer(loaded, exporters, environ, early)
        except Exception:
            logger.exception("telemetry is off: OpenTelemetry could not be started")
            return None
