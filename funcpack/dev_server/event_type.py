"""Finds the type of the CloudEvent in a request, for the line about it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Mapping

# The binary mode does without the body. A larger one is not parsed: the answer to the next request would wait for it.
MOST_PARSED = 1 << 18

_PUBSUB = "google.cloud.pubsub.topic.v1.messagePublished"


def event_type(headers: Mapping[bytes, bytes], body: bytes, *, takes_events: bool) -> str | None:
    """Return the type of the event in a request; None if there is none, or a batch.

    Args:
        headers: of the request, names in lower case.
        body: of the request.
        takes_events: whether the function takes CloudEvents, so that the invoker takes other JSON for an event, too.

    """
    media_type = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
    if media_type == b"application/cloudevents+json" or (takes_events and _may_be_lenient(media_type, headers)):
        return _type_in(body) if len(body) <= MOST_PARSED else None
    binary = headers.get(b"ce-type")
    return unquote(binary.decode("latin-1"), errors="replace") if binary and b"ce-specversion" in headers else None


def _may_be_lenient(media_type: bytes, headers: Mapping[bytes, bytes]) -> bool:
    return media_type == b"application/json" and b"ce-specversion" not in headers


def _type_in(body: bytes) -> str | None:
    try:
        event = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(event, dict):
        return None
    if "message" in event and "subscription" in event and "specversion" not in event:
        return _PUBSUB
    found = event.get("type")
    return found if isinstance(found, str) and "specversion" in event else None
