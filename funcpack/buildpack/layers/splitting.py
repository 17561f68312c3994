"""Moves big packages from an environment to separate layers, if they work there as well."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from funcpack.buildpack.install import distributions
from funcpack.buildpack.layers import big_package
from funcpack.buildpack.layers.big_package import BigPackage

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from funcpack.buildpack.install.distributions import Distribution
    from funcpack.buildpack.install.virtualenv import Virtualenv

# The export of a layer takes some 50 ms, about as long as the installation and the export of a package of this size.
_MINIMUM_BYTES = 10_000_000

_HEADERS = ("Requires-Python", "Requires-Dist", "Provides-Extra")  # the metadata of installed packages that uv reads


def inseparable_packages(packages: Sequence[BigPackage], site_packages: Path) -> list[BigPackage]:
    """Return those packages that must be in the same directory as a package that is installed there."""
    taken: set[str] = set()
    for distribution in distributions.installed(site_packages) if packages else ():
        taken |= distribution.entries | distribution.neighbours
    return [package for package in packages if not taken.isdisjoint(package.metadata.entries)]


def move_big_packages(
    virtualenv: Virtualenv, layers: Path, environment_digest: str, lines: Sequence[str]
) -> list[BigPackage]:
    """Move big packages from the environment to layers, leave stubs for them, and return them."""
    found = distributions.installed(virtualenv.site_packages)
    big = [distribution for distribution in found if distribution.size >= _MINIMUM_BYTES]
    if not big:
        return []
    entries = Counter(entry for distribution in found for entry in distribution.entries)
    neighbours = {entry for distribution in found for entry in distribution.neighbours}
    return [
        _move(distribution, layers, environment_digest, lines)
        for distribution in big
        if distribution.is_self_contained
        and not distribution.neighbours
        and neighbours.isdisjoint(distribution.entries)
        and all(entries[entry] == 1 for entry in distribution.entries)
    ]


def _move(distribution: Distribution, layers: Path, environment_digest: str, lines: Sequence[str]) -> BigPackage:
    layer = big_package.layer_for(layers, distribution.name)
    metadata = big_package.BigPackageMetadata(
        environment_digest,
        big_package.requirement_digest(distribution.name, lines),
        distribution.name,
        distribution.version,
        tuple(sorted(distribution.entries - {distribution.info.name})),
        tuple(_headers(distribution)),
    )
    package = BigPackage(layer, metadata)
    layer.remove()
    for entry in distribution.entries:
        script = entry.removeprefix(distributions.SCRIPTS)
        # The launcher puts the `bin` of a layer on PATH.
        target = package.site_packages / entry if script == entry else layer.path / "bin" / script
        target.parent.mkdir(parents=True, exist_ok=True)
        (distribution.info.parent / entry).rename(target)
    package.write_stub(distribution.info.parent)
    return package


def _headers(distribution: Distribution) -> Iterator[str]:
    metadata = distributions.metadata(distribution.info)
    for name in _HEADERS:
        yield from (f"{name}: {' '.join(value.split())}" for value in metadata.get_all(name, ()))
