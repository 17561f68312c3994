from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.unit.buildpack.builds import Platform

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[3]
STAGED = ROOT / "dist" / "buildpack"


@pytest.fixture(scope="session")
def buildpack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The staged buildpack, `dist/buildpack`, with the current code."""
    assert (STAGED / "bin" / "uv").is_file(), "`make builder` stages the buildpack that these tests run"
    directory = tmp_path_factory.mktemp("buildpack")
    shutil.copytree(STAGED, directory, dirs_exist_ok=True)
    for name in ("bin", "funcpack", "invoker/funcpack_invoker"):
        shutil.copytree(ROOT / name, directory / name, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "buildpack.toml", directory)
    return directory


@pytest.fixture
def platform(buildpack: Path, tmp_path: Path) -> Iterator[Platform]:
    """A platform with an empty app."""
    platform = Platform(tmp_path, buildpack)
    for directory in (platform.app, platform.layers, platform.platform / "env"):
        directory.mkdir(parents=True)
    yield platform
    assert not list(buildpack.rglob("__pycache__")), "the buildpack must not write to its own directory"


@pytest.fixture(scope="session")
def invoker_metadata(buildpack: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The metadata of the layer `invoker` as the lifecycle restores it."""
    platform = Platform(tmp_path_factory.mktemp("first-build"), buildpack)
    for directory in (platform.app, platform.layers, platform.platform / "env"):
        directory.mkdir(parents=True)
    platform.write({"handler.py": "def handler(req): ..."})
    platform.build_well()
    platform.restore()
    return (platform.layers / "invoker.toml").read_text()


@pytest.fixture
def rebuilt(platform: Platform, invoker_metadata: str) -> Platform:
    """A platform that built an image before. The metadata of the layer `invoker` is restored, its files are not."""
    (platform.layers / "invoker.toml").write_text(invoker_metadata)
    return platform
