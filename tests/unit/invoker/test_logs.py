from __future__ import annotations

import io
import json
import logging
import sys
import threading
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from funcpack_invoker.context import current, id_of_request, new_context
from funcpack_invoker.logs import JsonFormatter, configure
from funcpack_invoker.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TRACE = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., io.StringIO]]:
    """Configure logging as the server does, and give what it writes."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    monkeypatch.setattr(logging, "basicConfig", logging.basicConfig)
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)

    def configured(**variables: str) -> io.StringIO:
        written = io.StringIO()
        monkeypatch.setattr(sys, "stderr", written)
        configure(Settings.from_env(variables))
        return written

    yield configured
    logging.captureWarnings(capture=False)
    root.handlers[:] = handlers
    root.setLevel(level)
    current.set(None)


def test_text(log: Callable[..., io.StringIO]) -> None:
    written = log()
    logging.getLogger("mine").info("hello %s", "there")
    assert written.getvalue().partition(" ")[2] == "INFO mine: hello there\n"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("a\n2026-01-01T00:00:00.000Z INFO x: b", r"a\n2026-01-01T00:00:00.000Z INFO x: b", id="line feed"),
        pytest.param("a\r\u2028\x85b", r"a\r\u2028\x85b", id="other line ends"),
        pytest.param("\x1b[2J\x9b2J\x7f\b", r"\x1b[2J\x9b2J\x7f\x08", id="escape sequences"),
        pytest.param("a\u202eb\u2066", r"a\u202eb\u2066", id="bidirectional"),
        pytest.param("\ud800", r"\ud800", id="surrogate"),
        pytest.param("é\t漢🎉\u00a0\u200d", "é\t漢🎉\u00a0\u200d", id="text"),
    ],
)
def test_text_of_a_message_is_one_line(log: Callable[..., io.StringIO], text: str, shown: str) -> None:
    written = log()
    logging.getLogger("mine").info("%s", text)
    assert written.getvalue().partition(" ")[2] == f"INFO mine: {shown}\n"


def test_text_of_an_exception_keeps_its_lines(log: Callable[..., io.StringIO]) -> None:
    written = log()
    logging.getLogger("mine").error("failed", exc_info=ValueError("a\x1b[2J\nb"), stack_info=True)
    lines = written.getvalue().splitlines()
    assert lines[0].endswith(" ERROR mine: failed")
    assert r"ValueError: a\x1b[2J" in lines
    assert "Stack (most recent call last):" in lines


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_arguments_that_do_not_fit_are_said_in_the_line(log: Callable[..., io.StringIO], log_format: str) -> None:
    written = log(LOG_FORMAT=log_format)
    logging.getLogger("mine").warning("%d apples", "two")
    (line,) = written.getvalue().splitlines()
    message = json.loads(line)["message"] if log_format == "json" else line
    assert "invalid arguments ('two',) for '%d apples': %d format" in message
    assert "test_logs.py:" in message


def test_stack_that_is_asked_for_is_in_the_message(log: Callable[..., io.StringIO]) -> None:
    written = log(LOG_FORMAT="json")
    logging.getLogger("mine").warning("here", stack_info=True)
    (line,) = written.getvalue().splitlines()
    assert json.loads(line)["message"].startswith("here\nStack (most recent call last):\n")


def test_text_of_a_call(log: Callable[..., io.StringIO]) -> None:
    written = log()
    current.set(new_context("r1", {}, "h", 0))
    logging.getLogger("mine").info("hello")
    assert written.getvalue().partition(" ")[2] == "INFO mine [r1]: hello\n"


@pytest.mark.parametrize(
    ("headers", "members"),
    [
        ({b"x-request-id": b"r1"}, {"request_id": "r1"}),
        (
            {b"x-request-id": b"r1", b"traceparent": TRACE},
            {"request_id": "r1", "trace_id": "0af7651916cd43dd8448eb211c80319c", "span_id": "b7ad6b7169203331"},
        ),
        (None, {}),
    ],
)
def test_json(log: Callable[..., io.StringIO], headers: dict[bytes, bytes] | None, members: dict[str, str]) -> None:
    written = log(LOG_FORMAT="json")
    current.set(None if headers is None else new_context(id_of_request(headers), headers, "h", 0))
    logging.getLogger("mine").warning("two\nlines")
    (line,) = written.getvalue().splitlines()
    found = json.loads(line)
    assert found.pop("time").endswith("Z")
    assert found == {
        "level": "warning",
        "severity": "WARNING",
        "logger": "mine",
        "message": "two\nlines",
        **members,
    }


class Silent:
    def __str__(self) -> str:
        raise ValueError

    def __repr__(self) -> str:
        raise ValueError


LOOP: list[Any] = []
LOOP.append(LOOP)


@pytest.mark.parametrize(
    ("extra", "members"),
    [
        pytest.param({"order_id": 42}, {"order_id": 42}, id="number"),
        pytest.param({"a": "é", "b": None, "c": [1, {"d": True}]}, {"a": "é", "b": None, "c": [1, {"d": True}]}, id="JSON"),
        pytest.param({"at": date(2026, 1, 2), "n": Decimal("1.20")}, {"at": "2026-01-02", "n": "1.20"}, id="objects"),
        pytest.param({"in": {"at": date(2026, 1, 2)}}, {"in": {"at": "2026-01-02"}}, id="object inside"),
        pytest.param({"x": float("nan"), "y": 1}, {"x": "nan", "y": 1}, id="not a number"),
        pytest.param({"x": {("a", "b"): 1}, "y": 1}, {"x": "{('a', 'b'): 1}", "y": 1}, id="keys"),
        pytest.param({"x": LOOP, "y": 1}, {"x": "[[...]]", "y": 1}, id="circle"),
        pytest.param({"x": Silent(), "y": 1}, {"x": "<Silent>", "y": 1}, id="object without a text"),
        pytest.param(
            {"level": "l", "severity": "s", "time": 1, "logger": 2},
            {"level_": "l", "severity_": "s", "time_": 1, "logger_": 2},
            id="names of the line",
        ),
        pytest.param(
            {"request_id": "r", "trace_id": "t", "span_id": "s", "exception": "e"},
            {"request_id_": "r", "trace_id_": "t", "span_id_": "s", "exception_": "e"},
            id="names that a line can have",
        ),
        pytest.param({"error": ValueError("x"), "in": {"error": KeyError("y")}}, {"error": "x", "in": {"error": "'y'"}}, id="exceptions"),
        pytest.param({"raw": b"x", "many": {1}}, {"raw": "b'x'", "many": "{1}"}, id="bytes and sets"),
    ],
)  # fmt: skip
def test_json_has_what_is_passed_as_extra(
    log: Callable[..., io.StringIO], extra: dict[str, Any], members: dict[str, Any]
) -> None:
    written = log(LOG_FORMAT="json")
    logging.getLogger("mine").warning("hello", extra=extra)
    found = json.loads(written.getvalue())
    assert found.pop("time").endswith("Z")
    assert found == {"level": "warning", "severity": "WARNING", "logger": "mine", "message": "hello", **members}


def fail(error: BaseException) -> None:
    raise error


class Undeletable:
    def __del__(self) -> None:
        raise ValueError("boom")

    def __repr__(self) -> str:
        return "<it>"


def test_exception_that_ends_a_thread_is_one_line(log: Callable[..., io.StringIO]) -> None:
    written = log(LOG_FORMAT="json")
    thread = threading.Thread(target=fail, args=[ValueError("boom")], name="mine")
    thread.start()
    thread.join()
    line = json.loads(written.getvalue())
    assert (line["severity"], line["message"]) == ("ERROR", "uncaught exception in the thread mine")
    assert line["exception"].endswith("ValueError: boom")


def test_exit_of_a_thread_is_not_logged(log: Callable[..., io.StringIO]) -> None:
    written = log(LOG_FORMAT="json")
    thread = threading.Thread(target=fail, args=[SystemExit(1)])
    thread.start()
    thread.join()
    assert written.getvalue() == ""


def test_exception_that_cannot_be_raised_is_one_line(log: Callable[..., io.StringIO]) -> None:
    written = log(LOG_FORMAT="json")
    Undeletable()
    line = json.loads(written.getvalue())
    assert line["message"].startswith("Exception ignored in: <function Undeletable.__del__ at 0x")
    assert line["exception"].endswith("ValueError: boom")


def test_adapter_passes_extra(log: Callable[..., io.StringIO]) -> None:
    written = log(LOG_FORMAT="json")
    logging.LoggerAdapter(logging.getLogger("mine"), {"order_id": 42}).warning("hello")
    assert json.loads(written.getvalue())["order_id"] == 42


def test_text_does_not_have_extra(log: Callable[..., io.StringIO]) -> None:
    written = log()
    logging.getLogger("mine").warning("hello", extra={"order_id": 42})
    assert written.getvalue().endswith("WARNING mine: hello\n")


@pytest.mark.parametrize(
    ("level", "name", "severity"),
    [
        (5, "TRACE", "DEFAULT"),
        (logging.DEBUG, None, "DEBUG"),
        (logging.INFO, None, "INFO"),
        (25, "NOTICE", "NOTICE"),
        (26, "SUCCESS", "INFO"),
        (logging.WARNING, None, "WARNING"),
        (logging.ERROR, None, "ERROR"),
        (logging.CRITICAL, None, "CRITICAL"),
        (60, "ALERT", "ALERT"),
        (70, "FATAL", "CRITICAL"),
    ],
)
def test_severity(level: int, name: str | None, severity: str) -> None:
    record = logging.LogRecord("mine", level, "file", 1, "hello", None, None)
    record.levelname = name or record.levelname
    assert json.loads(JsonFormatter().format(record))["severity"] == severity


@pytest.mark.parametrize(
    ("headers", "members"),
    [
        pytest.param(
            {b"traceparent": TRACE},
            {
                "logging.googleapis.com/trace": "projects/shop/traces/0af7651916cd43dd8448eb211c80319c",
                "logging.googleapis.com/spanId": "b7ad6b7169203331",
            },
            id="trace",
        ),
        pytest.param({}, {}, id="no trace"),
    ],
)
def test_json_has_the_trace_for_google(
    log: Callable[..., io.StringIO], headers: dict[bytes, bytes], members: dict[str, str]
) -> None:
    written = log(LOG_FORMAT="json", GOOGLE_CLOUD_PROJECT="shop")
    current.set(new_context(id_of_request(headers), headers, "h", 0))
    logging.getLogger("mine").warning("hello")
    found = json.loads(written.getvalue())
    assert {name: value for name, value in found.items() if "google" in name} == members


def test_json_exception_is_in_its_line(log: Callable[..., io.StringIO]) -> None:
    written = log(LOG_FORMAT="json")
    try:
        int("mine")
    except ValueError:
        logging.getLogger("mine").exception("failed")
    (line,) = written.getvalue().splitlines()
    assert json.loads(line)["exception"].endswith("with base 10: 'mine'")


@pytest.mark.parametrize(
    ("variables", "options", "level", "lines"),
    [
        pytest.param({}, None, "info", 1, id="info-is-the-default"),
        pytest.param({}, None, "debug", 0, id="debug-is-not"),
        pytest.param({"LOG_LEVEL": "debug"}, None, "debug", 1, id="level-of-the-settings"),
        pytest.param({}, {"level": "DEBUG"}, "debug", 1, id="level-of-the-function"),
        pytest.param({"LOG_FORMAT": "json"}, {"level": logging.DEBUG}, "debug", 1, id="level-of-the-function-json"),
        pytest.param({}, {"level": "ERROR"}, "info", 0, id="function-wants-less"),
    ],
)
def test_level(
    log: Callable[..., io.StringIO], variables: dict[str, str], options: dict[str, Any] | None, level: str, lines: int
) -> None:
    written = log(**variables)
    if options is not None:
        logging.basicConfig(**options)
    getattr(logging.getLogger("mine"), level)("hello")
    assert written.getvalue().count("\n") == lines
    if "LOG_FORMAT" in variables:
        assert json.loads(written.getvalue())["message"] == "hello"


@pytest.mark.parametrize("options", [{}, {"force": True}])
def test_format_of_the_function_replaces_ours(log: Callable[..., io.StringIO], options: dict[str, Any]) -> None:
    written = log()
    logging.basicConfig(format="own: %(message)s", level="INFO", **options)
    logging.getLogger("mine").info("hello")
    assert written.getvalue() == "own: hello\n"


@pytest.fixture
def loggers() -> Iterator[None]:
    """Turn the loggers on again that a test turns off, which other tests use."""
    known = [logger for logger in logging.Logger.manager.loggerDict.values() if isinstance(logger, logging.Logger)]
    before = [logger.disabled for logger in known]
    yield
    for logger, is_disabled in zip(known, before, strict=True):
        logger.disabled = is_disabled


@pytest.mark.usefixtures("loggers")
def test_function_that_sets_up_logging_keeps_the_invokers_lines(
    serve: Callable[..., Any], log: Callable[..., io.StringIO]
) -> None:
    written = log()
    client = serve("""
        import logging.config

        logging.config.dictConfig({  # which turns off the loggers that are there
            "version": 1,
            "formatters": {"mine": {"format": "MINE %(message)s"}},
            "handlers": {"mine": {"class": "logging.StreamHandler", "formatter": "mine"}},
            "root": {"level": "INFO", "handlers": ["mine"]},
        })

        def handler(context):
            context.logger.info("called")
            raise ValueError("no")
    """)
    assert client.request().status == 500
    first, second, *_, last = written.getvalue().splitlines()
    assert (first, second, last) == ("MINE called", "MINE the function failed", "ValueError: no")


def test_log_lines_of_a_function_have_its_request(serve: Callable[..., Any], log: Callable[..., io.StringIO]) -> None:
    written = log(LOG_FORMAT="json")
    client = serve("""
        import logging

        def handler(context):
            logging.info("from the function")
            context.logger.info("from its logger")
            1 / 0
    """)
    assert client.request(headers={"x-request-id": "r1"}).status == 500
    records = [json.loads(line) for line in written.getvalue().splitlines()]
    assert [record["message"] for record in records] == ["from the function", "from its logger", "the function failed"]
    assert {record["request_id"] for record in records} == {"r1"}
    assert records[2]["exception"].startswith('Traceback (most recent call last):\n  File "')
    assert "funcpack_invoker" not in records[2]["exception"]
