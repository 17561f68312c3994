"""Creates providers of OpenTelemetry's SDK, with the exporters that the environment names."""

from __future__ import annotations

import logging
import os
import socket
import uuid
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricReader, PeriodicExportingMetricReader
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from funcpack_invoker.telemetry.semconv import resource_attributes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

logger = logging.getLogger("funcpack")


def describe(handler: str, environ: Mapping[str, str]) -> Resource:
    """Describe this process; OTEL_RESOURCE_ATTRIBUTES and OTEL_SERVICE_NAME take precedence."""
    # Each worker is an instance with counters of its own.
    ours = {
        "faas.instance": socket.gethostname(),
        "service.instance.id": str(uuid.uuid4()),
        "process.pid": os.getpid(),
        **resource_attributes(handler, environ),
    }
    return Resource.create({**ours, **OTELResourceDetector().detect().attributes})


def tracer_provider(exporters: tuple[str, ...], resource: Resource) -> TracerProvider:
    """Create a tracer provider with the exporters of these names."""
    # At exit it would be too late: the master does not wait that long.
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    for exporter in load("opentelemetry_traces_exporter", exporters):
        provider.add_span_processor(BatchSpanProcessor(exporter()))
    return provider


def meter_provider(exporters: tuple[str, ...], resource: Resource) -> MeterProvider:
    """Create a meter provider with the exporters of these names."""
    readers = [
        # Prometheus reads the metrics itself; to the others they are sent.
        exporter() if issubclass(exporter, MetricReader) else PeriodicExportingMetricReader(exporter())
        for exporter in load("opentelemetry_metrics_exporter", exporters)
    ]
    return MeterProvider(readers, resource, shutdown_on_exit=False)


def load(group: str, names: tuple[str, ...]) -> Iterator[Any]:
    """Load exporters by the names of their entry points."""
    for name in names:
        found = tuple(entry_points(group=group, name=name))
        if found:
            yield found[0].load()
        else:
            logger.warning("OpenTelemetry exporter %s is not installed (entry point group %s)", name, group)
