"""The values that represent CloudEvents inside the invoker."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from funcpack_invoker.events.attributes import AttributeValue

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
