from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.invoker.conftest import EVENT_HEADERS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.unit.invoker.conftest import Client

    Serve = Callable[..., Client]

JSON = "application/json"
TEXT = "text/plain; charset=utf-8"
BYTES = "application/octet-stream"
STRUCTURED = "application/cloudevents+json"
BATCHED = "application/cloudevents-batch+json"
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.mark.parametrize("definition", ["def", "async def"])
@pytest.mark.parametrize(
    ("returned", "status", "attributes", "content_type", "body"),
    [
        pytest.param("None", 200, None, None, b"", id="none"),
        pytest.param("'hi'", 200, {"type": "com.example.thing.reply"}, TEXT, b"hi", id="str"),
        pytest.param("b'raw'", 200, {"source": "urn:funcpack:handler.handler"}, BYTES, b"raw", id="bytes"),
        pytest.param("{'a': 1}", 200, {"type": "com.example.thing.reply"}, JSON, b'{"a": 1}', id="dict"),
        pytest.param("[1]", 200, {"type": "com.example.thing.reply"}, JSON, b"[1]", id="list"),
        pytest.param("7", 200, {"type": "com.example.thing.reply"}, JSON, b"7", id="int"),
        pytest.param("True", 200, {"type": "com.example.thing.reply"}, JSON, b"true", id="bool"),
        pytest.param("Point(1)", 200, {"type": "com.example.thing.reply"}, JSON, b'{"x": 1}', id="dataclass"),
        pytest.param("('hi', 202)", 202, {"type": "com.example.thing.reply"}, TEXT, b"hi", id="data-status"),
        pytest.param("(None, 202)", 202, None, None, b"", id="none-status"),
        pytest.param("('hi', {'X-A': 'b'})", 200, {"type": "com.example.thing.reply"}, TEXT, b"hi", id="data-headers"),
        pytest.param(
            "('a,b', {'Content-Type': 'text/csv'})",
            200,
            {"type": "com.example.thing.reply"},
            "text/csv",
            b"a,b",
            id="data-content-type",
        ),
        pytest.param(
            "('é', 201, [('content-type', 'text/csv; charset=latin-1')])",
            201,
            {},
            "text/csv; charset=latin-1",
            b"\xe9",
            id="data-content-type-with-charset",
        ),
        pytest.param("('[1]', {'Content-Type': 'application/json'})", 200, {}, JSON, b"[1]", id="data-json-as-text"),
        pytest.param(
            "((attributes, 'hi'), 202)", 202, {"id": "1", "source": "/here"}, JSON, b'"hi"', id="attributes-data-status"
        ),
        pytest.param("(attributes, 'hi')", 200, {"id": "1", "source": "/here"}, JSON, b'"hi"', id="attributes-data"),
        pytest.param("(attributes,)", 200, {"id": "1"}, JSON, b"", id="attributes-alone-in-tuple"),
        pytest.param("attributes", 200, {"id": "1"}, JSON, b"", id="attributes-alone"),
        pytest.param("({'type': 't', 'source': 's'}, {'a': 1})", 200, {"type": "t"}, JSON, b'{"a": 1}', id="new-event"),
        pytest.param("CloudEvent({'type': 't', 'source': 's'}, b'x')", 200, {"type": "t"}, None, b"x", id="sdk"),
        pytest.param("flask.Response('x', 418)", 418, None, "text/html; charset=utf-8", b"x", id="response"),
        pytest.param("(flask.Response('x'), 202)", 202, None, "text/html; charset=utf-8", b"x", id="response-status"),
        pytest.param(
            "flask.abort(flask.Response('no', 409))", 409, None, "text/html; charset=utf-8", b"no", id="abort"
        ),
    ],
)
def test_returned_value(
    serve: Serve,
    definition: str,
    returned: str,
    status: int,
    attributes: dict[str, str] | None,
    content_type: str | None,
    body: bytes,
) -> None:
    client = serve(f"""
        import dataclasses, flask
        from cloudevents.core.v1.event import CloudEvent

        @dataclasses.dataclass
        class Point:
            x: int

        {definition} handler(data, attributes):
            return {returned}
    """)
    answer = client.event(b'{"a": 1}')
    assert (answer.status, answer.header("content-type"), answer.body) == (status, content_type, body)
    if attributes is None:
        assert answer.attributes() == {}
    else:
        assert answer.attributes().items() >= attributes.items()
        assert answer.attributes().keys() >= {"specversion", "id", "source", "type", "time"}


