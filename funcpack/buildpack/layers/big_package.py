"""The layers `big-NAME`: each big package of the function has a separate layer, which stays when other packages change.

Without these layers, a build with one new requirement would download, unpack, compile and export all packages again. The image
is the same whether a build reuses such a layer or creates it.

Layers are stacked in the order of their names, and layers above a changed one are unpacked again. Therefore the names of big
packages sort before `dependencies`.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

from funcpack.buildpack.platform.layer import Layer, Metadata, Types
from funcpack.project import digest
from funcpack.project.package_names import required_name

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_PREFIX = "big-"

# The content of INSTALLER in a stub, by which it is told from an installed package.
_STUB_INSTALLER = "funcpack"


@dataclass(frozen=True, slots=True)
class BigPackageMetadata(Metadata):
    """Everything that the layer depends on, and what a build must know about the package if its files are not restored.

    `environment_digest` covers the Python, the machine and the settings, `requirement_digest` the project's requirements for
    this package. `entries` are the names in its directory, `headers` are lines of its METADATA.
    """

    environment_digest: str
    requirement_digest: str
    name: str
    version: str
    entries: tuple[str, ...]
    headers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BigPackage:
    """A package in a separate layer."""

    layer: Layer
    metadata: BigPackageMetadata

    @property
    def site_packages(self) -> Path:
        """The directory for sys.path. Its name is not `lib`, which the launcher would put on LD_LIBRARY_PATH."""
        return self.layer.path / "site-packages"

    def contribute(self) -> None:
        """Make the layer part of this build."""
        self.layer.contribute(self.metadata)

    def is_unchanged(self, environment_digest: str, lines: Sequence[str]) -> bool:
        """Check whether an installation of the same version today would lead to the same layer."""
        current = (environment_digest, requirement_digest(self.metadata.name, lines))
        return current == (self.metadata.environment_digest, self.metadata.requirement_digest)

    def write_stub(self, site_packages: Path) -> None:
        """Write metadata into another directory that makes uv consider the package installed there."""
        info = self._stub(site_packages)
        info.mkdir(parents=True)
        names = [f"Name: {self.metadata.name}", f"Version: {self.metadata.version}"]
        text = "\n".join(["Metadata-Version: 2.1", *names, *self.metadata.headers, ""])
        (info / "METADATA").write_text(text, encoding="utf-8")
        (info / "INSTALLER").write_text(_STUB_INSTALLER, encoding="utf-8")
        files = ("METADATA", "INSTALLER", "RECORD")
        (info / "RECORD").write_text("".join(f"{info.name}/{name},,\n" for name in files), encoding="utf-8")

    def has_stub(self, site_packages: Path) -> bool:
        """Check whether uv left the stub, which it removes if the project requires another version or none."""
        installer = self._stub(site_packages) / "INSTALLER"
        return installer.is_file() and installer.read_text(encoding="utf-8") == _STUB_INSTALLER

    def remove_stub(self, site_packages: Path) -> None:
        """Remove the stub."""
        import shutil  # noqa: PLC0415 - slow, and most builds reuse the layers of the last build

        shutil.rmtree(self._stub(site_packages))

    def _stub(self, site_packages: Path) -> Path:
        return site_packages / f"{self.metadata.name.replace('-', '_')}-{self.metadata.version}.dist-info"


def restored_packages(layers: Path, *, needs_files: bool) -> list[BigPackage]:
    """Return the big packages of the last build, sorted by name."""
    found = [(layer, _restored_metadata(layer)) for layer in _layers(layers)]
    packages = [BigPackage(layer, metadata) for layer, metadata in found if metadata]
    return [package for package in packages if package.layer.path.is_dir() or not needs_files]


def remove_all(layers: Path) -> None:
    """Remove the layers of all big packages of the last build."""
    for layer in _layers(layers):
        layer.remove()


def requirement_digest(name: str, lines: Sequence[str]) -> str:
    """Return the digest of the lines of requirements files that apply to a package: its versions and hashes, all options."""
    return digest.text_digest("\n".join(line for line in lines if line.startswith("-") or required_name(line) == name))


def layer_for(layers: Path, name: str) -> Layer:
    """Return the layer of a package."""
    return Layer(layers, f"{_PREFIX}{name}", Types(launch=True))


def _layers(layers: Path) -> list[Layer]:
    return [layer_for(layers, file.stem.removeprefix(_PREFIX)) for file in sorted(layers.glob(f"{_PREFIX}*.toml"))]


def _restored_metadata(layer: Layer) -> BigPackageMetadata | None:
    """Return the metadata of the last build's layer, or None if another release of the buildpack wrote it."""
    found = layer.restored_metadata() or {}
    if found.keys() != {field.name for field in dataclasses.fields(BigPackageMetadata)}:
        return None
    return BigPackageMetadata(
        str(found["environment_digest"]),
        str(found["requirement_digest"]),
        str(found["name"]),
        str(found["version"]),
        _texts(found["entries"]),
        _texts(found["headers"]),
    )


def _texts(value: object) -> tuple[str, ...]:
    return tuple(map(str, value)) if isinstance(value, list) else ()
