"""Who may talk to the server of the page: the page itself, by its address."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from starlette.responses import PlainTextResponse

from funcpack.playground.guard import Guard

if TYPE_CHECKING:
    from collections.abc import Sequence

PORT = 8081
OWN = "127.0.0.1:8081"


def statuses(
    kind: str, fields: Sequence[tuple[str, str]], path: str = "/api/events", port: int = PORT
) -> list[dict[str, Any]]:
    """Return the messages that the server sends for a request with these header fields."""
    headers = [(name.encode(), value.encode()) for name, value in fields]
    scope = {"type": kind, "method": "GET", "path": path, "headers": headers, "query_string": b"", "extensions": {}}
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": f"{kind}.connect"}

    async def send(message: Any) -> None:
        sent.append(dict(message))

    asyncio.run(Guard(PlainTextResponse("page"), port)(scope, receive, send))
    return sent


@pytest.mark.parametrize("path", ["/", "/api/events", "/api/send", "/static/main.js", "/nothing", "*"])
@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ([("host", OWN)], 200),
        ([("host", "localhost:8081")], 200),
        ([("host", "LOCALHOST:8081")], 200),
        ([("host", OWN), ("origin", f"http://{OWN}")], 200),
        ([("host", "localhost:8081"), ("origin", "http://localhost:8081")], 200),
        ([("host", OWN), ("sec-fetch-site", "same-origin")], 200),
        ([("host", OWN), ("sec-fetch-site", "none")], 200),
        ([], 403),
        ([("host", "")], 403),
        ([("host", "127.0.0.1")], 403),
        ([("host", "127.0.0.1:8080")], 403),
        ([("host", "127.0.0.1.example.com:8081")], 403),
        ([("host", "evil.example:8081")], 403),
        ([("host", "localhost.:8081")], 403),
        ([("host", "user@127.0.0.1:8081")], 403),
        ([("host", OWN), ("host", "evil.example")], 403),
        ([("host", OWN), ("origin", "http://evil.example")], 403),
        ([("host", OWN), ("origin", "http://localhost:8081")], 403),
        ([("host", OWN), ("origin", "http://127.0.0.1:8080")], 403),
        ([("host", OWN), ("origin", "https://127.0.0.1:8081")], 403),
        ([("host", OWN), ("origin", "null")], 403),
        ([("host", OWN), ("origin", "")], 403),
        ([("host", OWN), ("origin", f"http://{OWN}"), ("origin", "http://evil.example")], 403),
        ([("host", OWN), ("sec-fetch-site", "cross-site")], 403),
        ([("host", OWN), ("sec-fetch-site", "same-site"), ("sec-fetch-mode", "no-cors")], 403),
    ],
)
def test_only_requests_of_the_page_are_answered(fields: list[tuple[str, str]], status: int, path: str) -> None:
    start = statuses("http", fields, path)[0]
    assert start["status"] == status
    assert b"default-src 'none'" in dict(start["headers"])[b"content-security-policy"]


def test_link_on_another_site_leads_to_the_page() -> None:
    link = [("host", OWN), ("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")]
    assert statuses("http", link, "/")[0]["status"] == 200
    assert statuses("http", link, "/api/events")[0]["status"] == 403


def test_port_of_http_is_not_in_a_host() -> None:
    assert statuses("http", [("host", "127.0.0.1")], port=80)[0]["status"] == 200


@pytest.mark.parametrize("origin", [f"http://{OWN}", "http://evil.example"])
def test_websocket_is_refused(origin: str) -> None:
    # A server answers 403 to a handshake that is closed before it is accepted.
    assert [sent["type"] for sent in statuses("websocket", [("host", OWN), ("origin", origin)])] == ["websocket.close"]
