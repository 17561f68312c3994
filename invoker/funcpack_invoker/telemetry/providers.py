"""The providers of OpenTelemetry: those that the function's module has set, or else those of its SDK."""

from __future__ import annotations

import asyncio
import logging
from contextvars import copy_context
from typing import TYPE_CHECKING, Any

from opentelemetry import metrics, trace

from funcpack_invoker.telemetry.own_providers import has_logger_provider, has_meter_provider, has_tracer_provider
from funcpack_invoker.threads.pool import ThreadPool

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from funcpack_invoker.telemetry.exporters import Exporters
    from funcpack_invoker.telemetry.log_records import LogRecords

logger = logging.getLogger("funcpack")

# A collector that does not answer must not use all the time that the master leaves after the grace period.
_PATIENCE = 1.5


class Providers:
    """The global providers of this process, which also export the function's own spans, metrics and log records.

    Providers that the function's module has set up are used as they are.
    """

    def __init__(self, exporters: Exporters, handler: str, environ: Mapping[str, str]) -> None:
        self.log_records: LogRecords | None = None
        needs_traces = exporters.traces and not has_tracer_provider()
        needs_metrics = exporters.metrics and not has_meter_provider()
        needs_logs = exporters.logs and not has_logger_provider()
        if needs_traces or needs_metrics or needs_logs:
            from funcpack_invoker.telemetry import sdk  # noqa: PLC0415 - a provider of the function may be another's

            resource = sdk.describe(handler, environ)
            if needs_traces:
                trace.set_tracer_provider(sdk.tracer_provider(exporters.traces, resource))
            if needs_metrics:
                metrics.set_meter_provider(sdk.meter_provider(exporters.metrics, resource))
            if needs_logs:
                self.log_records = _log_records(sdk.load("opentelemetry_logs_exporter", exporters.logs), resource)
        if not needs_logs and has_logger_provider():
            self.log_records = _log_records()

    async def close(self) -> None:
        """Send the remaining telemetry, within a time limit; daemon threads do not delay the end of the process."""
        providers: list[Any] = [trace.get_tracer_provider(), metrics.get_meter_provider()]
        if self.log_records is not None:
            self.log_records.detach()
            providers.append(self.log_records.provider)
        threads = ThreadPool(len(providers), "telemetry")
        ends = [
            threads.run(_shut_down, provider, copy_context()) for provider in providers if hasattr(provider, "shutdown")
        ]
        try:
            async with asyncio.timeout(_PATIENCE):
                outcomes = await asyncio.gather(*ends)
        except TimeoutError:
            logger.warning("could not send the remaining telemetry in time")
            return
        for outcome in outcomes:
            if outcome.error is not None:
                logger.error("could not send the remaining telemetry", exc_info=outcome.error)


def _log_records(exporters: Iterable[Any] = (), resource: Any = None) -> LogRecords | None:
    """Set up the global logger provider, if exporters are given, and return the handler that sends records to it."""
    try:
        from funcpack_invoker.telemetry import log_records  # noqa: PLC0415 - OpenTelemetry may change these modules

        if resource is not None:
            log_records.set_provider(exporters, resource)
    except ImportError as exc:
        logger.warning("log records are not sent to OpenTelemetry: %s", exc)
        return None
    return log_records.LogRecords()


def _shut_down(provider: Any) -> None:
    provider.shutdown()
