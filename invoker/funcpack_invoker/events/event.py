"""The types of CloudEvents inside the invoker."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from funcpack_invoker.events.attributes import AttributeValue

STRUCTURED = "application/cloudevents+json"
BATCHED = "application/cloudevents-batch+json"


class Event(NamedTuple):
    """One event.

    Attributes:
        attributes: every context attribute by its lower-case name. The value is the one on the wire: a `str`, or a `bool`
            or `int` in the JSON format.
        data: decoded by its content type; None if the event has no data.

    """

    attributes: dict[str, AttributeValue]
    data: Any


class Batch(NamedTuple):
    """The events of one request, in order."""

    events: tuple[Event, ...]
