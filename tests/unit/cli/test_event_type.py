"""The type of the event in a request, as the line about the request names it."""

from __future__ import annotations

import json

import pytest

from funcpack.dev_server.event_type import event_type

EVENT = {"specversion": "1.0", "id": "1", "source": "/s", "type": "order.é"}
BINARY = {b"ce-specversion": b"1.0", b"ce-id": b"1", b"ce-source": b"/s"}
STRUCTURED = {b"content-type": b"Application/CloudEvents+JSON; charset=utf-8"}
BATCHED = {b"content-type": b"application/cloudevents-batch+json"}
JSON = {b"content-type": b"application/json"}
PUBSUB = {"message": {"data": ""}, "subscription": "s"}

# A MiB of the body is kept, which can end within the data.
LARGE = json.dumps({**EVENT, "data": ["x"] * 300_000})[: 1 << 20].encode()


@pytest.mark.parametrize(
    ("headers", "body", "found"),
    [
        (BINARY | {b"ce-type": b"order.%C3%A9"}, b"", "order.é"),
        (BINARY | {b"ce-type": b'"order \\"1\\""'}, b"", 'order "1"'),
        (BINARY | {b"ce-type": b"%FF"}, b"", "\N{REPLACEMENT CHARACTER}"),
        (BINARY | {b"ce-type": b"a%1B"}, b"", "a\x1b"),
        (BINARY | BATCHED | {b"ce-type": b"order"}, json.dumps([EVENT]).encode(), None),
        ({b"ce-type": b"order"}, b"", None),
        (STRUCTURED, json.dumps(EVENT).encode(), "order.é"),
        (STRUCTURED, json.dumps({"data": {"type": "inner"}, **EVENT}, indent=2).encode(), "order.é"),
        (STRUCTURED, b"\xef\xbb\xbf" + json.dumps(EVENT, ensure_ascii=False).encode(), "order.é"),
        (STRUCTURED, json.dumps(EVENT).encode("utf-16"), "order.é"),
        (STRUCTURED, LARGE, "order.é"),
        (STRUCTURED, json.dumps({**EVENT, "type": 1}).encode(), None),
        (STRUCTURED, json.dumps({"type": "order"}).encode(), None),
        (STRUCTURED, b'{"specversion" "1.0", "type": "order"}', None),
        (STRUCTURED, b'{"data": ' + b"[" * 100_000, None),
        (STRUCTURED, json.dumps([EVENT]).encode(), None),
        (STRUCTURED, b"", None),
        (BATCHED, json.dumps([EVENT]).encode(), None),
        (JSON, LARGE, "order.é"),
        (JSON, json.dumps(PUBSUB).encode(), "google.cloud.pubsub.topic.v1.messagePublished"),
        ({b"content-type": b"text/plain"}, json.dumps(EVENT).encode(), None),
    ],
)
def test_type_of_the_event_in_a_request(headers: dict[bytes, bytes], body: bytes, found: str | None) -> None:
    assert event_type(headers, body, takes_events=True) == found


def test_json_is_an_event_only_for_a_function_that_takes_events() -> None:
    assert event_type(JSON, json.dumps(EVENT).encode(), takes_events=False) is None
