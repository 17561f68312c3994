"""Compares an answer with the one that is kept.

The status, the header fields that are kept and the body or the event must be the same. The rules for ids and times:

- Members of objects that are named `id` or `time` may have any value; an event's `traceparent` and `tracestate` are not kept.
- In all texts, UUIDs and times (ISO 8601, and those of HTTP) may be others.
- `ignore` lists other values by their path in the answer, such as `json.items.0.price`. `*` stands for any text.
"""

from __future__ import annotations

import base64
import difflib
import json
import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from funcpack_invoker.events import encode
from funcpack_invoker.http import json_codec

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from funcpack.calls.answer import Answer

# Fields that describe the transfer or the moment, and those of an event, which is kept as a whole.
_NOT_KEPT = re.compile(
    "age|connection|content-length|date|expires|keep-alive|last-modified|server|transfer-encoding|via"
    "|traceparent|tracestate|x-request-id|ce-.*"
)
_NOT_KEPT_OF_EVENTS = ("id", "time", "traceparent", "tracestate")

# What an event in JSON has if it does not say so, at least in a file that a person has written.
# https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md#31-handling-of-data
_EVENT_DEFAULTS = {"specversion": "1.0", "datacontenttype": "application/json"}

_CHANGING_MEMBERS = {"id": "<id>", "time": "<time>"}
_CHANGING_TEXTS = (
    (re.compile(r"\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b", re.IGNORECASE), "<id>"),
    (
        re.compile(r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z\b|[+-]\d\d:?\d\d\b)?", re.IGNORECASE),
        "<time>",
    ),
    (re.compile(r"\b[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT\b"), "<time>"),
)
_IGNORED = "<ignored>"


def kept(answer: Answer, names: Iterable[str] | None = None) -> dict[str, Any]:
    """Return an answer as it is kept.

    Args:
        answer: the answer.
        names: of the header fields to keep; None for all that do not change from one answer to the next.

    """
    event = answer.event
    fields = answer.head.joined
    if names is None:
        names = [name for name in fields if not _NOT_KEPT.fullmatch(name) and not (event and name == "content-type")]
    headers = {name: fields[name.lower()] for name in names if name.lower() in fields}
    members: dict[str, Any] = {"status": answer.head.status} | ({"headers": headers} if headers else {})
    if event:
        return members | {"event": _event(json.loads(encode.write_structured(event)[1]))}
    return members | _body(answer)


def difference(expected: Mapping[str, Any] | None, answer: Answer, ignored: Sequence[str]) -> list[str]:
    """Return the lines by which an answer differs from the expected one, as those of a unified diff; none if it does not.

    Without an expected answer, all of it differs.
    """
    actual = kept(answer, None if expected is None else expected.get("headers", ()))
    before = [] if expected is None else _lines(_comparable(_with_defaults(_as_kept(expected)), "", ignored))
    after = _lines(_comparable(_with_defaults(actual), "", ignored))
    lines = difflib.unified_diff(before, after, n=2, lineterm="")
    return [line for line in lines if not line.startswith(("---", "+++", "@@"))]


def _as_kept(expected: Mapping[str, Any]) -> dict[str, Any]:
    """Return an answer that a person may have written without the parts that `kept` omits."""
    members = {name: value for name, value in expected.items() if name != "headers" or value}
    return members | ({"event": _event(members["event"])} if "event" in members else {})


def _with_defaults(members: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**members, "event": _EVENT_DEFAULTS | members["event"]} if "event" in members else members


def _event(document: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name not in _NOT_KEPT_OF_EVENTS}


def _body(answer: Answer) -> dict[str, Any]:
    if not answer.body:
        return {}
    text = answer.text
    if text is None:
        return {"base64": base64.b64encode(answer.body).decode()}
    if answer.head.media_type.is_json:
        try:
            return {"json": json_codec.loads(answer.body)}
        except ValueError:
            pass
    return {"text": text}


def _comparable(value: Any, path: str, ignored: Sequence[str]) -> Any:
    """Return a value with placeholders for the parts that may change."""
    if path and any(fnmatchcase(path, pattern) for pattern in ignored):
        return _IGNORED
    if isinstance(value, dict):
        return {
            name: _CHANGING_MEMBERS.get(name) or _comparable(member, f"{path}.{name}".lstrip("."), ignored)
            for name, member in value.items()
        }
    if isinstance(value, list):
        return [_comparable(member, f"{path}.{number}", ignored) for number, member in enumerate(value)]
    return _with_placeholders(value) if isinstance(value, str) else value


def _with_placeholders(text: str) -> str:
    for pattern, placeholder in _CHANGING_TEXTS:
        text = pattern.sub(placeholder, text)
    return text


def _lines(value: object) -> list[str]:
    return json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True).splitlines()
