"""Log records: what a receiver of OpenTelemetry's protocol gets of them from a real server."""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING

import pytest

from tests.environments import INVOKER_LOCK, installed, locked
from tests.integration.otlp import Log, Received, receiver
from tests.integration.test_releases import SERVER
from tools.places import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.integration.conftest import Server, StartServer

    Serve = Callable[..., Server]

TRACE = "0af7651916cd43dd8448eb211c80319c"
CALLER = "b7ad6b7169203331"
TRACEPARENT = f"00-{TRACE}-{CALLER}-01"

FUNCTION = """
    import logging
    import threading
    import warnings

    from opentelemetry import trace

    logger = logging.getLogger("shop")
    tracer = trace.get_tracer("own")

    class Strange:
        def __str__(self):
            return "strange"

    class Broken:
        def __str__(self):
            raise ValueError("x")

    def handler(request, context):
        return globals()[request.path[1:]](context) or "done"

    def levels(context):
        for level in (5, 10, 20, 25, 30, 40, 50, 60):
            logger.log(level, "level %d", level)

    def values(context):
        logger.warning("values", extra={
            "text": "x", "yes": True, "number": 7, "ratio": 0.5, "big": 2 ** 70, "raw": b"x", "nothing": None,
            "nested": {"a": [1, {"b": None}], "big": 2 ** 70}, "strange": Strange(), "broken": Broken(),
            "error": ValueError("x"), "half": "\\ud800", "nan": float("nan"), "many": {1}, "request_id": "mine",
            "nested half": ["\\ud800"],
        })

    def spans(context):
        logger.error("outside")
        with tracer.start_as_current_span("inner"):
            logger.error("inside")
        thread = threading.Thread(target=logger.error, args=["in a thread"])
        thread.start()
        thread.join()

    def failures(context):
        try:
            {}["a"]
        except KeyError:
            logger.exception("caught")
        warnings.warn("a warning", stacklevel=1)
        logger.error("wrong %d arguments", "x")
        context.logger.info("of the context")
        raise ValueError("boom")

    def configure(context):
        import logging.config
        logging.config.dictConfig({"version": 1, "disable_existing_loggers": False, "root": {"level": "DEBUG"}})
        logging.basicConfig(level="DEBUG", force=True, format="own %(message)s")

    async def asynchronous(request, context):
        logger.error("asynchronous")
        return context.traceparent

    def event(data, context):
        logger.error("event %s", data)
"""


@pytest.fixture(scope="module")
def python() -> Path:
    return locked("otel", INVOKER_LOCK, ROOT / "requirements" / "otel.txt")


@pytest.fixture
def endpoint(python: Path, tmp_path: Path) -> Iterator[str]:
    directory = tmp_path / "received"
    directory.mkdir()
    with receiver(python, directory) as address:
        yield address


@pytest.fixture
def received(tmp_path: Path) -> Received:
    return Received(tmp_path / "received")


