"""Divides the tests among processes: a file is one piece, since its tests share fixtures, and so are all builds of images."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest

if TYPE_CHECKING:
    from collections.abc import Sequence

# How long it takes to make an example says something about the machine.
hypothesis.settings.register_profile("tests", suppress_health_check=[hypothesis.HealthCheck.too_slow], deadline=None)
hypothesis.settings.load_profile("tests")

_IMAGES = Path(__file__).parent / "images"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    """Name the piece of each test, before pytest-xdist looks for the names."""
    for item in items:
        piece = _IMAGES if item.path.is_relative_to(_IMAGES) else item.path
        item.add_marker(pytest.mark.xdist_group(str(piece)))
