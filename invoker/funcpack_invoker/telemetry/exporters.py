"""The OpenTelemetry exporters that the environment names.

https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, NamedTuple, Self

if TYPE_CHECKING:
    from collections.abc import Mapping

logger = logging.getLogger("funcpack")

# The specification's default. The SDK for Python defaults to gRPC, whose exporter is not in our extra.
_DEFAULT_PROTOCOL = "http/protobuf"
_OTLP_EXPORTERS = {"http/protobuf": "otlp_proto_http", "grpc": "otlp_proto_grpc"}


class Exporters(NamedTuple):
    """The names of the exporters of each signal; without any the signal is off."""

    traces: tuple[str, ...]
    metrics: tuple[str, ...]
    logs: tuple[str, ...]

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Self:
        """Read OTEL_SDK_DISABLED and OTEL_*_EXPORTER; without exporters, an endpoint selects OTLP."""
        if is_disabled(environ):
            return cls((), (), ())
        return cls(_named("TRACES", environ), _named("METRICS", environ), _named("LOGS", environ))

    def __bool__(self) -> bool:
        return bool(self.traces or self.metrics or self.logs)


def is_disabled(environ: Mapping[str, str]) -> bool:
    """Return whether OTEL_SDK_DISABLED turns telemetry off."""
    return environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true"


def _named(signal: str, environ: Mapping[str, str]) -> tuple[str, ...]:
    endpoints = ("OTEL_EXPORTER_OTLP_ENDPOINT", f"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT")
    names = environ.get(f"OTEL_{signal}_EXPORTER", "").strip()
    if not names and any(environ.get(endpoint) for endpoint in endpoints):
        names = "otlp"
    wanted = (name.strip() for name in names.split(","))
    return tuple(_of_protocol(signal, name, environ) for name in wanted if name not in {"", "none"})


def _of_protocol(signal: str, name: str, environ: Mapping[str, str]) -> str:
    if name != "otlp":
        return name
    variables = (f"OTEL_EXPORTER_OTLP_{signal}_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
    protocol = next((environ[variable].strip() for variable in variables if environ.get(variable)), _DEFAULT_PROTOCOL)
    if protocol not in _OTLP_EXPORTERS:
        # The specification requires a warning and the default.
        logger.warning("unknown OTLP protocol %r, using %s", protocol, _DEFAULT_PROTOCOL)
    return _OTLP_EXPORTERS.get(protocol, _OTLP_EXPORTERS[_DEFAULT_PROTOCOL])
