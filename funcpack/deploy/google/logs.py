"""The last lines of a function in Cloud Logging. See https://cloud.google.com/logging/docs/reference/v2/rest/v2/entries/list."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from funcpack.deploy.plan.steps import Plan, Step

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from funcpack.deploy.google.endpoints import Endpoints
    from funcpack.deploy.plan.values import Answers

_ENTRIES = "entries"
_LINES = 100


def lines(run: Callable[[Plan], Answers], endpoints: Endpoints, project: str, log_filter: str) -> Iterator[str]:
    """Return the last hundred entries that match a filter of Cloud Logging, the newest last. `run` sends the request."""
    body = {
        "resourceNames": [f"projects/{project}"],
        "filter": log_filter,
        "orderBy": "timestamp desc",
        "pageSize": _LINES,
    }
    step = Step(
        _ENTRIES,
        "Read the last lines",
        "POST",
        f"{endpoints.logging}v2/entries:list",
        body,
        is_idempotent=True,
    )
    document = run(Plan((step,)))[_ENTRIES].body or {}
    return map(_line, reversed(document.get("entries") or ()))


def _line(entry: Mapping[str, Any]) -> str:
    """Return an entry as a line: the time, the severity and the text."""
    parts = (entry.get("timestamp"), entry.get("severity"), _text(entry))
    return " ".join(str(part) for part in parts if part)


def _text(entry: Mapping[str, Any]) -> str:
    document = entry.get("jsonPayload") or entry.get("protoPayload")
    request = entry.get("httpRequest")
    if entry.get("textPayload") is not None:
        return str(entry["textPayload"]).rstrip("\n")
    if document:
        return str(document.get("message") or json.dumps(document, ensure_ascii=False))
    if request:
        parts = (request.get("requestMethod"), request.get("requestUrl"), request.get("status"))
        return " ".join(str(part) for part in parts if part)
    return ""
