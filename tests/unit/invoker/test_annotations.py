"""An annotation is kept or refused: what a parameter receives for each, and what is refused when the function is loaded."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from funcpack_invoker import errors
from funcpack_invoker.function.parameters import Parameter, UnsuitableAnnotationError, bind

if TYPE_CHECKING:
    from collections.abc import Callable

    from funcpack_invoker.function.loader import LoadedFunction
    from tests.unit.invoker.conftest import Client

    Load = Callable[..., LoadedFunction]
    Serve = Callable[..., Client]

HEADER = """
import decimal, io, logging, queue, threading, flask, werkzeug
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal, NewType, Optional, Protocol, TypeVar
import cloudevents.core.v1.event, cloudevents.v1.http, cloudevents.v1.sdk.event.v1
from cloudevents.v1.sdk.event import v1
T = TypeVar("T")
Body = NewType("Body", dict[str, int])
class Files(Protocol):
    def get(self, name): ...
class MyRequest(flask.Request): pass
class MyEvent(cloudevents.core.v1.event.CloudEvent): pass
class Items(list): pass
class Odd(Enum):
    A = object()
@dataclass
class Order:
    file: io.BytesIO
@dataclass
class Nested:
    orders: "list[Order]"
"""

JSON, TEXT, BINARY = "application/json", "text/plain", "application/octet-stream"


@pytest.mark.parametrize(
    ("annotation", "content_type", "body", "shown"),
    [
        ("bytes", JSON, b'{"a":1}', b"b'{\"a\":1}'"),
        ("bytes", JSON, b"", b"b''"),
        ("bytes | None", TEXT, b"", b"None"),
        ("Any", JSON, b"1", b"b'1'"),
        ("object", JSON, b"1", b"b'1'"),
        ("T", JSON, b"1", b"b'1'"),
        ("Optional[Any]", JSON, b"1", b"b'1'"),
        ("str", JSON, b'"a"', b"'\"a\"'"),
        ("str", "text/plain; charset=latin-1", b"\xe9", "'é'".encode()),
        ("str", None, "é".encode(), "'é'".encode()),
        ("str", "not a media type", b"a", b"'a'"),
        ("str", TEXT, b"", b"''"),
        ("str | None", TEXT, b"", b"None"),
        ("str | bytes", TEXT, b"\xff", b"b'\\xff'"),
        ("dict", JSON, b'{"a": 1.5}', b"{'a': 1.5}"),
        ("dict", None, b'{"a": 1}', b"{'a': 1}"),
        ("dict | bytes", JSON, b"{", b"b'{'"),
        ("dict | bytes", JSON, b"{}", b"{}"),
        ("dict[str, int]", JSON, b'{"a": 1}', b"{'a': 1}"),
        ("Body", JSON, b'{"a": 1}', b"{'a': 1}"),
        ("Annotated[dict, 'text']", JSON, b"{}", b"{}"),
        ("Mapping", JSON, b"{}", b"{}"),
        ("Mapping[str, int] | None", JSON, b"", b"None"),
        ("OrderedDict[str, int]", JSON, b"{}", b"OrderedDict()"),
        ("Sequence[int]", JSON, b"[1]", b"[1]"),
        ("list[int]", JSON, b"[1]", b"[1]"),
        ("tuple", JSON, b"[1]", b"(1,)"),
        ("set[int]", JSON, b"[1, 1]", b"{1}"),
        ("int", JSON, b" 1 ", b"1"),
        ("float", JSON, b"1", b"1.0"),
        ("bool", JSON, b"true", b"True"),
        ("None", JSON, b"null", b"None"),
        ("Literal['a', 'b']", JSON, b'"b"', b"'b'"),
        ("Decimal", JSON, b"1.2345678901234567890100", b"Decimal('1.2345678901234567890100')"),
        ("dict[str, Decimal | Any]", JSON, b'{"a": 1e500, "b": ["x"]}', b"{'a': Decimal('1E+500'), 'b': ['x']}"),
        ("dict[str, str | int]", JSON, b'{"a": "x"}', b"{'a': 'x'}"),
    ],
)  # fmt: skip
def test_body(serve: Serve, annotation: str, content_type: str | None, body: bytes, shown: bytes) -> None:
    client = serve(f"{HEADER}\ndef handler(body: {annotation}): return repr(body)")
    answer = client.post(body, {"content-type": content_type})
    assert (answer.status, answer.body) == (200, shown)


@pytest.mark.parametrize(
    ("annotation", "content_type", "body", "reason"),
    [
        ("dict", JSON, b"[1]", "body: expected an object, found a list\n"),
        ("dict", JSON, b"{", "body: not JSON: "),
        ("dict", JSON, b'{"a": NaN}', "body: not JSON: "),
        ("dict", JSON, b"", "body: the body is empty\n"),
        ("dict[str, int]", JSON, b'{"a": "x"}', "body.a: expected an integer, found 'x'\n"),
        ("list[int]", JSON, b'[1, "x"]', "body[1]: expected an integer, found 'x'\n"),
        ("int", JSON, b"1.0", "body: expected an integer, found 1.0\n"),
        ("int", JSON, b"", "body: the body is empty\n"),
        ("dict[str, int]", JSON, b"", "body: the body is empty\n"),
        ("float", JSON, b"1" + b"0" * 400, f"body: expected a number of at most 1.8e308, found 1{'0' * 79}...\n"),
        ("float", JSON, b"1e400", "body: not JSON: a number is not finite or has too many digits\n"),
        ("str", TEXT, b"\xff", "body: expected text, found bytes that are not utf-8\n"),
        ("str", "text/plain; charset=nope", b"a", "body: expected text, found bytes that are not in a supported charset\n"),
    ],
)  # fmt: skip
def test_body_that_does_not_fit_is_400(
    serve: Serve, annotation: str, content_type: str, body: bytes, reason: str
) -> None:
    client = serve(f"{HEADER}\ndef handler(body: {annotation}): raise AssertionError('called')")
    answer = client.post(body, {"content-type": content_type})
    assert answer.status == 400
    assert answer.text.startswith(reason)


@pytest.mark.parametrize("name", ["data", "payload"])
@pytest.mark.parametrize(
    ("annotation", "content_type", "body", "shown"),
    [
        ("bytes", JSON, b'{"a":1}', "b'{\"a\":1}'"),
        ("bytes", TEXT, b"a", "b'a'"),
        ("bytes", BINARY, b"\xff", "b'\\xff'"),
        ("bytes", JSON, b"", "b''"),
        ("bytes | None", JSON, b"", "None"),
        ("str", TEXT, b"a", "'a'"),
        ("str", JSON, b'"a"', "'a'"),
        ("str", JSON, b'{"a":1}', "'{\"a\":1}'"),
        ("str", BINARY, b"a", "'a'"),
        ("str", JSON, b"", "''"),
        ("str | None", JSON, b"", "None"),
        ("str | bytes", BINARY, b"\xff", "b'\\xff'"),
        ("dict", JSON, b'{"a": 1.5}', "{'a': 1.5}"),
        ("dict | bytes | None", BINARY, b"{}", "b'{}'"),
        ("dict | bytes | None", JSON, b"", "None"),
        ("Any", JSON, b'{"a": 1}', "{'a': 1}"),
        ("Any", TEXT, b"a", "'a'"),
        ("Decimal", JSON, b"1.10", "Decimal('1.10')"),
    ],
)
def test_data(serve: Serve, name: str, annotation: str, content_type: str, body: bytes, shown: str) -> None:
    client = serve(f"{HEADER}\ndef handler({name}: {annotation}): return repr({name})")
    assert client.event(body, content_type).text == shown


@pytest.mark.parametrize(
    ("annotation", "members", "shown"),
    [
        ("bytes", '"data": {"a": 1}', "b'{\"a\": 1}'"),
        ("bytes", '"data": "é", "datacontenttype": "text/plain; charset=latin-1"', "b'\\xe9'"),
        ("bytes", '"data_base64": "aGk="', "b'hi'"),
        ("str", '"data": "a"', "'a'"),
        ("str", '"data": [1]', "'[1]'"),
        ("dict[str, Decimal]", '"data": {"a": 1.10}', "{'a': Decimal('1.10')}"),
        ("list[Decimal]", '"data": [1e-30, 2]', "[Decimal('1E-30'), Decimal('2')]"),
    ],
)
@pytest.mark.parametrize(
    ("content_type", "shape"), [("application/cloudevents+json", "%s"), (JSON, "%s"), ("application/cloudevents-batch+json", "[%s]")]
)  # fmt: skip
def test_data_of_structured_events(
    serve: Serve, annotation: str, members: str, shown: str, content_type: str, shape: str
) -> None:
    client = serve(f"{HEADER}\ndef handler(data: {annotation}): return repr(data)")
    event = f'{{"specversion": "1.0", "id": "1", "source": "/", "type": "t", {members}}}'
    answer = client.post((shape % event).encode(), {"content-type": content_type})
    assert answer.status == 200
    assert (answer.json()[0]["data"] if "batch" in content_type else answer.text) == shown


def test_other_values_of_exact_data_are_floats(serve: Serve) -> None:
    code = f"""{HEADER}
