"""Calls the function the way the server does, with its own request objects. The tests need no server."""

from flask import Request
from handler import handler


def test_greets_the_world() -> None:
    body, _ = handler(Request.from_values("/"))

    assert body == "Hello World!"


def test_greets_by_name() -> None:
    body, _ = handler(Request.from_values("/?name=Ada"))

    assert body == "Hello Ada!"


def test_markup_in_a_name_stays_text() -> None:
    body, headers = handler(Request.from_values("/", query_string={"name": "<b>Ada</b>"}))

    assert body == "Hello <b>Ada</b>!"
    assert headers["Content-Type"].startswith("text/plain")
