import pytest
from flask import Flask, request
from handler import handler


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({}, "World"),
        ({"query_string": {"name": "Ann"}}, "Ann"),
        ({"query_string": {"name": "  "}}, "World"),
        ({"method": "POST", "data": {"name": "Jürgen"}}, "Jürgen"),
        ({"query_string": {"name": "<b>"}}, "&lt;b&gt;"),
    ],
    ids=["nobody", "query", "blank", "form", "markup"],
)
def test_greets_whoever_is_named(options: dict[str, object], name: str) -> None:
    with Flask(__name__).test_request_context(**options):
        assert f"<h1>Hello, {name}!</h1>" in handler(request)
