"""Metrics of requests and calls, by OpenTelemetry's conventions for HTTP and FaaS.

Every call counts once: as an invocation (it succeeded), an error (the function raised, or returned a value that cannot
be sent) or a timeout. Calls that the client did not wait for, and requests that do not fit the function, are not counted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from opentelemetry.metrics import Observation

from funcpack_invoker.errors import RequestError
from funcpack_invoker.telemetry.semconv import DURATION_BOUNDARIES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from opentelemetry.context import Context
    from opentelemetry.metrics import CallbackOptions, Meter

    from funcpack_invoker.telemetry.semconv import Attributes
    from funcpack_invoker.threads.skipped_calls import SkippedCalls


class Instruments:
    """The instruments; `trigger` is an attribute of all metrics but those of HTTP."""

    def __init__(self, meter: Meter, trigger: str) -> None:
        self._meter = meter
        self._attributes = {"faas.trigger": trigger}
        self._requests = meter.create_histogram(
            "http.server.request.duration",
            unit="s",
            description="Duration of HTTP server requests.",
            explicit_bucket_boundaries_advisory=DURATION_BOUNDARIES,
        )
        self._durations = meter.create_histogram(
            "faas.invoke_duration",
            unit="s",
            description="Duration of the function's logic execution.",
            explicit_bucket_boundaries_advisory=DURATION_BOUNDARIES,
        )
        self._invocations = meter.create_counter(
            "faas.invocations", unit="{invocation}", description="Number of successful invocations."
        )
        self._errors = meter.create_counter("faas.errors", unit="{error}", description="Number of invocation errors.")
        self._timeouts = meter.create_counter(
            "faas.timeouts", unit="{timeout}", description="Number of invocation timeouts."
        )

    def observe_late_results(self, count: Callable[[], int]) -> None:
        """Report the number of results that arrived after their client had left or their call had timed out."""
        self._meter.create_observable_counter(
            "funcpack.late_results",
            [self._observation_of(count)],
            unit="{result}",
            description="Number of results that were dropped: the client had left, or the call had timed out.",
        )

    def observe_skipped_calls(self, calls: SkippedCalls) -> None:
        """Report the number of calls that waited for a thread until nobody waited for them any longer."""
        self._meter.create_observable_counter(
            "funcpack.skipped_calls",
            [self._observation_of(lambda: calls.count)],
            unit="{call}",
            description="Number of calls that were not begun: the client had left, or the call had timed out.",
        )

    def _observation_of(self, count: Callable[[], int]) -> Callable[[CallbackOptions], Iterable[Observation]]:
        def observe(_options: CallbackOptions) -> Iterable[Observation]:
            yield Observation(count(), self._attributes)

        return observe

    def count_request(self, seconds: float, attributes: Attributes, context: Context) -> None:
        """Count a request, answered or not; `context` is the one of its span."""
        self._requests.record(seconds, attributes, context)

    def count_call(self, seconds: float, error: BaseException | None, context: Context) -> None:
        """Count a call that ended after some seconds, with an error or without."""
        if isinstance(error, RequestError):
            return
        self._durations.record(seconds, self._attributes, context)
        if error is None:
            self._invocations.add(1, self._attributes, context)
        else:
            self._errors.add(1, self._attributes, context)

    def count_given_up(self, seconds: float, context: Context, *, timed_out: bool) -> None:
        """Count a call that was given up before its end."""
        self._durations.record(seconds, self._attributes, context)
        if timed_out:
            self._timeouts.add(1, self._attributes, context)
