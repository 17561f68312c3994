import pytest
from flask import Flask, request
from handler import handler


@pytest.mark.parametrize(
    ("path", "status", "answer"),
    [
        ("/?a=1&b=2", 200, {"sum": "3"}),
        ("/?a=0.1&b=0.2", 200, {"sum": "0.3"}),
        ("/?a=-1&b=1e3", 200, {"sum": "999"}),
        ("/?a=1", 400, {"error": "missing: b"}),
        ("/", 400, {"error": "missing: a and b"}),
        ("/?a=one&b=2", 422, {"error": "a is not a number: one"}),
        ("/?a=1&b=inf", 422, {"error": "b is out of range: inf"}),
        ("/?a=1&b=1e999999999", 422, {"error": "b is out of range: 1e999999999"}),
        ("/sum?a=1&b=2", 404, {"error": "not found: /sum"}),
    ],
)
def test_adds_or_says_what_is_wrong(path: str, status: int, answer: dict[str, str]) -> None:
    with Flask(__name__).test_request_context(path):
        assert handler(request) == (answer, status)


def test_other_methods_are_told_which_is_right() -> None:
    with Flask(__name__).test_request_context("/?a=1&b=2", method="POST"):
        assert handler(request) == ({"error": "use GET"}, 405, {"Allow": "GET, HEAD"})
