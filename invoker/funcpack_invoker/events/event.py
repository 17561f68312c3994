"""The values that CloudEvents are inside the invoker, and the two ways in which one can be wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from funcpack_invoker.events.attributes import AttributeValue

Header = tuple[bytes, bytes]

STRUCTURED = "application/cloudevents+json"
BATCHED = "application/cloudevents-batch+json"


class Event(NamedTuple):
    """One event.

    `attributes` holds every context attribute as it is on the wire, under its lower-case name: `str`, or the `bool` or
    `int` of JSON. `data` is decoded by its content type; None when there is none.
    """

    attributes: dict[str, AttributeValue]
    data: Any


class Batch(NamedTuple):
    """Several events of one request, in order."""

    events: tuple[Event, ...]


class InvalidEventError(Exception):
    """A request that is no valid CloudEvent.

    `status` is the HTTP status that says so (400, or 415 for an event format that is not JSON), `reason` one line that
    may be shown to the client.
    """

    def __init__(self, reason: str, status: int = 400) -> None:
        self.reason = reason[:200]
        self.status = status
        super().__init__(self.reason)


class InvalidReplyError(Exception):
    """A returned event that cannot be sent; `reason` is one line for the log."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)
