"""OpenTelemetry: what a receiver of its protocol gets from a real server, and that there is nothing of it when it is off."""

from __future__ import annotations

import json
import signal
import textwrap
import time
from dataclasses import dataclass
from http.client import IncompleteRead
from typing import TYPE_CHECKING, Any

import pytest

from tests.environments import INVOKER_LOCK, locked
from tests.integration.otlp import Received, Span, receiver
from tools.places import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.integration.conftest import Server, StartServer

TRACE = "0af7651916cd43dd8448eb211c80319c"
CALLER = "b7ad6b7169203331"
OTHER = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7"

HTTP_FUNCTION = """
    import logging
    import time

    from flask import abort
    from opentelemetry import trace

    tracer = trace.get_tracer("own")

    def handler(request, context):
        return globals()[request.path[1:]](context)

    def nested(context):
        with tracer.start_as_current_span("inner"):
            logging.getLogger("own").warning("inside")
        logging.getLogger("own").warning("outside")
        return context.traceparent

    def fails(context):
        raise ValueError("boom")

    def missing(context):
        abort(404)

    def slow(context):
        time.sleep(4)
        return "late"

    def stream(context):
        yield "one"
        with tracer.start_as_current_span("chunk"):
            yield "two"

    def broken(context):
        yield "one"
        raise ValueError("boom")
"""

EVENT_FUNCTION = """
    import asyncio
    from opentelemetry import trace

    tracer = trace.get_tracer("own")

    async def handler(data, attributes, context):
        if data == "hang":
            print("begun", flush=True)
            await asyncio.sleep(60)
        with tracer.start_as_current_span("inner"):
            await asyncio.sleep(0)
        return context.traceparent
"""

EVENT = {"specversion": "1.0", "type": "com.example.thing", "source": "/here", "subject": "it"}


@dataclass(frozen=True)
class Run:
    """A server that has ended, and what it sent: its spans by the path or the event's id."""

    received: Received
    server: Server
    answers: dict[str, bytes]

    def span(self, key: str) -> Span:
        (found,) = [
            span
            for span in self.received.spans()
            if key in {span.attributes.get("url.path"), span.attributes.get("cloudevents.event_id")}
        ]
        return found

    def children(self, parent: Span) -> list[str]:
        return [span.name for span in self.received.spans() if span.parent_id == parent.span_id]


@pytest.fixture(scope="module")
def python() -> Path:
    return locked("otel", INVOKER_LOCK, ROOT / "requirements" / "otel.txt")


@pytest.fixture(scope="module", params=["on", "off"], ids=["lazy", "ordinary"])
def lazy_imports(request: pytest.FixtureRequest) -> str:
    """FUNCTION_LAZY_IMPORTS."""
    return str(request.param)


@pytest.fixture(scope="module")
def http_run(
    start_shared_server: StartServer, python: Path, tmp_path_factory: pytest.TempPathFactory, lazy_imports: str
) -> Iterator[Run]:
    directory = tmp_path_factory.mktemp("received")
    with receiver(python, directory) as endpoint:
        server = start_shared_server(
            HTTP_FUNCTION,
            python=python,
            environment={
                "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
                "FUNCTION_TIMEOUT": "2",
                "LOG_FORMAT": "json",
                "K_SERVICE": "greeter",
                "K_REVISION": "greeter-00002",
                "FUNCTION_LAZY_IMPORTS": lazy_imports,
            },
        )
        nested = server.get("/nested?token=secret", x_request_id="r-1", traceparent=f"00-{TRACE}-{CALLER}-01")
        answers = {"/nested": nested.body}
        for path in ("/fails", "/missing", "/slow", "/stream"):
            answers[path] = server.get(path).body
        with pytest.raises(IncompleteRead):
            server.get("/broken")
        server.get("/missing", "BREW")
        assert server.stop() == 0
        yield Run(Received(directory), server, answers)


