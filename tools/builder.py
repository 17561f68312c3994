"""Creates the builder image out of builder.toml, the prepared buildpack, the lifecycle and the base images."""

from __future__ import annotations

from typing import TYPE_CHECKING

from images.recipe import BUILD, RUN
from tools import cnb, stamp
from tools.places import BUILDER_IMAGE, DIST, LIFECYCLE, PREPARED, ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from tools.engine import Engine
    from tools.pack_cli import Pack
    from tools.progress import Progress, Step

CONFIG = ROOT / "builder.toml"


def ensure(progress: Progress, step: Step, pack: Pack) -> None:
    """Create the builder when one of its parts changed or it is missing.

    Raises ToolError when `pack` fails.
    """
    parts = stamp.digest(CONFIG, PREPARED, LIFECYCLE, cnb.LIFECYCLE_MODULE)
    if stamp.is_current("builder", _made(parts, pack.engine)):
        step.result = "up to date"
        return
    former = pack.engine.image_id(BUILDER_IMAGE)
    pack.create_builder(progress, CONFIG if LIFECYCLE.exists() else config_with_a_release())
    if former not in {None, pack.engine.image_id(BUILDER_IMAGE)}:
        pack.engine.ask("image", "rm", str(former))  # it stays where a tag or a container of somebody else needs it
    stamp.write("builder", _made(parts, pack.engine))


def config_with_a_release() -> Path:
    """Write a builder.toml that has `pack` download the lifecycle's release, of the version that is pinned; return it."""
    version = cnb.pinned_version(cnb.LIFECYCLE_MODULE, "github.com/buildpacks/lifecycle")
    text = CONFIG.read_text().replace('uri = ".tools/lifecycle"', f'version = "{version}"')
    config = DIST / CONFIG.name
    config.write_text(text.replace('uri = "dist/prepared"', 'uri = "prepared"'))
    return config


def _made(parts: str, engine: Engine) -> str:
    return " ".join([parts, *(str(engine.image_id(name)) for name in (BUILD.name, RUN.name, BUILDER_IMAGE))])
