"""Sets up OpenTelemetry's SDK: the tracer and meter providers, with the exporters that the environment names."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import uuid
from contextvars import copy_context
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any

from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricReader, PeriodicExportingMetricReader
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from funcpack_invoker.telemetry.semconv import resource_attributes
from funcpack_invoker.threads.pool import ThreadPool

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from funcpack_invoker.telemetry.exporters import Exporters

logger = logging.getLogger("funcpack")

# A collector that does not answer must not use all the time that the master leaves after the grace period.
_PATIENCE = 1.5


class Providers:
    """The global providers of this process, which also export the function's own spans and metrics.

    Providers that the function's module has set up are used as they are.
    """

    def __init__(self, exporters: Exporters, handler: str, environ: Mapping[str, str]) -> None:
        resource = _resource(handler, environ)
        if exporters.traces and not isinstance(trace.get_tracer_provider(), TracerProvider):
            trace.set_tracer_provider(_tracer_provider(exporters.traces, resource))
        if exporters.metrics and not isinstance(metrics.get_meter_provider(), MeterProvider):
            metrics.set_meter_provider(_meter_provider(exporters.metrics, resource))

    async def close(self) -> None:
        """Send the remaining telemetry, within a time limit; daemon threads do not delay the end of the process."""
        providers: list[Any] = [trace.get_tracer_provider(), metrics.get_meter_provider()]
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


def _resource(handler: str, environ: Mapping[str, str]) -> Resource:
    """Describe this process; OTEL_RESOURCE_ATTRIBUTES and OTEL_SERVICE_NAME take precedence."""
    # Each worker is an instance with counters of its own.
    ours = {
        "faas.instance": socket.gethostname(),
        "service.instance.id": str(uuid.uuid4()),
        "process.pid": os.getpid(),
        **resource_attributes(handler, environ),
    }
    return Resource.create({**ours, **OTELResourceDetector().detect().attributes})


def _tracer_provider(exporters: tuple[str, ...], resource: Resource) -> TracerProvider:
    # At exit it would be too late: the master does not wait that long.
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    for exporter in _load("opentelemetry_traces_exporter", exporters):
        provider.add_span_processor(BatchSpanProcessor(exporter()))
    return provider


def _meter_provider(exporters: tuple[str, ...], resource: Resource) -> MeterProvider:
    readers = [
        # Prometheus reads the metrics itself; to the others they are sent.
        exporter() if issubclass(exporter, MetricReader) else PeriodicExportingMetricReader(exporter())
        for exporter in _load("opentelemetry_metrics_exporter", exporters)
    ]
    return MeterProvider(readers, resource, shutdown_on_exit=False)


def _load(group: str, names: tuple[str, ...]) -> Iterator[Any]:
    """Load exporters by the names of their entry points."""
    for name in names:
        found = tuple(entry_points(group=group, name=name))
        if found:
            yield found[0].load()
        else:
            logger.warning("OpenTelemetry exporter %s is not installed (entry point group %s)", name, group)


def _shut_down(provider: Any) -> None:
    provider.shutdown()
