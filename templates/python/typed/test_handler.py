"""Calls the function the way the server does, with a validated order."""

import pytest
from handler import Bill, Item, Order, handler


@pytest.mark.parametrize(
    ("items", "total"),
    [
        pytest.param([], 0, id="nothing"),
        pytest.param([Item("tea", 3.5)], 3.5, id="one"),
        pytest.param([Item("tea", 0.1), Item("cake", 0.2, count=3)], 0.7, id="several"),
    ],
)
def test_the_bill_adds_up(items: list[Item], total: float) -> None:
    attributes, bill = handler(Order(order=1, items=items))

    assert attributes["type"] == "com.example.order.billed"
    assert bill == Bill(order=1, total=total)
