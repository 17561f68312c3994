"""Builds a WSGI environ (PEP 3333) from an ASGI scope, for `flask.Request` and for WSGI applications, and the other way round."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote_to_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, MutableMapping
    from typing import BinaryIO

    from funcpack_invoker.http.asgi import Scope

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


def scope_of(environ: Mapping[str, Any]) -> Scope:
    """Return the ASGI scope of a request that another server has received: the inverse of `build`.

    A WSGI server has already joined headers of the same name.
    """
    target = str(environ.get("RAW_URI") or environ.get("REQUEST_URI") or _quoted_target(environ))
    raw_path = target.partition("?")[0].encode("latin-1")
    return {
        "http_version": str(environ["SERVER_PROTOCOL"]).partition("/")[2],
        "method": environ["REQUEST_METHOD"],
        "scheme": environ["wsgi.url_scheme"],
        "path": unquote_to_bytes(raw_path).decode(errors="replace"),
        "raw_path": raw_path,
        "query_string": str(environ.get("QUERY_STRING", "")).encode("latin-1"),
        "headers": [(name, str(environ[key]).encode("latin-1")) for key, name in _header_names(environ)],
        "server": (environ["SERVER_NAME"], int(environ["SERVER_PORT"])),
        "client": (environ.get("REMOTE_ADDR", ""), int(environ.get("REMOTE_PORT") or 0)),
    }


def _header_names(environ: Mapping[str, Any]) -> Iterator[tuple[str, bytes]]:
    for key in environ:
        if key in {"CONTENT_TYPE", "CONTENT_LENGTH"} or key.startswith("HTTP_"):
            yield key, key.removeprefix("HTTP_").replace("_", "-").lower().encode("latin-1")


def _quoted_target(environ: Mapping[str, Any]) -> str:
    return quote(
        f"{environ.get('SCRIPT_NAME', '')}{environ.get('PATH_INFO', '')}".encode("latin-1"), safe="/:@!$&'()*+,;=~"
    )


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
