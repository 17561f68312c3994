"""Checks that every request must pass, whatever it asks for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from funcpack_invoker.errors import RequestError
from funcpack_invoker.http.response import Reply, plain

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping

    from funcpack_invoker.http.asgi import Header

_ALLOWED: Header = (b"allow", b"POST, OPTIONS")

# RFC 9110 section 7.2 and RFC 3986 section 3.2.2: a name, an IPv4 or a bracketed IPv6 address, perhaps a port
_HOST = re.compile(rb"(?:\[[0-9A-Fa-f:.]+(?:%25[0-9A-Za-z._~-]+)?\]|[0-9A-Za-z._~!$&'()*+,;=%-]*)(?::[0-9]*)?")


def checked(scope: MutableMapping[str, Any], headers: Mapping[bytes, bytes]) -> MutableMapping[str, Any]:
    """Reject requests that no function should see; return the scope, in which the path begins with a slash.

    Raises:
        RequestError: 400 for a missing or malformed Host (RFC 9112 section 3.2), and for a target that is not a path.

    """
    host = headers.get(b"host")
    if host is None:
        if scope["http_version"] == "1.1":
            raise RequestError(400, "the Host header is missing")
    elif not _HOST.fullmatch(host):
        raise RequestError(400, "the Host header is malformed")
    if scope["path"][:1] != "/" and not (scope["path"] == "*" and scope["method"] == "OPTIONS"):
        return _with_path(scope)
    return scope


def _with_path(scope: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Return the scope with the path of a target in absolute form (RFC 9112 section 3.2.2)."""
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    try:
        target = urlsplit(raw)
    except ValueError:
        raise RequestError(400, "the request target is malformed") from None
    if scope["method"] == "CONNECT" or target.scheme.lower() not in {b"http", b"https"} or not target.netloc:
        raise RequestError(400, "the request target is not a path")
    path, host = target.path or b"/", target.netloc.rpartition(b"@")[2]
    if not _HOST.fullmatch(host):
        raise RequestError(400, "the host of the request target is malformed")
    # The host of the target replaces the Host header.
    headers = [(b"host", host), *(header for header in scope["headers"] if header[0] != b"host")]
    path_text = unquote(path.decode("latin-1"), errors="replace")
    return {**scope, "raw_path": path, "path": path_text, "headers": headers}


def not_posted(method: str, headers: Mapping[bytes, bytes]) -> Reply:
    """Answer a request to a CloudEvent function that is not POST.

    OPTIONS is the handshake with which a sender asks for permission (HTTP 1.1 Web Hooks for Event Delivery 1.0.2,
    section 4); every sender gets it.
    """
    if method != "OPTIONS":
        return plain(405, "use POST to send events", _ALLOWED)
    reply = Reply(200, [_ALLOWED])
    origin = headers.get(b"webhook-request-origin")
    if origin is not None:
        reply.headers.append((b"webhook-allowed-origin", origin))
        reply.headers.append((b"webhook-allowed-rate", b"*"))
    return reply
