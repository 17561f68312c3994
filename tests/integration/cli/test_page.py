"""The page of `funcpack run` in a real browser, by what a user sees: roles, names and texts."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect, sync_playwright

from funcpack.plain_text import escaped
from tests.integration.cli.conftest import DEADLINE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from playwright.sync_api import Browser, Locator, Page, Route

    from tests.integration.cli.conftest import Run, StartRun

CHROMIUM = shutil.which("chromium")

ORDERS = """
    from dataclasses import dataclass

    @dataclass
    class Order:
        item: str
        count: int = 3

    def handler(data: Order):
        print(f"order of {data.item}", flush=True)
        return {"accepted": data.item, "count": data.count}
"""

REQUESTS = """
    import time

    def handler(request):
        if request.path == "/slow":
            print("it takes long", flush=True)
            time.sleep(60)
        if request.path == "/hostile":
            print("\\x1b[31m \\u202egnp.exe <script>document.title = 'owned'</script>\\x00", flush=True)
            text = "<script>document.title = 'owned'</script><img src=x onerror=alert(1)>\\u202e" + "w" * 5000
            return {text: text}, 200, {"X-Html": "<b>bold</b>", "X-Long": "v" * 5000}
        if request.path == "/lines":
            for number in range(10000):
                print(f"line {number} " + "x" * 100)
        if request.path == "/large":
            return "a line of a text\\n" * 100_000, 200, {"Content-Type": "text/plain"}
        if request.path == "/bytes":
            return bytes(range(256))
        if request.path == "/status":
            return "", int(request.args["code"])
        return f"{request.method} {request.full_path} {request.headers.get('X-Test')} {request.get_data(as_text=True)}"
"""

STATUSES = """
    def handler(attributes):
        if attributes["type"] == "loop":
            return {"type": "loop", "source": "x"}, None
        return None if attributes["subject"] == "200" else ("", int(attributes["subject"]))
"""


class OpenPage(Protocol):
    """Opens the page of a function; see `open_page`."""

    def __call__(self, source: str, *, width: int = 1280, dark: bool = False) -> tuple[Page, Run]:
        """Start `funcpack run`, and open its page when the function serves."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser without a window."""
    assert CHROMIUM, "Chromium is not installed; `make test` installs it on Debian"
    with sync_playwright() as playwright:
        # Tests run as root in containers, too, where Chromium's sandbox does not start.
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser: Browser, start_run: StartRun) -> Iterator[OpenPage]:
    """Open the page of a function. A message on the console, such as an error of a script, fails the test."""
    messages: list[str] = []
    contexts = []

    def open_it(source: str, *, width: int = 1280, dark: bool = False) -> tuple[Page, Run]:
        run = start_run(source, "--ui-port", "0")
        ui = run.wait_for("ready")["ui"]
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme="dark" if dark else "light"
        )
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        context.set_default_timeout(DEADLINE * 1000)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: messages.append(message.text))
        page.on("pageerror", lambda error: messages.append(str(error)))
        page.goto(ui)
        expect(page.get_by_text("Live", exact=True)).to_be_visible()
        return page, run

    expect.set_options(timeout=DEADLINE * 1000)
    yield open_it
    for context in contexts:
        context.close()
    # Answers with an error are a part of some tests.
    assert [message for message in messages if not message.startswith("Failed to load resource")] == []


def region(page: Page, name: str) -> Locator:
    return page.get_by_role("region", name=name, exact=True)


def send(page: Page) -> None:
    page.get_by_role("button", name="Send", exact=True).click()


def send_http(page: Page, fields: Mapping[str, str]) -> Locator:
    for name, value in fields.items():
        page.get_by_role("textbox", name=name, exact=True).or_(page.get_by_label(name, exact=True)).first.fill(value)
    send(page)
    return region(page, "Response")


def rows(page: Page) -> Locator:
    return region(page, "History").get_by_role("row")


