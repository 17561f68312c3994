"""Builds the wheels and source distributions for PyPI in dist/pypi: .venv/bin/python -m tools.distributions.

They are built from a copy of the files that git knows, so that nothing else of the working tree gets into them. The same files
lead to the same bytes: setuptools is locked, the wheels are built from the source distributions, and the copy does not depend on
the permissions and times of the working tree.
"""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from tools import errors, make, pypi_readme, release_tools, stamp, version
from tools.places import DISTRIBUTIONS, LOGS, ROOT, SOURCE_DATE_EPOCH, reproducible_environment
from tools.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# What both distributions are made of. The tool contains the invoker and the templates.
PARTS = ("funcpack", "invoker", "requirements", "templates", "pyproject.toml", "README.md", "LICENSE")

# The directories with a pyproject.toml.
PROJECTS = ("", "invoker")


def ensure(progress: Progress, directory: Path = DISTRIBUTIONS) -> list[Path]:
    """Build the distributions into `directory` unless their files did not change, check them, and return their paths.

    Raises ToolError if setuptools or twine fails.
    """
    with tempfile.TemporaryDirectory() as temporary:
        sources = export(Path(temporary) / "sources")
        with progress.step(f"wheels and source distributions of {version.current()}") as step:
            inputs = stamp.digest(sources, Path(__file__), text=f"setuptools {metadata.version('setuptools')}")
            if stamp.is_current("pypi", inputs) and len(built := sorted(directory.glob("*.*"))) == 2 * len(PROJECTS):
                step.result = "up to date"
                return built
            shutil.rmtree(directory, ignore_errors=True)
            built = build_all(progress, sources, directory)
    with progress.step("twine check") as step:
        step.result = check(progress, built)
    stamp.write("pypi", inputs)
    return built


def already_built() -> list[Path]:
    """Return the sorted paths of the distributions in dist/pypi. Raises ToolError if there are none."""
    found = sorted(DISTRIBUTIONS.glob("*.*"))
    if not found:
        raise errors.no_distributions(str(DISTRIBUTIONS.relative_to(ROOT)))
    return found


def export(directory: Path) -> Path:
    """Copy the sources of the distributions to `directory`, with readable files and READMEs for PyPI, and return it."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *PARTS]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in sorted(filter(None, listed.split("\0"))):
        _copy(ROOT / name, directory / name)
    for project in PROJECTS:
        readme = directory / project / "README.md"
        readme.write_text(pypi_readme.prepared(readme.read_text(), version.current()))
    return directory


def build_all(progress: Progress, sources: Path, directory: Path) -> list[Path]:
    """Build a source distribution of each project in `sources`, and a wheel from it, and return their sorted paths."""
    directory.mkdir(parents=True, exist_ok=True)
    with _usual_umask():
        for project in PROJECTS:
            with tempfile.TemporaryDirectory() as made:
                _build(progress, "sdist", sources / project, Path(made))
                (archive,) = Path(made).iterdir()
                normalize(archive)
                shutil.move(archive, directory)
            with tempfile.TemporaryDirectory() as unpacked, tarfile.open(directory / archive.name) as tar:
                tar.extractall(unpacked, filter="data")
                _build(progress, "wheel", Path(unpacked) / archive.name.removesuffix(".tar.gz"), directory)
    return sorted(directory.iterdir())


def normalize(archive: Path) -> None:
    """Write the members of a .tar.gz again, in order, without their owners and times, which setuptools takes from the machine."""
    with tarfile.open(archive) as tar:
        members = [(member, tar.extractfile(member)) for member in sorted(tar.getmembers(), key=lambda each: each.name)]
        new = archive.with_suffix(".new")
        with (
            new.open("wb") as file,
            gzip.GzipFile("", "wb", 9, file, mtime=SOURCE_DATE_EPOCH) as compressed,
            tarfile.open(fileobj=compressed, mode="w", format=tarfile.PAX_FORMAT) as output,
        ):
            for member, content in members:
                output.addfile(_normal(member), content)
    new.replace(archive)


def check(progress: Progress, built: Sequence[Path]) -> str:
    """Check the metadata and the READMEs as PyPI does.

    Raises ToolError if one of them is not valid.
    """
    twine = str(release_tools.ensure(progress, "twine"))
    progress.run([twine, "check", "--strict", *map(str, built)])
    return f"{len(built)} files"


def _normal(member: tarfile.TarInfo) -> tarfile.TarInfo:
    mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
    normal = member.replace(mtime=SOURCE_DATE_EPOCH, mode=mode, uid=0, gid=0, uname="", gname="")
    normal.pax_headers = {}  # would replace the time
    return normal


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_symlink():
        target.symlink_to(source.readlink())
    elif source.exists():  # not deleted since the last commit
        target.write_bytes(source.read_bytes())
        target.chmod(0o755 if source.stat().st_mode & 0o100 else 0o644)


@contextmanager
def _usual_umask() -> Iterator[None]:
    """Give the files that setuptools generates the same permissions everywhere: wheels record them."""
    previous = os.umask(0o022)
    try:
        yield
    finally:
        os.umask(previous)


def _build(progress: Progress, kind: str, project: Path, directory: Path) -> None:
    """Build with the setuptools of this environment."""
    command = [sys.executable, "-m", "build", "--no-isolation", f"--{kind}", "--outdir", str(directory), str(project)]
    progress.run(command, env=reproducible_environment())


def main() -> None:
    """Build the distributions, and print their names."""
    for path in ensure(Progress(LOGS / "distributions.log")):
        print(path.relative_to(ROOT))


if __name__ == "__main__":
    sys.exit(make.finish(main))