@pytest.fixture(scope="module")
def event_run(
    start_shared_server: StartServer, python: Path, tmp_path_factory: pytest.TempPathFactory, lazy_imports: str
) -> Iterator[Run]:
    directory = tmp_path_factory.mktemp("received")
    with receiver(python, directory) as endpoint:
        server = start_shared_server(
            EVENT_FUNCTION,
            python=python,
            environment={"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "FUNCTION_LAZY_IMPORTS": lazy_imports},
        )
        answers = {
            "both": post(server, event("both", traceparent=f"{OTHER}-01"), traceparent=f"00-{TRACE}-{CALLER}-01"),
            "own": post(server, event("own", traceparent=f"{OTHER}-01")),
            "batch": post(
                server,
                [event("first"), event("second", traceparent=f"{OTHER}-01")],
                "application/cloudevents-batch+json",
                traceparent=f"00-{TRACE}-{CALLER}-01",
            ),
            "invalid": post(server, {"specversion": "1.0"}),
        }
        leave(server, event("left", data="hang"))
        assert server.stop() == 0
        yield Run(Received(directory), server, answers)


def event(identifier: str, **members: str) -> dict[str, str]:
    return {**EVENT, "id": identifier, **members}


def post(server: Server, body: Any, content_type: str = "application/cloudevents+json", **headers: str) -> bytes:
    return server.get("/", "POST", json.dumps(body).encode(), content_type=content_type, **headers).body


def leave(server: Server, body: Any) -> None:
    """Send an event, and do not wait for the answer."""
    content = json.dumps(body).encode()
    header = f"Content-Type: application/cloudevents+json\r\nContent-Length: {len(content)}\r\n"
    with server.connect() as connection:
        connection.sendall(f"POST / HTTP/1.1\r\nHost: x\r\n{header}\r\n".encode() + content)
        server.wait_for_log("begun")


def test_span_of_a_request_says_what_the_conventions_say(http_run: Run) -> None:
    span = http_run.span("/nested")
    assert (span.name, span.kind, span.failed) == ("handler.handler", "SERVER", False)
    attributes = dict(span.attributes)
    assert attributes.pop("client.address").endswith("127.0.0.1")
    assert attributes == {
        "faas.trigger": "http",
        "faas.invocation_id": "r-1",
        "faas.coldstart": True,
        "http.request.method": "GET",
        "http.response.status_code": 200,
        "network.protocol.version": "1.1",
        "server.address": "127.0.0.1",
        "server.port": http_run.server.port,
        "url.path": "/nested",
        "url.scheme": "http",
    }


def test_span_is_the_callers_child_and_the_functions_parent(http_run: Run) -> None:
    span = http_run.span("/nested")
    assert (span.trace_id, span.parent_id) == (TRACE, CALLER)
    assert http_run.answers["/nested"].decode() == f"{span.traceparent}-01"
    assert http_run.children(span) == ["inner"]


def test_span_goes_on_while_a_response_is_streamed(http_run: Run) -> None:
    assert http_run.answers["/stream"] == b"onetwo"
    assert http_run.children(http_run.span("/stream")) == ["chunk"]


@pytest.mark.parametrize(
    ("path", "status", "error", "exceptions"),
    [
        pytest.param("/fails", 500, "ValueError", ["boom"], id="raises"),
        pytest.param("/slow", 504, "timeout", [], id="times out"),
        pytest.param("/broken", 200, "incomplete_response", [], id="breaks off"),
    ],
)
def test_span_of_a_failure_names_it(http_run: Run, path: str, status: int, error: str, exceptions: list[str]) -> None:
    span = http_run.span(path)
    assert span.failed
    assert (span.attributes["http.response.status_code"], span.attributes["error.type"]) == (status, error)
    assert (span.exceptions, span.parent_id, span.attributes["faas.coldstart"]) == (exceptions, "", False)


def test_error_of_the_client_and_its_own_method_fail_no_span(http_run: Run) -> None:
    get, brew = [span for span in http_run.received.spans() if span.attributes.get("url.path") == "/missing"]
    for span in (get, brew):
        assert (span.failed, span.attributes["http.response.status_code"]) == (False, 404)
        assert "error.type" not in span.attributes
    assert brew.attributes["http.request.method"] == "_OTHER"
    assert brew.attributes["http.request.method_original"] == "BREW"


def test_probes_are_not_observed(http_run: Run) -> None:
    served = [span.attributes["url.path"] for span in http_run.received.spans() if span.kind == "SERVER"]
    assert sorted(served) == ["/broken", "/fails", "/missing", "/missing", "/nested", "/slow", "/stream"]


@pytest.mark.parametrize(
    ("metric", "count"),
    [
        ("faas.invocations", 5),
        ("faas.errors", 1),
        ("faas.timeouts", 1),
        ("faas.invoke_duration", 7),
        ("funcpack.late_results", 1),
    ],
)
def test_calls_are_counted(http_run: Run, metric: str, count: int) -> None:
    assert http_run.received.points(metric) == [({"faas.trigger": "http"}, count)]


@pytest.mark.parametrize(
    ("signature", "start"),
    [
        pytest.param("request", "", id="function"),
        pytest.param("environ, start_response", "start_response('200 OK', [])", id="WSGI application"),
    ],
)
def test_calls_that_are_not_begun_are_counted(
    start_server: StartServer, python: Path, tmp_path: Path, signature: str, start: str
) -> None:
    source = f"""
        import threading
        gate = threading.Event()

        def handler({signature}):
            gate.wait(20)
            {start}
            return [b"late"]

        def alive():
            gate.set()
    """
    with receiver(python, tmp_path) as endpoint:
        environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "FUNCTION_TIMEOUT": "0.3", "FUNCTION_THREADS": "1"}
        server = start_server(source, python=python, environment=environment)
        assert [server.get().status for _ in range(3)] == [504, 504, 504]
        server.get("/health/live")
        server.wait_for_log("while it waited for a thread (2 so far)")
        assert server.stop() == 0
    received = Received(tmp_path)
    counts = {"faas.timeouts": 3, "faas.invoke_duration": 3, "funcpack.skipped_calls": 2}
    assert {metric: received.points(metric) for metric in counts} == {
        metric: [({"faas.trigger": "http"}, count)] for metric, count in counts.items()
    }


