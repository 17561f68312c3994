"""A function on a thread is called while a large body still arrives; the event loop never waits for the rest of it."""

from __future__ import annotations

import gzip
import random
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.integration.conftest import Server, StartServer

FUNCTION = """
    import asyncio
    from cloudevents.core.v1.event import CloudEvent

    loop = asyncio.get_event_loop()

    async def size_of(request):
        return str(len(request.get_data()))

    async def parts_of(request):
        yield str(len(request.get_data()))

    def handler(request):
        if request.path == "/event":
            return CloudEvent({"type": "t", "source": "/s", "id": "1"}, {"ok": True})
        if request.path == "/parts":
            return parts_of(request)
        if request.path == "/on_the_loop":
            return loop.run_until_complete(size_of(request))
        return size_of(request)
"""

SIZE = 3_000_000
HEADER = b"POST /%s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n%sContent-Length: %d\r\n\r\n"


@pytest.fixture(scope="module")
def server(start_shared_server: StartServer) -> Server:
    return start_shared_server(FUNCTION)


@pytest.mark.parametrize("coding", [b"", b"Content-Encoding: gzip\r\n"], ids=["plain", "gzip"])
@pytest.mark.parametrize("path", [b"coroutine", b"parts"])
def test_coroutine_of_a_blocking_function_gets_the_whole_body(server: Server, path: bytes, coding: bytes) -> None:
    body = random.Random(1).randbytes(SIZE)
    sent = gzip.compress(body, 1) if coding else body
    with server.connect() as connection:
        connection.sendall(HEADER % (path, coding, len(sent)) + sent[: SIZE // 2])
        assert server.get("/health/live").status == 200
        connection.sendall(sent[SIZE // 2 :])
        answer = server.read_all(connection)
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"%d" % SIZE in answer.partition(b"\r\n\r\n")[2]


@pytest.mark.parametrize(
    ("path", "status", "reason"),
    [
        pytest.param(b"event", b"200", "", id="reply event without a look at the body"),
        pytest.param(
            b"on_the_loop", b"500", "the body of the request is still arriving", id="coroutine on the loop reads it"
        ),
    ],
)
def test_answer_does_not_wait_for_the_body(server: Server, path: bytes, status: bytes, reason: str) -> None:
    with server.connect() as connection:
        connection.sendall(HEADER % (path, b"", SIZE) + b"x" * (SIZE // 2))
        assert server.read_all(connection).startswith(b"HTTP/1.1 %s " % status)
    assert reason in server.log
