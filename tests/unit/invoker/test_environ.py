"""What WSGI code such as `flask.Request` gets to know of a request."""

from __future__ import annotations

import io
from typing import Any

import pytest

from funcpack_invoker.http import environ

SCOPE: dict[str, Any] = {
    "method": "GET",
    "scheme": "http",
    "http_version": "1.1",
    "path": "/a b",
    "raw_path": b"/a%20b",
    "query_string": b"c=%20",
    "headers": [(b"x-one", b"1"), (b"x-one", b"2")],
    "server": ("127.0.0.1", 8080),
    "client": ("192.0.2.1", 5000),
}


@pytest.mark.parametrize(
    ("client", "address"),
    [
        pytest.param(("192.0.2.1", 5000), "192.0.2.1", id="IPv4"),
        pytest.param(("2001:db8::1", 5000), "2001:db8::1", id="IPv6"),
        pytest.param(None, "", id="unknown"),
    ],
)
def test_client_address(client: tuple[str, int] | None, address: str) -> None:
    assert environ.build({**SCOPE, "client": client}, io.BytesIO())["REMOTE_ADDR"] == address


@pytest.mark.parametrize("name", ["REQUEST_URI", "RAW_URI"])
def test_target_as_it_was_sent(name: str) -> None:
    assert environ.build(SCOPE, io.BytesIO())[name] == "/a%20b?c=%20"


def test_scope_is_the_one_that_the_environ_was_built_of() -> None:
    headers = [(b"host", b"a"), (b"content-type", b"b/c"), (b"content-length", b"1"), (b"x-one", b"1,2")]
    scope = {**SCOPE, "headers": headers}
    assert environ.scope_of(environ.build(scope, io.BytesIO())) == scope


@pytest.mark.parametrize(
    ("path", "raw_path"), [("/a b", b"/a%20b"), ("/\xc3\xa4?", b"/%C3%A4%3F"), ("", b""), ("/a/b", b"/a/b")]
)
def test_target_that_a_server_does_not_report_is_quoted_again(path: str, raw_path: bytes) -> None:
    built = environ.build(SCOPE, io.BytesIO()) | {"PATH_INFO": path}
    del built["RAW_URI"], built["REQUEST_URI"]
    assert environ.scope_of(built)["raw_path"] == raw_path
