"""Creates the builder image from builder.toml, the prepared buildpack, the lifecycle and the base images."""

from __future__ import annotations

from typing import TYPE_CHECKING

from images.recipe import BUILD, RUN
from tools import cnb, stamp
from tools.places import BUILDER_IMAGE, DIST, LIFECYCLE, PREPARED, ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from tools.engine import Engine
    from tools.pack_cli import Pack
    from tools.parts import Parts
    from tools.progress import Progress, Step

CONFIG = ROOT / "builder.toml"


def ensure(progress: Progress, step: Step, pack: Pack) -> None:
    """Create the builder if it does not exist or if one of its parts changed.

    Raises ToolError if `pack` fails.
    """
    parts = stamp.digest(CONFIG, PREPARED, LIFECYCLE, cnb.LIFECYCLE_MODULE)
    if stamp.is_current("builder", _inputs(parts, pack.engine)):
        step.result = "up to date"
        return
    former = pack.engine.image_id(BUILDER_IMAGE)
    pack.create_builder(progress, CONFIG if LIFECYCLE.exists() else config_with_released_lifecycle())
    if former not in {None, pack.engine.image_id(BUILDER_IMAGE)}:
        pack.engine.ask("image", "rm", str(former))  # fails if another tag or a container uses the image
    stamp.write("builder", _inputs(parts, pack.engine))


def config_for_registry(parts: Parts, registry: str, version: str, run_version: str) -> Path:
    """Write a builder.toml for `parts` and the base images in `registry`, and return its path.

    The builder is made from the build image `version`. Builds and rebases use the run image `run_version`.
    """
    text = CONFIG.read_text()
    for former, value in {
        "dist/prepared": parts.prepared,
        ".tools/lifecycle": parts.lifecycle,
        BUILD.name: f"{registry}/{BUILD.name}:{version}",
        RUN.name: f"{registry}/{RUN.name}:{run_version}",
    }.items():
        text = text.replace(f'"{former}"', f'"{value}"')
    config = parts.prepared.with_name(f"builder-{parts.architecture}.toml")
    config.write_text(text)
    return config


def config_with_released_lifecycle() -> Path:
    """Write a builder.toml that makes `pack` download the pinned release of the lifecycle, and return its path."""
    version = cnb.pinned_version(cnb.LIFECYCLE_MODULE, "github.com/buildpacks/lifecycle")
    text = CONFIG.read_text().replace('uri = ".tools/lifecycle"', f'version = "{version}"')
    config = DIST / CONFIG.name
    config.write_text(text.replace('uri = "dist/prepared"', 'uri = "prepared"'))
    return config


def _inputs(parts: str, engine: Engine) -> str:
    return " ".join([parts, *(str(engine.image_id(name)) for name in (BUILD.name, RUN.name, BUILDER_IMAGE))])
