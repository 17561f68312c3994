from __future__ import annotations

import asyncio
import logging
import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.invoker.conftest import Answer, Client

    Serve = Callable[..., Client]


@pytest.mark.parametrize(
    ("host", "version", "status"),
    [
        ("localhost", "1.1", 200),
        ("example.com:8080", "1.1", 200),
        ("[::1]:8080", "1.1", 200),
        ("[fe80::1%25eth0]", "1.1", 200),
        ("", "1.1", 200),
        ("a b", "1.1", 400),
        ("a/b", "1.1", 400),
        ("a@b", "1.1", 400),
        ("a:b", "1.1", 400),
        ("h\xe9", "1.1", 400),
        ("[::1", "1.1", 400),
        (None, "1.1", 400),
        (None, "1.0", 200),
    ],
)
def test_host(serve: Serve, host: str | None, version: str, status: int) -> None:
    client = serve("def handler(): return ''")
    assert client.request(headers={"host": host}, http_version=version).status == status


@pytest.mark.parametrize(
    ("method", "target", "status", "path"),
    [
        pytest.param("GET", "http://localhost:8080/a/b", 200, "/a/b", id="absolute-form"),
        pytest.param("GET", "HTTPS://localhost", 200, "/", id="absolute-form-without-path"),
        pytest.param("GET", "ftp://localhost/", 400, None, id="other-scheme"),
        pytest.param("GET", "http:///a", 400, None, id="absolute-form-without-host"),
        pytest.param("GET", "http://a,b c/a", 400, None, id="absolute-form-with-malformed-host"),
        pytest.param("GET", "http://[/a", 400, None, id="malformed"),
        pytest.param("CONNECT", "localhost:8080", 400, None, id="connect"),
        pytest.param("OPTIONS", "*", 200, "/*", id="asterisk"),
        pytest.param("GET", "*", 400, None, id="asterisk-of-another-method"),
        pytest.param("GET", "//a/../b", 200, "/a/../b", id="slashes-and-dots"),
        pytest.param("GET", "/a%2Fb%00", 200, "/a/b\0", id="percent"),
        pytest.param("GET", "/%ff", 200, "/\ufffd", id="not-utf-8"),
    ],
)
def test_request_target(serve: Serve, method: str, target: str, status: int, path: str | None) -> None:
    answer = serve("def handler(req): return req.path").request(method, target)
    assert answer.status == status
    if path is not None:
        assert answer.text == path


def test_host_of_the_target_is_the_one_that_counts(serve: Serve) -> None:
    client = serve("def handler(req): return req.url")
    answer = client.request(target="http://me@other:81/a", headers={"host": "localhost:8080"})
    assert answer.text == "http://other:81/a"


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        pytest.param([b"x" * 10], {}, 200, id="just-fits"),
        pytest.param([b"x" * 5, b"x" * 6], {}, 413, id="grows-too-large"),
        pytest.param([b"x"], {"content-length": "11"}, 413, id="declared-too-large"),
        pytest.param([b"x"], {"content-length": "9" * 5000}, 413, id="declared-with-5000-digits"),
        pytest.param([b"x" * 10], {"content-length": "0" * 5000 + "10"}, 200, id="leading-zeros"),
    ],
)
@pytest.mark.parametrize("definition", ["def handler(body)", "async def handler(req)"])
def test_body_limit(serve: Serve, definition: str, body: list[bytes], headers: dict[str, str], status: int) -> None:
    client = serve(f"{definition}: return 'called'", FUNCTION_MAX_BODY="10")
    assert client.post(body, headers).status == status


def test_large_body_is_streamed_to_a_blocking_function(serve: Serve) -> None:
    client = serve("""
        def handler(req):
            size, most = 0, 0
            while chunk := req.stream.read(1 << 16):
                size += len(chunk)
                most = max(most, len(chunk))
            return [size, most]
    """)
    assert client.post([b"x" * (1 << 20)] * 5).json() == [5 << 20, 1 << 16]


