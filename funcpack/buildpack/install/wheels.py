"""The wheels of the invoker and its dependencies, which are part of the buildpack."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from funcpack.buildpack.install import prepared
from funcpack.project.package_names import normalized

if TYPE_CHECKING:
    from pathlib import Path


def by_name(buildpack: Path) -> dict[str, Path]:
    """Return one wheel for each package. The wheels for different Python versions have the same metadata."""
    return {normalized(wheel.name.split("-")[0]): wheel for wheel in sorted((buildpack / "wheels").glob("*.whl"))}


def modules(buildpack: Path) -> frozenset[str]:
    """Return the names of the top-level modules and packages of the invoker and its dependencies."""
    return frozenset(prepared.known_fact(buildpack, "modules", lambda: " ".join(sorted(_modules(buildpack)))).split())


def unpack_metadata(wheel: Path, target: Path) -> None:
    """Write the metadata of the wheel to the directory where an installation would put it."""
    import zipfile  # noqa: PLC0415 - slow, and a prepared buildpack already has the answer in most builds

    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(target, [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")])


def _modules(buildpack: Path) -> set[str]:
    tops = {PurePosixPath(name).parts[0] for wheel in by_name(buildpack).values() for name in _names(wheel)}
    return {top.removesuffix(".py") for top in tops if not top.endswith((".dist-info", ".data"))}


def _names(wheel: Path) -> list[str]:
    import zipfile  # noqa: PLC0415 - see above

    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()
