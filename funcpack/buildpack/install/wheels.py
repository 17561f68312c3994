"""The wheels of the invoker and its dependencies, which are part of the buildpack."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from funcpack.project.package_names import normalized

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def by_name(buildpack: Path) -> dict[str, Path]:
    """Return one wheel for each package. The wheels for different Python versions have the same metadata."""
    return {normalized(wheel.name.split("-")[0]): wheel for wheel in sorted((buildpack / "wheels").glob("*.whl"))}


def metadata_by_name(buildpack: Path) -> dict[str, Callable[[Path], None]]:
    """Return a function for each package that writes its metadata into a directory, where an installation would put it."""
    return {name: functools.partial(_unpack_metadata, wheel) for name, wheel in by_name(buildpack).items()}


def _unpack_metadata(wheel: Path, target: Path) -> None:
    import zipfile  # noqa: PLC0415 - slow, and a prepared buildpack already has the answer in most builds

    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(target, [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")])
