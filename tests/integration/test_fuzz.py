"""Requests at random, bounded and the same in every run: the server answers them or closes, and lives on."""

from __future__ import annotations

import json
import re
import socket
from contextlib import suppress
from http.client import HTTPConnection
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from tests.integration.conftest import Server, StartServer

FUNCTIONS = """
    def http(request):
        return {"path": request.path, "args": request.args, "form": request.form, "body": len(request.get_data())}

    def cloudevent(event, attributes, data):
        return {"attributes": attributes, "data": str(data)}
"""

# Soon enough for a test that the server must not hang, and long enough for a machine that is busy.
PATIENCE = 10.0

BOUNDED = settings(
    max_examples=400,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
    phases=[Phase.generate, Phase.shrink],
)

# What HTTP itself wants for a transfer coding or a version that the server does not have (RFC 9112 section 6.1, RFC 9110
# section 15.6.6).
UNDERSTOOD_BY_NOBODY = {501, 505}

ANY = st.binary(max_size=40)
TOKEN = st.from_regex(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,20}", fullmatch=True)


@pytest.fixture(scope="module", params=["http", "cloudevent"])
def server(request: pytest.FixtureRequest, start_shared_server: StartServer) -> Server:
    return start_shared_server(FUNCTIONS, environment={"PYTHON_HANDLER": f"handler.{request.param}"})


def often(*values: bytes) -> st.SearchStrategy[bytes]:
    """Choose one of the values mostly, and anything sometimes."""
    return st.one_of(st.sampled_from(values), st.sampled_from(values), ANY)


METHODS = often(b"GET", b"POST", b"HEAD", b"OPTIONS", b"CONNECT", b"PUT", b"get", b"")
TARGETS = often(b"/", b"/a?b=c&b=%ff", b"*", b"//", b"http://x/y", b"http://", b"/%00%zz", b"/health/ready", b"x:443")
VERSIONS = often(b"HTTP/1.1", b"HTTP/1.1", b"HTTP/1.0", b"HTTP/2.0", b"HTTP/1.", b"http/1.1", b"")
HEADERS = st.tuples(
    st.one_of(
        st.sampled_from([
            b"Host", b"Content-Type", b"Content-Length", b"Transfer-Encoding", b"Connection", b"Expect", b"Cookie",
            b"ce-id", b"ce-source", b"ce-type", b"ce-specversion", b"ce-time", b"traceparent", b"X-Request-Id",
            b"X-Forwarded-Proto", b"Forwarded", b"Upgrade", b"Range", b"Accept", b"Content-Encoding",
        ]),
        TOKEN,
        ANY,
    ),
    often(
        b"x", b"", b"5", b"-1", b"1_0", b"5, 5", b"chunked", b"gzip, chunked", b"close", b"100-continue", b"1.0",
        b"application/json", b"application/cloudevents+json", b"multipart/form-data; boundary=", b"\xff\xfe", b"%zz%41",
    ),
)  # fmt: skip
BODIES = st.one_of(ANY, st.sampled_from([b"5\r\nhello\r\n0\r\n\r\n", b"zz\r\n", b"0\r\n", b'{"a": 1}', b"[" * 5000]))


@st.composite
def requests(draw: st.DrawFn) -> bytes:
    """Write a request as a client in a bad mood would."""
    method, target, version = draw(METHODS), draw(TARGETS), draw(VERSIONS)
    headers = draw(st.lists(HEADERS, max_size=8))
    body = draw(BODIES)
    framing = draw(st.sampled_from([b"", b"Content-Length: %d\r\n" % len(body), b"Transfer-Encoding: chunked\r\n"]))
    host = draw(st.sampled_from([b"Host: x\r\n", b"Host: x\r\n", b""]))
    lines = b"".join(name + b": " + value + b"\r\n" for name, value in headers)
    return b" ".join([method, target, version]) + b"\r\n" + host + lines + framing + b"\r\n" + body


def exchange(server: Server, sent: bytes) -> bytes:
    """Send bytes, say that there will be no more, and give what comes back until the server closes."""
    with server.connect() as connection:
        connection.settimeout(PATIENCE)
        received = b""
        # The server may have closed, with an answer or without, before everything was sent.
        with suppress(ConnectionError):
            connection.sendall(sent)
            connection.shutdown(socket.SHUT_WR)
            while data := connection.recv(65536):
                received += data
    return received


def statuses(received: bytes) -> list[int]:
    return [int(status) for status in re.findall(rb"^HTTP/1\.1 (\d\d\d)", received, re.MULTILINE)]


def test_bytes_at_random(server: Server) -> None:
    workers = server.children()
    seen: set[int] = set()

    @BOUNDED
    @given(st.lists(requests(), min_size=1, max_size=3))
    def answers(sent: list[bytes]) -> None:
        found = statuses(exchange(server, b"".join(sent)))
        seen.update(found)
        assert all(status < 500 or status in UNDERSTOOD_BY_NOBODY for status in found), (sent, found)

    answers()
    assert {200, 400} <= seen
    assert_alive(server, workers)


NAMES = st.sampled_from(
    ["specversion", "id", "source", "type", "time", "subject", "datacontenttype", "dataschema", "ext"]
)
VALUES = st.one_of(
    st.sampled_from(
        ["1.0", "0.3", "/s", "t", "2020-01-01T00:00:00Z", "application/json", "text/plain; charset=utf-7", ""]
    ),
    st.text(max_size=20),
)
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), VALUES),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(VALUES, inner, max_size=3)),
    max_leaves=8,
)
COMPLETE = {"specversion": "1.0", "id": "1", "source": "/s", "type": "t"}
EVENTS = st.dictionaries(st.one_of(NAMES, st.sampled_from(["data", "data_base64"])), JSON, max_size=6).flatmap(
    lambda changes: st.sampled_from([{**COMPLETE, **changes}, changes])
)
TYPES = st.sampled_from([
    "application/cloudevents+json", "application/cloudevents-batch+json", "application/cloudevents+xml",
    "Application/CloudEvents+JSON; charset=latin-1", "application/json", "text/plain", "",
])  # fmt: skip


def test_events_at_random(server: Server) -> None:
    workers = server.children()
    seen: set[int] = set()
    connection = HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)

    @BOUNDED
    @given(st.one_of(EVENTS, st.lists(EVENTS, max_size=3), JSON), st.dictionaries(NAMES, VALUES, max_size=5), TYPES)
    def answers(body: object, attributes: dict[str, str], content_type: str) -> None:
        headers = {f"ce-{name}": value.encode() for name, value in attributes.items() if not set(value) & set("\r\n")}
        connection.request("POST", "/", json.dumps(body).encode(), {**headers, "Content-Type": content_type})
        response = connection.getresponse()
        response.read()
        seen.add(response.status)
        assert response.status in {200, 400, 415}

    try:
        answers()
    finally:
        connection.close()
    assert 200 in seen
    assert_alive(server, workers)


def assert_alive(server: Server, workers: list[int]) -> None:
    assert server.children() == workers
    assert server.get("/health/live").status == 200
    assert "Traceback" not in server.log
