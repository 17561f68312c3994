"""OpenTelemetry, or not: decided once, when the function is loaded. Nothing of it is imported for a no.

It is on where OpenTelemetry's own variables name an exporter and its SDK is installed (`pip install
funcpack-invoker[otel]`, or the two packages of that extra among the function's own requirements).
https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, NamedTuple, Self

from funcpack_invoker.lazy_imports.libraries import outside_app

if TYPE_CHECKING:
    from collections.abc import Mapping

    from funcpack_invoker.function.loader import LoadedFunction
    from funcpack_invoker.telemetry.observer import Observer

logger = logging.getLogger("funcpack")

# The specification's default; Python's own SDK would take gRPC, whose exporter is not in our extra.
_DEFAULT_PROTOCOL = "http/protobuf"
_OTLP_EXPORTERS = {"http/protobuf": "otlp_proto_http", "grpc": "otlp_proto_grpc"}


class Exporters(NamedTuple):
    """The exporters that are wanted for each signal, by the names they are registered under; none: the signal is off."""

    traces: tuple[str, ...]
    metrics: tuple[str, ...]

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Self:
        """Read OTEL_SDK_DISABLED, OTEL_*_EXPORTER and, where there is none, whether an endpoint is named."""
        if environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
            return cls((), ())
        return cls(_named("TRACES", environ), _named("METRICS", environ))

    def __bool__(self) -> bool:
        return bool(self.traces or self.metrics)


def start(function: LoadedFunction, directories: list[str], environ: Mapping[str, str]) -> Observer | None:
    """Start telemetry for a function; None where it is off. Whatever goes wrong with it, the function is served.

    Args:
        function: the function.
        directories: those of the app, whose files must not be taken for a library.
        environ: OpenTelemetry's variables, and Knative's, which name the service.

    """
    exporters = Exporters.from_env(environ)
    if not exporters:
        return None
    with outside_app(directories):
        try:
            from funcpack_invoker.telemetry.observer import observer  # noqa: PLC0415 - a third of a second
        except ImportError as exc:
            logger.warning("an OpenTelemetry exporter is named, but there will be no telemetry: %s", exc)
            return None
        try:
            return observer(function, exporters, environ)
        except Exception:
            logger.exception("OpenTelemetry could not be started, there will be no telemetry")
            return None


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
        # What the specification asks for: warn, and go on as if it were not set.
        logger.warning("the OTLP protocol %r is not known, %s is used", protocol, _DEFAULT_PROTOCOL)
    return _OTLP_EXPORTERS.get(protocol, _OTLP_EXPORTERS[_DEFAULT_PROTOCOL])