@pytest.mark.parametrize("read", ["req.get_data()", "req.stream.read()", "list(req.stream)"])
def test_streamed_body_is_limited_too(serve: Serve, read: str) -> None:
    client = serve(f"def handler(req): {read}; return 'called'", FUNCTION_MAX_BODY="3MiB")
    assert client.post([b"x" * (1 << 20)] * 5).status == 413


AWAITED = """
    import asyncio

    async def size_of(req):
        return str(len({read}))

    def handler(req):
        {before}
        return size_of(req)
"""


@pytest.mark.parametrize("before", ["pass", "req.method", "req.stream.read(100)"])
@pytest.mark.parametrize("read", ["req.stream.read()", "await asyncio.to_thread(req.stream.read)"])
def test_coroutine_of_a_blocking_function_reads_the_rest_of_the_body(serve: Serve, read: str, before: str) -> None:
    client = serve(AWAITED.format(read=read, before=before))
    answer = client.post([b"x" * (1 << 20)] * 5)
    assert answer.text == str((5 << 20) - (100 if "100" in before else 0))


@pytest.mark.parametrize(("is_cut", "status"), [(False, 413), (True, 408)])
def test_coroutine_of_a_blocking_function_learns_that_the_body_is_not_complete(
    serve: Serve, is_cut: bool, status: int
) -> None:
    client = serve(AWAITED.format(read="req.get_data()", before="pass"), FUNCTION_MAX_BODY="3MiB")
    body = [b"x" * (1 << 20)] * (2 if is_cut else 5)
    answer = client.runner.run(client.send("POST", body=body, is_cut=is_cut))
    assert answer.status == status


@pytest.mark.parametrize("definition", ["def handler(body)", "def handler(req)", "async def handler(req)"])
def test_body_that_stops_is_408(serve: Serve, definition: str) -> None:
    client = serve(f"{definition}: raise AssertionError('called')")
    answer = client.runner.run(client.send("POST", body=[b"x"], is_cut=True))
    assert answer.status == 408


