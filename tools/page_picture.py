"""Makes the picture of the page of `funcpack run`: an event is sent, and sent again after a change of the function."""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import expect, sync_playwright

from tools import browser
from tools.terminal import DEADLINE, Terminal

if TYPE_CHECKING:
    from playwright.sync_api import Page

WIDTH = 1280

_FUNCTION = """\
from dataclasses import dataclass


@dataclass
class Order:
    number: int
    item: str
    price: float
    count: int = 1


def handler(data: Order):
    print(f"order {data.number}: {data.count} x {data.item}")
    reply = {"type": "order.billed", "source": "https://shop.example.com/bills"}
    return reply, {"order": data.number, "total": data.price * data.count}
"""
_CHANGE = ("data.price * data.count}", "data.price * data.count * 0.9}")

# The data of events, and the status of the answers. The second one does not fit the type Order.
_EVENTS = (
    ({"number": 41, "item": "book", "price": 19.5}, "200 OK"),
    ({"number": 42, "item": "pencil", "price": "half"}, "400 Bad Request"),
    ({"number": 42, "item": "pencil", "price": 0.5, "count": 12}, "200 OK"),
)


def make() -> dict[str, bytes]:
    """Return the PNG of the light and the dark picture. Raises ToolError if the function is not served."""
    with tempfile.TemporaryDirectory() as name, Terminal(Path(name), columns=200) as terminal:
        # Not the home directory itself: it has the cache of the tool, and a change of that would load the function again.
        function = Path(name) / "orders" / "handler.py"
        function.parent.mkdir()
        function.write_text(_FUNCTION)
        terminal.start("funcpack run orders")
        terminal.wait_for("Requests, sample events and logs")
        with sync_playwright() as playwright:
            # Chromium's sandbox does not start for root in a container.
            chromium = playwright.chromium.launch(executable_path=browser.find(), args=["--no-sandbox"])
            page = chromium.new_page(viewport={"width": WIDTH, "height": 1000}, locale="en-US", timezone_id="UTC")
            page.goto("http://127.0.0.1:8081")
            _use(page, function)
            return {"light": _screenshot(page, dark=False), "dark": _screenshot(page, dark=True)}


def _use(page: Page, function: Path) -> None:
    """Send events, change the function, and send the last event again."""
    expect.set_options(timeout=DEADLINE * 1000)
    response = page.get_by_role("region", name="Response", exact=True)
    # The page fills the data when it has found the type Order.
    expect(page.get_by_label("Data", exact=True)).to_have_value(re.compile("item"))
    page.get_by_label("Type", exact=True).fill("order.placed")
    for number, (data, status) in enumerate(_EVENTS, 1):
        page.get_by_label("Data", exact=True).fill(json.dumps(data, indent=2))
        page.get_by_role("button", name="Send", exact=True).click()
        expect(response).to_contain_text(f"request {number}")
        expect(response).to_contain_text(status)
    function.write_text(_FUNCTION.replace(*_CHANGE))
    expect(page.get_by_text("loaded again in")).to_be_visible()
    page.get_by_role("button", name="Send again").first.click()
    expect(response.get_by_role("group", name="Old and new answer")).to_be_visible()


def _screenshot(page: Page, *, dark: bool) -> bytes:
    """Return a picture of the page down to the reply event, without its long attributes."""
    # After a reload, the page first knows only the names of the parameters.
    expect(page.get_by_role("region", name="Function")).to_contain_text("data: handler.Order")
    page.emulate_media(color_scheme="dark" if dark else "light")
    page.mouse.move(0, 0)
    attribute = page.get_by_text("traceparent", exact=True).first
    bottom = attribute.evaluate("element => element.getBoundingClientRect().top")
    return page.screenshot(full_page=True, clip={"x": 0, "y": 0, "width": WIDTH, "height": bottom})