@pytest.fixture
def serve(start_server: StartServer, python: Path, endpoint: str) -> Serve:
    """Serve a function whose telemetry goes to the receiver."""

    def start(source: str = FUNCTION, name: str = "handler", **variables: str) -> Server:
        environment = {"PYTHON_HANDLER": f"handler.{name}", "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, **variables}
        return start_server(source, python=python, environment=environment)

    return start


def called(logs: list[Log], logger: str = "shop") -> dict[str, Log]:
    """Return the records of a logger by their bodies, which must differ."""
    found = {log.body: log for log in logs if log.logger == logger}
    assert len(found) == len([log for log in logs if log.logger == logger])
    return found


def test_severities(serve: Serve, received: Received) -> None:
    server = serve(LOG_LEVEL="debug")
    server.get("/levels")
    assert server.stop() == 0
    assert [(log.body, log.number, log.severity) for log in received.logs() if log.logger == "shop"] == [
        ("level 10", "DEBUG", "DEBUG"),
        ("level 20", "INFO", "INFO"),
        ("level 25", "INFO", "Level 25"),
        ("level 30", "WARN", "WARN"),
        ("level 40", "ERROR", "ERROR"),
        ("level 50", "FATAL", "FATAL"),
        ("level 60", "FATAL", "Level 60"),
    ]


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_values_passed_as_extra_are_attributes(serve: Serve, received: Received, log_format: str) -> None:
    server = serve(LOG_FORMAT=log_format, PYTHONIOENCODING="utf-8:backslashreplace")
    before = time.time_ns()
    server.get("/values", x_request_id="r-1")
    assert server.stop() == 0
    log = called(received.logs())["values"]
    attributes = dict(log.attributes)
    assert attributes.pop("broken").startswith("<")
    assert before < log.time < time.time_ns()
    assert attributes == {
        "text": "x",
        "yes": True,
        "number": 7,
        "ratio": 0.5,
        "big": str(2**70),
        "raw": "eA==",
        "nothing": None,
        "nested": {"a": [1, {"b": None}], "big": str(2**70)},
        "strange": "strange",
        "error": "x",
        "half": "?",
        "nan": "NaN",
        "many": "{1}",
        "request_id": "mine",
        "nested half": ["?"],
        "faas.invocation_id": "r-1",
    }
    assert "values" in server.log, "the record is in the log as well"


def test_records_belong_to_the_current_span(serve: Serve, received: Received) -> None:
    server = serve()
    server.get("/spans", traceparent=TRACEPARENT)
    assert server.stop() == 0
    spans = {span.name: span.span_id for span in received.spans()}
    logs = called(received.logs())
    found = {body: (log.trace_id, log.span_id) for body, log in logs.items()}
    assert found == {
        "outside": (TRACE, spans["handler.handler"]),
        "inside": (TRACE, spans["inner"]),
        "in a thread": ("", ""),
    }


def test_records_of_an_async_function_and_of_events(serve: Serve, received: Received) -> None:
    server = serve(name="asynchronous")
    span_id = server.get("/").body.decode().split("-")[2]
    assert server.stop() == 0
    assert called(received.logs())["asynchronous"].span_id == span_id
    server = serve(name="event")
    batch = [{"specversion": "1.0", "id": str(n), "source": "/", "type": "t", "data": n} for n in range(2)]
    server.get("/", "POST", json.dumps(batch).encode(), content_type="application/cloudevents-batch+json")
    assert server.stop() == 0
    spans = {span.attributes.get("cloudevents.event_id"): span.span_id for span in received.spans()}
    logs = called(received.logs())
    assert [logs[f"event {number}"].span_id for number in range(2)] == [spans["0"], spans["1"]]


def test_records_of_the_import_are_sent(serve: Serve, received: Received) -> None:
    source = """
        import logging
        logging.getLogger("shop").warning("early", extra={"a": 1})
        logging.basicConfig(level="INFO", format="own %(message)s")
        logging.getLogger("shop").info("later")

        def handler():
            logging.getLogger("shop").info("called")
            return "done"
    """
    server = serve(source)
    server.get()
    assert server.stop() == 0
    logs = called(received.logs())
    assert list(logs) == ["early", "later", "called"]
    assert logs["early"].attributes == {"a": 1}
    assert "own later" in server.log


def test_failures_and_records_of_the_invoker(serve: Serve, received: Received) -> None:
    server = serve(FUNCTION_ACCESS_LOG="on")
    assert server.get("/failures", traceparent=TRACEPARENT).status == 500
    assert server.stop() == 0
    logs = received.logs()
    caught = called(logs)["caught"].attributes
    assert (caught["exception.type"], caught["exception.message"]) == ("KeyError", "'a'")
    assert caught["exception.stacktrace"].startswith("Traceback")
    assert caught["exception.stacktrace"].endswith("KeyError: 'a'")
    assert any(body.startswith("invalid arguments ('x',)") for body in called(logs))
    assert called(logs, "function").keys() == {"of the context"}
    (span,) = [span for span in received.spans() if span.name == "handler.handler"]
    failed = called(logs, "funcpack")["the function failed"]
    assert (failed.trace_id, failed.span_id, failed.number) == (TRACE, span.span_id, "ERROR")
    assert failed.attributes["exception.type"] == "ValueError"
    assert any(body.startswith("GET '/failures' 500") for body in called(logs, "funcpack.access"))
    (warning,) = called(logs, "py.warnings").values()
    assert "UserWarning: a warning" in warning.body


def test_resource_is_the_service(serve: Serve, received: Received) -> None:
    server = serve(K_SERVICE="greeter", OTEL_RESOURCE_ATTRIBUTES="team=a")
    assert server.get("/spans").status == 200
    assert server.stop() == 0
    (resource,) = [json.loads(text) for text in {json.dumps(found) for found in received.resources("logs")}]
    assert (resource["service.name"], resource["team"]) == ("greeter", "a")
    assert resource["service.instance.id"] == received.resources("traces")[0]["service.instance.id"]


@pytest.mark.parametrize(
    ("variables", "is_sent"),
    [
        pytest.param({"OTEL_LOGS_EXPORTER": "otlp"}, True, id="exporter"),
        pytest.param({"OTEL_LOGS_EXPORTER": "none"}, False, id="none"),
        pytest.param({"OTEL_SDK_DISABLED": "true"}, False, id="disabled"),
        pytest.param({"OTEL_TRACES_EXPORTER": "none", "OTEL_METRICS_EXPORTER": "none"}, True, id="logs alone"),
    ],
)
def test_variables(serve: Serve, received: Received, variables: dict[str, str], is_sent: bool) -> None:
    server = serve(**variables)
    assert server.get("/spans").status == 200
    assert server.stop() == 0
    assert ("outside" in called(received.logs())) == is_sent
    assert "outside" in server.log


def test_endpoint_of_logs_alone(serve: Serve, received: Received, endpoint: str) -> None:
    server = serve(OTEL_EXPORTER_OTLP_ENDPOINT="", OTEL_EXPORTER_OTLP_LOGS_ENDPOINT=f"{endpoint}/v1/logs")
    assert server.get("/spans", traceparent=TRACEPARENT).status == 200
    assert server.stop() == 0
    # Without spans, a record belongs to the one of the caller, as in the log.
    outside = called(received.logs())["outside"]
    assert (outside.trace_id, outside.span_id) == (TRACE, CALLER)
    assert (received.spans(), received.resources("metrics")) == ([], [])


def test_function_that_configures_its_logging_in_a_call(serve: Serve, received: Received) -> None:
    server = serve()
    server.get("/configure")
    server.get("/spans")
    assert server.stop() == 0
    assert "own outside" in server.log
    assert "outside" in called(received.logs())


def test_records_of_the_export_are_not_exported(serve: Serve, received: Received) -> None:
    server = serve(
        LOG_LEVEL="debug", OTEL_BLRP_SCHEDULE_DELAY="10", OTEL_TRACES_EXPORTER="none", OTEL_METRICS_EXPORTER="none"
    )
    server.get("/spans")
    server.wait_until(lambda: "outside" in called(received.logs()), "the export")
    server.wait_for_log("/v1/logs")
    assert server.stop() == 0
    assert not [log for log in received.logs() if "/v1/logs" in log.body]


def test_receiver_that_is_gone_is_reported_once_in_a_while(start_server: StartServer, python: Path) -> None:
    environment = {
        "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT": "http://127.0.0.1:9/v1/logs",
        "OTEL_BLRP_SCHEDULE_DELAY": "10",
        "PYTHON_HANDLER": "handler.handler",
    }
    server = start_server(FUNCTION, python=python, environment=environment)
    assert server.get("/spans").status == 200
    server.wait_for_log("opentelemetry.exporter")
    started = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - started < 5
    assert len(server.log.splitlines()) < 200


OWN_PROVIDER = """
    import logging

    from opentelemetry._logs import set_logger_provider
    from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
    from opentelemetry.sdk._logs.export import ConsoleLogRecordExporter, SimpleLogRecordProcessor

    provider = LoggerProvider()
    exporter = ConsoleLogRecordExporter(formatter=lambda log: f"own {log.log_record.body}\\n")
    provider.add_log_record_processor(SimpleLogRecordProcessor(exporter))
    set_logger_provider(provider)
    HANDLER

    def handler():
        logging.getLogger("shop").error("one")
        logging.getLogger("shop.part").error("two")
        logging.getLogger("shopping").error("three")
        return "done"
"""


@pytest.mark.parametrize(
    "handler",
    [
        pytest.param("", id="no handler"),
        pytest.param("logging.getLogger().addHandler(LoggingHandler())", id="handler of the root logger"),
        pytest.param('logging.getLogger("shop").addHandler(LoggingHandler())', id="handler of a logger"),
    ],
)
@pytest.mark.parametrize("logs_exporter", ["", "otlp", "none"])
def test_provider_of_the_function_s_own_gets_every_record_once(
    start_server: StartServer, python: Path, handler: str, logs_exporter: str
) -> None:
    environment = {"OTEL_LOGS_EXPORTER": logs_exporter, "PYTHONWARNINGS": "ignore"}
    server = start_server(OWN_PROVIDER.replace("HANDLER", handler), python=python, environment=environment)
    assert server.get().body == b"done"
    assert server.stop() == 0
    own = [line for line in server.log.splitlines() if line.startswith("own ") and "listening" not in line]
    assert own == ["own one", "own two", "own three"]
    assert "own listening on" in server.log
    assert "Overriding" not in server.log


def test_provider_of_the_function_s_own_is_off_if_the_sdk_is_disabled(start_server: StartServer, python: Path) -> None:
    source = OWN_PROVIDER.replace("HANDLER", "")
    server = start_server(source, python=python, environment={"OTEL_SDK_DISABLED": "true"})
    assert server.get().body == b"done"
    assert server.stop() == 0
    assert "own " not in server.log


def test_old_release_sends_spans_without_logs(start_server: StartServer) -> None:
    packages = ["opentelemetry-sdk==1.37.0", "opentelemetry-exporter-otlp-proto-http==1.37.0"]
    python = installed("otel-old", sys.executable, ["flask", "cloudevents", *SERVER, *packages])
    variables = {"OTEL_TRACES_EXPORTER": "console", "OTEL_LOGS_EXPORTER": "console"}
    server = start_server("def handler(): return 'done'", python=python, environment=variables)
    assert server.get().body == b"done"
    assert server.stop() == 0
    assert "log records are not sent to OpenTelemetry: opentelemetry-sdk 1.38 or newer is required" in server.log
    assert '"name": "handler.handler"' in server.log
