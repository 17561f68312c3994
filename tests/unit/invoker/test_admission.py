"""Requests are let in as long as there is memory for their bodies and what they become; health checks always are."""

from __future__ import annotations

import asyncio
import base64
import gc
import gzip
import io
import itertools
import json
import logging
import string
import tracemalloc
from typing import TYPE_CHECKING, Any

import flask
import pytest
from werkzeug.test import EnvironBuilder

from funcpack_invoker.http import json_codec, media_types
from funcpack_invoker.http.admission import MOST_FOR_A_BYTE, Admission, parsed_size
from funcpack_invoker.http.body import MOST_ON_LOOP
from tests.unit.invoker.conftest import EVENT_HEADERS

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.invoker.conftest import Client

    Serve = Callable[..., Client]

MEMORY = 64 << 20
JSON = {"content-type": "application/json"}
EVENT = "application/cloudevents+json"
SIZE = 200_000


def repeated(unit: str) -> bytes:
    return f"[{','.join([unit] * (SIZE // (len(unit) + 1)))}]".encode()


SHAPES = {
    "lists": repeated("[]"),
    "lists in lists": repeated("[" * 10 + "]" * 10),
    "deep lists": repeated("[" * 400 + "]" * 400),
    "lists of one": repeated("[1]"),
    "dicts": repeated("{}"),
    "dicts in dicts": repeated('{"a":{}}'),
    "deep dicts": repeated('{"":' * 100 + "1" + "}" * 100),
    "records": repeated('{"id":123,"name":"abc","v":1.5}'),
    "fractions": repeated("1e5"),
    "numbers": repeated("999"),
    "short texts": json.dumps([f"{number:x}" for number in range(SIZE // 8)]).encode(),
    "members": json.dumps({f"{number:x}": 1 for number in range(SIZE // 10)}, separators=(",", ":")).encode(),
    "one text": f'"{"a" * SIZE}"'.encode(),
    "one wide character": f'"{"a" * SIZE}\U0001f600"'.encode(),
    "one escaped wide character": f'"{"a" * SIZE}\\ud83d\\ude00"'.encode(),
    "Chinese": repeated('"\u4e2d"'),
    "few": b"[" * 50 + b"]" * 50,
}


@pytest.mark.parametrize("loads", [json_codec.loads, json_codec.loads_event])
@pytest.mark.parametrize("body", SHAPES.values(), ids=SHAPES)
def test_a_body_takes_no_more_than_its_size_says(body: bytes, loads: Callable[[bytes], Any]) -> None:
    loads(b"[]")
    tracemalloc.start()
    try:
        value = loads(body)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert value
    assert len(body) + most <= parsed_size(body)


@pytest.mark.parametrize("loads", [json_codec.loads_exact, json_codec.loads_event_exact])
@pytest.mark.parametrize("body", SHAPES.values(), ids=SHAPES)
def test_a_body_of_typed_data_takes_no_more(body: bytes, loads: Callable[[bytes], Any]) -> None:
    tracemalloc.start()
    try:
        value = loads(body)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert value
    assert len(body) + most <= parsed_size(body, is_typed=True)


@pytest.mark.parametrize("name", ["data_base64", "data_bas\\u006564"])
def test_typed_data_in_base64_waits_for_the_memory_that_its_json_takes(serve: Serve, name: str) -> None:
    client = serve("def handler(data: list[list[int]]): return len(data)", memory=MEMORY)
    inner = base64.b64encode(repeated("[]")).decode()
    body = f'{{"specversion":"1.0","id":"1","source":"/","type":"t","{name}":"{inner}"}}'.encode()
    large = admission_of(client).large
    taken = large.take(large.size - MOST_FOR_A_BYTE * len(body) // 2)
    assert taken is not None

    async def wait() -> int:
        request = asyncio.ensure_future(client.send("POST", "/", {"content-type": EVENT}, body))
        async with asyncio.timeout(20):
            while not large.waiting:  # noqa: ASYNC110 - it asks
                await asyncio.sleep(0)
        taken.leave()
        return (await request).status

    assert client.runner.run(wait()) == 200
    assert all_is_free(client)


CHARSETS = ["cp037", "cp500", "cp1026", "utf-7", "utf-16", "utf-32"]
TYPES = [
    "application/json; charset={}",
    'application/cloudevents+json;Charset="{}"',
    "application/x+json; a=b ;CHARSET={}",
]


@pytest.mark.parametrize("content_type", TYPES)
@pytest.mark.parametrize("charset", CHARSETS)
def test_json_takes_no_more_in_any_charset(charset: str, content_type: str) -> None:
    media_type = media_types.parse(content_type.format(charset))
    text = repeated("[" * 10 + "]" * 10).decode()
    # Every encoder of UTF-7 may encode these characters; Python's does not.
    encoded = b"+%s-" % base64.b64encode(text.encode("utf-16-be")).rstrip(b"=") if charset == "utf-7" else None
    body = encoded or text.encode(charset)
    tracemalloc.start()
    try:
        value = media_type.decode(body)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert isinstance(value, list)
    assert len(body) + most <= parsed_size(body, content_type.format(charset).encode())


KEYS = ["".join(letters) for letters in itertools.product(string.ascii_letters, repeat=3)]
FORM = "application/x-www-form-urlencoded"
PARTS = "multipart/form-data; boundary=b"
PART = '--b\r\nContent-Disposition: form-data; name="%d"%s\r\n\r\n\r\n'
FORMS = {
    "fields": (FORM, "&".join(KEYS)),
    "fields of one name": (FORM, "a&" * 60_000),
    "fields without a name": (FORM, "=b&" * 60_000),
    "fields with values": (FORM, "&".join(f"{key}={key}" for key in KEYS)),
    "escaped names": (FORM, "&".join(f"%41{key}" for key in KEYS)),
    "escaped wide names": (FORM, "&".join(f"%F0%9F%98%80{key}" for key in KEYS)),
    "escapes": (FORM, "a=" + "%41" * 60_000),
    "escapes that are not UTF-8": (FORM, "a=" + "%ff" * 60_000),
    "percent signs": (FORM, "a=" + "%" * 60_000),
    "one wide character": (FORM, "a=%F0%9F%98%80" + "a" * SIZE),
    "another case": (FORM.title(), "&".join(KEYS)),
    "parts": (PARTS, "".join(PART % (number, "") for number in range(999)) + "--b--\r\n"),
    "files": (PARTS, "".join(PART % (number, '; filename="f"') for number in range(999)) + "--b--\r\n"),
    "headers of parts": (PARTS, "".join(PART % (number, "\r\na:b" * 100) for number in range(200)) + "--b--\r\n"),
    "a file": (PARTS, PART.removesuffix("\r\n") % (1, '; filename="f"') + "a" * SIZE + "\r\n--b--\r\n"),
}


@pytest.mark.parametrize(("content_type", "text"), FORMS.values(), ids=FORMS)
def test_a_form_takes_no_more_than_its_size_says(content_type: str, text: str) -> None:
    body = text.encode()

    def parsed(body: bytes) -> flask.Request:
        environ = EnvironBuilder(method="POST", input_stream=io.BytesIO(body), content_type=content_type).get_environ()
        environ["CONTENT_LENGTH"] = str(len(body))
        request = flask.Request(environ)
        request.form  # noqa: B018 - parses it
        return request

    parsed(b"").close()
    tracemalloc.start()
    try:
        request = parsed(body)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert request.form or request.files
    request.close()
    assert len(body) + most <= parsed_size(body, content_type.encode())


def admission_of(client: Client) -> Admission:
    found = client.app.admission
    assert found is not None
    return found


def all_is_free(client: Client) -> bool:
    admission = admission_of(client)
    return all(budget.free == budget.size for budget in (admission.large, admission.small, admission.arriving))


FUNCTION = """
    def handler(body, headers):
        if "fails" in headers:
            raise ValueError
        return {"length": len(body)}
"""


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        pytest.param(b"", {}, 200, id="none"),
        pytest.param(b"[]", {}, 200, id="small"),
        pytest.param([b"[", b"]"], {}, 200, id="small in parts"),
        pytest.param([b"x" * MOST_ON_LOOP, b"x" * MOST_ON_LOOP], {}, 200, id="large in parts"),
        pytest.param(b"x" * 500_000, {}, 200, id="large"),
        pytest.param(gzip.compress(b"x" * 500_000), {"content-encoding": "gzip"}, 200, id="encoded"),
        pytest.param([b"x" * 900_000], {"content-encoding": "identity"}, 200, id="encoded in no way"),
        pytest.param([b"", b""], {"content-encoding": "gzip"}, 200, id="encoded, none"),
        pytest.param(gzip.compress(b"x" * 500_000)[:-1], {"content-encoding": "gzip"}, 400, id="encoded, malformed"),
        pytest.param(gzip.compress(bytes(2 << 20)), {"content-encoding": "gzip"}, 413, id="encoded, too large"),
        pytest.param(b"x", {"content-encoding": "unknown"}, 415, id="encoded in an unknown way"),
        pytest.param(b"x", {"fails": "yes"}, 500, id="the function fails"),
        pytest.param([b"x" * 900_000, b"x" * 900_000], {"content-length": "1800000"}, 413, id="too large"),
        pytest.param([b"x" * 900_000, b"x" * 900_000], {}, 413, id="too large without a length"),
    ],
)
def test_memory_is_given_back(serve: Serve, body: Any, headers: dict[str, str], status: int) -> None:
    client = serve(FUNCTION, memory=MEMORY, FUNCTION_MAX_BODY="1MiB")
    assert client.post(body, headers).status == status
    assert all_is_free(client)


GZIP = {"content-encoding": "gzip"}
LISTS = b"[" + b"[]," * 100_000 + b"[]]"
# The same with members that decode to nothing.
PADDED_LISTS = gzip.compress(LISTS) + gzip.compress(b"") * 10_000


@pytest.mark.parametrize(
    ("sent", "budget"),
    [
        pytest.param(gzip.compress(b"x" * 20), "large", id="a small one does not wait behind large ones"),
        pytest.param(gzip.compress(b"x" * 20), "arriving", id="a small one does not wait for large ones that arrive"),
        pytest.param(PADDED_LISTS, "small", id="a large one does not wait behind small ones"),
    ],
)
@pytest.mark.parametrize("definition", ["def", "async def"])
def test_an_encoded_body_does_not_wait_for(serve: Serve, definition: str, sent: bytes, budget: str) -> None:
    client = serve(f"{definition} handler(body): return len(body)", memory=MEMORY)
    shared = getattr(admission_of(client), budget)
    taken = shared.take(shared.size)
    assert client.post(sent, GZIP).status == 200
    taken.leave()
    assert all_is_free(client)


@pytest.mark.parametrize(
    ("sent", "budget"),
    [
        pytest.param(gzip.compress(b"[]"), "small", id="small"),
        pytest.param(gzip.compress(b"[" * 100_000), "large", id="for what it becomes"),
        pytest.param(PADDED_LISTS, "large", id="large for what it becomes"),
        pytest.param([PADDED_LISTS[:100_000], PADDED_LISTS[100_000:]], "arriving", id="until it has arrived"),
    ],
)
def test_an_encoded_body_waits_for_memory(serve: Serve, sent: Any, budget: str) -> None:
    client = serve("def handler(body): return len(body)", memory=MEMORY)
    shared = getattr(admission_of(client), budget)
    taken = shared.take(shared.size)

    async def wait() -> tuple[bool, int]:
        request = asyncio.ensure_future(client.send("POST", "/", GZIP, sent))
        async with asyncio.timeout(20):
            while not shared.waiting:  # noqa: ASYNC110 - it asks
                await asyncio.sleep(0.001)
        was_done = request.done()
        taken.leave()
        return was_done, (await request).status

    assert client.runner.run(wait()) == (False, 200)
    assert all_is_free(client)


def test_an_encoded_body_reserves_what_its_content_takes(serve: Serve) -> None:
    client = serve(
        """
        reserved = []

        def handler(body):
            reserved.append(admission.large.size - admission.large.free)
        """,
        memory=MEMORY,
    )
    handler: Any = __import__("handler")
    handler.admission = admission_of(client)
    client.post(gzip.compress(LISTS), {**GZIP, **JSON})
    client.post(LISTS, JSON)
    assert handler.reserved[1] == parsed_size(LISTS)
    assert handler.reserved[1] <= handler.reserved[0] < 1.1 * handler.reserved[1]


@pytest.mark.parametrize(
    ("function", "is_all"),
    [
        pytest.param("def handler(body): note()", True, id="body"),
        pytest.param("async def handler(req): note()", True, id="on the event loop"),
        pytest.param("def handler(event): note()", True, id="event"),
        pytest.param("def handler(req): note()", False, id="stream"),
    ],
)
def test_all_of_a_body_counts_unless_the_function_reads_it_as_a_stream(
    serve: Serve, function: str, *, is_all: bool
) -> None:
    """Also of one that is larger than the share for bodies that arrive."""
    client = serve(function, memory=MEMORY, FUNCTION_MAX_BODY="20MiB")
    handler: Any = __import__("handler")
    large = admission_of(client).large
    reserved: list[int] = []
    handler.note = lambda: reserved.append(large.size - large.free)
    body = b'["%s"]' % (b"x" * (5 << 20))
    parts = [body[start : start + MOST_ON_LOOP] for start in range(0, len(body), MOST_ON_LOOP)]
    client.post(parts, {"content-length": str(len(body)), **EVENT_HEADERS, **JSON})
    assert [size >= parsed_size(body) for size in reserved] == [is_all]
    assert all_is_free(client)


def test_bodies_that_need_all_the_memory_are_served_one_after_the_other(serve: Serve) -> None:
    client = serve("def handler(body): return len(body)", memory=MEMORY, FUNCTION_MAX_BODY="20MiB")
    body = [b"x" * MOST_ON_LOOP] * 150

    async def send_all() -> list[int]:
        async with asyncio.timeout(60):
            answers = await asyncio.gather(*(client.send("POST", "/", {}, body) for _ in range(4)))
        return [answer.status for answer in answers]

    assert client.runner.run(send_all()) == [200] * 4
    assert all_is_free(client)


BOMB = gzip.compress(bytes(20 << 20))


def test_encoded_requests_do_not_wait_for_each_other(serve: Serve) -> None:
    """Many at a time, each of which needs a large part of the memory, or all of it."""
    client = serve("def handler(req): return str(len(req.get_data()))", memory=MEMORY, FUNCTION_MAX_BODY="10MiB")
    bodies = [
        gzip.compress(b"x"),
        gzip.compress(LISTS),
        PADDED_LISTS,
        BOMB,
        gzip.compress(bytes(9 << 20)),
        b"malformed",
    ]

    async def send_all() -> list[int]:
        async with asyncio.timeout(60):
            answers = await asyncio.gather(*(client.send("POST", "/", GZIP, body) for body in bodies * 3))
        return [answer.status for answer in answers]

    assert client.runner.run(send_all()) == [200, 200, 200, 413, 200, 400] * 3
    assert all_is_free(client)


def test_memory_is_given_back_after_a_client_has_left(serve: Serve) -> None:
    client = serve(FUNCTION, memory=MEMORY)

    async def leave() -> int:
        answer = await client.send("POST", "/", {"content-length": "300000"}, [b"x" * 100_000, b"x"], is_cut=True)
        return answer.status

    assert client.runner.run(leave()) == 408
    assert all_is_free(client)


def test_memory_is_kept_until_the_function_has_ended(serve: Serve) -> None:
    """A thread cannot be stopped: what it works on stays in memory."""
    client = serve(
        """
        import threading
        started, goes_on = threading.Event(), threading.Event()

        def handler(body):
            started.set()
            goes_on.wait(20)
        """,
        memory=MEMORY,
    )
    admission = admission_of(client)
    handler = __import__("handler")

    async def leave() -> tuple[bool, bool]:
        request = asyncio.ensure_future(client.send("POST", "/", {}, b"x" * 100_000))
        await asyncio.to_thread(handler.started.wait, 20)
        request.cancel()
        await asyncio.wait({request})
        kept = admission.large.free < admission.large.size
        handler.goes_on.set()
        async with asyncio.timeout(20):
            while not all_is_free(client):  # noqa: ASYNC110 - it asks
                await asyncio.sleep(0)
        return kept, all_is_free(client)

    assert client.runner.run(leave()) == (True, True)


def test_health_and_requests_without_a_body_do_not_wait(serve: Serve) -> None:
    client = serve(FUNCTION, memory=MEMORY)
    admission = admission_of(client)
    for budget in (admission.large, admission.small, admission.arriving):
        assert budget.take(budget.size) is not None

    assert client.request(target="/health/live").status == 200
    assert client.request().status == 200


@pytest.mark.parametrize(
    ("budget", "body"),
    [
        pytest.param("small", b"[1]", id="small"),
        pytest.param("large", [b"x" * 60_000] * 3, id="large"),
        pytest.param("arriving", [b"x" * 60_000] * 3, id="arriving"),
    ],
)
def test_a_request_waits_for_memory(serve: Serve, budget: str, body: Any) -> None:
    client = serve(FUNCTION, memory=MEMORY)
    shared = getattr(admission_of(client), budget)
    taken = shared.take(shared.size)

    async def wait() -> tuple[bool, int]:
        request = asyncio.ensure_future(client.send("POST", "/", {}, body))
        async with asyncio.timeout(20):
            while not shared.waiting:  # noqa: ASYNC110 - it asks
                await asyncio.sleep(0)
        was_done = request.done()
        taken.leave()
        return was_done, (await request).status

    assert client.runner.run(wait()) == (False, 200)
    assert all_is_free(client)


@pytest.mark.parametrize(
    ("function", "status"),
    [
        pytest.param("def handler(body: list[list[str]]): ...", 400, id="does not fit"),
        pytest.param("def handler(data: list[list[str]]): ...", 400, id="event does not fit"),
        pytest.param("def handler(event): ...", 400, id="event without an id"),
        pytest.param("def handler(body: list[list[str]] | dict[str, list[str]]): ...", 400, id="fits none"),
        pytest.param(
            "def handler(req):\n    found = req.get_json()\n    raise ValueError(len(found))", 500, id="fails"
        ),
    ],
)
def test_an_error_does_not_keep_the_parsed_body(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, function: str, status: int
) -> None:
    """In a cycle, it would stay until the garbage collector comes, though its memory has been given back."""
    client = serve(function, memory=MEMORY)
    monkeypatch.setattr(logging.getLogger("funcpack"), "disabled", True)  # pytest would keep its records
    body, headers = repeated("[[]]"), JSON
    if "data" in function:
        headers = {**EVENT_HEADERS, **JSON}
    elif "event" in function:
        body, headers = b'{"specversion":"1.0","type":"t","source":"s","data":%b}' % body, {"content-type": EVENT}
    assert client.post(body, headers).status == status
    gc.collect()
    gc.disable()
    tracemalloc.start()
    try:
        assert client.post(body, headers).status == status
        left, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        gc.enable()
    assert left < len(body) / 2
