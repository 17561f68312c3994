"""What OpenTelemetry's variables mean, and how requests are described to it."""

from __future__ import annotations

import logging
from json import JSONDecodeError
from typing import Any

import pytest

from funcpack_invoker.events.event import Event
from funcpack_invoker.telemetry import semconv
from funcpack_invoker.telemetry.exporters import Exporters

HTTP, GRPC = "otlp_proto_http", "otlp_proto_grpc"
ENDPOINT = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}


@pytest.mark.parametrize(
    ("environ", "traces", "metrics", "logs"),
    [
        pytest.param({}, (), (), (), id="nothing"),
        pytest.param({"OTEL_SERVICE_NAME": "greeter"}, (), (), (), id="a name alone"),
        pytest.param(ENDPOINT, (HTTP,), (HTTP,), (HTTP,), id="endpoint"),
        pytest.param({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c"}, (HTTP,), (), (), id="endpoint of traces"),
        pytest.param({"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "http://c"}, (), (HTTP,), (), id="endpoint of metrics"),
        pytest.param({"OTEL_EXPORTER_OTLP_LOGS_ENDPOINT": "http://c"}, (), (), (HTTP,), id="endpoint of logs"),
        pytest.param({"OTEL_TRACES_EXPORTER": "otlp"}, (HTTP,), (), (), id="exporter"),
        pytest.param({"OTEL_TRACES_EXPORTER": "otlp, console"}, (HTTP, "console"), (), (), id="two exporters"),
        pytest.param({"OTEL_METRICS_EXPORTER": "prometheus"}, (), ("prometheus",), (), id="exporter of metrics"),
        pytest.param({"OTEL_LOGS_EXPORTER": "console"}, (), (), ("console",), id="exporter of logs"),
        pytest.param({**ENDPOINT, "OTEL_METRICS_EXPORTER": "none"}, (HTTP,), (), (HTTP,), id="no metrics"),
        pytest.param({**ENDPOINT, "OTEL_LOGS_EXPORTER": "none"}, (HTTP,), (HTTP,), (), id="no logs"),
        pytest.param({**ENDPOINT, "OTEL_SDK_DISABLED": "True"}, (), (), (), id="disabled"),
        pytest.param({**ENDPOINT, "OTEL_SDK_DISABLED": "false"}, (HTTP,), (HTTP,), (HTTP,), id="not disabled"),
        pytest.param({**ENDPOINT, "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, (GRPC,), (GRPC,), (GRPC,), id="gRPC"),
        pytest.param(
            {**ENDPOINT, "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/protobuf"},
            (HTTP,),
            (GRPC,),
            (GRPC,),
            id="a protocol a signal",
        ),
    ],
)
def test_exporters_that_are_wanted(
    environ: dict[str, str], traces: tuple[str, ...], metrics: tuple[str, ...], logs: tuple[str, ...]
) -> None:
    found = Exporters.from_env(environ)
    assert found == Exporters(traces, metrics, logs)
    assert bool(found) == bool(traces or metrics or logs)


def test_unknown_protocol_is_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    environ = {"OTEL_TRACES_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/xml"}
    assert Exporters.from_env(environ).traces == (HTTP,)
    assert caplog.record_tuples == [
        ("funcpack", logging.WARNING, "unknown OTLP protocol 'http/xml', using http/protobuf")
    ]


@pytest.mark.parametrize(
    ("environ", "attributes"),
    [
        pytest.param({}, {"service.name": "app.main", "faas.name": "app.main"}, id="the handler's name"),
        pytest.param(
            {"K_SERVICE": "greeter", "K_REVISION": "greeter-1"},
            {"service.name": "greeter", "faas.name": "greeter", "faas.version": "greeter-1"},
            id="Knative's service",
        ),
    ],
)
def test_resource(environ: dict[str, str], attributes: dict[str, str]) -> None:
    assert semconv.resource_attributes("app.main", environ) == attributes


@pytest.mark.parametrize(
    ("host", "attributes"),
    [
        pytest.param(b"example.com", {"server.address": "example.com"}, id="name"),
        pytest.param(b"example.com:8080", {"server.address": "example.com", "server.port": 8080}, id="name and port"),
        pytest.param(b"[::1]:8080", {"server.address": "::1", "server.port": 8080}, id="IPv6"),
        pytest.param(b"example.com:99999", {}, id="no port"),
        pytest.param(b"[", {}, id="no host"),
        pytest.param(b"", {}, id="empty"),
    ],
)
def test_server_of_a_request(host: bytes, attributes: dict[str, Any]) -> None:
    described = semconv.request_attributes(scope(), {b"host": host})
    assert {name: value for name, value in described.items() if name.startswith("server.")} == attributes


def test_request_tells_no_query_and_no_headers_but_one() -> None:
    headers = {b"user-agent": b"curl/8", b"authorization": b"Bearer secret"}
    assert semconv.request_attributes(scope(query_string=b"token=secret"), headers) == {
        "http.request.method": "GET",
        "url.scheme": "http",
        "url.path": "/a",
        "network.protocol.version": "1.1",
        "client.address": "10.1.2.3",
        "user_agent.original": "curl/8",
    }


def test_event_without_a_subject() -> None:
    event = Event({"specversion": "1.0", "id": "1", "source": "/here", "type": "t", "extension": 5}, None)
    assert semconv.event_attributes(event) == {
        "cloudevents.event_id": "1",
        "cloudevents.event_source": "/here",
        "cloudevents.event_spec_version": "1.0",
        "cloudevents.event_type": "t",
    }


@pytest.mark.parametrize(
    ("error", "name"),
    [(ValueError("x"), "ValueError"), (JSONDecodeError("x", "", 0), "json.decoder.JSONDecodeError")],
)
def test_error_type(error: BaseException, name: str) -> None:
    assert semconv.error_type(error) == name


def scope(**members: Any) -> dict[str, Any]:
    return {
        "method": "GET",
        "scheme": "http",
        "path": "/a",
        "query_string": b"",
        "http_version": "1.1",
        "client": ("10.1.2.3", 4321),
        **members,
    }
