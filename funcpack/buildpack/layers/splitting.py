"""Moves large packages out of an environment into layers of their own, where they work as well."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from funcpack.buildpack.install import distributions
from funcpack.buildpack.layers import big_package
from funcpack.buildpack.layers.big_package import LargePackage

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from funcpack.buildpack.install.distributions import Distribution
    from funcpack.buildpack.install.virtualenv import Virtualenv

# A layer costs some 50 ms when an image is first stored, about what installing and exporting this much does.
_LEAST_BYTES = 10_000_000

_HEADERS = ("Requires-Python", "Requires-Dist", "Provides-Extra")  # what uv asks an installed package for


def apart(packages: Sequence[LargePackage], site_packages: Path) -> list[LargePackage]:
    """Return those that cannot stay in a layer of their own beside what else is installed."""
    taken: set[str] = set()
    for distribution in distributions.installed(site_packages) if packages else ():
        taken |= distribution.entries | distribution.neighbours
    return [package for package in packages if not taken.isdisjoint(package.metadata.entries)]


def split_off(
    virtualenv: Virtualenv, layers: Path, environment_digest: str, lines: Sequence[str]
) -> list[LargePackage]:
    """Move large packages out of an environment into layers, with something in their place; return them."""
    found = distributions.installed(virtualenv.site_packages)
    sizeable = [distribution for distribution in found if distribution.size >= _LEAST_BYTES]
    if not sizeable:
        return []
    entries = Counter(entry for distribution in found for entry in distribution.entries)
    neighbours = {entry for distribution in found for entry in distribution.neighbours}
    return [
        _move(distribution, layers, environment_digest, lines)
        for distribution in sizeable
        if distribution.is_self_contained
        and not distribution.neighbours
        and neighbours.isdisjoint(distribution.entries)
        and all(entries[entry] == 1 for entry in distribution.entries)
    ]


def _move(distribution: Distribution, layers: Path, environment_digest: str, lines: Sequence[str]) -> LargePackage:
    layer = big_package.layer_of(layers, distribution.name)
    metadata = big_package.LargeMetadata(
        environment_digest,
        big_package.requirement_digest(distribution.name, lines),
        distribution.name,
        distribution.version,
        tuple(sorted(distribution.entries - {distribution.info.name})),
        tuple(_headers(distribution)),
    )
    package = LargePackage(layer, metadata)
    layer.drop()
    for entry in distribution.entries:
        script = entry.removeprefix(distributions.SCRIPTS)
        # The launcher puts a layer's `bin` on PATH.
        target = package.site_packages / entry if script == entry else layer.path / "bin" / script
        target.parent.mkdir(parents=True, exist_ok=True)
        (distribution.info.parent / entry).rename(target)
    package.stand_in(distribution.info.parent)
    return package


def _headers(distribution: Distribution) -> Iterator[str]:
    metadata = distributions.metadata(distribution.info)
    for name in _HEADERS:
        yield from (f"{name}: {' '.join(value.split())}" for value in metadata.get_all(name, ()))
