"""A request of the history as a command line of curl."""

from __future__ import annotations

import base64
import re
import shlex
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from funcpack.playground.messages import headers_of

if TYPE_CHECKING:
    from funcpack.dev_server.history import Exchange

# curl sets them itself, or the front has done it.
_OWN = frozenset(
    {"connection", "content-length", "expect", "keep-alive", "te", "transfer-encoding", "upgrade", "x-request-id"}
)

# In a terminal, a control character does what its sender wants.
_NOT_IN_COMMANDS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def curl_command(exchange: Exchange, origin: str) -> str:
    """Return a command that sends a request again, to a URL without a path."""
    arguments = ["curl", "--include", "--globoff", "--path-as-is"]
    if exchange.method == "HEAD":
        arguments.append("--head")
    elif exchange.method != ("POST" if exchange.request.body else "GET"):
        arguments += ["--request", exchange.method]
    for field in _headers(exchange, origin):
        arguments += ["--header", field]
    prefix, data = _data(exchange.request.body)
    command = shlex.join([*arguments, *data, origin + _path(exchange.path)])
    if exchange.request.is_cut:
        command += f" # the first {len(exchange.request.body)} of {exchange.request.size} bytes of the body"
    return prefix + command


def _headers(exchange: Exchange, origin: str) -> list[str]:
    """Return the values of the options for header fields."""
    fields = [
        f"{name}: {value}" if value else f"{name};"
        for name, value in headers_of(exchange.request)
        if name not in _OWN and (name, value) != ("host", urlsplit(origin).netloc)
    ]
    # Without a value, curl omits the field that it would add.
    if exchange.request.body and exchange.request.header("content-type") is None:
        fields.append("content-type:")
    return [_NOT_IN_COMMANDS.sub("", field) for field in fields]


def _path(path: str) -> str:
    return re.sub(r"[^!-~]", lambda found: f"%{ord(found[0]):02X}", path)


def _data(body: bytes) -> tuple[str, list[str]]:
    """Return what comes before the command, and the options for a body."""
    if not body:
        return "", []
    try:
        text = body.decode()
    except ValueError:
        text = "\0"
    if _NOT_IN_COMMANDS.search(text):
        return f"echo {base64.b64encode(body).decode()} | base64 -d | ", ["--data-binary", "@-"]
    return "", ["--data-raw", text]
