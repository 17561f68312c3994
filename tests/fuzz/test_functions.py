"""Bytes into a connection that serves a function: each request is answered, and no answer or log line is of a fault."""

from __future__ import annotations

import logging
import sys
import tempfile
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funcpack_invoker.app import FunctionApp
from funcpack_invoker.function.loader import LoadedFunction, load
from funcpack_invoker.http.limits import WireLimits
from funcpack_invoker.settings import Settings
from tests.fuzz.profile import examples
from tests.fuzz.requests import CUTS, Written, bad_requests, pieces_of, valid_requests
from tests.fuzz.test_events import SENT
from tests.fuzz.test_events import mutated as mutated_event
from tests.fuzz.wire import Wire, answers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fuzz.test_events import Sent

FUNCTIONS = """
    async def http(request, headers, context):
        found = {"path": request.path, "args": request.args, "form": request.form, "json": request.get_json(silent=True)}
        return {**found, "headers": len(list(headers)), "id": context.request_id, "url": request.url}

    async def stream(body, headers):
        yield body
        yield str(headers)

    async def echo(event):
        return event

    async def reply(attributes, data):
        return data
"""

# What HTTP wants for a transfer coding or a version that the server does not have (RFC 9112 section 6.1, RFC 9110 section
# 15.6.6).
UNSUPPORTED = {501, 505}


class Faults(logging.Handler):
    """Keeps the log lines of errors."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(self.format(record))


@pytest.fixture(scope="module")
def faults() -> Iterator[Faults]:
    handler = Faults()
    logging.getLogger("funcpack").addHandler(handler)
    yield handler
    logging.getLogger("funcpack").removeHandler(handler)


@pytest.fixture(scope="module")
def source() -> Iterator[Path]:
    path = list(sys.path)
    with tempfile.TemporaryDirectory() as directory:
        Path(directory, "fuzzed.py").write_text(dedent(FUNCTIONS))
        yield Path(directory)
    sys.path[:] = path
    sys.modules.pop("fuzzed", None)


def served(source: Path, name: str) -> Iterator[Wire]:
    handler = f"fuzzed.{name}"
    function = load(handler, source)
    assert isinstance(function, LoadedFunction)
    app = FunctionApp(function, Settings.from_env({"PYTHON_HANDLER": handler}))
    wire = Wire(app.dispatch, WireLimits())
    wire.runner.run(app.startup())
    yield wire
    wire.runner.run(app.shutdown())
    wire.runner.close()


@pytest.fixture(scope="module", params=["http", "stream"])
def http_function(request: pytest.FixtureRequest, source: Path) -> Iterator[Wire]:
    yield from served(source, request.param)


@pytest.fixture(scope="module", params=["echo", "reply"])
def event_function(request: pytest.FixtureRequest, source: Path) -> Iterator[Wire]:
    yield from served(source, request.param)


def assert_answered(wire: Wire, faults: Faults, pieces: list[bytes]) -> list[int]:
    faults.texts.clear()
    found = wire.serve(pieces)
    statuses = [answer.status for answer in answers(found)]
    assert not found.errors
    assert not faults.texts
    assert len(statuses) <= len(found.begun) + 1
    assert all(status < 500 or status in UNSUPPORTED for status in statuses)
    return statuses


@examples(100)
@given(st.lists(valid_requests(), min_size=1, max_size=3), CUTS)
def test_function_answers_valid_requests(
    http_function: Wire, faults: Faults, requests: list[Written], places: list[int]
) -> None:
    statuses = assert_answered(http_function, faults, pieces_of(b"".join(request.data for request in requests), places))
    until = next((number for number, request in enumerate(requests, 1) if request.is_last), len(requests))
    # Only OPTIONS is for `*`; nothing is read behind a request that is rejected before all of it has arrived.
    assert len(statuses) == until or statuses[-1] == 400


@examples(100)
@given(bad_requests(), CUTS)
def test_function_answers_malformed_requests(
    http_function: Wire, faults: Faults, data: bytes, places: list[int]
) -> None:
    assert_answered(http_function, faults, pieces_of(data, places))


@examples(150)
@given(st.one_of(SENT, SENT.flatmap(mutated_event)))
def test_function_answers_events(event_function: Wire, faults: Faults, sent: Sent) -> None:
    headers, body = sent
    lines = b"".join(b"%b: %b\r\n" % header for header in [*headers, (b"host", b"x")] if b"\n" not in header[1])
    data = b"POST / HTTP/1.1\r\n%bContent-Length: %d\r\n\r\n%b" % (lines, len(body), body)
    [status] = assert_answered(event_function, faults, [data])
    assert status in {200, 400, 413, 415}
