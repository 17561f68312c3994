"""What the page shows of bodies and answers: texts, beginnings, bytes, and differences."""

from __future__ import annotations

from typing import Any

import pytest

from funcpack.dev_server.history import KEPT_BODY, Message
from funcpack.playground.comparison import compare
from funcpack.playground.messages import body_view
from tests.unit.cli.exchanges import EVENT, JSON, exchange, message

TEXT = "text/plain"


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (message(), {"text": "", "size": 0, "isWhole": True, "isJson": False}),
        (message(b"a\nb"), {"text": "a\nb", "size": 3, "isWhole": True, "isJson": False}),
        (
            message(b'{"a": 1.0}', content_type=JSON),
            {"text": '{"a": 1.0}', "size": 10, "isWhole": True, "isJson": True},
        ),
        (
            message("é".encode("latin-1"), content_type="text/plain; charset=latin-1"),
            {"text": "é", "size": 1, "isWhole": True, "isJson": False},
        ),
        (message(b"\xff\x00"), {"hex": "ff00", "size": 2, "isWhole": True}),
        (message(b"\xff" * 600), {"hex": "ff" * 512, "size": 600, "isWhole": False}),
        (message(b"abc", content_encoding="gzip"), {"hex": "616263", "size": 3, "isWhole": True}),
        (
            message(b"x" * KEPT_BODY, content_type=TEXT),
            {"text": "x" * KEPT_BODY, "size": KEPT_BODY, "isWhole": True, "isJson": False},
        ),
        (
            message(b"x" * KEPT_BODY, KEPT_BODY + 1, content_type=TEXT),
            {"text": "x" * 65536, "size": KEPT_BODY + 1, "isWhole": False, "isJson": False},
        ),
        # A character of three bytes is cut.
        (
            message(("x" + "€" * (KEPT_BODY // 3)).encode(), 2 * KEPT_BODY, content_type=TEXT),
            {"text": "x" + "€" * 21845, "size": 2 * KEPT_BODY, "isWhole": False, "isJson": False},
        ),
    ],
    ids=range(10),
)
def test_body_is_text_or_bytes_with_its_size(found: Message, expected: dict[str, Any]) -> None:
    assert body_view(found) == expected


@pytest.mark.parametrize(
    ("old", "new", "lines"),
    [
        (message(b"a", content_type=TEXT), message(b"a", content_type=TEXT), []),
        (message(b"a", date="x", content_length="1"), message(b"a", date="y", content_length="2"), []),
        (
            message(b"a\nb\nc", content_type=TEXT),
            message(b"a\nB\nc", content_type=TEXT),
            [" content-type: text/plain", " ", " a", "-b", "+B", " c"],
        ),
        (
            message(b'{"a":1,"b":2}', content_type=JSON),
            message(b'{"a": 1, "b": 3}', content_type=JSON),
            [" {", '   "a": 1,', '-  "b": 2', '+  "b": 3', " }"],
        ),
        (message(b""), message(b"", x_new="1"), [" Status: 200", "+x-new: 1", " "]),
        (
            message(b"1", content_type=JSON, **{**EVENT, "ce-id": "1"}),
            message(b"1", content_type=JSON, **{**EVENT, "ce-id": "2"}),
            [],
        ),
    ],
)
def test_comparison_shows_the_lines_that_differ(old: Message, new: Message, lines: list[str]) -> None:
    assert [f"{line.sign}{line.text}" for line in compare(exchange(200, old), exchange(200, new))] == lines


def test_comparison_shows_the_status() -> None:
    lines = compare(exchange(200), exchange(500))
    assert [f"{line.sign}{line.text}" for line in lines] == ["-Status: 200", "+Status: 500", " "]


@pytest.mark.parametrize(
    "bodies",
    [
        (b"\xff\x00", b"\xff\x01"),
        (b"a\n" * 3000, b"b\n" * 3000),
        (b"a" * 5000, b"b" * 5000),
    ],
)
def test_what_no_line_can_show_is_compared_by_its_digest(bodies: tuple[bytes, bytes]) -> None:
    lines = compare(*(exchange(200, message(body)) for body in bodies))
    changed = [line for line in lines if line.sign != " "]
    assert [line.sign for line in changed] == ["-", "+"]
    assert all(line.text.startswith(f"{len(bodies[0])} bytes, SHA-256") for line in changed)
