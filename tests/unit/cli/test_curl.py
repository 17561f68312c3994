"""A request as a command of curl, run by a shell against a server."""

from __future__ import annotations

import subprocess
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING

import pytest

from funcpack.playground.curl import curl_command
from tests.unit.cli.exchanges import exchange, message

if TYPE_CHECKING:
    from collections.abc import Iterator

    from funcpack.dev_server.history import Exchange

ORIGIN = "http://127.0.0.1:8080"


class Recorder(BaseHTTPRequestHandler):
    """Keeps what came in."""

    received: list[tuple[str, str, dict[str, str], bytes]]

    def answer(self) -> None:
        """Answer without a body."""
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        self.received.append(
            (self.command, self.path, {name.lower(): value for name, value in self.headers.items()}, body)
        )
        self.send_response(204)
        self.end_headers()

    do_GET = do_HEAD = do_POST = do_DELETE = answer  # noqa: N815 - the names of http.server

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def recorder() -> Iterator[HTTPServer]:
    Recorder.received = []
    with HTTPServer(("127.0.0.1", 0), Recorder) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    "found",
    [
        exchange(method="GET", path="/a%20b/../c?d=[1-9]&e={x,y}"),
        exchange(method="HEAD"),
        exchange(method="DELETE"),
        exchange(request=message(b'{"name": "It\'s"}', content_type="application/json")),
        exchange(request=message(b"@/etc/passwd\n\ttwo lines\n", content_type="text/plain")),
        exchange(request=message(b"$(id) `id` !! \\n %s", content_type="text/plain")),
        exchange(request=message(bytes(range(256)), content_type="application/octet-stream")),
        exchange(request=message("\u202eé".encode(), content_type="text/plain")),
        exchange(request=message(b"no type")),
        exchange(method="GET", request=message(b"body", content_type="text/plain")),
        exchange(method="GET", request=message(x_empty="", x_quote="'\"$(id)")),
    ],
    ids=range(11),
)
def test_command_sends_the_same_request(found: Exchange, recorder: HTTPServer) -> None:
    command = curl_command(found, f"http://127.0.0.1:{recorder.server_port}")
    subprocess.run(["sh", "-c", command], check=True, capture_output=True)
    [(method, path, headers, body)] = Recorder.received
    assert (method, path, body) == (found.method, found.path, found.request.body)
    sent = {
        name: value for name, value in headers.items() if name not in {"accept", "user-agent", "host", "content-length"}
    }
    assert sent == dict(found.request.headers)


def test_command_has_no_control_characters() -> None:
    found = exchange(request=message(b"\x1b[31m", x_a="\x1b]0;x\x07\u202e"), path="/\x9b")
    assert curl_command(found, ORIGIN).isprintable()


@pytest.mark.parametrize(
    ("found", "command"),
    [
        (
            exchange(method="GET", request=message(host="127.0.0.1:8080", x_request_id="1")),
            "curl --include --globoff --path-as-is http://127.0.0.1:8080/",
        ),
        (
            exchange(method="GET", request=message(host="example.com")),
            "curl --include --globoff --path-as-is --header 'host: example.com' http://127.0.0.1:8080/",
        ),
    ],
)
def test_fields_that_curl_sets_are_left_out(found: Exchange, command: str) -> None:
    assert curl_command(found, ORIGIN) == command


def test_command_tells_that_a_body_is_cut() -> None:
    found = exchange(request=message(b"abc", 5, content_type="text/plain"))
    assert curl_command(found, ORIGIN).endswith("# the first 3 of 5 bytes of the body")
