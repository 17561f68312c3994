"""The layers `big-NAME`: large packages of the function have a layer each, so that they can stay when others change.

Without them a build with one more requirement would download, unpack, compile and export all of the packages again. What a
build leaves in the image is the same, whether it took such a layer from the last one or made it.

Layers lie upon each other by the order of their names, and what is above a layer that changed is unpacked again: large
packages come before `dependencies`.
"""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from funcpack.buildpack.install.virtualenv import normalized
from funcpack.buildpack.platform.cnb import Layer, Metadata, Types
from funcpack.project import digest

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_PREFIX = "big-"

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True, slots=True)
class LargeMetadata(Metadata):
    """What the layer depends on, and what a build must know of the package without its files.

    `environment_digest` stands for the Python, the machine, and the settings; `requirement_digest` for what the project
    says of the package; `entries` are the names in its directory; `headers` are lines of its METADATA.
    """

    environment_digest: str
    requirement_digest: str
    name: str
    version: str
    entries: tuple[str, ...]
    headers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LargePackage:
    """A package with a layer of its own."""

    layer: Layer
    metadata: LargeMetadata

    @property
    def site_packages(self) -> Path:
        """The directory for sys.path; not `lib`, which the launcher would put on LD_LIBRARY_PATH."""
        return self.layer.path / "site-packages"

    def keep(self) -> None:
        """Tell the lifecycle that the layer is part of this build."""
        self.layer.keep(self.metadata)

    def stand_in(self, site_packages: Path) -> None:
        """Have it look installed in another directory, for uv."""
        about = self._about(site_packages)
        about.mkdir(parents=True)
        names = [f"Name: {self.metadata.name}", f"Version: {self.metadata.version}"]
        text = "\n".join(["Metadata-Version: 2.1", *names, *self.metadata.headers, ""])
        (about / "METADATA").write_text(text, encoding="utf-8")
        (about / "INSTALLER").write_text("funcpack", encoding="utf-8")
        files = ("METADATA", "INSTALLER", "RECORD")
        (about / "RECORD").write_text("".join(f"{about.name}/{name},,\n" for name in files), encoding="utf-8")

    def is_standing_in(self, site_packages: Path) -> bool:
        """Tell if uv left it in its place: it removes what is not wanted, or wanted in another version."""
        installer = self._about(site_packages) / "INSTALLER"
        return installer.is_file() and installer.read_text(encoding="utf-8") == "funcpack"

    def stand_back(self, site_packages: Path) -> None:
        """Remove what `stand_in` wrote."""
        import shutil  # noqa: PLC0415 - slow, and most builds use the last one's layers

        shutil.rmtree(self._about(site_packages))

    def _about(self, site_packages: Path) -> Path:
        return site_packages / f"{self.metadata.name.replace('-', '_')}-{self.metadata.version}.dist-info"


def restored(layers: Path, *, needs_files: bool) -> list[LargePackage]:
    """Return the large packages of the last build, by name."""
    found = [(layer, _read(layer)) for layer in _layers(layers)]
    packages = [LargePackage(layer, metadata) for layer, metadata in found if metadata]
    return [package for package in packages if package.layer.path.is_dir() or not needs_files]


def drop(layers: Path) -> None:
    """Remove what an earlier build left of all large packages."""
    for layer in _layers(layers):
        layer.drop()


def is_the_same(package: LargePackage, environment_digest: str, lines: Sequence[str]) -> bool:
    """Tell if the package would be installed as it is in its layer, were it wanted in the same version today."""
    metadata = package.metadata
    now = (environment_digest, requirement_digest(metadata.name, lines))
    return now == (metadata.environment_digest, metadata.requirement_digest)


def requirement_digest(name: str, lines: Sequence[str]) -> str:
    """Return the digest of what requirements files say of a package and of all packages: versions, hashes, indexes."""
    return digest.of_text("\n".join(line for line in lines if line.startswith("-") or _name(line) == name))


def layer_of(layers: Path, name: str) -> Layer:
    """Return the layer of a package."""
    return Layer(layers, f"{_PREFIX}{name}", Types(launch=True))


def _layers(layers: Path) -> list[Layer]:
    return [layer_of(layers, file.stem.removeprefix(_PREFIX)) for file in sorted(layers.glob(f"{_PREFIX}*.toml"))]


def _read(layer: Layer) -> LargeMetadata | None:
    """Return the metadata of the last build's layer; None where this release would have left another kind."""
    found = layer.restored() or {}
    if found.keys() != {field.name for field in dataclasses.fields(LargeMetadata)}:
        return None
    values: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in found.items()}
    return LargeMetadata(**values)


def _name(line: str) -> str:
    """Return the name that a requirement begins with."""
    match = _NAME.match(line)
    return normalized(match[0]) if match else ""