@dataclass
class Priced:
    price: Decimal
    other: Any
def handler(data: Priced, payload, event):
    return [str(data.price), *(type(value).__name__ for value in (data.other["x"], payload["price"], event.data["price"]))]
"""
    answer = serve(code).event(b'{"price": 1.10, "other": {"x": 1.5}}')
    assert answer.json() == ["1.10", "float", "float", "float"]


@pytest.mark.parametrize(
    ("parameter", "kept"),
    [
        ("req: flask.Request", "isinstance(req, flask.Request)"),
        ("request: werkzeug.Request", "isinstance(request, werkzeug.Request)"),
        ("req: flask.Request | None", "isinstance(req, flask.Request)"),
        ("req: flask.Request | dict", "isinstance(req, flask.Request)"),
        ("req: Any", "isinstance(req, flask.Request)"),
        ("req: object", "isinstance(req, flask.Request)"),
        ("req: Files", "isinstance(req, flask.Request)"),
        ("req: T", "isinstance(req, flask.Request)"),
        ("req: 'Nowhere'", "isinstance(req, flask.Request)"),
        ("headers: Mapping[str, str]", "headers['HOST'] == 'localhost:8080'"),
        ("headers: Mapping | list", "headers['HOST'] == 'localhost:8080'"),
        ("headers: werkzeug.datastructures.Headers", "isinstance(headers, werkzeug.datastructures.Headers)"),
        ("body: Annotated[bytes, 1]", "isinstance(body, bytes)"),
    ],
)
def test_annotation_that_is_kept(serve: Serve, parameter: str, kept: str) -> None:
    assert serve(f"{HEADER}\ndef handler({parameter}): return str({kept})").request().text == "True"


@pytest.mark.parametrize(
    ("parameter", "kept"),
    [
        ("attributes: dict", "isinstance(attributes, dict)"),
        ("attributes: dict[str, str]", "isinstance(attributes, dict)"),
        ("attributes: MutableMapping[str, Any]", "isinstance(attributes, MutableMapping)"),
        ("event: cloudevents.core.v1.event.CloudEvent", "isinstance(event, cloudevents.core.v1.event.CloudEvent)"),
        ("e: cloudevents.v1.http.CloudEvent | None", "isinstance(e, cloudevents.v1.http.CloudEvent)"),
        ("event: MyEvent", "isinstance(event, MyEvent)"),
        ("e: v1.Event", "isinstance(e, v1.Event) and e.EventType() == e.get_type() == e['type']"),
        ("e: 'v1.Event'", "isinstance(e, v1.Event) and e.data == {'a': 1}"),
        ("event: v1.Event", "isinstance(event, v1.Event)"),
        ("event: Any", "event['type'] == 'com.example.thing'"),
    ],
)
def test_annotation_that_is_kept_for_an_event(serve: Serve, parameter: str, kept: str) -> None:
    assert serve(f"{HEADER}\ndef handler({parameter}): return str({kept})").event(b'{"a": 1}').text == "True"


@pytest.mark.parametrize("definition", ["def", "async def"])
@pytest.mark.parametrize(
    ("parameter", "annotation", "place"),
    [
        ("body: io.BytesIO", "io.BytesIO", ""),
        ("body: bytearray", "bytearray", ""),
        ("body: memoryview", "memoryview", ""),
        ("body: Items", "handler.Items", ""),
        ("body: Counter[str]", "collections.Counter[str]", ""),
        ("body: Iterator[int]", "collections.abc.Iterator[int]", ""),
        ("body: Callable[[], int]", "collections.abc.Callable[[], int]", ""),
        ("body: Files", "handler.Files", ""),
        ("body: flask.Request", "flask.wrappers.Request", ""),
        ("body: list[io.BytesIO]", "io.BytesIO", ""),
        ("body: dict[tuple[int, int], int]", "tuple[int, int]", "a key"),
        ("data: Order", "io.BytesIO", "Order.file"),
        ("payload: Nested | None", "io.BytesIO", "Order.file"),
        ("body: Odd", "handler.Odd", ""),
        ("headers: list", "list", ""),
        ("headers: dict[str, str]", "dict", ""),
        ("req: dict", "dict", ""),
        ("req: dict | list", "dict | list", ""),
        ("req: MyRequest", "handler.MyRequest", ""),
        ("req: Literal['a']", "typing.Literal", ""),
        ("request: Optional[str]", "str", ""),
        ("event: dict", "dict", ""),
        ("attributes: list", "list", ""),
        ("context: dict", "dict", ""),
        ("req: dict = None", "dict", ""),
    ],
)
def test_annotation_that_cannot_be_kept_is_refused(
    load_function: Load, definition: str, parameter: str, annotation: str, place: str
) -> None:
    code = f"{HEADER}\n{definition} handler({parameter}): pass"
    with pytest.raises(errors.UnsuitableAnnotationError) as caught:
        load_function(code)
    text = str(caught.value)
    name = parameter.partition(":")[0]
    shown = f"`{annotation}` ({place})" if place else f"`{annotation}`"
    assert f"The parameter `{name}` of `handler.handler` cannot receive a value of the type {shown}." in text
    assert "Supported annotations: " in text


@pytest.mark.parametrize("parameter", ["body: 'Nowhere'", "data: 'list[Nowhere]'", "body: list['Nowhere']"])
def test_annotation_of_data_that_cannot_be_evaluated_is_refused(load_function: Load, parameter: str) -> None:
    with pytest.raises(errors.AnnotationError, match="name 'Nowhere' is not defined"):
        load_function(f"{HEADER}\ndef handler({parameter}): pass")


@pytest.mark.parametrize(
    "source",
    ["body: io.BytesIO", "body: bytearray", "headers: list", "req: dict", "event: dict", "attributes: list", "context: dict"],
)  # fmt: skip
def test_what_the_build_refuses_is_refused_at_the_start(load_function: Load, source: str) -> None:
    name, _, annotation = source.partition(": ")
    dotted = annotation if "." in annotation else f"builtins.{annotation}"
    with pytest.raises(UnsuitableAnnotationError):
        bind([Parameter(name, dotted)])
    with pytest.raises(errors.UnsuitableAnnotationError):
        load_function(f"{HEADER}\ndef handler({source}): pass")


def test_field_with_a_default_that_cannot_be_read_keeps_it(serve: Serve) -> None:
    code = f"""{HEADER}
@dataclass
class Job:
    name: str
    lock: threading.Lock = None
def handler(body: Job): return repr(body.lock)
"""
    assert serve(code).post(json.dumps({"name": "a", "lock": 1}).encode()).text == "None"
