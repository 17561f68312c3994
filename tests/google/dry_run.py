"""Compares what a dry run prints with the requests that a server received."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.google.server import GoogleServer


def assert_equal(planned: list[dict[str, Any]], google: GoogleServer) -> None:
    """Compare a plan with the requests: each request is the next step with its method and URL, or a repeated poll."""
    steps = iter(planned)
    step: dict[str, Any] = {}
    polled = None
    for request in google.requests:
        body = None if isinstance(request.body, bytes) else request.body
        if request.url != polled or request.method != "GET":
            step = next(step for step in steps if step["method"] == request.method and _fits(step["url"], request.url))
        polled = request.url if "until done" in (step["when"] or "") else None
        headers = {name.lower(): value for name, value in step["headers"].items()}
        assert headers.items() <= request.headers.items()
        assert headers.get("content-type") == request.headers.get("content-type"), step
        if isinstance(step["body"], dict) and "zip" in step["body"]:
            assert step["body"]["zip"]["sha256"] == hashlib.sha256(request.body).hexdigest()
            continue
        assert _fits(step["body"], body), (step["body"], body)
    assert [step for step in steps if step["when"] is None] == []


def _fits(planned: Any, sent: Any) -> bool:
    """Return whether a value is the planned one with values for the placeholders."""
    if isinstance(planned, str) and re.fullmatch("<[^<>]*>", planned):
        return sent is not None
    if isinstance(planned, str) and isinstance(sent, str):
        parts = re.split("<[^<>]*>", planned)
        return re.fullmatch(".+".join(map(re.escape, parts)), sent) is not None
    if isinstance(planned, dict) and isinstance(sent, dict):
        return planned.keys() == sent.keys() and all(_fits(planned[key], sent[key]) for key in planned)
    if isinstance(planned, list) and isinstance(sent, list):
        return len(planned) == len(sent) and all(map(_fits, planned, sent))
    return bool(planned == sent)
