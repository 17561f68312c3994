"""The parts of the builder for one architecture: their paths, and the name of the build image in the engine.

Those for the engine's own architecture are at the paths that the other tools use.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from images.recipe import BUILD
from tools.places import BUILDPACK, DIST, LIFECYCLE, PREPARED

if TYPE_CHECKING:
    from pathlib import Path

    from tools.engine import Engine


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts for `architecture`, by Go's name. `tag` is that of the base images in the engine."""

    architecture: str
    tag: str
    buildpack: Path
    prepared: Path
    lifecycle: Path

    @property
    def build_image(self) -> str:
        """The name of the build image in the engine."""
        return f"{BUILD.name}:{self.tag}"


def parts_for(architecture: str, engine: Engine) -> Parts:
    """Return the parts for `architecture` on `engine`."""
    if architecture == engine.architecture():
        return Parts(architecture, "latest", BUILDPACK, PREPARED, LIFECYCLE)
    directory = DIST / architecture
    return Parts(architecture, architecture, directory / "buildpack", directory / "prepared", directory / "lifecycle")
