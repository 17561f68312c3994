"""Divides the tests among processes: a file is one piece, since its tests share fixtures, and so are all builds of images."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Sequence

_IMAGES = Path(__file__).parent / "images"


def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    """Name the piece of each test."""
    for item in items:
        piece = _IMAGES if item.path.is_relative_to(_IMAGES) else item.path
        item.add_marker(pytest.mark.xdist_group(str(piece)))
