"""The front of `funcpack run` changes nothing: requests and answers are those of the invoker without it."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.integration.cli.conftest import DEADLINE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.cli.conftest import Run, StartRun

MOST_BODY = 100_000

HOP_BY_HOP = {"connection", "keep-alive", "x-hop"}
ADDED = {"x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-request-id", "traceparent"}

FUNCTION = f"""
    import hashlib, json, time
    from pathlib import Path
    from flask import Response

    def handler(req):
        match req.path:
            case "/headers":
                return json.dumps([req.method, req.url, req.full_path, req.environ["SERVER_PROTOCOL"], sorted(
                    (name.lower(), value) for name, value in req.headers
                    if name.lower() not in {HOP_BY_HOP | ADDED}
                )])
            case "/body":
                return hashlib.sha256(req.get_data()).hexdigest()
            case "/early":
                return "early", 403
            case "/repeated":
                return "x", 201, [("set-cookie", "a=1"), ("set-cookie", "b=2"), ("x-a", "1"), ("x-b", ""), ("X-A", "2")]
            case "/stream":
                return (f"{{n}}," for n in range(100))
            case "/length":
                return Response(iter(["abc", "def"]), headers={{"content-length": "6"}})
            case "/cut":
                def chunks():
                    yield "one"
                    raise ValueError
                return chunks()
            case "/large":
                return b"x" * 3_000_000
            case "/status":
                return "text", int(req.args["status"])
            case "/raise":
                raise ValueError
            case "/exit":
                import os
                os._exit(1)
            case _:
                return req.path
"""


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory, cache_home: Path) -> Iterator[tuple[int, int]]:
    """Serve the function by `funcpack run`; return the ports of the front, and of the invoker behind it."""
    import textwrap

    app = tmp_path_factory.mktemp("app")
    (app / "handler.py").write_text(textwrap.dedent(FUNCTION))
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "funcpack",
            "run",
            str(app),
            "--no-ui",
            "--port",
            "0",
            "--output",
            "json",
            "--env",
            f"FUNCTION_MAX_BODY={MOST_BODY}",
            "--env",
            "FUNCTION_MAX_HEADER=20KiB",
        ],
        env={**os.environ, "XDG_CACHE_HOME": str(cache_home)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    ports: list[int] = []
    for line in process.stdout:
        ports += [int(port) for port in re.findall(r"http://127\.0\.0\.1:(\d+)", line)]
        if len(ports) == 2:
            break
    drain = threading.Thread(target=process.stdout.read)
    drain.start()
    invoker, front = ports
    yield front, invoker
    process.terminate()
    process.wait(DEADLINE)
    drain.join(DEADLINE)
    process.stdout.close()


def exchange(port: int, *parts: bytes) -> bytes:
    """Send bytes, and return all that comes back until the server closes the connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=DEADLINE) as connection:
        with suppress(ConnectionError):
            for part in parts:
                connection.sendall(part)
        received = b""
        with suppress(ConnectionError):
            while data := connection.recv(1 << 16):
                received += data
        return received


def comparable(answer: bytes) -> tuple[list[bytes], bytes]:
    """Return the status with the fields, and the body, of an answer, without what differs between any two answers.

    The phrase of a status is that of the Python version. The sizes of chunks are up to each server.
    """
    head, _, body = answer.partition(b"\r\n\r\n")
    status, *fields = head.lower().split(b"\r\n")
    kept = [field for field in fields if not field.startswith((b"date: ", b"x-request-id: "))]
    if b"transfer-encoding: chunked" in kept:
        body = re.sub(rb"(?m)^[0-9a-f]+\r\n", b"", body).replace(b"\r\n", b"")
    return [status[:12], *sorted(kept)], re.sub(rb"(?mi)^(HTTP/1.1 \d+|date: |x-request-id: ).*\r\n", b"", body)


