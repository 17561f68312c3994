"""The distributions as PyPI has them, built once and kept in dist/pypi."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.environments import one_process
from tools.distributions import ensure
from tools.places import LOGS
from tools.progress import Progress

if TYPE_CHECKING:
    from pathlib import Path


def distributions() -> list[Path]:
    """Return the paths of the wheels and source distributions of the files in the working tree."""
    with one_process("distributions"):
        return ensure(Progress(LOGS / "distributions.log"))


def distribution(pattern: str) -> Path:
    """Return the path of the one that matches, such as `funcpack-*.whl`."""
    (found,) = (path for path in distributions() if path.match(pattern))
    return found