@pytest.mark.parametrize(
    ("returned", "reason"),
    [
        pytest.param("(data, attributes)", "has the attributes second", id="swapped"),
        pytest.param("(attributes, data, 1)", "more than two items", id="three"),
        pytest.param("{**attributes, 'type': None}", "type is None", id="none-attribute"),
        pytest.param("({'specversion': '1.0', 'type': 't'}, 1)", "source is missing", id="no-source"),
        pytest.param("({'type': 't'}, 'text')", "source is missing", id="no-source-without-version"),
        pytest.param("({'source': 's'}, [1], {})", "type is missing", id="no-type-without-version"),
        pytest.param("({**attributes, 'my-name': 'x'}, 1)", "my-name", id="attribute-name"),
        pytest.param("('a', {'Content-Type': 'csv'})", "'csv' is not a media type", id="content-type"),
        pytest.param("object()", "cannot be sent as application/json", id="object"),
        pytest.param("iter([1])", "cannot stream", id="iterator"),
        pytest.param("(x for x in [1])", "cannot stream", id="generator"),
        pytest.param("('a', 'b')", "the function returned the status 'b'", id="two-texts"),
    ],
)
def test_reply_that_cannot_be_sent(serve: Serve, caplog: pytest.LogCaptureFixture, returned: str, reason: str) -> None:
    answer = serve(f"def handler(data, attributes): return {returned}").event(b"1")
    assert (answer.status, answer.text) == (500, "Internal Server Error\n")
    assert reason in caplog.text


def test_generator_function_is_500(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    assert serve("def handler(data):\n yield 1").event(b"1").status == 500
    assert "cannot stream" in caplog.text


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        pytest.param("def handler(data): return data", {"a": [1]}, id="data"),
        pytest.param("def handler(payload): return payload", {"a": [1]}, id="payload"),
        pytest.param("def handler(event): return event.data", {"a": [1]}, id="event-data"),
        pytest.param("def handler(event): return event['id'] + event.get_type()", "1com.example.thing", id="event"),
        pytest.param("def handler(attributes): return sorted(attributes)", ["datacontenttype", "id", "source",
                     "specversion", "type"], id="attributes"),
        pytest.param("def handler(data, req): return [data, req.path]", [{"a": [1]}, "/"], id="mixed-with-request"),
        pytest.param("def handler(data, headers): return headers['Ce-Id']", "1", id="mixed-with-headers"),
        pytest.param("def handler(data, body): return body.decode()", '{"a": [1]}', id="mixed-with-body"),
        pytest.param("def handler(data, context): return context.handler", "handler.handler", id="context"),
        pytest.param(
            "from cloudevents.core.v1.event import CloudEvent\n"
            "def handler(e: CloudEvent): return isinstance(e, CloudEvent)",
            True,
            id="annotated",
        ),
    ],
)  # fmt: skip
def test_parameters(serve: Serve, code: str, expected: Any) -> None:
    answer = serve(code).event(b'{"a": [1]}')
    assert answer.status == 200
    assert (answer.text if isinstance(expected, str) else answer.json()) == expected


def test_attributes_are_new_for_every_call(serve: Serve) -> None:
    client = serve("def handler(attributes, event): attributes['x'] = 1; return sorted(event.get_attributes())")
    assert "x" not in client.event(b"1").json()


@pytest.mark.parametrize(
    ("variables", "attribute", "value"),
    [
        ({"FUNCTION_REPLY_TYPE": "mine"}, "type", "mine"),
        ({"FUNCTION_REPLY_SOURCE": "/mine"}, "source", "/mine"),
    ],
)
def test_reply_attributes_can_be_set(serve: Serve, variables: dict[str, str], attribute: str, value: str) -> None:
    assert serve("def handler(data): return 1", **variables).event(b"1").attributes()[attribute] == value


