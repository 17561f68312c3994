"""What a builder image tells about a build: whether it may have the engine and the credentials, and the run image."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from funcpack.image_builds.engine import Engine

DEFAULT_BUILDER = "funcpack/builder"
_OURS = re.compile(r"((index\.)?docker\.io/|localhost/)?funcpack/builder([:@].*)?")
_BUILDPACK = "funcpack/python"
_METADATA = "io.buildpacks.builder.metadata"


def is_trusted(engine: Engine, builder: str) -> bool:
    """Check whether all phases of a build may run in one container: with our builder, or one that was made on this machine.

    For other builders, `pack` decides, by its own list (`pack config trusted-builders`).
    """
    if _OURS.fullmatch(builder):
        return True
    image = engine.inspect(builder)
    return image is not None and _is_only_local(image)


def has_local_run_image(engine: Engine, builder: str) -> bool:
    """Check whether the run image of a builder was made on this machine, so that no registry has it."""
    image = engine.inspect(builder)
    run_image = _run_image(image) if image else None
    found = engine.inspect(run_image) if run_image else None
    return found is not None and _is_only_local(found)


def buildpack_version(engine: Engine, builder: str) -> str | None:
    """Return the version of Funcpack's buildpack in a local builder, or None if there is no such builder."""
    image = engine.inspect(builder)
    buildpacks = _metadata(image).get("buildpacks") or [] if image else []
    return next((str(item.get("version")) for item in buildpacks if item.get("id") == _BUILDPACK), None)


def _is_only_local(image: dict[str, Any]) -> bool:
    # Podman gives images of this machine a digest, too.
    return all(name.startswith("localhost/") for name in image.get("RepoDigests") or ())


def _run_image(builder: dict[str, Any]) -> str | None:
    metadata = _metadata(builder)
    images = metadata.get("images") or [metadata.get("stack", {}).get("runImage", {})]
    name: str | None = images[0].get("image")
    return name


def _metadata(builder: dict[str, Any]) -> dict[str, Any]:
    labels = builder.get("Config", {}).get("Labels") or {}
    metadata: dict[str, Any] = json.loads(labels.get(_METADATA) or "{}")
    return metadata
