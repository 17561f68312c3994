"""Calls the function as the server would, with requests made here: no server is needed."""

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
