"""The ways of building an image that are compared: a Dockerfile, Funcpack, and a buildpack that does nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from images import make as base_images
from images.recipe import BUILD
from tools import host, pack_cli
from tools.places import LIFECYCLE, ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tools.engine import Engine
    from tools.progress import Progress

HERE = Path(__file__).resolve().parent

# Stands in for python:3.13-slim where no image is pulled: Debian's Python and pip, nothing else; about as large (125 MB).
SLIM = replace(
    BUILD, name="funcpack-benchmark/python", packages=("python3", "python3-pip", "ca-certificates", "passwd")
)
BASE = f"{SLIM.name}-here"
EMPTY_BUILDER = "funcpack-benchmark/empty-builder"


class Builder(Protocol):
    """Builds the app in a directory as an image; `app` is the one to begin with."""

    @property
    def name(self) -> str: ...  # noqa: D102 - of a competitor in the report

    @property
    def app(self) -> Path: ...  # noqa: D102 - see above

    def build(self, image: str, app: Path, *, fresh: bool) -> None:
        """Build `image`; `fresh` says that nothing of an earlier build may help."""


@dataclass(frozen=True, slots=True)
class Dockerfile:
    """`docker build` of the Dockerfile in the app."""

    engine: Engine
    name: str = "Dockerfile"
    app: Path = HERE / "apps" / "dockerfile"

    def build(self, image: str, app: Path, *, fresh: bool) -> None:
        """Build with the engine's own cache of layers, or without it."""
        options = ["--no-cache"] if fresh else []
        command = [self.engine.client, "build", "--build-arg", f"BASE={BASE}", "--tag", image, *options, str(app)]
        _run(command, self.engine)


@dataclass(frozen=True, slots=True)
class PackBuild:
    """`pack build` with the builder `builder`."""

    engine: Engine
    builder: str
    name: str
    app: Path = HERE / "apps" / "funcpack"

    def build(self, image: str, app: Path, *, fresh: bool) -> None:
        """Build with what an earlier build of the same image left, or without it."""
        with host.network_options() as network:
            options = [*network, *(["--clear-cache"] if fresh else []), "--builder", self.builder]
            _run(pack_cli.pinned(self.engine).build_command(image, app, options), self.engine)


def prepare(progress: Progress, engine: Engine) -> None:
    """Make the Dockerfile's base image and the empty builder."""
    with progress.step(f"image {SLIM.name}"):
        base_images.from_packages(progress, engine, SLIM)
        _trust_this_machine(engine)
    with progress.step(f"image {EMPTY_BUILDER}"), tempfile.NamedTemporaryFile("w", suffix=".toml") as config:
        text = (ROOT / "builder.toml").read_text()
        text = text.replace('"dist/prepared"', f'"{HERE / "empty-buildpack"}"').replace(
            "funcpack/python", "benchmark/empty"
        )
        config.write(text.replace('".tools/lifecycle"', f'"{LIFECYCLE}"'))
        config.flush()
        program = pack_cli.pinned(engine).program
        command = [program, "builder", "create", EMPTY_BUILDER, "--config", config.name, "--pull-policy", "never"]
        progress.run(command, env=engine.environment())


def _trust_this_machine(engine: Engine) -> None:
    """Give the Dockerfile's base what the other builds get by a binding: certificates and index of this machine."""
    with tempfile.TemporaryDirectory() as directory:
        context = Path(directory)
        lines = [f"FROM {SLIM.name}", "USER 0", "ENV PIP_BREAK_SYSTEM_PACKAGES=1"]
        bundle = os.environ.get("SSL_CERT_FILE")
        if bundle:
            shutil.copyfile(bundle, context / "host.pem")
            lines += ["COPY host.pem /etc/ssl/certs/ca-certificates.crt"]
        lines += [f"ENV {name}={os.environ[name]}" for name in host.INDEX_VARIABLES if name in os.environ]
        (context / "Dockerfile").write_text("\n".join(lines) + "\n")
        _run([engine.client, "build", "--tag", BASE, str(context)], engine)


def _run(command: Sequence[str], engine: Engine) -> None:
    environment = {**engine.environment(), "DOCKER_BUILDKIT": "0", "PACK_VOLUME_KEY": "benchmark"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
