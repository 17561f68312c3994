"""Replies to every event with an event that has the same data."""

from typing import Any


def handler(data: Any, attributes: dict[str, Any]) -> tuple[dict[str, Any], Any]:
    """Return the data. The reply has a different type and source, so that it cannot be confused with the incoming event."""
    reply = {**attributes, "type": "com.example.echo", "source": "urn:example:echo"}
    return reply, data