def request(target: str, method: str = "GET", fields: str = "", body: bytes = b"", *, version: str = "1.1") -> bytes:
    """Return a request that is the last one of its connection."""
    head = f"{method} {target} HTTP/{version}\r\nHost: example.com:99\r\nConnection: close\r\n{fields}\r\n"
    return head.encode("latin-1") + body


def chunked(*chunks: bytes, trailer: bytes = b"") -> bytes:
    return b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n" + trailer + b"\r\n"


CHUNKED = "Transfer-Encoding: chunked\r\n"

REQUESTS = {
    "get": request("/a"),
    "target": request("/a//b/../c%2Fd;e=f/%zz?x=%20&x=+&&=#"[:-1]),
    "absolute target": request("http://other.example/a?b"),
    "asterisk": request("*", "OPTIONS"),
    "connect": request("example.com:80", "CONNECT"),
    "unknown method": request("/headers", "PURGE"),
    "lower-case method": request("/headers", "get"),
    "head": request("/a", "HEAD"),
    "head of a stream": request("/stream", "HEAD"),
    "headers": request("/headers", fields="X-A: 1\r\nx-a: 2\r\nX_B: 3\r\nX-C:  4  \r\nCookie: a=1\r\nCookie: b=2\r\n"),
    "hop-by-hop field": request("/headers", fields="Keep-Alive: timeout=5\r\n").replace(b"close", b"close, x-hop"),
    "version 1.0": request("/headers", version="1.0"),
    "version 1.0 without host": b"GET /a HTTP/1.0\r\n\r\n",
    "stream in version 1.0": request("/stream", version="1.0"),
    "version 1.2": request("/headers", version="1.2"),
    "version 2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "no host": b"GET /a HTTP/1.1\r\nConnection: close\r\n\r\n",
    "two hosts": request("/a", fields="Host: other\r\n"),
    "malformed host": b"GET /a HTTP/1.1\r\nHost: a b\r\nConnection: close\r\n\r\n",
    "not HTTP": b"hello\r\n\r\n",
    "line feeds": b"GET /a HTTP/1.1\nHost: x\n\n",
    "folded field": request("/a", fields="X-A: 1\r\n 2\r\n"),
    "length": request("/body", "POST", "Content-Length: 5\r\n", b"hello"),
    "no body": request("/body", "POST", "Content-Length: 0\r\n"),
    "chunks": request("/body", "POST", CHUNKED, chunked(b"he", b"llo")),
    "chunks with trailer": request("/body", "POST", CHUNKED, chunked(b"hello", trailer=b"X-T: 1\r\n")),
    "bad trailer": request("/body", "POST", CHUNKED, chunked(b"hello", trailer=b"Host: 1\r\n")),
    "bad chunk": request("/body", "POST", CHUNKED, b"xyz\r\n"),
    "length and chunks": request("/body", "POST", f"Content-Length: 5\r\n{CHUNKED}", chunked(b"hello")),
    "two lengths": request("/body", "POST", "Content-Length: 5\r\nContent-Length: 6\r\n", b"hello"),
    "gzip coding": request("/body", "POST", "Transfer-Encoding: gzip, chunked\r\n", chunked(b"hello")),
    "too large": request("/body", "POST", f"Content-Length: {MOST_BODY + 1}\r\n", b"x"),
    "too large a chunk": request("/body", "POST", CHUNKED, b"%x\r\nx" % (MOST_BODY + 1)),
    "too large together": request("/body", "POST", CHUNKED, chunked(*[b"x" * 1000] * 101)),
    "largest": request("/body", "POST", f"Content-Length: {MOST_BODY}\r\n", b"x" * MOST_BODY),
    "early answer": request("/early", "POST", "Content-Length: 2000\r\n", b"x" * 2000),
    "expectation": request("/body", "POST", "Content-Length: 5\r\nExpect: 100-continue\r\n", b"hello"),
    "unmet expectation": request("/a", "POST", f"Content-Length: {MOST_BODY + 1}\r\nExpect: 100-continue\r\n"),
    "other expectation": request("/a", "POST", "Content-Length: 5\r\nExpect: wonder\r\n", b"hello"),
    "long target": request(f"/{'x' * 8190}"),
    "long field": request("/a", fields=f"X-A: {'x' * 33_000}\r\n"),
    "long header": request("/a", fields="".join(f"X-{n}: {'x' * 1000}\r\n" for n in range(25))),
    "many fields": request("/a", fields="".join(f"X-{n}: 1\r\n" for n in range(101))),
    "repeated fields": request("/repeated"),
    "stream": request("/stream"),
    "stream with length": request("/length"),
    "cut stream": request("/cut"),
    "large": request("/large"),
    "204": request("/status?status=204"),
    "205": request("/status?status=205"),
    "304": request("/status?status=304"),
    "599": request("/status?status=599"),
    "exception": request("/raise"),
    "health": request("/health/ready"),
    "health of another method": request("/health/live", "POST"),
    "upgrade": request("/a", fields="Upgrade: websocket\r\n").replace(b"close", b"close, upgrade"),
    "contradicting proxies": request("/a", fields="X-Forwarded-Proto: https\r\nX-Forwarded-Ssl: off\r\n"),
    "proxy": request("/headers", fields="X-Forwarded-Ssl: on\r\n"),
    "pipelined": request("/a").replace(b"Connection: close\r\n", b"") + request("/b"),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_answer_is_that_of_the_invoker(pair: tuple[int, int], name: str) -> None:
    front, invoker = (comparable(exchange(port, REQUESTS[name])) for port in pair)
    assert front == invoker
    assert front[0][0].startswith(b"http/1.")


def test_client_that_waits_is_told_to_send_its_body(pair: tuple[int, int]) -> None:
    with socket.create_connection(("127.0.0.1", pair[0]), timeout=DEADLINE) as connection:
        connection.sendall(request("/body", "POST", "Content-Length: 5\r\nExpect: 100-continue\r\n"))
        assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"hello")
        assert connection.recv(1000).startswith(b"HTTP/1.1 200 ")


