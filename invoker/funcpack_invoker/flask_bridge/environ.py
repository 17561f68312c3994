"""Makes a WSGI environ of an ASGI scope (PEP 3333), for `flask.Request` and the headers."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

if TYPE_CHECKING:
    from collections.abc import MutableMapping
    from typing import BinaryIO

_MOST_NAMES = 512
_names: dict[bytes, str] = {b"content-type": "CONTENT_TYPE", b"content-length": "CONTENT_LENGTH"}


def build(scope: MutableMapping[str, Any], stream: BinaryIO) -> dict[str, Any]:
    """Make the environ of a request whose body is read from `stream` (to its end, however long it says it is)."""
    server = scope.get("server") or ("localhost", 80)
    target = _target(scope)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": _path(scope),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_NAME": server[0],
        "SERVER_PORT": str(server[1] or 80),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "REMOTE_ADDR": client_address(scope),
        "REMOTE_PORT": str((scope.get("client") or ("", 0))[1]),
        "REQUEST_URI": target,
        "RAW_URI": target,  # the name that gunicorn's own WSGI workers and werkzeug's server give it
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.input": stream,
        # The stream ends where the body does, also where no Content-Length says so.
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in scope["headers"]:
        key = _names.get(name) or _name(name)
        if key in environ:
            separator = "; " if key == "HTTP_COOKIE" else ","
            environ[key] += separator + value.decode("latin-1")
        elif key:
            environ[key] = value.decode("latin-1")
    return environ


def client_address(scope: MutableMapping[str, Any]) -> str:
    """Give the client's address; "" when it is not known."""
    client = scope.get("client")
    return str(client[0]) if client else ""


def _path(scope: MutableMapping[str, Any]) -> str:
    """Give the decoded path as WSGI wants it: its bytes, as if they were Latin-1."""
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    return (unquote_to_bytes(raw) if b"%" in raw else raw).decode("latin-1")


def _target(scope: MutableMapping[str, Any]) -> str:
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    query: bytes = scope["query_string"]
    return (raw + b"?" + query if query else raw).decode("latin-1")


def _name(header: bytes) -> str:
    """Give the environ's key of a header; "" for one with an underscore, which would pass for another one's."""
    if b"_" in header:
        return ""
    key = "HTTP_" + header.decode("latin-1").upper().replace("-", "_")
    if len(_names) < _MOST_NAMES:  # strangers choose the names
        _names[header] = key
    return key
