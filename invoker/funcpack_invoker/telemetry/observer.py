"""Traces and measures requests and calls: a span for each request and each event of a batch, and metrics of both.

Conventions: https://opentelemetry.io/docs/specs/semconv/faas/faas-spans/ and those it refers to; see `semconv`.
"""

from __future__ import annotations

import asyncio
import logging
import time
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from opentelemetry import context as otel_context
from opentelemetry import metrics, propagate, trace
from opentelemetry.trace import Link, SpanKind, Status, StatusCode

from funcpack_invoker import __version__
from funcpack_invoker.errors import CallTimeoutError, RequestError
from funcpack_invoker.telemetry import semconv
from funcpack_invoker.telemetry.instruments import Instruments
from funcpack_invoker.telemetry.providers import Providers

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
    from contextvars import Context as ContextVars

    from opentelemetry.context import Context
    from opentelemetry.trace import Span

    from funcpack_invoker.context import Context as CallContext
    from funcpack_invoker.events.event import Event
    from funcpack_invoker.events.reply import AnyReply
    from funcpack_invoker.function.call import Call
    from funcpack_invoker.function.invocation import Invocation
    from funcpack_invoker.function.loader import LoadedApplication, LoadedFunction
    from funcpack_invoker.http.exchange import Exchange
    from funcpack_invoker.http.incoming import IncomingRequest
    from funcpack_invoker.telemetry.exporters import Exporters
    from funcpack_invoker.threads.pool import Outcome
    from funcpack_invoker.threads.skipped_calls import SkippedCalls

    Serve = Callable[[IncomingRequest, Exchange], Awaitable[None]]
    RunApplication = Callable[..., Awaitable[BaseException | None]]
    Run = Callable[[Call, Callable[[], None]], Awaitable[tuple[Outcome[AnyReply], ContextVars]]]


def observer(
    loaded: LoadedFunction | LoadedApplication,
    exporters: Exporters,
    environ: Mapping[str, str],
    early: Iterable[logging.LogRecord],
) -> Observer:
    """Set up the SDK, send it the `early` log records, and create an observer that uses it.

    Raises:
        Exception: whatever an exporter raises because of its settings.

    """
    providers = Providers(exporters, loaded.handler, environ)
    for handler in logging.getLogger().handlers:
        handler.addFilter(_note_span)
    if providers.log_records is not None:
        providers.log_records.attach()
        for record in early:
            providers.log_records.handle(record)
    return Observer(loaded.handler, semconv.TRIGGERS[loaded.kind], providers)


