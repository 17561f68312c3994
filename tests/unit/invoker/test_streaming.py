from __future__ import annotations

import asyncio
import contextvars
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from funcpack_invoker.http.response import Reply
from funcpack_invoker.http.streaming import Stream
from funcpack_invoker.threads.pool import ThreadPool

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.invoker.conftest import Client

    Serve = Callable[..., Client]

FAULTS = [
    "raise ValueError",
    "raise SystemExit(3)",
    "raise GeneratorExit",
    "import asyncio; raise asyncio.CancelledError",
    "yield 7",
]


@pytest.mark.parametrize("definition", ["def", "async def"])
def test_chunks_are_sent_one_by_one(serve: Serve, definition: str) -> None:
    answer = serve(f"{definition} handler():\n yield 'a'\n yield b''\n yield b'bc'").request()
    assert ([chunk for chunk in answer.chunks if chunk], answer.complete) == ([b"a", b"bc"], True)


@pytest.mark.parametrize(
    ("first", "content_type"), [("'a'", "text/html; charset=utf-8"), ("b'a'", "application/octet-stream")]
)
def test_first_chunk_says_what_the_stream_is(serve: Serve, first: str, content_type: str) -> None:
    assert serve(f"def handler():\n yield {first}").request().header("content-type") == content_type


@pytest.mark.parametrize("definition", ["def", "async def"])
@pytest.mark.parametrize("fault", FAULTS)
def test_error_before_the_first_chunk_is_500(serve: Serve, definition: str, fault: str) -> None:
    answer = serve(f"{definition} handler():\n {fault}\n yield 'a'").request()
    assert (answer.status, answer.complete) == (500, True)


@pytest.mark.parametrize("definition", ["def", "async def"])
def test_abort_before_the_first_chunk_has_its_own_status(serve: Serve, definition: str) -> None:
    answer = serve(f"import flask\n{definition} handler():\n flask.abort(418)\n yield 'a'").request()
    assert (answer.status, answer.complete) == (418, True)


@pytest.mark.parametrize("definition", ["def", "async def"])
@pytest.mark.parametrize("fault", FAULTS)
def test_error_after_the_first_chunk_cuts_the_response(
    serve: Serve, caplog: pytest.LogCaptureFixture, definition: str, fault: str
) -> None:
    answer = serve(f"{definition} handler():\n yield 'a'\n {fault}").request()
    assert (answer.status, answer.body, answer.complete) == (200, b"a", False)
    assert [record.levelname for record in caplog.records] == ["ERROR"]


@pytest.mark.parametrize("definition", ["def", "async def"])
def test_generator_of_a_client_that_left_is_closed(serve: Serve, definition: str) -> None:
    client = serve(f"""
        import asyncio, time
        seen = []

        {definition} endless():
            try:
                while True:
                    seen.append("chunk")
                    yield b"x"
                    {"await asyncio.sleep(0.01)" if definition == "async def" else "time.sleep(0.01)"}
            finally:
                seen.append("closed")

        def handler(req):
            return seen if req.path == "/seen" else endless()
    """)

    async def leave() -> bool:
        task = asyncio.ensure_future(client.send())
        await client.wait_for("/seen", bool)
        task.cancel()
        await client.wait_for("/seen", lambda seen: "closed" in seen)
        return task.cancelled()

    assert client.runner.run(leave())


@pytest.mark.parametrize(
    ("code", "status", "complete"),
    [
        pytest.param(
            "import asyncio\nasync def handler():\n await asyncio.sleep(60)\n yield 'a'", 504, True, id="before"
        ),
        pytest.param(
            "import asyncio\nasync def handler():\n yield 'a'\n await asyncio.sleep(60)", 200, False, id="after"
        ),
        pytest.param(
            "import time\ndef handler():\n yield 'a'\n time.sleep(0.5)\n yield 'b'", 200, False, id="blocking"
        ),
    ],
)
def test_stream_has_no_more_time_than_a_call(serve: Serve, code: str, status: int, complete: bool) -> None:
    answer = serve(code, FUNCTION_TIMEOUT="0.1").request()
    assert (answer.status, answer.complete) == (status, complete)


def test_stream_is_closed_although_its_client_leaves_before_a_thread_is_free() -> None:
    async def leave() -> bool:
        pool, go = ThreadPool(1, "test"), threading.Event()
        closed: list[bool] = []
        busy = pool.run(lambda _: go.wait(20), None, contextvars.copy_context())
        reply = Reply(200)
        reply.chunks, reply.close = iter([b"a"]), lambda: closed.append(True)
        task = asyncio.ensure_future(Stream(reply, contextvars.copy_context(), pool).close())
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait({task})
        go.set()
        await busy
        await pool.close()
        return task.cancelled() and closed == [True]

    assert asyncio.run(leave())


def test_streaming_response_keeps_its_length_and_is_closed(serve: Serve) -> None:
    client = serve("""
        import flask
        seen = []

        def handler(req):
            if req.path == "/seen":
                return seen
            response = flask.Response(iter(["ab", "c"]), headers={"Content-Length": "3"})
            response.call_on_close(lambda: seen.append("closed"))
            return response
    """)
    answer = client.request()
    assert (answer.body, answer.header("content-length")) == (b"abc", "3")
    assert client.request(target="/seen").json() == ["closed"]


def test_generator_sees_the_context_of_the_call(serve: Serve) -> None:
    client = serve("""
        import contextvars, flask
        value = contextvars.ContextVar("value")

        def handler():
            value.set("v")
            yield flask.request.path
            yield value.get()
    """)
    assert client.request(target="/p").text == "/pv"


@pytest.mark.parametrize("definition", ["def", "async def"])
@pytest.mark.parametrize("parameter", ["req", "data"])
@pytest.mark.parametrize("hooked", [True, False])
@pytest.mark.parametrize(("shape", "status"), [("response", 200), ("(response, 201)", 201)])
def test_response_streams_an_async_generator(
    serve: Serve, definition: str, parameter: str, hooked: bool, shape: str, status: int
) -> None:
    client = serve(f"""
        import flask

        ended = []

        if {hooked}:
            flask.current_app.teardown_request(lambda _error: ended.append("request"))

        async def parts():
            try:
                yield "a"
                yield b"b"
            finally:
                ended.append("generator")

        {definition} handler({parameter}):
            response = flask.Response(parts(), mimetype="text/event-stream")
            response.call_on_close(lambda: ended.append("response"))
            return {shape}
    """)
    answer = client.event() if parameter == "data" else client.request()
    assert (answer.status, answer.body, answer.complete) == (status, b"ab", True)
    assert answer.header("content-type") == "text/event-stream; charset=utf-8"
    assert sorted(sys.modules["handler"].ended) == ["generator", *(["request"] if hooked else []), "response"]
