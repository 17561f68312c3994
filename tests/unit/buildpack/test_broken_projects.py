"""Broken projects, each with the whole log of its build. `UPDATE_EXPECTED=1 pytest ...` updates the logs."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.unit.buildpack.builds import readable
from tests.unit.buildpack.wheels import write_wheel

if TYPE_CHECKING:
    from tests.unit.buildpack.builds import Platform

FIXTURES = Path(__file__).parents[2] / "fixtures" / "broken"
SITUATIONS = sorted(path.name for path in FIXTURES.iterdir())


def lines_of(file: Path) -> list[str]:
    return file.read_text().splitlines() if file.exists() else []


def make_app(situation: Path, platform: Platform) -> dict[str, str]:
    """Copy the app, create its vendored packages, and return the variables of its build."""
    shutil.copytree(situation / "app", platform.app, symlinks=True, dirs_exist_ok=True)
    for line in lines_of(situation / "wheels"):
        name, version, *requires = line.split()
        write_wheel(platform.app / "vendor", name, version, requires)
    return dict(line.split("=", 1) for line in lines_of(situation / "environment"))


@pytest.mark.parametrize("situation", SITUATIONS)
def test_log_says_what_to_do(situation: str, platform: Platform) -> None:
    env = make_app(FIXTURES / situation, platform)
    result = platform.build(env)
    expected = FIXTURES / situation / "expected.txt"
    if os.environ.get("UPDATE_EXPECTED"):
        expected.write_text(readable(result.output, platform))
    assert readable(result.output, platform) == expected.read_text()
    assert result.code == 1