def test_event_is_sent_and_the_new_answer_compared_after_a_change(open_page: OpenPage) -> None:
    page, run = open_page(ORDERS)
    expect(page.get_by_role("tab", name="CloudEvent")).to_have_attribute("aria-selected", "true")
    expect(page.get_by_label("Data", exact=True)).to_have_value('{\n  "item": "item",\n  "count": 3\n}')
    expect(region(page, "Function")).to_contain_text("data: handler.Order")
    page.get_by_label("Data", exact=True).fill('{"item": "book"}')
    page.get_by_label("Type", exact=True).fill("order.created")
    send(page)
    response = region(page, "Response")
    expect(response).to_contain_text("200 OK")
    expect(response).to_contain_text('"accepted": "book"')
    expect(response).to_contain_text("Reply sent on")
    expect(response.get_by_role("group", name="Logs of this request")).to_have_text("order of book")
    expect(region(page, "Logs")).to_contain_text("order of book")
    expect(rows(page)).to_have_count(1)

    run.write(ORDERS.replace('"accepted"', '"taken"'))
    expect(page.get_by_text("Reloaded in")).to_be_visible()
    page.get_by_role("button", name="Send again").first.click()
    difference = response.get_by_role("group", name="Old and new response")
    expect(response).to_contain_text("Compared with request 1: version 1 and version 2")
    expect(difference).to_contain_text('-   "accepted": "book"')
    expect(difference).to_contain_text('+   "taken": "book"')
    expect(rows(page)).to_have_count(2)


def test_history_has_the_requests_of_all_clients_and_is_kept(open_page: OpenPage) -> None:
    page, run = open_page(REQUESTS)
    for number in range(3):
        run.get(f"/client/{number}", X_Test="a")
    expect(rows(page)).to_have_count(3)
    assert [row.split("GET ")[1].split("\n")[0] for row in rows(page).all_inner_texts()] == [
        "/client/2",
        "/client/1",
        "/client/0",
    ]
    run.write(REQUESTS.replace("import time", "import time, json"))
    run.wait_for("reload")
    page.reload()
    expect(rows(page)).to_have_count(3)
    rows(page).nth(1).get_by_role("button", name="Send again").click()
    expect(region(page, "Response")).to_contain_text("GET /client/1? a")
    expect(rows(page).first).to_contain_text("GET /client/1")


def test_request_is_sent_as_the_fields_say(open_page: OpenPage) -> None:
    page, run = open_page(REQUESTS)
    fields = {"Method": "PUT", "Path": "/a%2Fb?c=d", "Headers": "X-Test: one\nX-Other: two", "Body": "@/etc/passwd é"}
    expect(send_http(page, fields)).to_contain_text("PUT /a/b?c=d one @/etc/passwd é")
    told = run.wait_for("request")
    assert (told["method"], told["path"], told["status"]) == ("PUT", "/a%2Fb?c=d", 200)


def test_request_with_a_body_is_a_post_unless_the_user_chooses(open_page: OpenPage) -> None:
    page, _ = open_page(REQUESTS)
    method = page.get_by_label("Method", exact=True)
    page.get_by_label("Body", exact=True).fill("a")
    expect(method).to_have_value("POST")
    page.get_by_label("Body", exact=True).fill("")
    expect(method).to_have_value("GET")
    method.fill("DELETE")
    page.get_by_label("Body", exact=True).fill("a")
    expect(method).to_have_value("DELETE")


def test_characters_that_cannot_be_seen_are_those_of_the_terminal(open_page: OpenPage) -> None:
    page, _ = open_page(REQUESTS)
    shown = page.evaluate("""async () => {
        const { visible } = await import("/static/text.js");
        const found = [];
        for (let code = 0; code < 0x110000; code += 1) {
            if (visible(String.fromCodePoint(code))[0] instanceof Element) found.push(code);
        }
        return found;
    }""")
    assert shown == [code for code in range(0x110000) if escaped(chr(code)) != chr(code) and chr(code) != "\n"]


def test_field_that_is_not_valid_is_named(open_page: OpenPage) -> None:
    page, _ = open_page(REQUESTS)
    for fields, text in (
        ({"Headers": "no colon"}, "Headers 'no colon' is not a header field."),
        ({"Headers": "", "Path": "orders"}, "Path 'orders' does not begin with a slash."),
        ({"Path": "/", "Method": "G T"}, "Method 'G T' is not a method."),
        ({"Method": "GET", "Headers": "Content-Length: 5"}, "Content-Length is 5, but the body has 0 bytes"),
        ({"Headers": "Transfer-Encoding: gzip"}, "Only Transfer-Encoding: chunked is supported."),
        ({"Headers": f"X-Long: {'v' * 200_000}"}, "The server answered 431 before the request came to the function"),
    ):
        expect(send_http(page, fields)).to_contain_text(text)
    expect(rows(page)).to_have_count(0)


