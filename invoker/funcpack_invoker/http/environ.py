"""Builds a WSGI environ (PEP 3333) from an ASGI scope, for `flask.Request` and for WSGI applications."""

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
    """Build the environ of a request whose body is `stream`, read to its end whatever Content-Length says."""
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
        "RAW_URI": target,  # gunicorn's WSGI workers and Werkzeug's server use this name
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.input": stream,
        # The stream ends with the body, even without Content-Length.
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
    """Return the client's address; "" if it is not known."""
    client = scope.get("client")
    return str(client[0]) if client else ""


def _path(scope: MutableMapping[str, Any]) -> str:
    """Return the decoded path as WSGI has it: its bytes as Latin-1."""
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    return (unquote_to_bytes(raw) if b"%" in raw else raw).decode("latin-1")


def _target(scope: MutableMapping[str, Any]) -> str:
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    query: bytes = scope["query_string"]
    return (raw + b"?" + query if query else raw).decode("latin-1")


def _name(header: bytes) -> str:
    """Return the environ's key of a header; "" for a name with an underscore, which could stand for another header."""
    if b"_" in header:
        return ""
    key = "HTTP_" + header.decode("latin-1").upper().replace("-", "_")
    if len(_names) < _MOST_NAMES:  # clients choose the names
        _names[header] = key
    return key
