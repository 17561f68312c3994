"""A server of Google's APIs for each test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.google.app import App
from tests.google.server import GoogleServer, google_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def google() -> Iterator[GoogleServer]:
    """A server that was sent only requests that fit the APIs, unless the test looks at `mistakes` and clears them."""
    with google_server() as server:
        yield server
    assert server.mistakes == []


@pytest.fixture
def app(tmp_path: Path, google: GoogleServer) -> App:
    """A function for Cloud Run with the name `hello`."""
    return App.new(tmp_path, google, "cloudrun")
