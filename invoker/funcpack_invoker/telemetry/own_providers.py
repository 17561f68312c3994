"""Checks whether the function's module has set OpenTelemetry providers itself, without importing OpenTelemetry."""

from __future__ import annotations

import sys


def has_tracer_provider() -> bool:
    """Return whether there is a global tracer provider, of the SDK or of another implementation."""
    trace = sys.modules.get("opentelemetry.trace")
    if trace is None:
        return False
    return not isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider | trace.NoOpTracerProvider)


def has_meter_provider() -> bool:
    """Return whether there is a global meter provider of the SDK. The API has no public class for that there is none."""
    metrics, sdk = sys.modules.get("opentelemetry.metrics"), sys.modules.get("opentelemetry.sdk.metrics")
    return metrics is not None and sdk is not None and isinstance(metrics.get_meter_provider(), sdk.MeterProvider)


def has_logger_provider() -> bool:
    """Return whether there is a global logger provider of the SDK. The API has no public class for that there is none."""
    logs, sdk = sys.modules.get("opentelemetry._logs"), sys.modules.get("opentelemetry.sdk._logs")
    return logs is not None and sdk is not None and isinstance(logs.get_logger_provider(), sdk.LoggerProvider)


def has_providers() -> bool:
    """Return whether there is any of these providers."""
    return has_tracer_provider() or has_meter_provider() or has_logger_provider()
