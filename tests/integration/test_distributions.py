"""The distributions for PyPI contain all files, are the same every time, and are what PyPI renders and installs."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import uv

from tests.distributions import distribution, distributions
from tools import distributions as building
from tools import pypi_readme
from tools.places import REPOSITORY, ROOT
from tools.progress import Progress

if TYPE_CHECKING:
    from tests.integration.conftest import StartServer

# The packages of each distribution.
PACKAGES = {
    "funcpack": [ROOT / "funcpack", ROOT / "invoker" / "funcpack_invoker"],
    "funcpack_invoker": [ROOT / "invoker" / "funcpack_invoker"],
}
FUNCTION = "def handler(req): return req.args['name']"


def tracked(directory: Path) -> set[str]:
    """Return the paths of the files that git has in a package, also behind its links, with their contents' hashes."""
    found = set()
    for name in git("ls-files", "--cached", "--others", "--exclude-standard", "--", str(directory)):
        path = ROOT / name
        files = [file for file in path.rglob("*") if file.is_file()] if path.is_dir() else [path]
        found |= {
            f"{file.relative_to(directory.parent)} {digest(file.read_bytes())}" for file in files if file.exists()
        }
    return {line for line in found if "__pycache__" not in line}


def git(*arguments: str) -> list[str]:
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def hashes(directory: Path) -> dict[str, str]:
    return {path.name: digest(path.read_bytes()) for path in sorted(directory.iterdir())}


@pytest.mark.parametrize("name", PACKAGES)
def test_wheel_contains_the_files_of_the_packages(name: str) -> None:
    with zipfile.ZipFile(distribution(f"{name}-*.whl")) as wheel:
        names = [member for member in wheel.namelist() if ".dist-info/" not in member]
        contained = {f"{member} {digest(wheel.read(member))}" for member in names}
        assert any(member.endswith(".dist-info/licenses/LICENSE") for member in wheel.namelist())
    assert contained == set().union(*map(tracked, PACKAGES[name]))


@pytest.mark.parametrize("name", PACKAGES)
def test_source_distribution_has_files_instead_of_links_and_nothing_of_the_machine(name: str) -> None:
    with tarfile.open(distribution(f"{name}-*.tar.gz")) as archive:
        members = archive.getmembers()
    assert [member.name for member in members if not (member.isfile() or member.isdir())] == []
    assert {(member.mtime, member.uid, member.uname) for member in members} == {(315532801, 0, "")}


def test_distributions_are_the_same_every_time(tmp_path: Path) -> None:
    """Build them a second time in another directory, from files with other times and permissions, with another umask."""
    previous = os.umask(0o077)
    try:
        sources = building.export(tmp_path / "somewhere" / "else")
        for path in sources.rglob("*"):
            os.utime(path, (1e9, 1e9), follow_symlinks=False)
        building.build_all(Progress(tmp_path / "log"), sources, tmp_path / "again")
    finally:
        os.umask(previous)
    assert hashes(tmp_path / "again") == {path.name: digest(path.read_bytes()) for path in distributions()}


def test_files_that_git_ignores_are_not_exported(tmp_path: Path) -> None:
    ignored = ROOT / "funcpack" / "__pycache__" / "left.pyc"
    ignored.parent.mkdir(exist_ok=True)
    ignored.touch()
    try:
        sources = building.export(tmp_path)
    finally:
        ignored.unlink()
    assert (sources / "funcpack" / "templates").is_symlink()
    assert list(sources.rglob("__pycache__")) == []


def metadata(name: str) -> tuple[str, str]:
    with zipfile.ZipFile(distribution(f"{name}-*.whl")) as wheel:
        (member,) = (member for member in wheel.namelist() if member.endswith(".dist-info/METADATA"))
        headers, _, readme = wheel.read(member).decode().partition("\n\n")
    return f"{headers}\n", readme


@pytest.mark.parametrize("name", PACKAGES)
def test_pypi_can_follow_every_link_and_picture(name: str) -> None:
    headers, readme = metadata(name)
    targets = re.findall(r'\]\(([^)\s]+)\)|(?:src|srcset)="([^"]+)"', readme)
    assert targets
    assert [target for pair in targets for target in pair if target and not target.startswith("https://")] == []
    assert "mermaid" not in readme
    assert f"Project-URL: Source, {REPOSITORY}\n" in headers


def test_addresses_are_those_of_the_release() -> None:
    text = "[a](docs/a.md#b) [c](samples) [d](https://d.example) [e](#e)\n```python\nx[0](y)\n```\n"
    text += '<img src="docs/p.png">\n## How it works\n\n```mermaid\nflowchart\n```\n'
    raw = "https://raw.githubusercontent.com/funcpack/funcpack"
    assert pypi_readme.prepared(text, "1.2.0") == (
        f"[a]({REPOSITORY}/blob/v1.2.0/docs/a.md#b) [c]({REPOSITORY}/tree/v1.2.0/samples) [d](https://d.example) [e](#e)\n"
        f'```python\nx[0](y)\n```\n<img src="{raw}/v1.2.0/docs/p.png">\n## How it works\n\n'
        f"The [README in the repository]({REPOSITORY}/blob/v1.2.0/README.md#how-it-works) has a diagram.\n"
    )


@pytest.mark.parametrize("kind", ["whl", "tar.gz"])
def test_installed_invoker_serves_a_function(kind: str, tmp_path: Path, start_server: StartServer) -> None:
    python = tmp_path / "environment" / "bin" / "python"
    install = [uv.find_uv_bin(), "--no-config", "pip", "install", "--quiet", "--python", str(python)]
    subprocess.run(
        [uv.find_uv_bin(), "--no-config", "venv", "--python", sys.executable, str(python.parents[1])], check=True
    )
    subprocess.run([*install, str(distribution(f"funcpack_invoker-*.{kind}"))], check=True)

    assert start_server(FUNCTION, python=python).get("/?name=Ada").body == b"Ada"
    where = "import funcpack_invoker; print(funcpack_invoker.__file__)"
    found = subprocess.run([python, "-c", where], cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert Path(found).is_relative_to(tmp_path)
    assert shutil.which("funcpack-invoker", path=str(python.parent))