def test_durations_of_requests_are_measured(http_run: Run) -> None:
    points = [
        (attributes["http.response.status_code"], attributes.get("error.type"), count)
        for attributes, count in http_run.received.points("http.server.request.duration")
        if attributes["http.request.method"] == "GET"
    ]
    assert sorted(points, key=str) == [
        (200, "incomplete_response", 1),
        (200, None, 2),
        (404, None, 1),
        (500, "ValueError", 1),
        (504, "timeout", 1),
    ]


@pytest.mark.parametrize("signal_name", ["traces", "metrics"])
def test_resource_is_the_service(http_run: Run, signal_name: str) -> None:
    for resource in http_run.received.resources(signal_name):
        assert (resource["service.name"], resource["faas.name"]) == ("greeter", "greeter")
        assert resource["faas.version"] == "greeter-00002"
        assert resource["faas.instance"]
        assert resource["service.instance.id"]


def test_log_names_the_span_that_is_current(http_run: Run) -> None:
    lines = [json.loads(line) for line in http_run.server.log.splitlines()]
    said = {line["message"]: line for line in lines}
    (inner,) = [span for span in http_run.received.spans() if span.name == "inner"]
    for message, span in (("inside", inner), ("outside", http_run.span("/nested"))):
        assert (said[message]["trace_id"], said[message]["span_id"]) == (TRACE, span.span_id)
        assert said[message]["request_id"] == "r-1"
    failed = [line["span_id"] for line in lines if line["message"] == "the function failed"]
    assert failed == [http_run.span("/fails").span_id, http_run.span("/broken").span_id]


def test_span_of_an_event_says_what_the_conventions_say(event_run: Run) -> None:
    span = event_run.span("both")
    assert (span.trace_id, span.parent_id, span.links) == (TRACE, CALLER, [OTHER])
    expected = {
        "faas.trigger": "pubsub",
        "cloudevents.event_id": "both",
        "cloudevents.event_source": "/here",
        "cloudevents.event_spec_version": "1.0",
        "cloudevents.event_subject": "it",
        "cloudevents.event_type": "com.example.thing",
        "http.request.method": "POST",
    }
    assert span.attributes.items() >= expected.items()
    assert event_run.answers["both"].decode() == f"{span.traceparent}-01"
    assert event_run.children(span) == ["inner"]


def test_event_s_own_trace_is_taken_where_the_request_has_none(event_run: Run) -> None:
    span = event_run.span("own")
    assert (f"00-{span.trace_id}-{span.parent_id}", span.links) == (OTHER, [])


def test_every_event_of_a_batch_has_a_span(event_run: Run) -> None:
    first, second = event_run.span("first"), event_run.span("second")
    (request,) = [span for span in event_run.received.spans() if span.span_id == first.parent_id]
    assert (request.kind, request.parent_id, second.parent_id) == ("SERVER", CALLER, request.span_id)
    assert (first.kind, second.kind, first.links, second.links) == ("CONSUMER", "CONSUMER", [], [OTHER])
    replies = json.loads(event_run.answers["batch"])
    assert [reply["data"] for reply in replies] == [f"{span.traceparent}-01" for span in (first, second)]
    assert [reply["traceparent"] for reply in replies] == [f"{span.traceparent}-01" for span in (first, second)]
    assert event_run.children(first) == event_run.children(second) == ["inner"]


def test_request_that_is_no_event_has_a_span(event_run: Run) -> None:
    (span,) = [span for span in event_run.received.spans() if span.attributes.get("http.response.status_code") == 400]
    assert (span.failed, "faas.invocation_id" in span.attributes) == (False, False)


