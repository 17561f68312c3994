"""Bytes into a connection: whatever a client sends, it is read as the same requests by everybody, and answered once each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funcpack_invoker.http.limits import WireLimits
from tests.fuzz.profile import examples
from tests.fuzz.requests import CUTS, Written, bad_requests, pieces_of, valid_requests
from tests.fuzz.wire import Served, Wire, answers, read_by_h11

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def strict() -> Iterator[Wire]:
    """A server with small limits."""
    wire = Wire()
    yield wire
    wire.runner.close()


@pytest.fixture(scope="module")
def usual() -> Iterator[Wire]:
    wire = Wire(limits=WireLimits())
    yield wire
    wire.runner.close()


def assert_sound(served: Served) -> None:
    """Check that the answers can be read, and that only the last one may be that to what is not a request."""
    assert not served.errors
    found = answers(served)
    for answer in found[:-1]:
        assert (b"connection", b"close") not in answer.fields
    assert [answer.status for answer in found[: len(served.requests)]] == [200] * len(served.requests)
    assert len(found) <= len(served.begun) + 1
    if len(found) > len(served.requests):
        assert found[-1].status >= 400
        assert (b"connection", b"close") in found[-1].fields
        assert served.is_over


@examples(200)
@given(st.lists(valid_requests(), min_size=1, max_size=4), CUTS)
def test_valid_requests_are_understood(usual: Wire, requests: list[Written], places: list[int]) -> None:
    served = usual.serve(pieces_of(b"".join(request.data for request in requests), places))
    assert_sound(served)
    until = next((number for number, request in enumerate(requests, 1) if request.is_last), len(requests))
    meanings = [request.meaning for request in requests[:until]]
    assert served.requests == meanings
    bodies = [b"" if meaning.method == b"HEAD" else meaning.body for meaning in meanings]
    assert [answer.body for answer in answers(served)] == bodies


@examples(200)
@given(bad_requests(), CUTS)
def test_cuts_change_no_answer(strict: Wire, data: bytes, places: list[int]) -> None:
    whole, cut = strict.serve([data]), strict.serve(pieces_of(data, places))
    assert_sound(whole)
    assert_sound(cut)
    assert cut.requests == whole.requests
    count = len(whole.requests)
    assert answers(cut)[:count] == answers(whole)[:count]
    assert len(answers(cut)) == len(answers(whole))


@examples(200)
@given(bad_requests())
def test_requests_are_those_of_a_strict_server(usual: Wire, data: bytes) -> None:
    found = usual.serve([data])
    assert_sound(found)
    expected, is_complete = read_by_h11(data)
    common = min(len(found.requests), len(expected))
    assert found.requests[:common] == expected[:common]
    if is_complete:
        assert len(found.requests) <= len(expected)
        is_rejected = len(answers(found)) > len(found.requests)
        assert is_rejected or len(found.requests) == len(expected)
