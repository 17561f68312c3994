"""Reads the body of a Pub/Sub push as the event that Eventarc makes of the same message.

Eventarc sends the body of the push as the data of the event:
https://github.com/googleapis/google-cloudevents/blob/main/proto/google/events/cloud/pubsub/v1/data.proto
A push: https://cloud.google.com/pubsub/docs/push#properties_of_a_push_request
"""

from __future__ import annotations

import re
from typing import Any

from funcpack_invoker.events.attributes import InvalidAttributeError, check_event, check_value
from funcpack_invoker.events.event import Event

TYPE = "google.cloud.pubsub.topic.v1.messagePublished"

# The body does not name the topic. Functions Framework finds it in the path of the push endpoint, if it is there.
_TOPIC = re.compile(r"projects/[^/?]+/topics/[^/?]+")


def is_push(document: dict[str, Any]) -> bool:
    """Check whether a JSON object is the body of a push."""
    return isinstance(document.get("message"), dict) and isinstance(document.get("subscription"), str)


def read_push(document: dict[str, Any], path: str) -> Event:
    """Return the event of a push.

    Args:
        document: the body.
        path: of the request. If it contains `projects/P/topics/T`, this topic is the source; else the subscription is.

    Raises:
        InvalidAttributeError: if the message has no ID, or its ID or time is malformed.

    """
    message = document["message"]
    topic = _TOPIC.search(path)
    found = {
        "specversion": "1.0",
        "id": _either(message, "messageId", "message_id"),
        "source": f"//pubsub.googleapis.com/{topic[0] if topic else document['subscription']}",
        "type": TYPE,
        "time": _either(message, "publishTime", "publish_time"),
        "datacontenttype": "application/json",
    }
    if found["id"] is None:
        raise InvalidAttributeError("the Pub/Sub message has no messageId")
    attributes = {name: check_value(name, value) for name, value in found.items() if value is not None}
    check_event(attributes)
    return Event(attributes, document)


def _either(message: dict[str, Any], name: str, other: str) -> Any:
    """Return a member that Pub/Sub sends under two names; None if there is none."""
    value = message.get(name)
    return message.get(other) if value is None else value
