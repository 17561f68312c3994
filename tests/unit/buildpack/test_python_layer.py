"""A Python of its own: fetched from a mirror that offers the interpreter of these tests, packed as uv's builds are."""

from __future__ import annotations

import hashlib
import json
import platform as machine
import sys
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.unit.buildpack.builds import PYTHON, PYTHON_VERSION

if TYPE_CHECKING:
    from tests.unit.buildpack.builds import Platform

NO_PYTHON = {"BP_RUN_IMAGE_PYTHON": "none"}
NOT_PACKED = {"test", "__pycache__", "site-packages", "dist-packages", "idlelib"}


def _packed(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    path = Path(member.name)
    return None if NOT_PACKED & set(path.parts) or path.suffix == ".a" else member


@pytest.fixture(scope="session")
def mirror(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Variables that let uv know of one Python, in an archive beside its description."""
    directory = tmp_path_factory.mktemp("mirror")
    minor = f"python{sys.version_info.major}.{sys.version_info.minor}"
    archive = directory / "cpython.tar.gz"
    with tarfile.open(archive, "w:gz", compresslevel=1, dereference=True) as tar:
        tar.add(PYTHON, f"python/bin/{minor}")
        tar.add(Path(sys.base_prefix, "lib", minor), f"python/lib/{minor}", filter=_packed)
    arch = machine.machine()
    download = {
        "name": "cpython",
        "arch": {"family": arch, "variant": None},
        "os": "linux",
        "libc": "gnu",
        "major": sys.version_info.major,
        "minor": sys.version_info.minor,
        "patch": sys.version_info.micro,
        "prerelease": "",
        "url": archive.as_uri(),
        "sha256": hashlib.sha256(archive.read_bytes()).hexdigest(),
        "variant": None,
        "build": "20260101",
    }
    (directory / "downloads.json").write_text(json.dumps({f"cpython-{PYTHON_VERSION}-linux-{arch}-gnu": download}))
    return {"UV_PYTHON_DOWNLOADS_JSON_URL": str(directory / "downloads.json")}


def test_run_image_without_python(platform: Platform, mirror: dict[str, str]) -> None:
    minor = PYTHON_VERSION.rpartition(".")[0]
    platform.write({"handler.py": "def handler(req): ...", ".python-version": minor})
    section = platform.build_well(NO_PYTHON | mirror).section("Python")
    assert section[:2] == [
        f"The project asks for '{minor}' (.python-version).",
        "The run image has no Python that is known.",
    ]
    assert platform.python("import sys; print(sys.base_prefix)").startswith(f"{platform.layers}/python/cpython/")

    platform.restore()
    again = platform.build_well(NO_PYTHON | mirror)
    assert again.section("Python")[-1] == "Layer 'python': the one of the last build is used again."
    assert list(platform.app.glob("__pycache__/handler.*.pyc"))

    platform.build_well()
    assert not list(platform.layers.glob("python*"))


def test_mirror_without_the_file(platform: Platform, mirror: dict[str, str]) -> None:
    description = Path(mirror["UV_PYTHON_DOWNLOADS_JSON_URL"])
    elsewhere = platform.root / "downloads.json"
    elsewhere.write_text(description.read_text().replace("cpython.tar.gz", "missing.tar.gz"))
    platform.write({"handler.py": "def handler(req): ..."})
    minor = PYTHON_VERSION.rpartition(".")[0]
    result = platform.build(NO_PYTHON | {"UV_PYTHON_DOWNLOADS_JSON_URL": str(elsewhere), "BP_PYTHON_VERSION": minor})
    assert result.code == 1
    assert "[Error: Python could not be downloaded]" in result.output


def test_list_that_cannot_be_read(platform: Platform) -> None:
    platform.write({"handler.py": "def handler(req): ..."})
    result = platform.build(NO_PYTHON | {"UV_PYTHON_DOWNLOADS_JSON_URL": "/missing.json"})
    assert result.code == 1
    assert "[Error: The list of Python versions cannot be read]" in result.output
