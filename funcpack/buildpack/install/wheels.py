"""The invoker's wheels, which travel with the buildpack."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from funcpack.buildpack.install import prepared
from funcpack.buildpack.install.virtualenv import normalized

if TYPE_CHECKING:
    from pathlib import Path


def by_name(buildpack: Path) -> dict[str, Path]:
    """Return a wheel of every package; those of different Pythons have the same metadata."""
    return {normalized(wheel.name.split("-")[0]): wheel for wheel in sorted((buildpack / "wheels").glob("*.whl"))}


def modules(buildpack: Path) -> frozenset[str]:
    """Return the names of the top-level modules and packages that the invoker consists of."""
    return frozenset(prepared.fact(buildpack, "modules", lambda: " ".join(sorted(_modules(buildpack)))).split())


def unpack_metadata(wheel: Path, target: Path) -> None:
    """Write the wheel's metadata to where an installation would have it."""
    import zipfile  # noqa: PLC0415 - slow, and a prepared buildpack knows what most builds ask

    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(target, [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")])


def _modules(buildpack: Path) -> set[str]:
    tops = {PurePosixPath(name).parts[0] for wheel in by_name(buildpack).values() for name in _names(wheel)}
    return {top.removesuffix(".py") for top in tops if not top.endswith((".dist-info", ".data"))}


def _names(wheel: Path) -> list[str]:
    import zipfile  # noqa: PLC0415 - see above

    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()