def test_async_function_is_given_up_after_its_time(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    client = serve("""
        import asyncio
        seen = []

        async def handler(req):
            if req.path == "/seen":
                return seen
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                seen.append("cancelled")
                raise
    """, FUNCTION_TIMEOUT="0.05")  # fmt: skip
    assert client.request().status == 504
    assert client.request(target="/seen").json() == ["cancelled"]
    assert "FUNCTION_TIMEOUT" in caplog.text


def test_late_result_of_a_thread_is_dropped_and_logged(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    client = serve("""
        import threading
        go = threading.Event()

        def handler(req):
            if req.path != "/":
                go.set()
            else:
                go.wait(5)
            return ["late"]
    """, FUNCTION_TIMEOUT="0.2")  # fmt: skip
    assert client.request().status == 504
    assert client.request(target="/go").status == 200
    # The loop has to turn once more for the late result.
    client.runner.run(client.wait_for("/health", lambda _: "discarded a late result" in caplog.text))


def test_late_generator_is_closed_on_a_thread(serve: Serve) -> None:
    client = serve("""
        import threading
        import flask
        go = threading.Event()
        closed = []

        def handler(req):
            if req.path != "/":
                go.set()
                yield f'["{" ".join(closed)}"]'
                return
            try:
                go.wait(5)
                yield "late"
            finally:
                closed.append(f"{threading.current_thread().name} {flask.request.path}")
    """, FUNCTION_TIMEOUT="0.2")  # fmt: skip
    assert client.request().status == 504
    found = client.runner.run(client.wait_for("/seen", lambda seen: seen != [""]))
    assert found[0].startswith("function-")
    assert found[0].endswith(" /")


def test_function_that_times_out_itself_is_500(serve: Serve) -> None:
    client = serve("async def handler(): raise TimeoutError", FUNCTION_TIMEOUT="5")
    assert client.request().status == 500


def test_cancellation_inside_the_function_is_500(serve: Serve) -> None:
    client = serve("""
        import asyncio

        async def handler():
            task = asyncio.ensure_future(asyncio.sleep(60))
            task.cancel()
            await task
    """)
    assert client.request().status == 500


@pytest.mark.parametrize("seconds", ["5", "31536000"])
def test_deadline_is_in_the_context(serve: Serve, seconds: str) -> None:
    client = serve("def handler(context): return [str(context.deadline), context.deadline.tzinfo is not None]",
                   FUNCTION_TIMEOUT=seconds)  # fmt: skip
    assert client.request().json()[1] is True


def test_no_deadline_without_timeout(serve: Serve) -> None:
    assert serve("def handler(context): return [context.deadline]").request().json() == [None]


@pytest.mark.parametrize(
    "code",
    [
        pytest.param("def handler(): import time; time.sleep(0.2); return ''", id="blocking"),
        pytest.param("import asyncio\nasync def handler(): await asyncio.sleep(0.2); return ''", id="async"),
    ],
)
def test_more_requests_than_allowed_are_503(serve: Serve, code: str) -> None:
    client = serve(code, FUNCTION_CONCURRENCY="2")

    async def three() -> list[int]:
        answers = await asyncio.gather(client.send(), client.send(), client.send())
        assert answers[2].header("retry-after") == "1"
        return [answer.status for answer in answers]

    assert client.runner.run(three()) == [200, 200, 503]
    assert client.request().status == 200


def test_place_is_taken_until_the_thread_is_done(serve: Serve) -> None:
    client = serve("""
        import threading
        go = threading.Event()

        def handler():
            go.wait(5)
            return ""
    """, FUNCTION_CONCURRENCY="1", FUNCTION_TIMEOUT="0.1")  # fmt: skip
    assert client.request().status == 504
    assert client.request().status == 503
    sys.modules["handler"].go.set()


def test_health_is_answered_above_the_limit(serve: Serve) -> None:
    client = serve("import asyncio\nasync def handler(): await asyncio.sleep(0.1); return ''", FUNCTION_CONCURRENCY="1")

    async def call_and_probe() -> list[int]:
        answers = await asyncio.gather(client.send(), client.send(target="/health/ready"))
        return [answer.status for answer in answers]

    assert client.runner.run(call_and_probe()) == [200, 200]


@pytest.mark.parametrize("definition", ["def", "async def"])
def test_function_whose_client_left(serve: Serve, definition: str) -> None:
    wait = "await asyncio.sleep(60)" if definition == "async def" else "time.sleep(0.1)"
    client = serve(f"""
        import asyncio, time
        seen = []

        {definition} handler(req):
            if req.path == "/seen":
                return seen
            seen.append("began")
            try:
                {wait}
                seen.append("ended")
            except asyncio.CancelledError:
                seen.append("cancelled")
                raise
    """)

    async def leave() -> Any:
        task = asyncio.ensure_future(client.send())
        await client.wait_for("/seen", bool)
        task.cancel()
        return await client.wait_for("/seen", lambda seen: len(seen) > 1)

    assert client.runner.run(leave()) == ["began", "cancelled" if definition == "async def" else "ended"]


def test_calls_whose_clients_left_before_a_thread_was_free_are_not_begun(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    client = serve("""
        import threading
        begun, go = threading.Event(), threading.Event()
        seen = []

        def handler(req):
            seen.append(req.path)
            begun.set()
            go.wait(20)
            return seen
    """, FUNCTION_THREADS="1")  # fmt: skip
    function = sys.modules["handler"]

    async def leave() -> Any:
        tasks = [asyncio.ensure_future(client.send(target=path)) for path in ("/first", "/second", "/third")]
        await asyncio.to_thread(function.begun.wait, 20)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        function.go.set()
        return (await client.send(target="/last")).json()

    assert client.runner.run(leave()) == ["/first", "/last"]
    assert [message for message in caplog.messages if message.endswith("so far)")] == [
        "discarded a late result: the client left or the call timed out (1 so far)",
        "skipped a call: the client left or the call timed out while it waited for a thread (1 so far)",
        "skipped a call: the client left or the call timed out while it waited for a thread (2 so far)",
    ]


def test_call_that_is_not_begun_gives_its_place_and_memory_back(serve: Serve) -> None:
    client = serve("""
        import threading
        go = threading.Event()

        def handler(body):
            go.wait(20)
            return "answered"
    """, memory=1 << 30, FUNCTION_THREADS="1", FUNCTION_TIMEOUT="0.1", FUNCTION_CONCURRENCY="2")  # fmt: skip

    async def three() -> list[Answer]:
        return await asyncio.gather(*(client.send("POST", body=b"x") for _ in range(3)))

    assert [answer.status for answer in client.runner.run(three())] == [504, 504, 503]
    sys.modules["handler"].go.set()
    client.runner.run(client.app.shutdown())
    assert client.app.admission is not None
    small = client.app.admission.small
    assert (client.app.running, small.free) == (0, small.size)


def test_request_id_that_is_not_sane_is_replaced(serve: Serve) -> None:
    client = serve("def handler(context): return context.request_id")
    answer = client.request(headers={"x-request-id": "a b"})
    assert answer.text == answer.header("x-request-id")
    assert len(answer.text) == 32


def test_access_log(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    serve("def handler(): return ''", FUNCTION_ACCESS_LOG="on").request(target="/a?token=secret")
    (line,) = [record.getMessage() for record in caplog.records if record.name == "funcpack.access"]
    assert line.startswith("GET '/a' 200 ")


@pytest.mark.parametrize(
    ("target", "status", "path"),
    [
        pytest.param("http://user:secret@localhost/a", 200, "'/a'", id="absolute-form"),
        pytest.param("ftp://user:secret@localhost/a", 400, "'-'", id="rejected scheme"),
        pytest.param("http://user:secret@[/a", 400, "'-'", id="malformed"),
    ],
)
def test_access_log_of_a_hostile_target(
    serve: Serve, caplog: pytest.LogCaptureFixture, target: str, status: int, path: str
) -> None:
    caplog.set_level(logging.INFO)
    assert serve("def handler(): return ''", FUNCTION_ACCESS_LOG="on").request(target=target).status == status
    (line,) = [record.getMessage() for record in caplog.records if record.name == "funcpack.access"]
    assert line.startswith(f"GET {path} {status} ")


@pytest.mark.parametrize(
    ("size", "threads"),
    [pytest.param(1 << 16, [True, True], id="small"), pytest.param((1 << 16) + 1, [False, False], id="large")],
)
def test_event_loop_does_not_convert_large_data(serve: Serve, size: int, threads: list[bool]) -> None:
    """The function is asked which of its conversions ran on the main thread."""
    client = serve("""
        import threading
        from collections import UserDict
        from dataclasses import dataclass

        seen = []

        def note():
            seen.append(threading.current_thread() is threading.main_thread())

        @dataclass
        class Order:
            text: str

            def __post_init__(self):
                if self.text:
                    note()

        class Answer(UserDict):
            def items(self):
                note()
                return super().items()

        async def handler(body: Order):
            return Answer(a=1) if body.text else seen
    """)
    order = b'{"text": "%s"}'
    filled = order % (b"x" * (size - len(order % b"")))
    assert client.post(filled).json() == {"a": 1}
    assert client.post(order % b"").json() == threads


@pytest.mark.parametrize(("count", "status"), [(10_000, 200), (10_001, 413)])
def test_batch_has_a_limit(serve: Serve, count: int, status: int) -> None:
    event = b'{"specversion": "1.0", "id": "1", "source": "/s", "type": "t"}'
    client = serve("async def handler(data): ...")
    answer = client.post(b"[%s]" % b",".join([event] * count), {"content-type": "application/cloudevents-batch+json"})
    assert answer.status == status
