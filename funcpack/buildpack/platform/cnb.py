"""The Buildpack API 0.10: what the lifecycle gives a buildpack, and the files it wants back.

Specification: https://github.com/buildpacks/spec/blob/buildpack/v0.10/buildpack.md
"""

from __future__ import annotations

import dataclasses
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from funcpack.buildpack.platform import toml

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from funcpack.buildpack.platform.log import Log

EXIT_PASS = 0
EXIT_FAIL = 100  # "Phase #1: Detection", exit code of a buildpack that does not want the app
EXIT_ERROR = 1
EXIT_BUG = 2


@dataclass(frozen=True, slots=True)
class Target:
    """The machine that the image is for; an empty string is what the platform did not say."""

    os: str
    arch: str
    distro: str


@dataclass(frozen=True, slots=True)
class Context:
    """Where things are during one phase. `layers` is None while detecting."""

    app: Path
    buildpack: Path
    platform: Path
    layers: Path
    target: Target
    environ: Mapping[str, str]

    @classmethod
    def of_detect(cls, environ: Mapping[str, str], arguments: Sequence[str]) -> Context:
        """Read what `bin/detect` gets: variables, and positional arguments from platforms before API 0.8."""
        platform = environ.get("CNB_PLATFORM_DIR") or arguments[0]
        return cls._read(environ, Path(platform), Path())

    @classmethod
    def of_build(cls, environ: Mapping[str, str], arguments: Sequence[str]) -> Context:
        """Read what `bin/build` gets."""
        layers = environ.get("CNB_LAYERS_DIR") or arguments[0]
        platform = environ.get("CNB_PLATFORM_DIR") or arguments[1]
        return cls._read(environ, Path(platform), Path(layers).absolute())

    @classmethod
    def _read(cls, environ: Mapping[str, str], platform: Path, layers: Path) -> Context:
        distro = f"{environ.get('CNB_TARGET_DISTRO_NAME', '')} {environ.get('CNB_TARGET_DISTRO_VERSION', '')}".strip()
        target = Target(environ.get("CNB_TARGET_OS", "linux"), environ.get("CNB_TARGET_ARCH", ""), distro)
        return cls(Path.cwd(), Path(environ["CNB_BUILDPACK_DIR"]), platform.absolute(), layers, target, environ)


@dataclass(frozen=True, slots=True)
class Buildpack:
    """Who we are, from buildpack.toml."""

    id: str
    version: str

    @classmethod
    def read(cls, directory: Path) -> Buildpack:
        """Read it from the staged buildpack."""
        about = tomllib.loads((directory / "buildpack.toml").read_text(encoding="utf-8"))["buildpack"]
        return cls(about["id"], about["version"])


@dataclass(frozen=True, slots=True)
class Types:
    """What a layer is for: the image, later buildpacks, the next build."""

    launch: bool = False
    build: bool = False
    cache: bool = False


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a layer was made from; a subclass has a field a cause, and `LABELS` says it in words."""

    LABELS: ClassVar[Mapping[str, str]] = {}

    def differences(self, found: Mapping[str, object]) -> list[str]:
        """Return every reason why a layer with the metadata `found` cannot be used; none means that it can."""
        wanted = dataclasses.asdict(self)
        if found.keys() != wanted.keys():
            return ["it was made by another version of this buildpack"]
        return [self._difference(name, found[name], value) for name, value in wanted.items() if found[name] != value]

    def _difference(self, name: str, old: object, new: object) -> str:
        label = self.LABELS[name]
        if name.endswith("digest"):
            return f"{label} changed"
        return f"{label} changed from {old or 'none'} to {new or 'none'}"


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer `<layers>/<name>` and the files beside it.

    `needs_files` says that this build reads its files, so that it is no use without them.
    """

    layers: Path
    name: str
    types: Types
    needs_files: bool = False

    @property
    def path(self) -> Path:
        """The layer's directory."""
        return self.layers / self.name

    @property
    def sbom(self) -> Path:
        """The file for the layer's CycloneDX bill of materials."""
        return self.layers / f"{self.name}.sbom.cdx.json"

    def provide(self, metadata: Metadata, make: Callable[[], None], log: Log) -> None:
        """Keep the layer of the last build if `metadata` says that it is the same; else make it anew.

        The metadata is written after `make`, so that half a layer is never taken for one.
        """
        if not self.is_of_last_build(metadata, log):
            make()
        self.keep(metadata)

    def is_of_last_build(self, metadata: Metadata, log: Log) -> bool:
        """Tell if the layer of the last build can be used; else say why, and leave an empty one.

        A layer for the launch only comes back as metadata without content, and is kept by writing its types again.
        """
        reasons = self._reasons_to_drop(metadata)
        if reasons is not None and not reasons:
            log.line(f"Layer '{self.name}': the one of the last build is used again.")
            return True
        if reasons:
            log.line(f"Layer '{self.name}': the one of the last build is not used:")
            for reason in reasons:
                log.item(f"- {reason}")
        self.drop()
        self.path.mkdir(parents=True)
        return False

    def keep(self, metadata: Metadata) -> None:
        """Tell the lifecycle that the layer is part of this build."""
        content = {"types": dataclasses.asdict(self.types), "metadata": dataclasses.asdict(metadata)}
        self._toml.write_text(toml.dumps(content), encoding="utf-8")

    def drop(self) -> None:
        """Remove what an earlier build left of the layer."""
        if self.path.exists():
            import shutil  # noqa: PLC0415 - slow, and layers for the launch only come back without files

            shutil.rmtree(self.path, ignore_errors=True)
        self._toml.unlink(missing_ok=True)
        self.sbom.unlink(missing_ok=True)

    @property
    def _toml(self) -> Path:
        return self.layers / f"{self.name}.toml"

    def _reasons_to_drop(self, metadata: Metadata) -> list[str] | None:
        """Return None when there is no earlier layer."""
        found = self.restored()
        if found is None:
            return None
        reasons = metadata.differences(found)
        if not reasons and self.needs_files and not self.path.is_dir():
            return ["its files are needed in this build, and only its description was restored"]
        return reasons

    def restored(self) -> Mapping[str, Any] | None:
        """Return the metadata that the last build left, or None when there is no earlier layer; none of it can be relied on."""
        try:
            content = tomllib.loads(self._toml.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except (OSError, ValueError):
            return {}
        metadata = content.get("metadata")
        return metadata if isinstance(metadata, dict) else {}


@dataclass(frozen=True, slots=True)
class Process:
    """How the image's process is started; arguments that the platform gives come after the command."""

    type: str
    command: Sequence[str]
    default: bool


@dataclass(frozen=True, slots=True)
class Launch:
    """The image's processes and labels."""

    processes: Sequence[Process]
    labels: Mapping[str, str] = field(default_factory=dict)

    def write(self, layers: Path) -> None:
        """Write launch.toml."""
        processes = [
            {"type": p.type, "command": list(p.command), "args": [], "default": p.default} for p in self.processes
        ]
        labels = [{"key": key, "value": value} for key, value in sorted(self.labels.items())]
        content = {"processes": processes, "labels": labels}
        (layers / "launch.toml").write_text(toml.dumps(content), encoding="utf-8")


def write_env(directory: Path, files: Mapping[str, str]) -> None:
    """Write environment files, such as `PORT.default`, byte for byte: a newline at the end would be part of the value."""
    directory.mkdir(parents=True, exist_ok=True)
    for name, value in files.items():
        (directory / name).write_text(value, encoding="utf-8", newline="")
