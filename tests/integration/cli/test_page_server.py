"""The server of the page, without a browser: who gets an answer, and what a page gets when it connects again."""

from __future__ import annotations

import json
import signal
import time
from contextlib import closing
from http.client import HTTPConnection, HTTPResponse
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from tests.integration.cli.conftest import DEADLINE, is_alive

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.integration.cli.conftest import Run, StartRun

HELLO = """
    def handler(req):
        print(f"asked for {req.path}", flush=True)
        return "hello"
"""

HANDSHAKE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


@pytest.fixture
def run(start_run: StartRun) -> Run:
    run = start_run(HELLO, "--ui-port", "0", "--host", "0.0.0.0")
    run.wait_for("ready")
    return run


def netloc(run: Run) -> str:
    """Return the host and port of the page."""
    return urlsplit(str(run.wait_for("ready")["ui"])).netloc


def ask(
    run: Run, method: str, path: str, headers: Mapping[str, str], body: str | None = None
) -> tuple[int, dict[str, Any]]:
    """Send a request to the page; return the status and the JSON of the answer, if it is JSON."""
    with closing(HTTPConnection(netloc(run), timeout=DEADLINE)) as connection:
        connection.request(method, path, body, dict(headers))
        response = connection.getresponse()
        is_json = response.headers["content-type"] == "application/json"
        return response.status, json.loads(response.read()) if is_json else {}