class Observer:
    """Wraps the functions that serve requests and call the user's function."""

    def __init__(self, handler: str, trigger: str, providers: Providers) -> None:
        self._handler = handler
        self._trigger = trigger
        self._providers = providers
        self._tracer = trace.get_tracer("funcpack_invoker", __version__)
        self._instruments = Instruments(metrics.get_meter("funcpack_invoker", __version__), trigger)
        self._is_cold = True

    def requests(self, serve: Serve, unobserved: Collection[str]) -> Serve:
        """Return `serve` wrapped, except for the `unobserved` paths: most spans would be those of probes."""
        log_records = self._providers.log_records

        async def observed(incoming: IncomingRequest, exchange: Exchange) -> None:
            if log_records is not None:
                log_records.attach()
            if incoming.scope["path"] in unobserved:
                await serve(incoming, exchange)
                return
            request = _Request(incoming, exchange)
            token = _request.set(request)
            try:
                await serve(incoming, exchange)
            except BaseException as exc:
                request.error = semconv.error_type(exc)
                raise
            finally:
                _request.reset(token)
                self._end(request)

        return observed

    def calls(self, invocation: Invocation) -> Run:
        """Return `invocation.invoke` wrapped."""
        self._instruments.observe_late_results(lambda: invocation.late_results)
        self._instruments.observe_skipped_calls(invocation.skipped_calls)

        async def observed(call: Call, ended: Callable[[], None]) -> tuple[Outcome[AnyReply], ContextVars]:
            context = self._begin_call(_request.get(), call.context, call.event)
            token = otel_context.attach(context)
            started = time.perf_counter()
            try:
                outcome, variables = await invocation.invoke(call, ended)
            except (TimeoutError, asyncio.CancelledError) as exc:
                timed_out = isinstance(exc, TimeoutError)
                self._instruments.count_given_up(time.perf_counter() - started, context, timed_out=timed_out)
                self._end_call(context, semconv.TIMEOUT if timed_out else semconv.error_type(exc), call.event)
                raise
            finally:
                otel_context.detach(token)
            self._instruments.count_call(time.perf_counter() - started, outcome.error, context)
            self._end_call(context, _record(outcome.error, context), call.event)
            return outcome, variables

        return observed

    def applications(self, run: RunApplication, skipped_calls: SkippedCalls | None = None) -> RunApplication:
        """Return a function wrapped that takes the context of a request, and calls an application."""
        if skipped_calls is not None:
            self._instruments.observe_skipped_calls(skipped_calls)

        async def observed(call: CallContext, *arguments: Any) -> BaseException | None:
            context = self._begin_call(_request.get(), call)
            token = otel_context.attach(context)
            started = time.perf_counter()
            try:
                error = await run(call, *arguments)
            except asyncio.CancelledError as exc:
                self._instruments.count_given_up(time.perf_counter() - started, context, timed_out=False)
                self._end_call(context, semconv.error_type(exc))
                raise
            finally:
                otel_context.detach(token)
            seconds = time.perf_counter() - started
            if isinstance(error, CallTimeoutError):
                self._instruments.count_given_up(seconds, context, timed_out=True)
                self._end_call(context, semconv.TIMEOUT)
            else:
                self._instruments.count_call(seconds, error, context)
                self._end_call(context, _record(error, context))
            return error

        return observed

    async def close(self) -> None:
        """Send the remaining telemetry."""
        await self._providers.close()

    def _begin_call(self, request: _Request, call: CallContext, event: Event | None = None) -> Context:
        """Start the span of a call, and put its ids into the function's `context` and the log."""
        if request.is_batch and event is not None:
            context = self._begin_event(self._begin(request, request.carrier), event)
        else:
            carrier = request.carrier
            if call.traceparent:
                # The request's, or else the event's.
                carrier |= {"traceparent": call.traceparent, "tracestate": call.tracestate or ""}
            context = self._begin(request, carrier, event)
        span = trace.get_current_span(context)
        span.set_attribute("faas.invocation_id", call.request_id)
        span.set_attribute("faas.coldstart", self._is_cold)
        self._is_cold = False
        _take_over(span.get_span_context(), call)
        return context

    def _begin(self, request: _Request, carrier: dict[str, str], event: Event | None = None) -> Context:
        """Start a request's span, unless it exists: not before the body is read, as an event in it may name the parent."""
        if request.context is None:
            parent = propagate.extract(carrier)
            attributes = request.attributes | {"faas.trigger": self._trigger}
            span = self._tracer.start_span(
                self._handler,
                context=parent,
                kind=SpanKind.SERVER,
                attributes=attributes if event is None else attributes | semconv.event_attributes(event),
                links=_links(event, parent),
                start_time=request.start_time,
            )
            request.context = trace.set_span_in_context(span, parent)
        return request.context

    def _begin_event(self, parent: Context, event: Event) -> Context:
        """Start the span of an event in a batch."""
        span = self._tracer.start_span(
            self._handler,
            context=parent,
            kind=SpanKind.CONSUMER,
            attributes=semconv.event_attributes(event) | {"faas.trigger": self._trigger},
            links=_links(event, parent),
        )
        return trace.set_span_in_context(span, parent)

    def _end_call(self, context: Context, error: str, event: Event | None = None) -> None:
        request = _request.get()
        span = trace.get_current_span(context)
        if error:
            _fail(span, error)
        if request.is_batch and event is not None:
            span.end()
        else:
            request.error = error

    def _end(self, request: _Request) -> None:
        context = self._begin(request, request.carrier)
        span = trace.get_current_span(context)
        found: semconv.Attributes = {}
        if request.status:
            found["http.response.status_code"] = request.status
        error = request.found_error()
        if error:
            found["error.type"] = error
            _fail(span, error)
        span.set_attributes(found)
        span.end()
        seconds = time.perf_counter() - request.started
        self._instruments.count_request(seconds, semconv.metric_attributes(request.attributes) | found, context)


