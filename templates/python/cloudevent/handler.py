"""Answers every event with an event that carries the same data."""

from typing import Any


def handler(data: Any, attributes: dict[str, Any]) -> tuple[dict[str, Any], Any]:
    """Send the data back. The answer is an event of its own: another type and source, so that nobody mistakes it for the first."""
    reply = {**attributes, "type": "com.example.echo", "source": "urn:example:echo"}
    return reply, data
