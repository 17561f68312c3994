"""OpenTelemetry, or not: decided once, when the function is loaded. Nothing of it is imported for a no.

It is on where OpenTelemetry's own variables name an exporter and its SDK is installed (`pip install
funcpack-invoker[otel]`, or the two packages of that extra among the function's own requirements).
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from funcpack_invoker.lazy_imports.libraries import outside_app
from funcpack_invoker.telemetry.exporters import Exporters

if TYPE_CHECKING:
    from collections.abc import Mapping

    from funcpack_invoker.function.loader import LoadedFunction
    from funcpack_invoker.telemetry.observer import Observer

logger = logging.getLogger("funcpack")


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
