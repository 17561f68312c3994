"""The requests that the servers of a comparison are measured with."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

EVENT_ATTRIBUTES = {
    "specversion": "1.0",
    "id": "A234-1234-1234",
    "source": "https://example.com/orders",
    "type": "com.example.order.placed",
    "time": "2026-01-31T12:00:00Z",
    "subject": "order-17",
}
ORDER = {"order": 17, "customer": "Ada Lovelace", "items": [{"sku": "A-1", "count": 2}, {"sku": "B-2", "count": 1}]}


@dataclass(frozen=True, slots=True)
class Case:
    """A request and the number of connections that repeat it; `name` is also the name of the function in benchmarks/functions."""

    name: str
    title: str
    event: bool = False
    asynchronous: bool = False
    connections: int = 16
    method: str = "POST"
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    def figure(self, quantity: str) -> str:
        """Return the name of a figure other than the throughput, whose name is the title."""
        return f"{self.title}: {quantity}"


# The quantities that are measured with `hello` and `reply` only.
LATENCY = "p99 at equal load"
COLD_START = "cold start"
MEMORY = "idle memory"

_ORDER_JSON = json.dumps(ORDER).encode()

CASES = (
    Case("hello", "HTTP hello, `def`", method="GET"),
    Case("json_echo", "JSON in and out", headers={"Content-Type": "application/json"}, body=_ORDER_JSON),
    Case("hello_async", "HTTP hello, `async def`", asynchronous=True, method="GET"),
    Case(
        "reply",
        "CloudEvent and reply, binary",
        event=True,
        headers={f"ce-{name}": value for name, value in EVENT_ATTRIBUTES.items()}
        | {"Content-Type": "application/json"},
        body=_ORDER_JSON,
    ),
    Case(
        "reply_structured",
        "CloudEvent and reply, structured",
        event=True,
        headers={"Content-Type": "application/cloudevents+json"},
        body=json.dumps({**EVENT_ATTRIBUTES, "datacontenttype": "application/json", "data": ORDER}).encode(),
    ),
    Case("size", "body of 1 MiB", headers={"Content-Type": "application/octet-stream"}, body=bytes(2**20)),
    Case("slow", "64 connections, a function that sleeps 50 ms", connections=64, method="GET"),
)
