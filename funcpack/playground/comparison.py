"""The answers of two requests compared, by lines."""

from __future__ import annotations

import difflib
import hashlib
import json
from dataclasses import dataclass
from itertools import dropwhile
from typing import TYPE_CHECKING, Any

from funcpack.calls.comparison import kept
from funcpack.playground.messages import answer_of

if TYPE_CHECKING:
    from funcpack.dev_server.history import Exchange

# Lines: the time of a comparison can grow with their square.
_MOST_LINES = 2000
_LONGEST_LINE = 2000


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a comparison: `sign` is `-` for one of the old answer, `+` for one of the new answer, or a space for both."""

    sign: str
    text: str


def compare(old: Exchange, new: Exchange) -> list[Line]:
    """Return the lines of the status, the header and the body that differ, with some around them; none if there are none.

    Fields that change from one answer to the next, such as the date, do not count, and neither do the id and time of an event.
    """
    lines = difflib.unified_diff(_lines(old), _lines(new), n=3, lineterm="")
    shown = [Line(line[:1], line[1:]) for line in list(lines)[2:] if not line.startswith("@@")]
    # The empty line between the header and the body separates nothing if the header is the same.
    return list(dropwhile(lambda line: line == Line(" ", ""), shown))


def _lines(exchange: Exchange) -> list[str]:
    members = kept(answer_of(exchange))
    event = members.get("event", {})
    attributes = {name: value for name, value in event.items() if not name.startswith("data")}
    fields = {"Status": exchange.status, **members.get("headers", {}), **attributes}
    return [*(f"{name}: {value}" for name, value in fields.items()), "", *_body(exchange, members, event)]


def _body(exchange: Exchange, members: dict[str, Any], event: dict[str, Any]) -> list[str]:
    found = [source[name] for source, name in ((members, "json"), (members, "text"), (event, "data")) if name in source]
    lines = [line for value in found for line in _text(value).splitlines()]
    is_shown = len(lines) <= _MOST_LINES and max(map(len, lines), default=0) <= _LONGEST_LINE
    if is_shown and (found or not exchange.answer.size) and not exchange.answer.is_cut:
        return lines
    digest = hashlib.sha256(exchange.answer.body).hexdigest()
    return [f"{exchange.answer.size} bytes, SHA-256 of the first {len(exchange.answer.body)}: {digest}"]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)