@pytest.mark.parametrize(
    ("accept", "structured"),
    [
        (STRUCTURED, True),
        ("text/html, Application/CloudEvents+JSON;q=0.5", True),
        (f"{STRUCTURED};q=0", False),
        ("*/*", False),
        ("application/cloudevents-batch+json", False),
    ],
)
def test_structured_reply_where_it_is_asked_for(serve: Serve, accept: str, structured: bool) -> None:
    client = serve("def handler(attributes, data): return attributes, data")
    answer = client.request(
        "POST",
        headers={"content-type": STRUCTURED, "accept": accept},
        body=b'{"specversion": "1.0", "id": "1", "source": "s", "type": "t", "data": {"a": 1}}',
    )
    assert (answer.header("content-type") == STRUCTURED) is structured
    assert (answer.json()["data"] if structured else answer.json()) == {"a": 1}


@pytest.mark.parametrize(
    ("returned", "members"),
    [
        ("'a', {'Content-Type': 'text/csv', 'X-A': 'b'}", {"datacontenttype": "text/csv", "data": "a"}),
        ("'[1]', 200, {'Content-Type': 'application/json', 'X-A': 'b'}", {"datacontenttype": JSON, "data": [1]}),
        ("'a', {'Content-Type': 'image/png', 'X-A': 'b'}", {"datacontenttype": "image/png", "data": "a"}),
    ],
)
def test_returned_content_type_is_that_of_the_data_inside_the_envelope(
    serve: Serve, returned: str, members: dict[str, Any]
) -> None:
    client = serve(f"def handler(data): return {returned}")
    answer = client.post(b"1", {**EVENT_HEADERS, "accept": STRUCTURED})
    assert (answer.header("content-type"), answer.header("x-a")) == (STRUCTURED, "b")
    assert answer.json().items() >= members.items()


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        pytest.param({}, b"", 400, id="nothing"),
        pytest.param({"content-type": JSON}, b'{"a": 1}', 400, id="plain-json"),
        pytest.param({"content-type": STRUCTURED}, b"{", 400, id="broken-structured"),
        pytest.param({"content-type": "application/cloudevents+xml"}, b"<a/>", 415, id="other-format"),
        pytest.param({"ce-id": "1", "ce-source": "s", "ce-specversion": "1.0"}, b"", 400, id="no-type"),
    ],
)
def test_request_that_is_no_event(serve: Serve, headers: dict[str, str], body: bytes, status: int) -> None:
    client = serve("def handler(data): raise AssertionError('called')")
    answer = client.post(body, headers)
    assert answer.status == status
    assert answer.header("content-type") == TEXT
    assert answer.text.count("\n") == 1


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH", "TRACE"])
def test_other_methods_are_405(serve: Serve, method: str) -> None:
    answer = serve("def handler(data): pass").request(method)
    assert (answer.status, answer.header("allow")) == (405, "POST, OPTIONS")


@pytest.mark.parametrize(
    ("headers", "origin", "rate"),
    [
        ({"webhook-request-origin": "eventemitter.example.com"}, "eventemitter.example.com", "*"),
        ({"webhook-request-origin": "a.example", "webhook-request-rate": "120"}, "a.example", "*"),
        ({}, None, None),
    ],
)
def test_webhook_handshake(serve: Serve, headers: dict[str, str], origin: str | None, rate: str | None) -> None:
    answer = serve("def handler(data): pass").request("OPTIONS", headers=headers)
    assert (answer.status, answer.header("allow")) == (200, "POST, OPTIONS")
    assert answer.header("webhook-allowed-origin") == origin
    assert answer.header("webhook-allowed-rate") == rate


def _batch(*data: Any) -> bytes:
    return json.dumps(
        [{"specversion": "1.0", "id": str(n), "source": "s", "type": "t", "data": item} for n, item in enumerate(data)]
    ).encode()


@pytest.mark.parametrize("definition", ["def", "async def"])
def test_batch_is_answered_by_a_batch(serve: Serve, definition: str) -> None:
    client = serve(f"{definition} handler(data): return None if data == 'skip' else data.upper()")
    answer = client.post(_batch("a", "skip", "b"), {"content-type": BATCHED})
    assert (answer.status, answer.header("content-type")) == (200, BATCHED)
    assert [event["data"] for event in answer.json()] == ["A", "B"]


@pytest.mark.parametrize("body", [_batch(), _batch("a")])
def test_batch_without_replies_is_answered_by_nothing(serve: Serve, body: bytes) -> None:
    answer = serve("def handler(data): pass").post(body, {"content-type": BATCHED})
    assert (answer.status, answer.header("content-type"), answer.body) == (200, None, b"")