def test_sample_fills_the_fields(open_page: OpenPage) -> None:
    page, _ = open_page(STATUSES)
    samples = page.get_by_role("listbox", name="Sample events")
    expect(samples.get_by_role("option")).to_have_count(8)
    samples.get_by_role("option", name="s3", exact=True).click()
    expect(page.get_by_label("Type", exact=True)).to_have_value(re.compile("s3", re.IGNORECASE))
    expect(page.get_by_label("Data", exact=True)).to_have_value(re.compile("eventName"))


def test_answer_to_an_event_has_one_verdict(open_page: OpenPage) -> None:
    page, _ = open_page(STATUSES)
    verdicts = ("delivered", "sent on", "retried", "given up")
    response = region(page, "Response")
    for type_, subject, verdict, warning in (
        ("a", "200", "Delivered", ""),
        ("a", "404", "Retried", ""),
        ("a", "503", "Retried", ""),
        ("a", "400", "Given up", ""),
        ("loop", "", "Reply sent on", "call the function with its own replies"),
    ):
        page.get_by_label("Type", exact=True).fill(type_)
        page.get_by_label("Subject", exact=True).fill(subject)
        send(page)
        expect(response).to_contain_text(verdict)
        text = response.inner_text().lower()
        assert [word for word in verdicts if word in text] == [word for word in verdicts if word in verdict.lower()]
        assert warning in text


def test_problem_is_shown_until_it_is_corrected(open_page: OpenPage) -> None:
    page, run = open_page(REQUESTS)
    run.write(REQUESTS.replace("def handler(request):", "def handler(request:"))
    problem = page.get_by_role("alert")
    expect(problem).to_contain_text("Invalid Python source code")
    expect(problem).to_contain_text("handler.py, line 4")
    send(page)
    expect(region(page, "Response")).to_contain_text("500")
    run.write(REQUESTS)
    expect(problem).to_be_hidden()


def test_hostile_content_stays_text(open_page: OpenPage) -> None:
    page, _ = open_page(REQUESTS, width=360)
    response = send_http(page, {"Path": "/hostile"})
    expect(response).to_contain_text("<script>document.title = 'owned'</script><img src=x onerror=alert(1)>\\u202e")
    expect(response).to_contain_text("<b>bold</b>")
    expect(region(page, "Logs")).to_contain_text("\\x1b[31m \\u202egnp.exe <script>")
    page.get_by_role("button", name="Raw").click()
    expect(response).to_contain_text("<script>document.title = 'owned'</script><img src=x onerror=alert(1)>\\u202e")
    assert page.title() == "handler.handler - funcpack run"
    assert page.locator("main img, main script, main b").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth") == 360


def test_body_that_is_large_or_binary_is_described(open_page: OpenPage) -> None:
    page, _ = open_page(REQUESTS)
    expect(send_http(page, {"Path": "/large"})).to_contain_text("Only the beginning of 1700000 bytes (1.6 MiB).")
    expect(send_http(page, {"Path": "/bytes"})).to_contain_text("Binary, 256 bytes.")


def test_log_keeps_the_last_lines(open_page: OpenPage) -> None:
    page, run = open_page(REQUESTS)
    run.get("/lines")
    log = region(page, "Logs").get_by_role("log")
    expect(log.get_by_text("line 9999 ")).to_be_visible()
    assert log.locator(".log").count() <= 5000
    page.get_by_label("Filter").fill("line 9990 ")
    expect(log.locator(".log:visible")).to_have_count(1)
    log.get_by_role("button", name="Show request 1").last.click()
    expect(region(page, "Response")).to_contain_text("GET /lines")


def test_request_can_be_cancelled(open_page: OpenPage) -> None:
    page, run = open_page(REQUESTS)
    response = send_http(page, {"Path": "/slow"})
    # What it writes is shown while it is not answered.
    expect(response).to_contain_text("it takes long")
    page.get_by_role("button", name="Cancel").click()
    expect(response).to_contain_text("Canceled")
    assert run.wait_for("request")["status"] == 0


def test_command_of_curl_sends_the_request(open_page: OpenPage) -> None:
    page, run = open_page(REQUESTS)
    send_http(page, {"Method": "POST", "Path": "/a?b=c", "Headers": "X-Test: it's", "Body": "two\nlines"})
    rows(page).first.get_by_role("button", name="Copy as curl").click()
    expect(page.get_by_text("Copied request 1")).to_be_visible()
    command = page.evaluate("navigator.clipboard.readText()")
    assert shlex.split(command)[0] == "curl"
    done = subprocess.run(["sh", "-c", command], capture_output=True, check=True, timeout=DEADLINE)
    assert done.stdout.endswith(b"POST /a?b=c it's two\nlines")
    first, second = run.wait_for("request"), run.wait_for("request", 2)
    assert (first["path"], first["method"]) == (second["path"], second["method"])


