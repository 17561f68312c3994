"""JSON that is nested deeper than Python can follow ends in an answer, whatever reads or writes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.invoker.conftest import EVENT_HEADERS

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.invoker.conftest import Client

    Serve = Callable[..., Client]

DEPTH = 100_000
JSON = {"content-type": "application/json"}
EVENT = {"content-type": "application/cloudevents+json"}
BATCH = {"content-type": "application/cloudevents-batch+json"}

NESTED = [
    pytest.param(b"[" * DEPTH + b"]" * DEPTH, id="lists"),
    pytest.param(b'{"a":' * DEPTH + b"1" + b"}" * DEPTH, id="objects"),
    pytest.param(b'[{"a":' * DEPTH + b"1" + b"}]" * DEPTH, id="both"),
    pytest.param(b"[" * DEPTH, id="without an end"),
]

HEAD = """
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
import pydantic

@dataclass
class Node:
    a: "Node | None" = None

class Model(pydantic.BaseModel):
    a: Any = None
"""


@pytest.mark.parametrize("body", NESTED)
@pytest.mark.parametrize(
    "handler",
    [
        "def handler(req): return req.get_json()",
        "def handler(req): return req.get_json(force=True, cache=False)",
        "def handler(req): return req.json",
        "async def handler(req): return req.get_json()",
        "def handler(body: list[Any] | dict[str, Any]): ...",
        "def handler(body: list[Decimal] | dict[str, Any]): ...",
        "def handler(body: Node): ...",
        "def handler(body: Model): ...",
    ],
)
def test_body_is_rejected(serve: Serve, handler: str, body: bytes) -> None:
    client = serve(HEAD + handler)
    assert client.post(body, JSON).status == 400
    assert client.post(b'{"a": null}', JSON).status in {200, 204}


@pytest.mark.parametrize("body", NESTED)
def test_silent_parser_returns_nothing(serve: Serve, body: bytes) -> None:
    client = serve("def handler(req): return repr(req.get_json(silent=True))")
    assert client.post(body, JSON).text == "None"


@pytest.mark.parametrize("body", NESTED)
@pytest.mark.parametrize(
    ("before", "after", "headers"),
    [
        (b"", b"", EVENT),
        (b"", b"", BATCH),
        (b'{"specversion": "1.0", "id": "1", "source": "/", "type": "t", "data": ', b"}", EVENT),
        (b'[{"specversion": "1.0", "id": "1", "source": "/", "type": "t", "data": ', b"}]", BATCH),
        (b'{"specversion": "1.0", "id": "1", "source": "/", "type": "t", "data": ', b"}", JSON),
        (b'{"subscription": "s", "message": ', b"}", JSON),
        (b"", b"", JSON),
    ],
)
def test_event_is_rejected(serve: Serve, before: bytes, after: bytes, headers: dict[str, str], body: bytes) -> None:
    assert serve("def handler(data): ...").post(before + body + after, headers).status == 400


@pytest.mark.parametrize("body", NESTED)
@pytest.mark.parametrize(
    ("annotation", "status", "text"),
    [
        ("", 200, "bytes"),
        (": Node", 400, "data: expected an object, found bytes that are not JSON\n"),
        (": bytes", 200, "bytes"),
    ],
)
def test_data_in_binary_mode_is_bytes(serve: Serve, annotation: str, status: int, text: str, body: bytes) -> None:
    answer = serve(f"{HEAD}def handler(data{annotation}): return type(data).__name__").event(body)
    assert (answer.status, answer.text) == (status, text)


VALUES = [
    pytest.param("value = [value]", id="lists"),
    pytest.param("value = {'a': value}", id="objects"),
    pytest.param("value = [(value,)]", id="tuples"),
    pytest.param("value = {1: value}", id="objects with numbers as keys"),
    pytest.param("value = Node(value)", id="dataclasses"),
]


@pytest.mark.parametrize("step", VALUES)
@pytest.mark.parametrize(
    ("parameter", "returned"),
    [
        ("body", "value"),
        ("body", "value, 201"),
        ("body", "{'many': [value]}"),
        ("data", "value"),
        ("data", "{'type': 't', 'source': '/'}, value"),
    ],
)
def test_reply_is_an_error(
    serve: Serve, parameter: str, returned: str, step: str, caplog: pytest.LogCaptureFixture
) -> None:
    lines = ("    value = None", f"    for _ in range({DEPTH}): {step}", f"    return {returned}")
    client = serve("\n".join((HEAD, f"def handler({parameter}):", *lines)))
    answer = client.post(b"1", {**EVENT_HEADERS, "content-type": "text/plain"})
    assert answer.status == 500
    assert any("nested too deeply" in record.getMessage() for record in caplog.records)
