"""What a builder image tells about a build: whether it may have the engine and the credentials, and the run image."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from funcpack.image_builds import image_names

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
    return image is not None and _is_only_local(image, builder)


def has_local_run_image(engine: Engine, builder: str) -> bool:
    """Check whether the run image of a builder was made on this machine, so that no registry has it."""
    image = engine.inspect(builder)
    run_image = _run_image(image) if image else None
    found = engine.inspect(run_image) if run_image else None
    return found is not None and run_image is not None and _is_only_local(found, run_image)


def buildpack_version(engine: Engine, builder: str) -> str | None:
    """Return the version of Funcpack's buildpack in a local builder, or None if there is no such builder."""
    image = engine.inspect(builder)
    buildpacks = _metadata(image).get("buildpacks") or [] if image else []
    return next((str(item.get("version")) for item in buildpacks if item.get("id") == _BUILDPACK), None)


def _is_only_local(image: dict[str, Any], name: str) -> bool:
    """Check that no registry has an image under this name. It may have been pushed under another one."""
    # Podman gives images of this machine a digest, too.
    digests = [digest for digest in image.get("RepoDigests") or () if not digest.startswith("localhost/")]
    return _place(name) not in map(_place, digests)


def _place(name: str) -> tuple[str | None, str]:
    registry, repository, _ = image_names.parts(name.removeprefix("docker.io/"))
    return registry, repository


def _run_image(builder: dict[str, Any]) -> str | None:
    metadata = _metadata(builder)
    images = metadata.get("images") or [metadata.get("stack", {}).get("runImage", {})]
    name: str | None = images[0].get("image")
    return name


def _metadata(builder: dict[str, Any]) -> dict[str, Any]:
    labels = builder.get("Config", {}).get("Labels") or {}
    metadata: dict[str, Any] = json.loads(labels.get(_METADATA) or "{}")
    return metadata
