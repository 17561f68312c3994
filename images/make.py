"""Creates the build image and the run image in the container engine. recipe.py describes them.

As root on Debian or Ubuntu, they are created from Debian's packages alone. Otherwise, or if BASE_IMAGE is set, they are created
from a Debian image of a registry. If REFRESH is set, they are created again although the recipe is the same, to get the current
packages of Debian. The same packages lead to the same images.
"""

from __future__ import annotations

import os
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from images import archive, debian
from images.recipe import BASE_IMAGE, BUILD, GROUP_ID, HERE, RUN, Image
from tools import engine as engines
from tools import stamp
from tools.places import IMAGES

if TYPE_CHECKING:
    from tools.engine import Engine
    from tools.parts import Parts
    from tools.progress import Progress, Step

# If the run image is based on a registry's image, apt-get installs Debian's default Python and its certificates.
DOCKERFILE_PACKAGES = {RUN.name: "python3 ca-certificates netbase tzdata", BUILD.name: " ".join(BUILD.packages)}


def base_image() -> str:
    """Return the name of the Debian image that both images are based on, or an empty text to create them from packages."""
    return os.environ.get("BASE_IMAGE") or ("" if engines.is_root_on_debian() else BASE_IMAGE)


def is_refresh() -> bool:
    """Check whether the user wants the current packages of Debian."""
    return os.environ.get("REFRESH", "0") not in {"", "0"}


def ensure(progress: Progress, step: Step, engine: Engine, parts: Parts) -> None:
    """Create both images in the engine if their recipe changed, one is missing, or REFRESH is set.

    Raises ToolError if a program fails.
    """
    base = base_image()
    recipe = stamp.digest(HERE, text=base)
    name = f"images-{parts.tag}"
    if _is_current(name, _inputs(recipe, engine, parts)):
        step.result = "up to date"
        return
    if base:
        for image in (RUN, BUILD):
            from_base_image(progress, engine, image, base)
    else:
        for file in ensure_archives(progress, parts):
            load(progress, engine, file)
    stamp.write(name, _inputs(recipe, engine, parts))


def ensure_archives(progress: Progress, parts: Parts) -> list[Path]:
    """Create both images from Debian's packages, as archives, if their recipe changed or REFRESH is set, and return the archives.

    Creating both ensures that they have the same Python. Raises ToolError if a program fails.
    """
    archives = [archive_of(image, parts.architecture) for image in (RUN, BUILD)]
    recipe = stamp.digest(HERE, text=parts.tag)
    name = f"archives-{parts.architecture}"
    if not _is_current(name, recipe) or not all(file.exists() for file in archives):
        debian.ensure_mmdebstrap(progress)
        progress.together(*(partial(from_packages, progress, image, parts) for image in (RUN, BUILD)))
        stamp.write(name, recipe)
    return archives


def from_packages(progress: Progress, image: Image, parts: Parts) -> None:
    """Create `image` from Debian's packages, as an archive."""
    target = archive_of(image, parts.architecture)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch, "root.tar")
        debian.make_root(progress, image, root, parts.architecture)
        archive.write(image, parts.architecture, root, target, parts.tag)


def archive_of(image: Image, architecture: str) -> Path:
    """Return the path of the archive of `image` for `architecture`."""
    return IMAGES / architecture / f"{image.short_name}.tar"


def load(progress: Progress, engine: Engine, file: Path) -> None:
    """Load an image from an archive into the engine."""
    progress.run([engine.client, "load", "--input", str(file)], env=engine.environment())


def from_base_image(progress: Progress, engine: Engine, image: Image, base: str) -> None:
    """Create `image` from the Debian image `base`."""
    arguments = {
        "BASE_IMAGE": base,
        "PACKAGES": DOCKERFILE_PACKAGES[image.name],
        "USER_ID": image.user_id,
        "GROUP_ID": GROUP_ID,
    }
    command = [engine.client, "build", "--target", image.short_name, "--tag", image.name]
    if is_refresh():
        command += ["--pull", "--no-cache"]
    for name, value in arguments.items():
        command += ["--build-arg", f"{name}={value}"]
    for name, text in image.labels.items():
        command += ["--label", f"{name}={text}"]
    progress.run([*command, str(HERE)], env=engine.environment())


def _is_current(name: str, value: str) -> bool:
    """Check whether the recorded value of `name` is `value`. A refresh that fails is repeated, because it removes the record first."""
    if is_refresh():
        stamp.forget(name)
    return stamp.is_current(name, value)


def _inputs(recipe: str, engine: Engine, parts: Parts) -> str:
    return " ".join([recipe, *(str(engine.image_id(f"{image.name}:{parts.tag}")) for image in (RUN, BUILD))])
