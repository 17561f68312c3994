"""The inputs of a phase, and its exit codes.

https://github.com/buildpacks/spec/blob/buildpack/v0.10/buildpack.md
"""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from funcpack.errors import PlatformVariableError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

EXIT_PASS = 0
EXIT_FAIL = 100  # "Phase #1: Detection": the buildpack does not support the app
EXIT_ERROR = 1
EXIT_BUG = 2


@dataclass(frozen=True, slots=True)
class Target:
    """The machine that the image is for; an empty string stands for a value that the platform does not provide."""

    os: str
    arch: str
    distro: str


@dataclass(frozen=True, slots=True)
class Context:
    """The directories and variables of a phase. Detection has no layers; `layers` is then the empty path.

    `environ` are the variables of the lifecycle and the builder. `variables` are those that the user gave to the platform.
    buildpack.toml keeps the latter out of `environ`, because they contain those of project.toml: with LD_PRELOAD or PATH, the
    source could run its own files before the buildpack looks at them.
    """

    app: Path
    buildpack: Path
    platform: Path
    layers: Path
    target: Target
    environ: Mapping[str, str]
    variables: Mapping[str, str]

    @classmethod
    def for_detect(cls, environ: Mapping[str, str], arguments: Sequence[str]) -> Context:
        """Return the inputs of `bin/detect`: variables, or positional arguments from platforms before API 0.8."""
        platform = environ.get("CNB_PLATFORM_DIR") or arguments[0]
        return cls._read(environ, Path(platform), Path())

    @classmethod
    def for_build(cls, environ: Mapping[str, str], arguments: Sequence[str]) -> Context:
        """Return the inputs of `bin/build`.

        Raises:
            PlatformVariableError: No process could have a variable of the user. Detection does not start any.

        """
        layers = environ.get("CNB_LAYERS_DIR") or arguments[0]
        platform = environ.get("CNB_PLATFORM_DIR") or arguments[1]
        context = cls._read(environ, Path(platform), Path(layers).absolute())
        _check_variables(context.variables)
        return context

    @classmethod
    def _read(cls, environ: Mapping[str, str], platform: Path, layers: Path) -> Context:
        distro = f"{environ.get('CNB_TARGET_DISTRO_NAME', '')} {environ.get('CNB_TARGET_DISTRO_VERSION', '')}".strip()
        target = Target(environ.get("CNB_TARGET_OS", "linux"), environ.get("CNB_TARGET_ARCH", ""), distro)
        buildpack, variables = Path(environ["CNB_BUILDPACK_DIR"]), _variables(platform / "env")
        return cls(Path.cwd(), buildpack, platform.absolute(), layers, target, environ, variables)


def _variables(directory: Path) -> dict[str, str]:
    """Return the variables of the user: the names and contents of the files. Kubernetes adds directories, and links to them."""
    files = [path for path in directory.iterdir() if path.is_file()] if directory.is_dir() else []
    return {file.name: _variable(file) for file in files}


def _variable(file: Path) -> str:
    try:
        return os.fsdecode(file.read_bytes())
    except OSError as exc:
        raise PlatformVariableError(file.name, f"whose file cannot be read: {exc.strerror}") from exc


def _check_variables(variables: Mapping[str, str]) -> None:
    for name, value in variables.items():
        if "=" in name:
            raise PlatformVariableError(name, "whose name contains '='")
        if "\0" in value:
            raise PlatformVariableError(name, "whose value contains a null character")


@dataclass(frozen=True, slots=True)
class Buildpack:
    """The id and the version in buildpack.toml."""

    id: str
    version: str

    @classmethod
    def read(cls, directory: Path) -> Buildpack:
        """Read the buildpack.toml of the staged buildpack."""
        about = tomllib.loads((directory / "buildpack.toml").read_text(encoding="utf-8"))["buildpack"]
        return cls(about["id"], about["version"])


def run_image_target_id(layers: Path) -> str | None:
    """Return the target id of the run image, "" if it has none, or None if the platform does not tell.

    From Platform API 0.12, the lifecycle's analyzer writes the run image's label `io.buildpacks.base.id` to analyzed.toml,
    which is next to the directory of layers. Images that are built from a run image inherit the label.
    """
    try:
        analyzed = tomllib.loads((layers.parent / "analyzed.toml").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    target = analyzed.get("run-image", {}).get("target")
    return str(target.get("id", "")) if isinstance(target, dict) else None