@pytest.mark.parametrize("failure", ["1 / 0", "flask.Response('no', 404)", "('no', 500)", "flask.abort(400)"])
def test_batch_fails_as_a_whole(serve: Serve, caplog: pytest.LogCaptureFixture, failure: str) -> None:
    client = serve(
        f"import flask\nseen = []\ndef handler(data): return {failure} if data == 'bad' else seen.append(data)"
    )
    answer = client.post(_batch("a", "bad", "b", "bad"), {"content-type": BATCHED})
    assert (answer.status, answer.text) == (500, "Internal Server Error\n")
    assert "the ids 1, 3" in caplog.text


def test_batch_whose_data_does_not_fit_is_not_wanted_again(serve: Serve) -> None:
    client = serve("""
        from dataclasses import dataclass

        @dataclass
        class Thing:
            a: int

        def handler(data: Thing):
            pass
    """)
    answer = client.post(_batch({"a": 1}, {"a": "b"}, {"a": 2}), {"content-type": BATCHED})
    assert (answer.status, answer.text.startswith("event 1: data")) == (400, True)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        pytest.param({"traceparent": TRACE, "tracestate": "a=b"}, [TRACE, "a=b"], id="headers"),
        pytest.param({"ce-traceparent": TRACE, "ce-tracestate": "a=b"}, [TRACE, "a=b"], id="attributes"),
        pytest.param({"traceparent": "00-xyz-1-1"}, [None, None], id="invalid"),
        pytest.param({"traceparent": TRACE.replace("b7ad6b7169203331", "0" * 16)}, [None, None], id="all-zero-span"),
        pytest.param({"traceparent": TRACE + "-more"}, [None, None], id="more-in-version-00"),
        pytest.param(
            {"traceparent": "01" + TRACE[2:] + "-more"}, ["01" + TRACE[2:] + "-more", None], id="later-version"
        ),
        pytest.param({"traceparent": "01" + TRACE[2:] + "-a b"}, [None, None], id="later-version-with-a-space"),
        pytest.param({"traceparent": "01" + TRACE[2:] + "-<b>"}, [None, None], id="later-version-with-markup"),
        pytest.param({"traceparent": "ff" + TRACE[2:]}, [None, None], id="version-ff"),
        pytest.param({"tracestate": "a=b"}, [None, None], id="state-alone"),
    ],
)
def test_trace_is_in_the_context_and_in_the_reply(
    serve: Serve, headers: dict[str, str], expected: list[str | None]
) -> None:
    client = serve("def handler(data, context): return [context.traceparent, context.tracestate]")
    answer = client.event(b"1", **{k.removeprefix("ce-"): v for k, v in headers.items() if k.startswith("ce-")})
    if not any(name.startswith("ce-") for name in headers):
        answer = client.post(
            b"1",
            {"ce-specversion": "1.0", "ce-id": "1", "ce-source": "s", "ce-type": "t", "content-type": JSON, **headers},
        )
    assert answer.json() == expected
    assert [answer.attributes().get("traceparent"), answer.attributes().get("tracestate")] == expected


@pytest.mark.parametrize(
    ("code", "imported"),
    [
        pytest.param("def handler(data, attributes, context): pass", [], id="event"),
        pytest.param("def handler(event): pass", ["cloudevents"], id="sdk"),
        pytest.param("def handler(data, headers): pass", ["flask"], id="headers"),
        pytest.param("import flask\ndef handler(data): pass", ["flask"], id="function-imports-flask"),
    ],
)
def test_only_needed_libraries_are_imported(tmp_path: Path, code: str, imported: list[str]) -> None:
    (tmp_path / "handler.py").write_text(code)
    program = """
import pathlib, sys
from funcpack_invoker import app, settings
from funcpack_invoker.function import loader as handler
app.FunctionApp(handler.load("handler.handler", pathlib.Path(sys.argv[1])), settings.Settings.from_env({}))
print([name for name in ("cloudevents", "flask", "pydantic") if name in sys.modules])
"""
    command = [sys.executable, "-c", program, str(tmp_path)]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert printed.strip() == str(imported)
