"""A plan of requests as `--dry-run` prints it."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from funcpack.deploy.plan.values import at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from funcpack.deploy.plan.steps import Plan, PlannedRequest

_MOST_FILES = 20


def printed(plan: Plan, format_: str) -> str:
    """Return a plan for people (`text`), or as a JSON array for programs (`json`)."""
    if format_ == "json":
        return _json([asdict(request) for request in plan])
    return "\n\n".join("\n".join(_lines(number, request)) for number, request in enumerate(plan, 1))


def _lines(number: int, request: PlannedRequest) -> Iterator[str]:
    """Return the lines of a request: method and URL, when it is sent, the header fields, the body."""
    margin = " " * len(f"{number}. ")
    yield f"{number}. {request.method} {request.url}"
    if request.when is not None:
        yield f"{margin}when: {request.when}"
    for name, value in request.headers.items():
        yield f"{margin}{name}: {value}"
    if request.body is not None:
        yield from (f"{margin}{line}" for line in _json(_shortened(request.body)).splitlines())


def _shortened(body: Any) -> Any:
    """Return a body without most of the names of a large archive, which the format `json` lists all."""
    files = at(body, "zip.files")
    if not files or len(files) <= _MOST_FILES:
        return body
    return {"zip": {**body["zip"], "files": [*files[:_MOST_FILES], f"and {len(files) - _MOST_FILES} more"]}}


def _json(document: Any) -> str:
    return json.dumps(document, ensure_ascii=False, indent=2)
