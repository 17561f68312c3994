"""Layers of the image, and the decision whether to reuse those of the last build.

https://github.com/buildpacks/spec/blob/buildpack/v0.10/buildpack.md#layer-types
"""

from __future__ import annotations

import dataclasses
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from funcpack.buildpack.platform import toml

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from funcpack.buildpack.platform.log import Log


@dataclass(frozen=True, slots=True)
class Types:
    """The uses of a layer: in the image, by later buildpacks, in the next build."""

    launch: bool = False
    build: bool = False
    cache: bool = False


@dataclass(frozen=True, slots=True)
class Metadata:
    """Everything that a layer depends on. A subclass has a field for each cause, and `LABELS` has its name for the log."""

    LABELS: ClassVar[Mapping[str, str]] = {}

    def differences(self, found: Mapping[str, object]) -> list[str]:
        """Return every reason why a layer with the metadata `found` cannot be reused; none if it can."""
        wanted = dataclasses.asdict(self)
        if found.keys() != wanted.keys():
            return ["another version of this buildpack created it"]
        return [self._difference(name, found[name], value) for name, value in wanted.items() if found[name] != value]

    def _difference(self, name: str, old: object, new: object) -> str:
        label = self.LABELS[name]
        if name.endswith("digest"):
            return f"{label} changed"
        return f"{label} changed from {old or 'none'} to {new or 'none'}"


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer `<layers>/<name>` and its files next to the directory.

    `needs_files` is true if this build reads the layer's files, so that the metadata alone is not enough to reuse it.
    """

    layers: Path
    name: str
    types: Types
    needs_files: bool = False

    @property
    def path(self) -> Path:
        """The directory of the layer."""
        return self.layers / self.name

    @property
    def sbom(self) -> Path:
        """The file for the layer's CycloneDX bill of materials."""
        return self.layers / f"{self.name}.sbom.cdx.json"

    @property
    def _toml(self) -> Path:
        return self.layers / f"{self.name}.toml"

    def reuse_or_reset(self, metadata: Metadata, log: Log, changing: Sequence[str] = ()) -> bool:
        """Return whether the layer of the last build can be reused; otherwise log the reasons and empty the layer.

        `changing` are reasons why the metadata does not show whether the layer is current, so that it is never reused.

        The lifecycle restores only the metadata of a launch layer. The layer stays in the image if its types are written
        again.
        """
        reasons = self._reasons_to_reset(metadata)
        if reasons is not None:
            reasons += changing
        if reasons is not None and not reasons:
            log.reused_layer(self.name)
            return True
        if reasons:
            log.line(f"Not reusing layer '{self.name}' from the last build:")
            for reason in reasons:
                log.item(f"- {reason}")
        self.remove()
        self.path.mkdir(parents=True)
        return False

    def contribute(self, metadata: Metadata) -> None:
        """Make the layer part of this build.

        Call this after the layer is filled, so that a layer of a failed build is never reused.
        """
        content = {"types": dataclasses.asdict(self.types), "metadata": dataclasses.asdict(metadata)}
        self._toml.write_text(toml.dumps(content), encoding="utf-8")

    def remove(self) -> None:
        """Remove everything that an earlier build left of the layer."""
        if self.path.exists():
            import shutil  # noqa: PLC0415 - slow, and launch layers are restored without files

            shutil.rmtree(self.path, ignore_errors=True)
        self._toml.unlink(missing_ok=True)
        self.sbom.unlink(missing_ok=True)

    def restored_metadata(self) -> Mapping[str, object] | None:
        """Return the metadata of the last build, which may have any form, or None if there was no such layer."""
        try:
            content = tomllib.loads(self._toml.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except (OSError, ValueError):
            return {}
        metadata = content.get("metadata")
        return metadata if isinstance(metadata, dict) else {}

    def _reasons_to_reset(self, metadata: Metadata) -> list[str] | None:
        """Return the reasons not to reuse the layer, or None if there was no such layer."""
        found = self.restored_metadata()
        if found is None:
            return None
        reasons = metadata.differences(found)
        if not reasons and self.needs_files and not self.path.is_dir():
            return ["this build needs its files, and only its metadata was restored"]
        return reasons
