"""Finds the type of the CloudEvent in a request, for the line about it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from funcpack_invoker.events import pubsub
from funcpack_invoker.events.attributes import InvalidAttributeError
from funcpack_invoker.events.decode import attribute_value
from funcpack_invoker.events.event import STRUCTURED

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_FORMATS = "application/cloudevents"

_DECODER = json.JSONDecoder()
_BEGIN = re.compile(r"\ufeff?\s*\{")
_NAME = re.compile(r'[\s,]*(?=")')
_COLON = re.compile(r"\s*:\s*")


def event_type(headers: Mapping[bytes, bytes], body: bytes, *, takes_events: bool) -> str | None:
    """Return the type of the event in a request; None if there is none, or a batch.

    Args:
        headers: of the request, names in lower case.
        body: of the request, or the beginning of a large one.
        takes_events: whether the function takes CloudEvents, so that the invoker takes other JSON for an event, too.

    """
    media_type = headers.get(b"content-type", b"").partition(b";")[0].strip().lower().decode("latin-1")
    if media_type == STRUCTURED or (takes_events and _may_be_lenient(media_type, headers)):
        return _type_in(body)
    binary = headers.get(b"ce-type")
    if media_type.startswith(_FORMATS) or not binary or b"ce-specversion" not in headers:
        return None
    try:
        return attribute_value("type", binary)
    except InvalidAttributeError:
        return unquote(binary.decode("latin-1"), errors="replace")


def _may_be_lenient(media_type: str, headers: Mapping[bytes, bytes]) -> bool:
    return media_type == "application/json" and b"ce-specversion" not in headers


def _type_in(body: bytes) -> str | None:
    """Return the type of a structured event. What follows it is not parsed: the data can be large, or cut off."""
    event: dict[str, Any] = {}
    for name, value in _members(body.decode(json.detect_encoding(body), errors="replace")):
        event[name] = value
        if "specversion" in event and "type" in event:
            found = event["type"]
            return found if isinstance(found, str) else None
    return pubsub.TYPE if {"message", "subscription"} <= event.keys() and "specversion" not in event else None


def _members(text: str) -> Iterator[tuple[str, Any]]:
    """Yield the members of a JSON object one by one, up to the place where it ends or is not valid."""
    begin = _BEGIN.match(text)
    place = begin.end() if begin else len(text)
    try:
        while begins := _NAME.match(text, place):
            name, place = _DECODER.raw_decode(text, begins.end())
            colon = _COLON.match(text, place)
            if colon is None:
                return
            value, place = _DECODER.raw_decode(text, colon.end())
            yield name, value
    except (ValueError, RecursionError):
        return
