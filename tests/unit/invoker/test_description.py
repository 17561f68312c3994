from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from funcpack_invoker.function.description import describe

if TYPE_CHECKING:
    from collections.abc import Callable

    from funcpack_invoker.function.loader import LoadedFunction


@pytest.mark.parametrize(
    ("code", "lines"),
    [
        (
            "def handler(req, unknown=1): pass",
            ["takes HTTP requests and runs on threads.", "  req: the request, a flask.Request"],
        ),
        (
            "async def handler(data, *, context): pass",
            [
                "takes CloudEvents and runs on the event loop.",
                "  data: the event's data",
                "  context: request id, trace, deadline and logger of the call",
            ],
        ),
        (
            "def handler(body, headers): pass",
            [
                "takes HTTP requests and runs on threads.",
                "  body: the body, as bytes",
                "  headers: the headers, a case-insensitive mapping",
            ],
        ),
        (
            "def handler(body: dict): pass",
            ["takes HTTP requests and runs on threads.", "  body: the body, read from JSON"],
        ),
        (
            "def handler(data: str, payload: bytes): pass",
            [
                "takes CloudEvents and runs on threads.",
                "  data: the event's data, as text",
                "  payload: the event's data, as bytes",
            ],
        ),
    ],
)
def test_describe(load_function: Callable[..., LoadedFunction], code: str, lines: list[str]) -> None:
    first, *rest = describe(load_function(code)).splitlines()
    assert first.startswith("handler.handler (")
    assert first.endswith(lines[0])
    assert rest == lines[1:]
