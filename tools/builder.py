"""Creates the builder image out of builder.toml, the staged buildpack, the lifecycle and the base images."""

from __future__ import annotations

from typing import TYPE_CHECKING

from images.recipe import BUILD, RUN
from tools import stamp
from tools.places import BUILDER_IMAGE, BUILDPACK, LIFECYCLE, ROOT

if TYPE_CHECKING:
    from tools.engine import Engine
    from tools.pack_cli import Pack
    from tools.progress import Progress, Step

CONFIG = ROOT / "builder.toml"


def ensure(progress: Progress, step: Step, pack: Pack) -> None:
    """Create the builder when one of its parts changed or it is missing.

    Raises ToolError when `pack` fails.
    """
    parts = stamp.digest(CONFIG, BUILDPACK, LIFECYCLE)
    if stamp.is_current("builder", _made(parts, pack.engine)):
        step.result = "up to date"
        return
    former = pack.engine.image_id(BUILDER_IMAGE)
    pack.create_builder(progress, CONFIG)
    if former not in {None, pack.engine.image_id(BUILDER_IMAGE)}:
        pack.engine.ask("image", "rm", str(former))  # it stays where a tag or a container of somebody else needs it
    stamp.write("builder", _made(parts, pack.engine))


def _made(parts: str, engine: Engine) -> str:
    return " ".join([parts, *(str(engine.image_id(name)) for name in (BUILD.name, RUN.name, BUILDER_IMAGE))])
