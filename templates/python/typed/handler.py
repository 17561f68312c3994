"""Receives the data of an event as a dataclass, and replies with an event."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Item:
    """One line of an order."""

    name: str
    price: float
    count: int = 1


@dataclass(frozen=True)
class Order:
    """The data of an event. The invoker rejects data that does not fit with status 400 and names the field."""

    order: int
    items: list[Item]


@dataclass(frozen=True)
class Bill:
    """The data of the reply."""

    order: int
    total: float


def handler(data: Order) -> tuple[dict[str, Any], Bill]:
    """Return the bill for an order. The type of the reply differs from the type of the order."""
    total = sum(item.price * item.count for item in data.items)
    return {"type": "com.example.order.billed", "source": "urn:example:billing"}, Bill(data.order, round(total, 2))
