"""A receiver of OpenTelemetry's protocol, and what it was sent, as tests want to look at it."""

from __future__ import annotations

import base64
import json
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_RECEIVER = Path(__file__).with_name("otlp_receiver.py")


@contextmanager
def receiver(python: Path, directory: Path) -> Iterator[str]:
    """Run a receiver; gives its address."""
    process = subprocess.Popen([str(python), "-P", str(_RECEIVER), str(directory)])
    try:
        deadline = time.monotonic() + 20
        while not (directory / "port").exists():
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.01)
        yield f"http://127.0.0.1:{(directory / 'port').read_text()}"
    finally:
        process.kill()
        process.wait()


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
class Log:
    """A log record; its ids are in hexadecimal, "" for a record outside a trace."""

    logger: str
    severity: str
    number: str
    body: str
    attributes: dict[str, Any]
    trace_id: str
    span_id: str
    time: int


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

    def logs(self) -> list[Log]:
        """Give the log records, in the order in which they were sent."""
        return [
            _log(scope["scope"]["name"], record)
            for resource in self._messages("logs", "resourceLogs")
            for scope in resource["scopeLogs"]
            for record in scope["logRecords"]
        ]

    def resources(self, signal: str) -> list[dict[str, Any]]:
        """Give the attributes of the resources that "traces", "metrics" or "logs" are about."""
        members = {"traces": "resourceSpans", "metrics": "resourceMetrics", "logs": "resourceLogs"}
        messages = self._messages(signal, members[signal])
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
        file = self.directory / f"{signal}.jsonl"
        for line in file.read_text().splitlines() if file.exists() else ():
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


def _log(logger: str, message: dict[str, Any]) -> Log:
    return Log(
        logger=logger,
        severity=message["severityText"],
        number=message["severityNumber"].removeprefix("SEVERITY_NUMBER_"),
        body=_value(message["body"]),
        attributes=_attributes(message),
        trace_id=_hex(message.get("traceId", "")),
        span_id=_hex(message.get("spanId", "")),
        time=int(message["timeUnixNano"]),
    )


def _attributes(message: dict[str, Any]) -> dict[str, Any]:
    return {member["key"]: _value(member["value"]) for member in message.get("attributes", [])}


def _value(value: dict[str, Any]) -> Any:
    if not value:
        return None
    ((kind, content),) = value.items()
    if kind == "kvlistValue":
        return {member["key"]: _value(member["value"]) for member in content.get("values", [])}
    if kind == "arrayValue":
        return [_value(item) for item in content.get("values", [])]
    # protobuf's JSON writes 64-bit integers as strings
    return int(content) if kind == "intValue" else content


def _hex(encoded: str) -> str:
    return base64.b64decode(encoded).hex()
