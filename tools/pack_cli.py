"""Runs `pack`: creates the builder and builds functions with local images, without a registry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tools import cnb
from tools.places import BUILDER_IMAGE, PACK

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tools.engine import Engine
    from tools.progress import Progress

# With a trusted builder all phases run in one container. All images are local, so nothing is pulled.
BUILD_OPTIONS = ("--builder", BUILDER_IMAGE, "--trust-builder", "--pull-policy", "never")


def build_options(engine: Engine) -> list[str]:
    """Return the options that make `pack build` use Funcpack's builder and `engine`."""
    return [*BUILD_OPTIONS, *engine_options(engine)]


def engine_options(engine: Engine) -> list[str]:
    """Return the options that make the lifecycle write the image to `engine` if it is not at the default address."""
    return ["--docker-host", "inherit"] if engine.has_other_socket else []


@dataclass(frozen=True, slots=True)
class Pack:
    """A `pack` program and the engine that it uses."""

    program: str
    engine: Engine

    @property
    def is_pinned(self) -> bool:
        """Whether this is the `pack` in .tools/bin."""
        return self.program == str(PACK)

    def create_builder(self, progress: Progress, config: Path) -> None:
        """Create the builder that `config`, a builder.toml, describes. Raises ToolError if `pack` fails."""
        command = [self.program, "builder", "create", BUILDER_IMAGE, "--config", str(config), "--pull-policy", "never"]
        progress.run(command, env=self.engine.environment())

    def publish_builder(self, progress: Progress, reference: str, config: Path, architecture: str) -> None:
        """Create the builder for `architecture` that `config` describes in a registry. Raises ToolError if `pack` fails."""
        command = [self.program, "builder", "create", reference, "--config", str(config), "--publish"]
        progress.run([*command, "--target", f"linux/{architecture}"], env=self.engine.environment())

    def publish_buildpack(self, progress: Progress, reference: str, directory: Path, architecture: str) -> None:
        """Package the buildpack in `directory` for `architecture` in a registry. Raises ToolError if `pack` fails."""
        command = [self.program, "buildpack", "package", reference, "--path", str(directory), "--publish"]
        progress.run([*command, "--target", f"linux/{architecture}"], env=self.engine.environment())

    def build(self, progress: Progress, image: str, app: Path, options: Sequence[str] = ()) -> None:
        """Build the function in the directory `app` as `image`. Raises ToolError if `pack` fails."""
        progress.run(self.build_command(image, app, options), env=self.engine.environment())

    def build_command(self, image: str, app: Path, options: Sequence[str] = ()) -> list[str]:
        """Return the command that builds the function in the directory `app` as `image`."""
        return [self.program, "build", image, "--path", str(app), *build_options(self.engine), *options]


def of_user_or_pinned(engine: Engine) -> Pack:
    """Return the `pack` on PATH if it is new enough, or the pinned one."""
    return Pack(cnb.find_pack() or str(PACK), engine)


def pinned(engine: Engine) -> Pack:
    """Return the pinned `pack` in .tools/bin."""
    return Pack(str(PACK), engine)
