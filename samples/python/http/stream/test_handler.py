import pytest
from flask import Flask, request
from handler import countdown, handler


def test_counts_down_event_by_event() -> None:
    events = countdown(2, 0)

    assert list(events) == ["data: 2\n\n", "data: 1\n\n", "data: lift-off\n\n"]


def test_answer_is_a_stream_of_events() -> None:
    with Flask(__name__).test_request_context("/?from=1&pause=0"):
        answer = handler(request)

    assert answer.is_streamed
    assert answer.mimetype == "text/event-stream"


@pytest.mark.parametrize(
    "query", ["from=-1", "from=99999", "pause=-1", "pause=nan", "pause=inf", "from=3600&pause=1.1"]
)
def test_numbers_out_of_range_are_refused(query: str) -> None:
    with Flask(__name__).test_request_context(f"/?{query}"):
        assert handler(request)[1] == 400
