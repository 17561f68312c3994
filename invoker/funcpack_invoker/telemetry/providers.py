"""The providers of OpenTelemetry: those that the function's module has set, or else those of its SDK."""

from __future__ import annotations

import asyncio
import logging
from contextvars import copy_context
from typing import TYPE_CHECKING, Any

from opentelemetry import metrics, trace

from funcpack_invoker.telemetry.own_providers import has_meter_provider, has_tracer_provider
from funcpack_invoker.threads.pool import ThreadPool

if TYPE_CHECKING:
    from collections.abc import Mapping

    from funcpack_invoker.telemetry.exporters import Exporters

logger = logging.getLogger("funcpack")

# A collector that does not answer must not use all the time that the master leaves after the grace period.
_PATIENCE = 1.5


class Providers:
    """The global providers of this process, which also export the function's own spans and metrics.

    Providers that the function's module has set up are used as they are.
    """

    def __init__(self, exporters: Exporters, handler: str, environ: Mapping[str, str]) -> None:
        needs_traces = exporters.traces and not has_tracer_provider()
        needs_metrics = exporters.metrics and not has_meter_provider()
        if not (needs_traces or needs_metrics):
            return
        from funcpack_invoker.telemetry import sdk  # noqa: PLC0415 - a provider of the function need not be of the SDK

        resource = sdk.describe(handler, environ)
        if needs_traces:
            trace.set_tracer_provider(sdk.tracer_provider(exporters.traces, resource))
        if needs_metrics:
            metrics.set_meter_provider(sdk.meter_provider(exporters.metrics, resource))

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


def _shut_down(provider: Any) -> None:
    provider.shutdown()
