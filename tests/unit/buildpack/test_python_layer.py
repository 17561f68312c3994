"""The layer `python`, with a mirror that offers the interpreter of these tests, packed like uv's builds."""

from __future__ import annotations

from platform import machine
from typing import TYPE_CHECKING

import pytest

from funcpack.buildpack.install.virtualenv import Virtualenv
from funcpack.buildpack.layers import python
from tests import python_mirror
from tests.unit.buildpack.builds import PYTHON, PYTHON_VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.python_mirror import Mirror
    from tests.unit.buildpack.builds import Platform

NO_PYTHON = {"BP_RUN_IMAGE_PYTHON": "none"}


@pytest.fixture(scope="session")
def mirror(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mirror]:
    """A mirror that offers the Python of these tests."""
    directory = tmp_path_factory.mktemp("mirror")
    archive = directory / "cpython.tar.gz"
    python_mirror.pack(PYTHON, archive)
    (directory / "root").mkdir()
    with python_mirror.serving(directory / "root") as mirror:
        mirror.publish(archive, PYTHON_VERSION)
        yield mirror


def test_run_image_without_python(platform: Platform, mirror: Mirror) -> None:
    minor = PYTHON_VERSION.rpartition(".")[0]
    platform.write({"handler.py": "def handler(req): ...", ".python-version": minor})
    section = platform.build_well(NO_PYTHON | mirror.variables).section("Python")
    assert section[:2] == [
        f"The project requests Python '{minor}' (.python-version).",
        "The run image has no known Python.",
    ]
    assert platform.python("import sys; print(sys.base_prefix)").startswith(f"{platform.layers}/python/cpython/")

    platform.restore()
    again = platform.build_well(NO_PYTHON | mirror.variables)
    assert again.section("Python")[-1] == "Reusing layer 'python' from the last build."
    assert list(platform.app.glob("__pycache__/handler.*.pyc"))

    platform.build_well()
    assert not list(platform.layers.glob("python*"))


def test_mirror_without_the_file(platform: Platform, mirror: Mirror) -> None:
    elsewhere = f"{mirror.url}/elsewhere"
    platform.write({"handler.py": "def handler(req): ..."})
    minor = PYTHON_VERSION.rpartition(".")[0]
    env = mirror.variables | {"UV_PYTHON_INSTALL_MIRROR": elsewhere, "BP_PYTHON_VERSION": minor}
    result = platform.build(NO_PYTHON | env)
    assert result.code == 1
    section = result.section("Error: Python could not be downloaded")
    assert section[0] == (
        f"Python {PYTHON_VERSION} could not be downloaded from {elsewhere}. See the output of uv above."
    )


def announced(variant: str | None) -> dict[str, object]:
    """Return a release of Python 3.14 in the form of uv's list."""
    return {
        "name": "cpython",
        "arch": {"family": machine(), "variant": None},
        "os": "linux",
        "libc": "gnu",
        "major": 3,
        "minor": 14,
        "patch": 2,
        "prerelease": "",
        "url": f"{python_mirror.RELEASES}/missing.tar.gz",
        "sha256": "0" * 64,
        "variant": variant,
        "build": "20260101",
    }


def test_free_threaded_build_is_requested_by_its_name(platform: Platform, tmp_path: Path) -> None:
    platform.write({"handler.py": "def handler(req): ...", ".python-version": "3.14t"})
    (tmp_path / "root").mkdir()
    with python_mirror.serving(tmp_path / "root") as mirror:
        variants = {"": None, "+freethreaded": "freethreaded"}
        mirror.announce(
            {f"cpython-3.14.2{name}-linux-{machine()}-gnu": announced(variant) for name, variant in variants.items()}
        )
        result = platform.build(mirror.variables)
    section = result.section("Error: Python could not be downloaded")
    assert section[0].startswith("Python 3.14.2t could not be downloaded from ")
    assert "Missing" in result.output or "404" in result.output


def test_interpreter_of_a_free_threaded_build(tmp_path: Path) -> None:
    root = tmp_path / "cpython" / "cpython-3.14.2+freethreaded-linux-x86_64-gnu"
    for name in ("python3.14", "python3.14t"):
        (root / "bin").mkdir(parents=True, exist_ok=True)
        (root / "bin" / name).touch()
    found = python.installed_interpreter(tmp_path, "3.14.2t")
    assert found.path == root / "bin" / "python3.14t"
    assert found.is_free_threaded
    assert found.numbers == (3, 14, 2)
    assert Virtualenv(tmp_path, found).site_packages.parent.name == "python3.14t"


def test_list_that_cannot_be_read(platform: Platform) -> None:
    platform.write({"handler.py": "def handler(req): ..."})
    result = platform.build(NO_PYTHON | {"UV_PYTHON_DOWNLOADS_JSON_URL": "/missing.json"})
    assert result.code == 1
    assert "[Error: Unreadable list of Python versions]" in result.output