def test_imports_are_measured(open_page: OpenPage) -> None:
    page, _ = open_page("import decimal\n\ndef handler(req):\n    return ''\n")
    page.get_by_role("button", name="Measure").click()
    table = region(page, "Imports").get_by_role("table")
    expect(table.get_by_role("row").filter(has_text="decimal").first).to_be_visible()


def test_keyboard_alone_suffices(open_page: OpenPage) -> None:
    page, _ = open_page(REQUESTS)
    tab = page.get_by_role("tab", name="HTTP request")
    press_until(page, "Tab", tab)
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="CloudEvent")).to_be_focused()
    expect(page.get_by_role("tab", name="CloudEvent")).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Home")
    expect(tab).to_be_focused()
    press_until(page, "Tab", page.get_by_label("Path", exact=True))
    page.keyboard.press("Control+a")
    page.keyboard.type("/by-keyboard")
    page.keyboard.press("Control+Enter")
    expect(region(page, "Response")).to_contain_text("GET /by-keyboard")
    press_until(page, "Tab", page.get_by_role("button", name="Send again"))
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    expect(rows(page)).to_have_count(2)


def press_until(page: Page, key: str, target: Locator) -> None:
    """Press a key until an element has the focus."""
    for _ in range(60):
        page.keyboard.press(key)
        if target.evaluate("element => element === document.activeElement"):
            return
    pytest.fail(f"{target} does not get the focus")


def test_field_with_the_focus_is_not_filled(open_page: OpenPage) -> None:
    page, _ = open_page(STATUSES)
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/api/samples", hold)
    with page.expect_request("**/api/samples"):
        page.reload()
    page.get_by_role("tab", name="CloudEvent", exact=True).click()
    page.get_by_label("Type", exact=True).focus()
    held[0].continue_()
    expect(page.get_by_label("Data", exact=True)).not_to_have_value("")
    expect(page.get_by_label("Type", exact=True)).to_have_value("")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_page_is_accessible(open_page: OpenPage, dark: bool) -> None:
    page, run = open_page(STATUSES, dark=dark)
    page.get_by_label("Type", exact=True).fill("loop")
    send(page)
    expect(region(page, "Response")).to_contain_text("Reply sent on")
    for status in ("200", "400", "500"):
        page.get_by_label("Type", exact=True).fill("a")
        page.get_by_label("Subject", exact=True).fill(status)
        send(page)
        expect(region(page, "Response")).to_contain_text(f"{status} ")
    run.write(STATUSES.replace('"loop"', '"other"'))
    expect(page.get_by_text("Reloaded in")).to_be_visible()
    rows(page).last.get_by_role("button", name="Send again").click()
    expect(region(page, "Response").get_by_role("group", name="Old and new response")).to_be_visible()
    page.get_by_role("button", name="Measure").click()
    expect(region(page, "Imports").get_by_role("table")).to_be_visible()
    run.write("def handler(")
    expect(page.get_by_role("alert")).to_be_visible()
    for panel in ("HTTP request", "CloudEvent"):
        page.get_by_role("tab", name=panel).click()
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("width", [360, 700, 1920])
def test_page_has_no_horizontal_scroll(open_page: OpenPage, width: int) -> None:
    page, run = open_page(REQUESTS, width=width)
    run.get("/" + "long" * 500)
    expect(rows(page)).to_have_count(1)
    rows(page).first.get_by_role("button", name="GET /").click()
    expect(region(page, "Response")).to_contain_text("GET /long")
    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_page_goes_on_with_the_next_run(open_page: OpenPage, start_run: StartRun) -> None:
    page, run = open_page(REQUESTS)
    run.get("/first-run")
    expect(rows(page)).to_have_count(1)
    run.stop()
    expect(page.get_by_text("Not connected")).to_be_visible()
    port = urlsplit(page.url).port
    following = start_run(REQUESTS, "--ui-port", str(port))
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    following.get("/second-run")
    expect(rows(page)).to_have_count(1)
    expect(rows(page)).to_contain_text("GET /second-run")
