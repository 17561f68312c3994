"""Creates the build image and the run image in the container engine. recipe.py describes them.

As root on Debian or Ubuntu, they are created from Debian's packages alone. Otherwise, or if BASE_IMAGE is set, they are created
from a Debian image of a registry.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from images import archive, debian
from images.recipe import BASE_IMAGE, BUILD, GROUP_ID, HERE, RUN, Image
from tools import engine as engines
from tools import stamp

if TYPE_CHECKING:
    from tools.engine import Engine
    from tools.progress import Progress, Step

# If the run image is based on a registry's image, apt-get installs Debian's default Python and its certificates.
DOCKERFILE_PACKAGES = {RUN.name: "python3 ca-certificates netbase tzdata", BUILD.name: " ".join(BUILD.packages)}


def ensure(progress: Progress, step: Step, engine: Engine) -> None:
    """Create both images if their recipe changed or one is missing. Creating both ensures that they have the same Python.

    Raises ToolError if a program fails.
    """
    base = os.environ.get("BASE_IMAGE") or ("" if engines.is_root_on_debian() else BASE_IMAGE)
    recipe = stamp.digest(HERE, text=base)
    if stamp.is_current("images", _inputs(recipe, engine)):
        step.result = "up to date"
        return
    for image in (RUN, BUILD):
        if base:
            from_base_image(progress, engine, image, base)
        else:
            from_packages(progress, engine, image)
    stamp.write("images", _inputs(recipe, engine))


def from_packages(progress: Progress, engine: Engine, image: Image) -> None:
    """Create `image` from Debian's packages."""
    debian.ensure_mmdebstrap(progress)
    with tempfile.TemporaryDirectory() as scratch:
        root, loadable = Path(scratch, "root.tar"), Path(scratch, "image.tar")
        debian.make_root(progress, image, root)
        archive.write(image, engine.architecture(), root, loadable)
        progress.run([engine.client, "load", "--input", str(loadable)], env=engine.environment())


def from_base_image(progress: Progress, engine: Engine, image: Image, base: str) -> None:
    """Create `image` from the Debian image `base`."""
    arguments = {
        "BASE_IMAGE": base,
        "PACKAGES": DOCKERFILE_PACKAGES[image.name],
        "USER_ID": image.user_id,
        "GROUP_ID": GROUP_ID,
    }
    command = [engine.client, "build", "--target", image.name.partition("/")[2], "--tag", image.name]
    for name, value in arguments.items():
        command += ["--build-arg", f"{name}={value}"]
    for name, text in image.labels.items():
        command += ["--label", f"{name}={text}"]
    progress.run([*command, str(HERE)], env=engine.environment())


def _inputs(recipe: str, engine: Engine) -> str:
    return f"{recipe} {engine.image_id(RUN.name)} {engine.image_id(BUILD.name)}"
