"""A Pub/Sub push is the event that Eventarc makes of the same message."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from funcpack_invoker.errors import InvalidEventError
from funcpack_invoker.events import cloudevent
from tests.unit.invoker.conftest import EVENT_HEADERS

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.invoker.conftest import Client

SUBSCRIPTION = "projects/shop/subscriptions/orders-push"
MESSAGE = {
    "data": "aGVsbG8=",
    "attributes": {"colour": "blue"},
    "messageId": "136969346945",
    "message_id": "136969346945",
    "publishTime": "2026-11-29T07:00:00.123Z",
    "publish_time": "2026-11-29T07:00:00.123Z",
    "orderingKey": "key",
}
PUSH = {"message": MESSAGE, "subscription": SUBSCRIPTION}
ATTRIBUTES = {
    "specversion": "1.0",
    "id": "136969346945",
    "source": f"//pubsub.googleapis.com/{SUBSCRIPTION}",
    "type": "google.cloud.pubsub.topic.v1.messagePublished",
    "time": "2026-11-29T07:00:00.123Z",
    "datacontenttype": "application/json",
}


def read(document: Any, path: str = "/", content_type: str = "application/json", **headers: str) -> cloudevent.Event:
    fields = [(b"content-type", content_type.encode())]
    fields += [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    event = cloudevent.read(fields, json.dumps(document).encode(), path)
    assert isinstance(event, cloudevent.Event)
    return event


@pytest.mark.parametrize(
    ("document", "changes"),
    [
        pytest.param(PUSH, {}, id="all members"),
        pytest.param({**PUSH, "deliveryAttempt": 5}, {}, id="dead lettering"),
        pytest.param({**PUSH, "message": {"messageId": "1", "attributes": {"a": "b"}}}, {"id": "1", "time": None}, id="attributes only"),
        pytest.param({**PUSH, "message": {"message_id": "1", "data": ""}}, {"id": "1", "time": None}, id="older names"),
        pytest.param(
            {**PUSH, "message": {"messageId": None, "message_id": "1", "publish_time": "2026-11-29T07:00:00Z"}},
            {"id": "1", "time": "2026-11-29T07:00:00Z"},
            id="older names and null",
        ),
    ],
)  # fmt: skip
def test_push_is_an_event(document: dict[str, Any], changes: dict[str, Any]) -> None:
    event = read(document)
    expected = {**ATTRIBUTES, **changes}
    assert event.attributes == {name: value for name, value in expected.items() if value is not None}
    assert event.data == document


@pytest.mark.parametrize(
    ("path", "name"),
    [
        pytest.param("/", SUBSCRIPTION, id="no topic"),
        pytest.param("/projects/shop/topics/orders", "projects/shop/topics/orders", id="topic"),
        pytest.param("/push/projects/shop/topics/orders/", "projects/shop/topics/orders", id="topic in a longer path"),
        pytest.param("/projects/shop/subscriptions/orders", SUBSCRIPTION, id="another path"),
    ],
)
def test_source_is_the_topic_of_the_path_or_else_the_subscription(path: str, name: str) -> None:
    assert read(PUSH, path).attributes["source"] == f"//pubsub.googleapis.com/{name}"


@pytest.mark.parametrize("content_type", ["application/json", "Application/JSON; charset=utf-8"])
def test_content_type_is_json(content_type: str) -> None:
    assert read(PUSH, content_type=content_type).attributes == ATTRIBUTES


@pytest.mark.parametrize(
    ("document", "content_type", "reason"),
    [
        pytest.param({**PUSH, "message": {"data": "aGk="}}, "application/json", "no messageId", id="no id"),
        pytest.param({**PUSH, "message": {"messageId": ""}}, "application/json", "id is empty", id="empty id"),
        pytest.param({**PUSH, "message": {"messageId": 5}}, "application/json", "id is not a string", id="number as id"),
        pytest.param({**PUSH, "message": {"messageId": [5]}}, "application/json", "id is a list", id="list as id"),
        pytest.param({**PUSH, "message": {**MESSAGE, "publishTime": "now"}}, "application/json", "time is not", id="time"),
        pytest.param({**PUSH, "message": "hello"}, "application/json", "not a CloudEvent", id="text as message"),
        pytest.param({**PUSH, "subscription": 5}, "application/json", "not a CloudEvent", id="number as subscription"),
        pytest.param({"message": MESSAGE}, "application/json", "not a CloudEvent", id="no subscription"),
        pytest.param({"subscription": SUBSCRIPTION}, "application/json", "not a CloudEvent", id="no message"),
        pytest.param([PUSH], "application/json", "not a CloudEvent", id="array"),
        pytest.param(PUSH, "text/plain", "not a CloudEvent", id="not declared as JSON"),
    ],
)  # fmt: skip
def test_body_that_is_not_a_push_is_rejected(document: Any, content_type: str, reason: str) -> None:
    with pytest.raises(InvalidEventError, match=reason) as caught:
        read(document, content_type=content_type)
    assert caught.value.status == 400


def test_event_with_the_members_of_a_push_is_read_as_an_event() -> None:
    event = {"specversion": "1.0", "id": "1", "source": "/here", "type": "t"}
    assert read({**event, "message": "m", "subscription": "s"}).attributes["source"] == "/here"
    binary = read(PUSH, **{name.replace("-", "_"): value for name, value in EVENT_HEADERS.items()})
    assert (binary.attributes["source"], binary.data) == ("/here", PUSH)


@pytest.mark.parametrize("kind", ["attributes, data", "event"])
def test_function_gets_the_event(serve: Callable[..., Client], kind: str) -> None:
    values = "attributes, data" if kind != "event" else "event.get_attributes(), event.data"
    client = serve(f"""
        import json
        from flask import Response

        def handler({kind}):
            attributes, data = {values}
            return Response(json.dumps([attributes["type"], str(attributes["id"]), data]))
    """)
    answer = client.request(
        "POST", "/projects/shop/topics/orders", {"content-type": "application/json"}, json.dumps(PUSH).encode()
    )
    assert answer.json() == ["google.cloud.pubsub.topic.v1.messagePublished", "136969346945", PUSH]


def test_http_function_gets_the_body_as_it_is(serve: Callable[..., Client]) -> None:
    client = serve("def handler(req): return req.get_json()")
    assert client.post(json.dumps(PUSH).encode(), {"content-type": "application/json"}).json() == PUSH
