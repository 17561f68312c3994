"""What a reply hands on of the event it answers is not checked again; whatever differs from that is."""

from __future__ import annotations

from typing import Any

import pytest

from funcpack_invoker.errors import ReplyError
from funcpack_invoker.events.cloudevent import Event, complete

INCOMING = Event(
    {
        "specversion": "1.0",
        "id": "1",
        "source": "/s",
        "type": "t",
        "time": "2026-01-31T12:00:00Z",
        "datacontenttype": "text/plain",
        "number": 7,
    },
    None,
)


def test_attributes_that_are_handed_on_stay_the_same() -> None:
    reply = complete({**INCOMING.attributes, "type": "reply"}, "data", incoming=INCOMING)
    assert reply.attributes == {**INCOMING.attributes, "type": "reply"}


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"time": "yesterday"}, id="time"),
        pytest.param({"datacontenttype": "text"}, id="datacontenttype"),
        pytest.param({"type": ""}, id="empty"),
        pytest.param({"subject": "a\nb"}, id="character"),
        pytest.param({"number": 2**31}, id="range"),
        pytest.param({"Number": 7}, id="name"),
        pytest.param({"source": None}, id="none"),
        pytest.param({"specversion": "2.0"}, id="version"),
    ],
)
def test_attributes_that_are_changed_are_checked(changed: dict[str, Any]) -> None:
    with pytest.raises(ReplyError):
        complete({**INCOMING.attributes, **changed}, incoming=INCOMING)


def test_attributes_of_another_version_are_checked() -> None:
    incoming = Event({"specversion": "0.3", "id": "1", "source": "/s", "type": "t", "dataschema": 7}, None)
    with pytest.raises(ReplyError, match="dataschema is not a string"):
        complete({**incoming.attributes, "specversion": "1.0"}, incoming=incoming)
    assert complete(dict(incoming.attributes), incoming=incoming).attributes["dataschema"] == 7