def events(response: HTTPResponse) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Return the ids and the entries of a stream of events."""
    number = ""
    for line in response:
        name, _, value = line.decode().strip().partition(": ")
        if name == "id":
            number = value
        elif name == "data":
            yield number, json.loads(value)


def open_stream(run: Run, last: str = "") -> tuple[HTTPConnection, Iterator[tuple[str, list[dict[str, Any]]]]]:
    connection = HTTPConnection(netloc(run), timeout=DEADLINE)
    connection.request("GET", "/api/events", headers={"Last-Event-ID": last} if last else {})
    return connection, events(connection.getresponse())


@pytest.mark.parametrize("handshake", [{}, HANDSHAKE], ids=["request", "WebSocket"])
def test_only_the_page_gets_an_answer(run: Run, handshake: Mapping[str, str]) -> None:
    own = netloc(run)
    port = own.rpartition(":")[2]
    for headers, status in (
        ({}, 200),
        ({"Origin": f"http://{own}"}, 200),
        ({"Host": f"localhost:{port}", "Origin": f"http://localhost:{port}"}, 200),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": f"http://127.0.0.1:{run.port}"}, 403),
        ({"Host": "evil.example"}, 403),
        ({"Host": f"evil.example:{port}"}, 403),
        ({"Host": f"evil.example:{port}", "Origin": f"http://evil.example:{port}"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
    ):
        for path in ("/", "/api/samples", "/static/main.js"):
            assert ask(run, "GET", path, {**headers, **handshake})[0] == status, (headers, path)


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({"Content-Type": "application/json"}, '{"kind": "http"}', 200),
        ({"Content-Type": "application/json", "Origin": "http://evil.example"}, '{"kind": "http"}', 403),
        ({"Content-Type": "text/plain"}, '{"kind": "http"}', 415),
        ({"Content-Type": "application/x-www-form-urlencoded"}, "kind=http", 415),
        ({"Content-Type": "application/json"}, "{", 400),
        ({"Content-Type": "application/json"}, "[]", 400),
        ({"Content-Type": "application/json"}, "[" * 100_000, 400),
        ({"Content-Type": "application/json"}, '{"kind": "other"}', 400),
        ({"Content-Type": "application/json"}, '{"kind": "http", "path": 1}', 400),
        ({"Content-Type": "application/json"}, '{"kind": "again", "number": 99}', 422),
        ({"Content-Type": "application/json"}, '{"kind": "event", "source": " ", "attributes": "Bad Name: x"}', 422),
    ],
)
def test_only_a_form_of_the_page_is_sent(run: Run, headers: Mapping[str, str], body: str, status: int) -> None:
    assert ask(run, "POST", "/api/send", headers, body)[0] == status
    assert len(run.all("request")) == (status == 200)


def test_page_listens_on_this_machine_only(run: Run) -> None:
    assert urlsplit(run.wait_for("ready")["ui"]).hostname == "127.0.0.1"


def test_stream_goes_on_after_the_last_entry(run: Run) -> None:
    run.get("/one")
    run.wait_for("request")
    connection, stream = open_stream(run)
    with closing(connection):
        found: list[dict[str, Any]] = []
        last = ""
        while not any(entry["kind"] == "exchange" for entry in found):
            last, entries = next(stream)
            found += entries
    assert found[0] == {"kind": "start"}
    assert [entry["path"] for entry in found if entry["kind"] == "exchange"] == ["/one"]
    assert "asked for /one" in [entry["text"] for entry in found if entry["kind"] == "line"]

    run.get("/two")
    connection, stream = open_stream(run, last)
    with closing(connection):
        later: list[dict[str, Any]] = []
        while not any(entry["kind"] == "exchange" for entry in later):
            later += next(stream)[1]
    assert [entry.get("path", entry.get("text")) for entry in later] == ["asked for /two", "/two"]


def test_stream_of_another_run_starts_again(run: Run) -> None:
    connection, stream = open_stream(run, "another-7")
    with closing(connection):
        assert next(stream)[1] == [{"kind": "start"}]


def test_request_is_sent_again_byte_for_byte(start_run: StartRun) -> None:
    source = """
        def handler(body, headers):
            return body + b"|" + headers["X-Raw"].encode("latin-1") + b"|" + headers["Host"].encode()
    """
    run = start_run(source, "--ui-port", "0")
    body = bytes(range(256))
    first = run.get("/%ff?a", "PUT", body, X_Raw="\xe9\xff", Host="example.com")
    run.wait_for("request")
    status, sent = ask(run, "POST", "/api/send", {"Content-Type": "application/json"}, '{"kind": "again", "number": 1}')
    assert (status, sent) == (200, {"number": 2})
    told = run.wait_for("request", 2)
    assert (told["method"], told["path"], told["bytes"]) == ("PUT", "/%ff?a", len(first.body))
    _, comparison = ask(run, "GET", "/api/exchanges/2/since/1", {})
    assert comparison == {"old": 1, "new": 1, "lines": []}


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGKILL])
def test_process_that_describes_the_function_ends_with_the_tool(start_run: StartRun, signum: int) -> None:
    source = """
        import os, pathlib, sys, time

        if sys.argv[0].endswith("described.py"):
            pathlib.Path("pid").write_text(str(os.getpid()))
            time.sleep(600)

        def handler(req):
            return "hello"
    """
    run = start_run(source, "--ui-port", "0", files={".gitignore": "pid"})
    run.wait_for("ready")
    with closing(HTTPConnection(netloc(run), timeout=DEADLINE)) as connection:
        connection.request("POST", "/api/function", "{}", {"Content-Type": "application/json"})
        run.wait_until(lambda: (run.app / "pid").exists() and (run.app / "pid").read_text() != "", "the process")
        pid = int((run.app / "pid").read_text())
        run.process.send_signal(signum)
        assert run.process.wait(DEADLINE) == (130 if signum == signal.SIGINT else -signum)
    deadline = time.monotonic() + DEADLINE
    while is_alive(pid):
        assert time.monotonic() < deadline
        time.sleep(0.005)
    assert "Traceback" not in run.log_file.read_text()


def test_function_that_cannot_be_loaded_twice_has_no_description(start_run: StartRun) -> None:
    source = """
        import sys

        if sys.argv[0].endswith("described.py"):
            raise OSError("the port is in use")

        def handler(req):
            return "hello"
    """
    run = start_run(source, "--ui-port", "0")
    run.wait_for("ready")
    status, answer = ask(run, "POST", "/api/function", {"Content-Type": "application/json"}, "{}")
    assert (status, answer["title"]) == (422, "The function is not loaded")
    assert "OSError: the port is in use" in answer["message"]
    assert "import time:" not in answer["message"]
