"""Prepares the staged buildpack for the builder: does the work in advance that is the same in every build."""

from __future__ import annotations

import secrets
import shutil
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

from images.recipe import BUILD
from tools import stamp
from tools.places import BUILDPACK, PREPARED

if TYPE_CHECKING:
    from tools.engine import Engine
    from tools.progress import Step


def ensure(step: Step, engine: Engine) -> None:
    """Write dist/prepared if the staged buildpack or the build image changed.

    Raises ToolError if the engine fails.
    """
    inputs = stamp.digest(BUILDPACK, Path(__file__), text=str(engine.image_id(BUILD.name)))
    if stamp.is_current("prepared", inputs) and PREPARED.is_dir():
        step.result = "up to date"
        return
    shutil.rmtree(PREPARED, ignore_errors=True)
    prepare(engine)
    stamp.write("prepared", inputs)


def prepare(engine: Engine) -> None:
    """Run `bin/prepare` in the build image, with the buildpack at the same path as in builds."""
    about = tomllib.loads((BUILDPACK / "buildpack.toml").read_text())["buildpack"]
    name = about["id"].replace("/", "_")
    place = f"/cnb/buildpacks/{name}/{about['version']}"
    program = f"""
        mkdir -p {place} && mv /buildpack/* {place}/ &&
        exec {place}/bin/prepare /layers/{name} $(cat /etc/funcpack/run-image-python)
    """
    container = f"funcpack-{secrets.token_hex(6)}"
    # The buildpack is copied instead of mounted, because a remote engine cannot mount directories of this machine.
    engine.run("create", "--name", container, "--network", "none", "--user", "0", BUILD.name, "sh", "-euc", program)
    try:
        engine.run("cp", f"{BUILDPACK}/.", f"{container}:/buildpack")
        engine.run("start", "--attach", container)
        engine.run("cp", f"{container}:{place}/.", str(PREPARED))
    finally:
        engine.ask("rm", "--force", "--volumes", container)
