"""Prepares the staged buildpack for the builder: does the work in advance that is the same in every build."""

from __future__ import annotations

import secrets
import shutil
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

from tools import stamp

if TYPE_CHECKING:
    from tools.engine import Engine
    from tools.parts import Parts
    from tools.progress import Step


def ensure(step: Step, engine: Engine, parts: Parts) -> None:
    """Write the prepared buildpack of `parts` if the staged buildpack or the build image changed.

    Raises ToolError if the engine fails.
    """
    inputs = stamp.digest(parts.buildpack, Path(__file__), text=str(engine.image_id(parts.build_image)))
    name = stamp.name_of(parts.prepared)
    if stamp.is_current(name, inputs) and parts.prepared.is_dir():
        step.result = "up to date"
        return
    shutil.rmtree(parts.prepared, ignore_errors=True)
    prepare(engine, parts)
    stamp.write(name, inputs)


def prepare(engine: Engine, parts: Parts) -> None:
    """Run `bin/prepare` in the build image, with the buildpack at the same path as in builds."""
    about = tomllib.loads((parts.buildpack / "buildpack.toml").read_text())["buildpack"]
    name = about["id"].replace("/", "_")
    place = f"/cnb/buildpacks/{name}/{about['version']}"
    program = f"""
        mkdir -p {place} && mv /buildpack/* {place}/ &&
        exec {place}/bin/prepare /layers/{name} $(cat /etc/funcpack/run-image-python)
    """
    container = f"funcpack-{secrets.token_hex(6)}"
    # The buildpack is copied instead of mounted, because a remote engine cannot mount directories of this machine.
    engine.run(
        "create", "--name", container, "--network", "none", "--user", "0", parts.build_image, "sh", "-euc", program
    )
    try:
        engine.run("cp", f"{parts.buildpack}/.", f"{container}:/buildpack")
        engine.run("start", "--attach", container)
        engine.run("cp", f"{container}:{place}/.", str(parts.prepared))
    finally:
        engine.ask("rm", "--force", "--volumes", container)
