"""Batches: every kind of return value in one, and what the answer to the whole batch is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.invoker.conftest import Answer, Client

    Serve = Callable[..., Client]

BATCHED = {"content-type": "application/cloudevents-batch+json"}

PRELUDE = """
import dataclasses, http
import flask
from cloudevents.core.v1.event import CloudEvent
from werkzeug.exceptions import BadRequest, HTTPException

@dataclasses.dataclass
class Point:
    x: int

def chunks():
    log.append("begun")
    yield "a"

async def chunks_async():
    yield "a"

log = []
"""


def serve_function(serve: Serve, definition: str, returned: str) -> Client:
    """Serve a function that returns the expression for an event with the data "it", else the data."""
    return serve(f"{PRELUDE}{definition} handler(data, attributes):\n    return {returned} if data == 'it' else data\n")


def send(client: Client, *data: Any) -> Answer:
    return client.post(
        json.dumps(
            [
                {"specversion": "1.0", "id": f"id-{number}", "source": "/here", "type": "thing", "data": item}
                for number, item in enumerate(data)
            ]
        ).encode(),
        BATCHED,
    )


HANDLED = [
    pytest.param("None", id="None"),
    pytest.param("(None, 202)", id="None and a status"),
    pytest.param("(None, {'X-A': 'b'})", id="None and headers"),
    pytest.param("flask.Response('x')", id="response"),
    pytest.param("flask.Response('x', 204)", id="response 204"),
    pytest.param("flask.Response('x', 299)", id="response 299"),
    pytest.param("flask.Response('x', '202 Accepted')", id="response with the status as text"),
    pytest.param("(flask.Response('x', 500), 200)", id="response and a better status"),
    pytest.param("flask.jsonify(a=1)", id="JSON response"),
    pytest.param("flask.make_response('x')", id="made response"),
    pytest.param("flask.Response(chunks())", id="streamed response"),
    pytest.param("flask.abort(flask.Response('x', 202))", id="aborted with 202"),
]

REPLIES = [
    pytest.param("''", "", id="empty str"),
    pytest.param("'x'", "x", id="str"),
    pytest.param("b'x'", b"eA==", id="bytes"),
    pytest.param("{}", {}, id="empty dict"),
    pytest.param("{'a': 1}", {"a": 1}, id="dict"),
    pytest.param("[1]", [1], id="list"),
    pytest.param("0", 0, id="number"),
    pytest.param("False", False, id="bool"),
    pytest.param("Point(1)", {"x": 1}, id="dataclass"),
    pytest.param("('x', 201)", "x", id="data and a status"),
    pytest.param("('x', http.HTTPStatus.CREATED)", "x", id="data and a named status"),
    pytest.param("('x', '202 Accepted')", "x", id="data and a status as text"),
    pytest.param("('x', 202, {'X-A': 'b'})", "x", id="data, status and headers"),
    pytest.param("({'type': 't', 'source': 's'}, 'x')", "x", id="attributes and data"),
    pytest.param("attributes", None, id="attributes"),
    pytest.param("(attributes,)", None, id="attributes alone"),
    pytest.param("((attributes, 'x'), 202)", "x", id="attributes, data and a status"),
    pytest.param("CloudEvent({'type': 't', 'source': 's', 'id': '1'}, 'x')", "x", id="event of the SDK"),
    pytest.param("(CloudEvent({'type': 't', 'source': 's', 'id': '1'}, 'x'), 202)", "x", id="event and a status"),
]

FAILURES = [
    pytest.param("flask.Response('x', 301)", id="redirect"),
    pytest.param("flask.redirect('/')", id="redirect of Flask"),
    pytest.param("flask.Response('x', 404)", id="response 404"),
    pytest.param("flask.Response('x', 500)", id="response 500"),
    pytest.param("flask.Response('x', 100)", id="response 100"),
    pytest.param("(flask.Response('x'), 404)", id="response and a status"),
    pytest.param("('x', 404)", id="data and a status"),
    pytest.param("('x', '503 later')", id="data and a status as text"),
    pytest.param("('x', 199)", id="no final status"),
    pytest.param("('x', 2000)", id="no status"),
    pytest.param("('x', '2')", id="no status, but a text that begins with 2"),
    pytest.param("(None, 300)", id="None and a redirect"),
    pytest.param("BadRequest()", id="HTTPException returned"),
    pytest.param("flask.abort(400)", id="abort"),
    pytest.param("flask.abort(302)", id="abort with a redirect"),
    pytest.param("1 / 0", id="exception"),
    pytest.param("exec('raise SystemExit(0)')", id="exit"),
    pytest.param("chunks()", id="generator"),
    pytest.param("chunks_async()", id="async generator"),
    pytest.param("object()", id="object"),
    pytest.param("{'a': object()}", id="not JSON"),
    pytest.param("float('nan')", id="not a number"),
    pytest.param("({'type': 't'}, 'x')", id="attributes without a source"),
    pytest.param("({'type': 't', 'source': None}, 'x')", id="attribute that is None"),
    pytest.param("('x', attributes)", id="attributes second"),
    pytest.param("()", id="empty tuple"),
]


@pytest.mark.parametrize("definition", ["def", "async def"])
@pytest.mark.parametrize("returned", HANDLED)
def test_value_without_an_event_is_handled(serve: Serve, definition: str, returned: str) -> None:
    client = serve_function(serve, definition, returned)
    answer = send(client, "it")
    assert (answer.status, answer.header("content-type"), answer.body) == (200, None, b"")
    answer = send(client, "a", "it", "b")
    assert (answer.status, answer.header("content-type")) == (200, BATCHED["content-type"])
    assert [event["data"] for event in answer.json()] == ["a", "b"]


@pytest.mark.parametrize("definition", ["def", "async def"])
@pytest.mark.parametrize(("returned", "data"), REPLIES)
def test_value_with_an_event_is_in_the_answer(serve: Serve, definition: str, returned: str, data: Any) -> None:
    answer = send(serve_function(serve, definition, returned), "a", "it", "b")
    assert (answer.status, answer.header("content-type")) == (200, BATCHED["content-type"])
    first, reply, last = answer.json()
    assert (first["data"], last["data"]) == ("a", "b")
    assert all(reply[name] for name in ("specversion", "id", "source", "type"))
    assert (reply["data_base64"].encode() if isinstance(data, bytes) else reply.get("data")) == data


@pytest.mark.parametrize("definition", ["def", "async def"])
@pytest.mark.parametrize("returned", FAILURES)
def test_failure_of_one_is_the_failure_of_all(
    serve: Serve, definition: str, returned: str, caplog: pytest.LogCaptureFixture
) -> None:
    answer = send(serve_function(serve, definition, returned), "a", "it", "b", "it")
    assert (answer.status, answer.text) == (500, "Internal Server Error\n")
    assert "the function failed for the events with the ids id-1, id-3" in caplog.messages[-1]


def test_function_is_called_for_every_event_in_order(serve: Serve) -> None:
    client = serve(
        "seen = []\ndef handler(data, attributes):\n"
        "    seen.append(attributes['id'])\n    if data == 'bad': raise ValueError\n    return seen\n"
    )
    assert send(client, "a", "bad", "c").status == 500
    assert [event["data"] for event in send(client, "a", "b").json()] == [
        ["id-0", "id-1", "id-2", "id-0"],
        ["id-0", "id-1", "id-2", "id-0", "id-1"],
    ]


def test_failure_counts_more_than_data_that_does_not_fit(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    client = serve(f"{PRELUDE}def handler(data: Point):\n    if data.x == 0: raise ValueError('x')\n")
    assert send(client, {"x": 1}, {"x": "a"}).status == 400
    assert send(client, {"x": 0}, {"x": "a"}).status == 500
    assert caplog.messages[-1].endswith("the ids id-0")


@pytest.mark.parametrize("definition", ["def", "async def"])
def test_stream_that_is_not_sent_is_closed(serve: Serve, definition: str) -> None:
    client = serve(
        f"{PRELUDE}{definition} handler(data):\n"
        "    if data == 'log': return log\n"
        "    flask.current_app.teardown_request(lambda error: log.append('teardown')) if not log else None\n"
        "    response = flask.Response(chunks())\n"
        "    response.call_on_close(lambda: log.append('closed'))\n"
        "    return response\n"
    )
    assert send(client, "it").status == 200
    (reply,) = send(client, "log").json()
    assert reply["data"][:2] == ["closed", "teardown"]
