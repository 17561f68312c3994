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
