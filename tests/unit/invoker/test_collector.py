"""The garbage collector pauses while large JSON is parsed, and goes on afterwards."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

import pytest

from funcpack_invoker.http import json_codec
from funcpack_invoker.http.collector import Collector

if TYPE_CHECKING:
    from collections.abc import Iterator

LISTS = b"[" + b"[]," * 50_000 + b"[]]"


@pytest.fixture
def collections() -> Iterator[list[int]]:
    """The generations of the collections that have begun."""
    found: list[int] = []

    def note(phase: str, info: dict[str, int]) -> None:
        if phase == "start":
            found.append(info["generation"])

    gc.callbacks.append(note)
    yield found
    gc.callbacks.remove(note)


def test_nothing_is_collected_while_a_large_text_is_parsed(collections: list[int]) -> None:
    json_codec.loads(LISTS)

    assert len(collections) <= 1  # afterwards
    assert gc.isenabled()


def test_the_collector_goes_on_after_an_error() -> None:
    with pytest.raises(ValueError, match="delimiter"):
        json_codec.loads(LISTS[:-1] + b"x")

    assert gc.isenabled()


def test_a_collector_that_is_off_stays_off() -> None:
    gc.disable()
    try:
        json_codec.loads(LISTS)
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_the_last_pause_ends_it() -> None:
    collector = Collector()
    with collector.paused():
        with collector.paused():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()