def test_client_that_left_is_named(event_run: Run) -> None:
    span = event_run.span("left")
    assert (span.failed, span.attributes["error.type"]) == (True, "asyncio.exceptions.CancelledError")
    assert "http.response.status_code" not in span.attributes
    assert event_run.received.points("faas.invocations") == [({"faas.trigger": "pubsub"}, 4)]


MODULES = """
    import sys

    def handler():
        return [name for name in sys.modules if name.startswith(("opentelemetry", "google"))]
"""
ENDPOINT = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}


@pytest.mark.parametrize(
    "variables",
    [
        pytest.param({}, id="no exporter named"),
        pytest.param({"OTEL_SDK_DISABLED": "true", **ENDPOINT}, id="disabled"),
        pytest.param(
            {"OTEL_TRACES_EXPORTER": "none", "OTEL_METRICS_EXPORTER": "none", "OTEL_LOGS_EXPORTER": "none", **ENDPOINT},
            id="none",
        ),
    ],
)
def test_nothing_is_imported_when_it_is_off(start_server: StartServer, python: Path, variables: dict[str, str]) -> None:
    assert start_server(MODULES, python=python, environment=variables).get().body == b"[]"


def test_function_is_served_without_the_sdk(start_server: StartServer) -> None:
    server = start_server(MODULES, environment=ENDPOINT)
    assert b"opentelemetry.sdk" not in server.get().body
    assert "telemetry is off, although an OpenTelemetry exporter is configured: No module named" in server.log


def test_exporter_that_is_not_installed_is_named(start_server: StartServer, python: Path) -> None:
    server = start_server(MODULES, python=python, environment={"OTEL_TRACES_EXPORTER": "zipkin"})
    assert server.get().status == 200
    assert "OpenTelemetry exporter zipkin is not installed" in server.log


def test_receiver_that_is_gone_holds_nothing_up(start_server: StartServer, python: Path) -> None:
    server = start_server(MODULES, python=python, environment={**ENDPOINT, "OTEL_EXPORTER_OTLP_TIMEOUT": "30"})
    assert server.get().status == 200
    started = time.monotonic()
    assert server.stop(signal.SIGTERM) == 0
    assert time.monotonic() - started < 5


