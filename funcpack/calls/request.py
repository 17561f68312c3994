"""A request to a function, before it is sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from funcpack.calls.body import Body

Headers = tuple[tuple[str, str], ...]


class Payload(Protocol):
    """What a request carries: `Content` or `outgoing_events.OutgoingEvents`."""

    def encoded(self) -> tuple[Headers, Body]:
        """Return the header fields and the body of the payload."""
        ...


@dataclass(frozen=True, slots=True)
class Content:
    """A body with its media type."""

    body: Body
    media_type: str

    def encoded(self) -> tuple[Headers, Body]:
        """Return the header fields and the body."""
        return (("Content-Type", self.media_type),), self.body


@dataclass(frozen=True, slots=True)
class Request:
    """A request.

    Attributes:
        method: in capitals.
        path: the request target, which is sent as it is.
        headers: the user's fields, which replace those of the payload.
        payload: None for a request without a body.

    """

    method: str
    path: str
    headers: Headers
    payload: Payload | None

    def encoded(self) -> tuple[Headers, Body | None]:
        """Return all header fields and the body."""
        if self.payload is None:
            return self.headers, None
        fields, body = self.payload.encoded()
        return (*without(fields, {name.lower() for name, _ in self.headers}), *self.headers), body


def without(headers: Sequence[tuple[str, str]], names: set[str]) -> Headers:
    """Return header fields without those of some names, in lower case."""
    return tuple((name, value) for name, value in headers if name.lower() not in names)
