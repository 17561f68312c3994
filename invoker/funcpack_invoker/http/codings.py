"""The content codings that the header of a request names (RFC 9110 section 8.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from funcpack_invoker.http.asgi import Header

# RFC 9110 section 8.4.1.3: the older name means the same.
_ALIASES = {"x-gzip": "gzip"}
_NONE = frozenset({"", "identity"})


def codings_of(headers: Iterable[Header]) -> list[str]:
    """Return the codings in the order in which they were applied, without `identity`."""
    values = b",".join(value for name, value in headers if name == b"content-encoding").decode("latin-1")
    named = [coding.strip(" \t").lower() for coding in values.split(",")]
    return [_ALIASES.get(coding, coding) for coding in named if coding not in _NONE]


def sent_limit(headers: Iterable[Header], limit: int) -> int:
    """Return the maximum size of a body as it is sent: data that cannot be compressed becomes a little larger."""
    return limit + limit // 100 + 1024 if codings_of(headers) else limit
