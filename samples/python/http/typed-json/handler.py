"""Receives JSON as a dataclass. The function is called only with a valid order."""

from dataclasses import dataclass, field
from enum import StrEnum


class Size(StrEnum):
    """The sizes on the menu."""

    SMALL = "small"
    LARGE = "large"


@dataclass(frozen=True)
class Pizza:
    """One pizza in an order."""

    name: str
    size: Size = Size.SMALL
    extras: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Order:
    """The body of a request."""

    table: int
    pizzas: list[Pizza]


PRICES = {Size.SMALL: 9, Size.LARGE: 12}


def handler(body: Order) -> dict[str, object]:
    """Return the price of an order. The invoker rejects an invalid body with status 400 and names the field."""
    total = sum(PRICES[pizza.size] + len(pizza.extras) for pizza in body.pizzas)
    return {"table": body.table, "pizzas": len(body.pizzas), "total": total}