class _Request:
    """A request under way: what is known of it, and of its answer so far."""

    def __init__(self, incoming: IncomingRequest, exchange: Exchange) -> None:
        headers = incoming.headers
        self.start_time = time.time_ns()
        self.started = time.perf_counter()
        self.attributes = semconv.request_attributes(incoming.scope, headers)
        self.context: Context | None = None
        self.error = ""
        self._exchange = exchange
        self._headers: dict[bytes, bytes] = headers

    @property
    def carrier(self) -> dict[str, str]:
        """The headers, in the form that propagators read."""
        return {name.decode("latin-1"): value.decode("latin-1") for name, value in self._headers.items()}

    @property
    def is_batch(self) -> bool:
        """Whether the content type is that of a batch (CloudEvents HTTP binding 1.0.2, section 3)."""
        return self._headers.get(b"content-type", b"").lower().startswith(b"application/cloudevents-batch")

    @property
    def status(self) -> int:
        """The status of its answer; 0 until there is one."""
        return self._exchange.status

    def found_error(self) -> str:
        """Return `error.type`: an exception's class, a status, or an incomplete response; "" if there was no error."""
        if self.status and not self._exchange.is_complete:
            return self.error or semconv.INCOMPLETE
        # 4xx is an error of the client, for which the span of a server does not fail.
        if 0 < self.status < 500:
            return ""
        return self.error or str(self.status)


_request: ContextVar[_Request] = ContextVar("funcpack_request")


def _links(event: Event | None, parent: Context) -> list[Link]:
    """Link to the trace that an event was created in, if the request belongs to another one.

    https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/extensions/distributed-tracing.md
    """
    if event is None:
        return []
    names = ("traceparent", "tracestate")
    carrier = {name: str(event.attributes[name]) for name in names if name in event.attributes}
    origin = trace.get_current_span(propagate.extract(carrier, otel_context.Context())).get_span_context()
    if not origin.is_valid or origin == trace.get_current_span(parent).get_span_context():
        return []
    return [Link(origin)]


def _record(error: BaseException | None, context: Context) -> str:
    """Record the function's exception, and return its type; a request that does not fit is not the function's error."""
    if error is None or isinstance(error, RequestError):
        return ""
    trace.get_current_span(context).record_exception(error)
    return semconv.error_type(error)


def _fail(span: Span, error: str) -> None:
    span.set_attribute("error.type", error)
    span.set_status(Status(StatusCode.ERROR))


def _take_over(span: trace.SpanContext, context: CallContext) -> None:
    """Put a span's ids into the function's `context`; there is no span if only metrics are on and the caller has none."""
    if span.is_valid:
        context.traceparent = _traceparent(span)
        context.tracestate = span.trace_state.to_header() or None


def _traceparent(span: trace.SpanContext) -> str:
    return f"00-{span.trace_id:032x}-{span.span_id:016x}-{span.trace_flags:02x}"


def _note_span(record: logging.LogRecord) -> bool:
    """Note the current span in a log record: only here are the function's own spans known."""
    span = trace.get_current_span().get_span_context()
    if span.is_valid:
        record.traceparent = _traceparent(span)
    return True
