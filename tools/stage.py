"""Assembles dist/buildpack: the buildpack with everything that it needs to build a function without a network."""

from __future__ import annotations

import os
import platform
import shutil
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from funcpack.project.supported_pythons import FREE_THREADED, SUPPORTED
from tools import errors, stamp
from tools.places import BUILDPACK, DIST, ROOT, VENV, reproducible_environment

if TYPE_CHECKING:
    from tools.progress import Progress, Step

# Versions of Python, each with the tag of the ABI that its wheels have.
PYTHONS = tuple(
    (f"{major}.{minor}", f"cp{major}{minor}{threads}")
    for versions, threads in ((SUPPORTED, ""), (FREE_THREADED, "t"))
    for major, minor in versions
)

# manylinux tags by Go's name of the architecture, for the glibc of the oldest supported base images (Ubuntu 20.04 has 2.31).
PLATFORMS = {
    "amd64": ("manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64"),
    "arm64": ("manylinux_2_28_aarch64", "manylinux_2_17_aarch64", "manylinux2014_aarch64"),
}

# Go's names of the architectures by those of uname.
MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}

SOURCES = (
    "buildpack.toml",
    "LICENSE",
    "bin/detect",
    "bin/build",
    "bin/prepare",
    "bin/python",
    "funcpack/__init__.py",
    "funcpack/errors.py",
    "funcpack/plain_text.py",
    "funcpack/similar_names.py",
    "funcpack/buildpack",
    "funcpack/check",
    "funcpack/project",
    "invoker/funcpack_invoker",
    "invoker/requirements.txt",
    "invoker/not-in-images.txt",
)
NOT_STAGED = ("__pycache__", "build", "*.egg-info")
NOT_IN_IMAGES = ROOT / "invoker" / "not-in-images.txt"
INVOKER_LOCK = ROOT / "invoker" / "requirements.txt"
UV_LOCK = ROOT / "requirements" / "uv.txt"
PIP = (str(VENV / "bin" / "python"), "-m", "pip", "--disable-pip-version-check")


def ensure(progress: Progress, step: Step, architecture: str, target: Path = BUILDPACK) -> None:
    """Stage the buildpack for `architecture` (amd64, arm64) in `target` if one of its parts changed.

    Raises ToolError if the architecture is not supported or a download fails.
    """
    check_architecture(architecture)
    inputs = stamp.digest(
        *(ROOT / name for name in SOURCES),
        ROOT / "invoker" / "pyproject.toml",
        UV_LOCK,
        Path(__file__),
        text=architecture,
    )
    if stamp.is_current(stamp.name_of(target), inputs) and (target / "buildpack.toml").exists():
        step.result = "up to date"
        return
    wheels = ensure_wheels(progress, architecture)
    shutil.rmtree(target, ignore_errors=True)
    copy_sources(target)
    shutil.copytree(wheels / "invoker", target / "wheels", ignore=shutil.ignore_patterns(*not_in_images()))
    build_invoker(progress, target / "wheels")
    unpack_uv(wheels / "uv", target / "bin" / "uv")
    stamp.write(stamp.name_of(target), inputs)


def ensure_wheels(progress: Progress, architecture: str) -> Path:
    """Download the locked wheels of the invoker and of uv, checked against their hashes; return the directory of both."""
    target = DIST / "wheels" / architecture
    inputs = stamp.digest(INVOKER_LOCK, UV_LOCK, text=" ".join(abi for _, abi in PYTHONS))
    if stamp.is_current(f"wheels-{architecture}", inputs) and target.is_dir():
        return target
    shutil.rmtree(target, ignore_errors=True)
    for python in PYTHONS:
        download(progress, INVOKER_LOCK, architecture, python, target / "invoker")
    download(progress, UV_LOCK, architecture, PYTHONS[0], target / "uv")
    stamp.write(f"wheels-{architecture}", inputs)
    return target


def download(progress: Progress, lock: Path, architecture: str, python: tuple[str, str], target: Path) -> None:
    """Download the packages in `lock` as wheels for `python`, a version and an ABI, on `architecture` into `target`."""
    version, abi = python
    options = [
        "--require-hashes",
        "--no-deps",
        "--only-binary",
        ":all:",
        "--implementation",
        "cp",
        "--python-version",
        version,
        "--abi",
        abi,
    ]
    for tag in PLATFORMS[architecture]:
        options += ["--platform", tag]
    progress.run([*PIP, "download", "-q", *options, "-r", str(lock), "-d", str(target)])


def copy_sources(directory: Path) -> None:
    """Copy the sources of the buildpack to `directory`."""
    for name in SOURCES:
        source, target = ROOT / name, directory / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns(*NOT_STAGED))
        else:
            shutil.copy(source, target)


def not_in_images() -> list[str]:
    """Return patterns for the wheels that images do not contain."""
    lines = NOT_IN_IMAGES.read_text().splitlines()
    return [f"{line.replace('-', '_')}-*.whl" for line in lines if not line.startswith("#")]


def build_invoker(progress: Progress, target: Path) -> None:
    """Build the invoker's wheel into `target` from a copy, because setuptools would include files of earlier builds."""
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch, "invoker")
        shutil.copytree(ROOT / "invoker", copy, ignore=shutil.ignore_patterns(*NOT_STAGED))
        options = ["--no-deps", "--no-build-isolation", "--no-cache-dir", "--no-index"]
        progress.run([*PIP, "wheel", "-q", *options, "-w", str(target), str(copy)], env=reproducible_environment())


def unpack_uv(wheels: Path, target: Path) -> None:
    """Extract the executable from uv's wheel."""
    (wheel,) = wheels.glob("uv-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".data/scripts/uv")]
        target.write_bytes(archive.read(name))
    target.chmod(0o755)


def check_architecture(architecture: str, variable: str = "TARGET_ARCH") -> None:
    """Raise ToolError, which names the `variable` to set, if the buildpack does not support `architecture`."""
    if architecture not in PLATFORMS:
        raise errors.unknown_architecture(architecture, tuple(PLATFORMS), variable)


def wanted_architecture() -> str:
    """Return the architecture to stage for: TARGET_ARCH, or this machine's.

    Raises ToolError if the buildpack does not support it.
    """
    architecture = os.environ.get("TARGET_ARCH") or own_architecture()
    check_architecture(architecture)
    return architecture


def own_architecture() -> str:
    """Return Go's name of this machine's architecture, or the name of uname if it is not a supported one."""
    machine = platform.machine()
    return MACHINES.get(machine, machine)
