"""What a receiver of OpenTelemetry's protocol was sent, as tests want to look at it."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass(frozen=True)
class Span:
    """A span; its ids are in hexadecimal, "" for no parent."""

    name: str
    kind: str
    trace_id: str
    span_id: str
    parent_id: str
    attributes: dict[str, Any]
    failed: bool
    links: list[str]
    exceptions: list[str]

    @property
    def traceparent(self) -> str:
        """How W3C Trace Context writes it, without the flags."""
        return f"00-{self.trace_id}-{self.span_id}"


@dataclass(frozen=True)
class Received:
    """All that a receiver wrote to its directory."""

    directory: Path

    def spans(self) -> list[Span]:
        """Give the spans, in the order in which they ended."""
        return [
            _span(span)
            for resource in self._messages("traces", "resourceSpans")
            for scope in resource["scopeSpans"]
            for span in scope["spans"]
        ]

    def resources(self, signal: str) -> list[dict[str, Any]]:
        """Give the attributes of the resources that "traces" or "metrics" are about."""
        messages = self._messages(signal, {"traces": "resourceSpans", "metrics": "resourceMetrics"}[signal])
        return [_attributes(message["resource"]) for message in messages]

    def points(self, name: str) -> list[tuple[dict[str, Any], int]]:
        """Give the attributes and the count (of a histogram) or value (of a counter) of a metric's last points."""
        found = [
            metric
            for resource in self._messages("metrics", "resourceMetrics")
            for scope in resource["scopeMetrics"]
            for metric in scope["metrics"]
            if metric["name"] == name
        ]
        data = found[-1].get("histogram") or found[-1]["sum"]
        return [(_attributes(point), int(point.get("count") or point["asInt"])) for point in data["dataPoints"]]

    def _messages(self, signal: str, member: str) -> Iterator[dict[str, Any]]:
        for line in (self.directory / f"{signal}.jsonl").read_text().splitlines():
            yield from json.loads(line)[member]


def _span(message: dict[str, Any]) -> Span:
    return Span(
        name=message["name"],
        kind=message["kind"].removeprefix("SPAN_KIND_"),
        trace_id=_hex(message["traceId"]),
        span_id=_hex(message["spanId"]),
        parent_id=_hex(message.get("parentSpanId", "")),
        attributes=_attributes(message),
        failed=message["status"].get("code") == "STATUS_CODE_ERROR",
        links=[f"00-{_hex(link['traceId'])}-{_hex(link['spanId'])}" for link in message.get("links", [])],
        exceptions=[_attributes(event)["exception.message"] for event in message.get("events", [])],
    )


def _attributes(message: dict[str, Any]) -> dict[str, Any]:
    return {member["key"]: _value(member["value"]) for member in message.get("attributes", [])}


def _value(value: dict[str, Any]) -> Any:
    # protobuf's JSON writes 64-bit integers as strings
    ((kind, content),) = value.items()
    return int(content) if kind == "intValue" else content


def _hex(encoded: str) -> str:
    return base64.b64decode(encoded).hex()