def test_connection_is_kept_for_many_requests(pair: tuple[int, int]) -> None:
    with socket.create_connection(("127.0.0.1", pair[0]), timeout=DEADLINE) as connection:
        for number in range(200):
            connection.sendall(f"GET /{number} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            assert connection.recv(10_000).endswith(f"\r\n\r\n/{number}".encode())


def test_process_that_ends_during_a_call_is_502_and_the_next_call_is_answered(start_run: StartRun) -> None:
    run = start_run(FUNCTION)
    assert run.get("/exit").status == 502
    assert run.get("/a").body == b"/a"


def test_rejection_is_in_the_log(start_run: StartRun) -> None:
    run = start_run(FUNCTION)
    exchange(run.port, request(f"/{'x' * 8190}"))
    run.wait_until(lambda: "rejected a request with status 414" in str(run.lines()), "the line about the limit")


STREAM = """
    import time
    from pathlib import Path

    def handler(req):
        def chunks():
            try:
                for number in range(1000):
                    yield f"data: {number}\\n\\n"
                    while not (Path(req.args["dir"]) / str(number)).exists():
                        yield ""
                        time.sleep(0.01)
            finally:
                (Path(req.args["dir"]) / "closed").touch()
        return chunks(), 200, {"content-type": "text/event-stream"}
"""


def test_stream_arrives_chunk_by_chunk_and_ends_with_its_client(start_run: StartRun, tmp_path: Path) -> None:
    run = start_run(STREAM)
    signs = tmp_path / "signs"
    signs.mkdir()
    with socket.create_connection(("127.0.0.1", run.port), timeout=DEADLINE) as connection:
        connection.sendall(request(f"/?dir={signs}"))
        received = b""
        for number in range(5):
            while f"data: {number}\n".encode() not in received:
                received += connection.recv(1000)
            (signs / str(number)).touch()
    run.wait_until((signs / "closed").exists, "the end of the stream")


def test_call_of_a_client_that_leaves_is_cancelled(start_run: StartRun, tmp_path: Path) -> None:
    run = start_run(
        """
        import asyncio
        from pathlib import Path

        async def handler(req):
            directory = Path(req.args["dir"])
            (directory / "begun").touch()
            try:
                await asyncio.sleep(1000)
            except asyncio.CancelledError:
                (directory / "cancelled").touch()
                raise
        """
    )
    signs = tmp_path / "signs"
    signs.mkdir()
    with socket.create_connection(("127.0.0.1", run.port), timeout=DEADLINE) as connection:
        connection.sendall(request(f"/?dir={signs}"))
        run.wait_until((signs / "begun").exists, "the call")
    run.wait_until((signs / "cancelled").exists, "the cancellation")
    assert run.wait_for("request")["status"] == 0


def test_large_upload_and_download_pass_through(start_run: StartRun) -> None:
    run = start_run(
        """
        import hashlib

        def handler(req):
            digest, size = hashlib.sha256(), 0
            while data := req.stream.read(1 << 16):
                digest.update(data)
                size += len(data)
            return (b"x" * 1_000_000 for _ in range(50)), 200, {"x-digest": digest.hexdigest(), "x-size": str(size)}
        """
    )
    import hashlib

    body = os.urandom(1 << 20) * 50
    answer = run.get("/", "POST", body)
    assert answer.headers["x-digest"] == hashlib.sha256(body).hexdigest()
    assert answer.body == b"x" * 50_000_000
    assert run.wait_for("request")["bytes"] == 50_000_000


def test_front_keeps_only_a_part_of_what_one_side_does_not_take(start_run: StartRun) -> None:
    run = start_run(
        """
        def handler(req):
            return (b"x" * 1_000_000 for _ in range(300))
        """
    )
    with socket.create_connection(("127.0.0.1", run.port), timeout=DEADLINE) as connection:
        connection.sendall(request("/"))
        assert connection.recv(100)
        received = 0
        while data := connection.recv(1 << 20):
            received += len(data)
    assert received > 300_000_000
    assert peak_memory(run) < 150_000_000


def peak_memory(run: Run) -> int:
    status = Path(f"/proc/{run.process.pid}/status").read_text(encoding="ascii")
    kilobytes = re.findall(r"VmHWM:\s+(\d+) kB", status)[0]
    return int(kilobytes) * 1024


def test_64_slow_calls_run_at_once(start_run: StartRun) -> None:
    run = start_run(
        """
        import asyncio

        waiting = 0
        all_here = asyncio.Event()

        async def handler(req):
            global waiting
            waiting += 1
            if waiting == 64:
                all_here.set()
            await all_here.wait()
            return str(waiting)
        """
    )
    port = run.port
    answers: list[bytes] = []

    def call() -> None:
        answers.append(exchange(port, request("/")))

    threads = [threading.Thread(target=call) for _ in range(64)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(DEADLINE)
    assert [answer.endswith(b"\r\n\r\n64") for answer in answers] == [True] * 64


def test_header_of_a_stream_does_not_wait_for_its_body(start_run: StartRun) -> None:
    run = start_run(
        """
        async def handler(scope, receive, send):
            assert scope["type"] == "http"
            await send({"type": "http.response.start", "status": 200, "headers": [(b"x-early", b"yes")]})
            await send({"type": "http.response.body", "body": b"", "more_body": True})
            while (await receive())["type"] != "http.disconnect":
                pass
        """
    )
    with socket.create_connection(("127.0.0.1", run.port), timeout=DEADLINE) as connection:
        connection.sendall(request("/").replace(b"Connection: close\r\n", b""))
        assert b"x-early: yes\r\n" in connection.recv(10_000)