def test_example_of_the_page(start_server: StartServer, python: Path, tmp_path: Path) -> None:
    page = (ROOT / "docs" / "telemetry.md").read_text()
    source = page.partition("```python\n")[2].partition("```")[0]
    (tmp_path / "received").mkdir()
    with receiver(python, tmp_path / "received") as endpoint:
        server = start_server(source, python=python, environment={"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint})
        answer = json.loads(post(server, event("1")))
        assert server.stop() == 0
    inner, outer = Received(tmp_path / "received").spans()
    assert (inner.name, inner.parent_id) == ("look up", outer.span_id)
    assert answer["traceparent"].startswith(outer.traceparent)


STUCK = """
    import time

    def handler(request):
        if request.path == "/stuck":
            print("begun", flush=True)
            time.sleep(60)
        return "done"
"""


def test_telemetry_is_sent_although_a_call_does_not_end(
    start_server: StartServer, python: Path, tmp_path: Path
) -> None:
    (tmp_path / "received").mkdir()
    with receiver(python, tmp_path / "received") as endpoint:
        variables = {"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "FUNCTION_GRACE_PERIOD": "0.2"}
        server = start_server(STUCK, python=python, environment=variables, limits={"shutdown_reserve": 0.5})
        assert server.get("/done").body == b"done"
        with server.connect() as connection:
            connection.sendall(b"GET /stuck HTTP/1.1\r\nHost: x\r\n\r\n")
            server.wait_for_log("begun")
            assert server.stop() == 0
    spans = {span.attributes["url.path"]: span for span in Received(tmp_path / "received").spans()}
    assert (spans["/done"].failed, spans["/stuck"].failed) == (False, True)


OWN_PROVIDER = """
    from opentelemetry import trace
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import ConsoleSpanExporter, SimpleSpanProcessor

    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(ConsoleSpanExporter(formatter=lambda span: f"own {span.name}\\n")))
    trace.set_tracer_provider(provider)

    def handler():
        return "done"
"""


@pytest.mark.parametrize(
    "environment",
    [pytest.param({}, id="no variable"), pytest.param({"OTEL_TRACES_EXPORTER": "otlp"}, id="exporter of traces")],
)
def test_provider_of_the_function_s_own_is_used(
    start_server: StartServer, python: Path, environment: dict[str, str]
) -> None:
    server = start_server(OWN_PROVIDER, python=python, environment=environment)
    assert server.get().body == b"done"
    server.wait_for_log("own handler.handler")
    assert "Overriding" not in server.log


def test_provider_of_the_function_s_own_is_off_if_the_sdk_is_disabled(start_server: StartServer, python: Path) -> None:
    server = start_server(OWN_PROVIDER, python=python, environment={"OTEL_SDK_DISABLED": "true"})
    assert server.get().body == b"done"
    assert server.stop() == 0
    assert "own handler.handler" not in server.log


OTHER_PROVIDER = """
    import sys
    from opentelemetry import trace

    class Provider(trace.TracerProvider):
        def get_tracer(self, *arguments, **options):
            print("asked by", arguments[0])
            return trace.NoOpTracer()

        def shutdown(self):
            print("shut down")

    trace.set_tracer_provider(Provider())

    def handler():
        return [name for name in sys.modules if name.startswith("opentelemetry.sdk")]
"""


def test_provider_that_is_not_of_the_sdk_is_used_without_it(start_server: StartServer, python: Path) -> None:
    server = start_server(OTHER_PROVIDER, python=python)
    assert server.get().body == b"[]"
    assert server.stop() == 0
    assert "asked by funcpack_invoker\n" in server.log
    assert "shut down\n" in server.log


OWN_METRICS = """
    from opentelemetry import metrics
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import ConsoleMetricExporter, PeriodicExportingMetricReader

    metrics.set_meter_provider(MeterProvider([PeriodicExportingMetricReader(ConsoleMetricExporter())]))

    def handler():
        return "done"
"""


def test_meter_provider_of_the_function_s_own_is_used(start_server: StartServer, python: Path) -> None:
    server = start_server(OWN_METRICS, python=python)
    assert server.get().body == b"done"
    assert server.stop() == 0
    assert "faas.invocations" in server.log


def test_api_alone_turns_nothing_on(start_server: StartServer, python: Path) -> None:
    server = start_server(f"from opentelemetry import metrics, trace\n{textwrap.dedent(MODULES)}", python=python)
    assert not [name for name in json.loads(server.get().body) if ".sdk" in name]


# Each gets a batch of events, which means nothing to it.
WITHOUT_EVENTS = {
    "function": """
        from opentelemetry import trace

        def handler(request):
            if request.path == "/fails":
                raise ValueError("boom")
            with trace.get_tracer("own").start_as_current_span("inner"):
                return "one"
    """,
    "wsgi": """
        from opentelemetry import trace

        def handler(environ, start_response):
            if environ["PATH_INFO"] == "/fails":
                raise ValueError("boom")
            start_response("200 OK", [("Content-Type", "text/plain")])
            with trace.get_tracer("own").start_as_current_span("inner"):
                yield b"one"
    """,
    "asgi": """
        from opentelemetry import trace

        async def handler(scope, receive, send):
            if scope["type"] != "http" or scope["path"] == "/fails":
                raise ValueError("boom")
            await send({"type": "http.response.start", "status": 200})
            with trace.get_tracer("own").start_as_current_span("inner"):
                await send({"type": "http.response.body", "body": b"one"})
    """,
}


@pytest.mark.parametrize("kind", WITHOUT_EVENTS)
def test_requests_to_what_takes_no_events_are_traced(
    start_server: StartServer, python: Path, tmp_path: Path, kind: str
) -> None:
    (tmp_path / "received").mkdir()
    with receiver(python, tmp_path / "received") as endpoint:
        environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint}
        server = start_server(WITHOUT_EVENTS[kind], python=python, environment=environment)
        batch = "application/cloudevents-batch+json"
        traceparent = f"00-{TRACE}-{CALLER}-01"
        assert server.get("/works", Traceparent=traceparent, Content_Type=batch, X_Request_Id="r-1").body == b"one"
        assert server.get("/fails").status == 500
        assert server.stop() == 0
        run = Run(Received(tmp_path / "received"), server, {})

    works, fails = run.span("/works"), run.span("/fails")
    assert (works.trace_id, works.parent_id, works.kind, works.failed) == (TRACE, CALLER, "SERVER", False)
    assert works.attributes["faas.invocation_id"] == "r-1"
    assert run.children(works) == ["inner"]
    assert (fails.failed, fails.attributes["error.type"], fails.exceptions) == (True, "ValueError", ["boom"])
    assert run.received.points("faas.invocations") == [({"faas.trigger": "http"}, 1)]
    assert run.received.points("faas.errors") == [({"faas.trigger": "http"}, 1)]
