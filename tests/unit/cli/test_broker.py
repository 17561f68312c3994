"""What a broker does with the answer to an event: one of four verdicts."""

from __future__ import annotations

import pytest

from funcpack.dev_server.history import KEPT_BODY, Message
from funcpack.playground.broker import verdict
from tests.unit.cli.exchanges import EVENT, JSON, exchange, message

STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
REPLY = message(b'{"a": 1}', content_type=JSON, **EVENT)
STRUCTURED_REPLY = message(
    b'{"specversion": "1.0", "id": "1", "source": "x", "type": "done", "data": 1}', content_type=STRUCTURED
)


@pytest.mark.parametrize(
    ("status", "answer", "name"),
    [
        (200, message(), "Delivered"),
        (204, message(), "Delivered"),
        (202, message(b"{}", content_type=JSON), "Delivered"),
        (200, message(b"{", content_type=STRUCTURED), "Reply sent on"),
        (200, REPLY, "Reply sent on"),
        (299, STRUCTURED_REPLY, "Reply sent on"),
        (200, message(b"[]", content_type=BATCH), "Reply sent on"),
        (200, message(b"x", KEPT_BODY + 1, content_type=STRUCTURED), "Reply sent on"),
        (301, message(), "Given up"),
        (400, message(), "Given up"),
        (401, message(), "Given up"),
        (404, message(), "Retried"),
        (405, message(), "Given up"),
        (408, message(), "Retried"),
        (409, message(), "Retried"),
        (410, message(), "Given up"),
        (413, message(), "Given up"),
        (415, message(), "Given up"),
        (429, message(), "Retried"),
        (500, message(), "Retried"),
        (500, REPLY, "Retried"),
        (503, message(), "Retried"),
        (599, message(), "Retried"),
    ],
)
def test_verdict_follows_the_status_and_the_reply(status: int, answer: Message, name: str) -> None:
    found = verdict(exchange(status, answer, type="order"))
    assert found is not None
    assert found.name == name


def test_words_of_a_verdict_name_no_other_one() -> None:
    words = ("delivered", "sent on", "retried", "given up")
    answers = [(200, message()), (200, REPLY), (200, STRUCTURED_REPLY), (200, message(b"[]", content_type=BATCH))]
    for status, answer in [*answers, (500, message()), (400, message())]:
        found = verdict(exchange(status, answer, type="order"))
        assert found is not None
        text = f"{found.name} {found.meaning} {found.warning}".lower()
        assert [word for word in words if word in text] == [next(word for word in words if word in found.name.lower())]


@pytest.mark.parametrize(("type_", "warns"), [("order", True), ("other", False)])
def test_reply_with_the_type_of_the_event_is_a_loop(type_: str, warns: bool) -> None:
    found = verdict(exchange(200, REPLY, type=type_))
    assert found is not None
    assert ("The reply has the same type as the event." in found.warning) is warns


@pytest.mark.parametrize(
    ("request_", "type_", "has_verdict"),
    [
        (message(), None, False),
        (message(content_type=JSON), None, False),
        (message(), "order", True),
        (message(ce_specversion="1.0"), None, True),
        (message(content_type=BATCH), None, True),
        (message(content_type="Application/CloudEvents+json; charset=utf-8"), None, True),
    ],
)
def test_only_the_answer_to_an_event_has_a_verdict(request_: Message, type_: str | None, has_verdict: bool) -> None:
    assert (verdict(exchange(200, request=request_, type=type_)) is not None) is has_verdict


def test_request_without_an_answer_has_no_verdict() -> None:
    assert verdict(exchange(0, type="order")) is None
