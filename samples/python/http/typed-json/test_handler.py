from handler import Order, Pizza, Size, handler


def test_order_is_added_up() -> None:
    order = Order(table=4, pizzas=[Pizza("Margherita"), Pizza("Funghi", Size.LARGE, ["garlic", "olives"])])

    assert handler(order) == {"table": 4, "pizzas": 2, "total": 23}
