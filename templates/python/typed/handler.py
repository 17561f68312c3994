"""Takes the data of an event as a dataclass, and answers with an event."""

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
    """The data of an event; data that does not fit is answered 400, naming the field, and the function is not called."""

    order: int
    items: list[Item]


@dataclass(frozen=True)
class Bill:
    """The data of the answer."""

    order: int
    total: float


def handler(data: Order) -> tuple[dict[str, Any], Bill]:
    """Send the bill of an order. The answer is an event of its own, with another type than the order."""
    total = sum(item.price * item.count for item in data.items)
    return {"type": "com.example.order.billed", "source": "urn:example:billing"}, Bill(data.order, round(total, 2))
