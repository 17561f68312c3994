"""Calls the function the way the server does. The data and the attributes of an event are plain values."""

from handler import handler

ATTRIBUTES = {
    "specversion": "1.0",
    "id": "A234-1234-1234",
    "source": "https://example.com/shop",
    "type": "com.example.order.placed",
    "datacontenttype": "application/json",
}


def test_the_data_comes_back() -> None:
    order = {"order": 1, "customer": "Ada"}

    _, data = handler(order, dict(ATTRIBUTES))

    assert data == order


def test_the_answer_is_an_event_of_its_own() -> None:
    reply, _ = handler(None, dict(ATTRIBUTES))

    assert reply["id"] == ATTRIBUTES["id"]
    assert reply["type"] == "com.example.echo"
    assert reply["source"] == "urn:example:echo"
