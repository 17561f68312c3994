"""`bin/prepare`: a prepared buildpack creates the same layers by copying the invoker's environment."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.unit.buildpack.builds import PYTHON, PYTHON_VERSION, Platform

if TYPE_CHECKING:
    from pathlib import Path

HANDLER = 'def handler(req):\n    return "hello"\n'
# No installation from the wheels has this file. It shows that an environment is a copy.
MARK = "venv/came-with-the-buildpack"


@pytest.fixture(scope="module")
def layers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of layers that the buildpack is prepared for."""
    return tmp_path_factory.mktemp("prepared-for") / "layers"


@pytest.fixture(scope="module")
def prepared(buildpack: Path, layers: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("prepared") / "buildpack"
    shutil.copytree(buildpack, directory)
    command: list[str | Path] = [directory / "bin" / "prepare", layers, PYTHON_VERSION, PYTHON]
    subprocess.run(command, env={"PATH": f"{PYTHON.parent}:/usr/bin:/bin"}, check=True)
    return directory


def platform_in(root: Path, buildpack: Path) -> Platform:
    platform = Platform(root, buildpack)
    for directory in (platform.app, platform.layers, platform.platform / "env"):
        directory.mkdir(parents=True, exist_ok=True)
    platform.write({"handler.py": HANDLER})
    return platform


def contents(layer: Path) -> dict[str, bytes | Path]:
    """Return the target of every link and the content of every other file, by path."""
    paths = [path for path in layer.rglob("*") if path.is_symlink() or path.is_file()]
    return {str(path.relative_to(layer)): path.readlink() if path.is_symlink() else path.read_bytes() for path in paths}


def test_layer_of_a_prepared_buildpack_is_the_same(buildpack: Path, prepared: Path, layers: Path) -> None:
    made = {}
    for directory in (buildpack, prepared):
        platform = platform_in(layers.parent, directory)
        platform.build_well()
        made[directory] = contents(platform.layers / "invoker")
        shutil.rmtree(layers)
    assert made[prepared].keys() == made[buildpack].keys()
    assert [name for name, content in made[prepared].items() if content != made[buildpack][name]] == []


def test_metadata_of_a_prepared_buildpack_is_the_same(prepared: Path, layers: Path, invoker_metadata: str) -> None:
    platform = platform_in(layers.parent, prepared)
    platform.build_well()
    platform.restore()
    assert (layers / "invoker.toml").read_text() == invoker_metadata


@pytest.mark.parametrize(
    ("root", "python", "is_copied"),
    [
        pytest.param("there", PYTHON_VERSION, True, id="same"),
        pytest.param("elsewhere", PYTHON_VERSION, False, id="other-directory-of-layers"),
        pytest.param("there", f"{PYTHON_VERSION}9", False, id="other-python"),
    ],
)
def test_environment_is_copied_only_for_the_same_python_and_place(
    prepared: Path, layers: Path, tmp_path: Path, root: str, python: str, is_copied: bool
) -> None:
    mark = prepared / "prepared" / MARK
    mark.write_text("")
    platform = platform_in(layers.parent if root == "there" else tmp_path, prepared)
    shutil.rmtree(platform.layers)
    platform.layers.mkdir()
    platform.build_well({"BP_RUN_IMAGE_PYTHON": f"{python} {PYTHON}"})
    mark.unlink()
    assert (platform.layers / "invoker" / MARK).exists() is is_copied


def test_prepared_buildpack_is_compiled(prepared: Path) -> None:
    sources = [path for name in ("funcpack", "invoker") for path in (prepared / name).rglob("*.py")]
    compiled = {path.name.partition(".")[0] for path in prepared.rglob("funcpack/buildpack/__pycache__/*.pyc")}
    assert {path.stem for path in sources if path.parent.name == "buildpack"} == compiled
