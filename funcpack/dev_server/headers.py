"""What the front changes in the header of a request and of an answer: hop-by-hop fields, and what a proxy adds."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from funcpack_invoker.http.forwarded import SCHEME_FIELDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from funcpack_invoker.http.asgi import Header, Scope
    from funcpack_invoker.http.incoming import IncomingRequest

# RFC 9110 section 7.6.1. Transfer-Encoding stays in a request, because its body is sent on with the same framing.
_HOP_BY_HOP = frozenset({b"connection", b"keep-alive", b"proxy-connection", b"te", b"upgrade"})
_OF_ANSWERS = _HOP_BY_HOP | {b"transfer-encoding"}

# A traceparent of the front would take precedence over that of an event.
_TRACE_FIELDS = frozenset({b"traceparent", b"ce-traceparent"})


def request_head(request: IncomingRequest) -> bytes:
    """Return the request line and the header that the function's process receives."""
    scope = request.scope
    fields = request.headers
    query: bytes = scope["query_string"]
    target: bytes = scope["raw_path"] + b"?" + query if query else scope["raw_path"]
    lines = [b"%b %b HTTP/%b" % (scope["method"].encode(), target, scope["http_version"].encode())]
    lines += [b"%b: %b" % field for field in _end_to_end(scope["headers"], fields, _HOP_BY_HOP)]
    lines += [b"%b: %b" % field for field in _added(scope, fields, request.id.encode()) if field[0] not in fields]
    return b"\r\n".join(lines) + b"\r\n\r\n"


def answer_headers(headers: list[Header]) -> list[Header]:
    """Return the fields of an answer that are sent on."""
    return list(_end_to_end(headers, dict(headers), _OF_ANSWERS))


def _added(scope: Scope, fields: Mapping[bytes, bytes], request_id: bytes) -> Iterable[Header]:
    client = scope["client"]
    if client:
        yield b"x-forwarded-for", client[0].encode()
    if SCHEME_FIELDS.isdisjoint(fields):
        # The invoker rejects a request in which two of them contradict each other.
        yield b"x-forwarded-proto", scope["scheme"].encode()
    if b"host" in fields:
        yield b"x-forwarded-host", fields[b"host"]
    yield b"x-request-id", request_id
    if _TRACE_FIELDS.isdisjoint(fields) and not _is_structured(fields):
        yield b"traceparent", b"00-%032x-%016x-01" % (random.getrandbits(128) or 1, random.getrandbits(64) or 1)


def _is_structured(fields: Mapping[bytes, bytes]) -> bool:
    return fields.get(b"content-type", b"").lower().startswith(b"application/cloudevents")


def _end_to_end(
    headers: Iterable[Header], fields: Mapping[bytes, bytes], dropped: frozenset[bytes]
) -> Iterable[Header]:
    """Return the fields without the hop-by-hop ones, and without those that `Connection` names."""
    connection = fields.get(b"connection")
    if connection is not None:
        named = {option.strip() for option in connection.lower().split(b",")}
        # Without these the message would have another meaning, or no end.
        dropped |= named - {b"host", b"content-length", b"content-type", b"transfer-encoding", b"expect"}
    return (header for header in headers if header[0] not in dropped)
