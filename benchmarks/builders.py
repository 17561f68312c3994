"""The ways of building an image that are compared: a Dockerfile, Funcpack, and a buildpack that does nothing."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from images import make as base_images
from images.recipe import BUILD
from tools import host, pack_cli
from tools.parts import parts_for
from tools.places import LIFECYCLE, ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tools.engine import Engine
    from tools.progress import Progress

HERE = Path(__file__).resolve().parent

# Stands in for python:3.13-slim where no image is pulled: Debian's Python and pip on what debian:trixie-slim consists of too,
# the variant `minbase` without documentation; about as large (124 MB).
SLIM = replace(
    BUILD,
    name="funcpack-benchmark/python",
    variant="minbase",
    packages=("python3", "python3-pip", "ca-certificates", "passwd"),
)
BASE = f"{SLIM.name}-here"
EMPTY_BUILDER = "funcpack-benchmark/empty-builder"


class Process(NamedTuple):
    """A process of an image: options of `docker run` and the arguments of its entry point."""

    options: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()


class Builder(Protocol):
    """Builds the app in a directory as an image; `app` is the one to begin with."""

    @property
    def name(self) -> str: ...  # noqa: D102 - of a competitor in the report

    @property
    def app(self) -> Path: ...  # noqa: D102 - see above

    def forget(self, image: str) -> None:
        """Remove `image` and what its builds left."""

    def build(self, image: str, app: Path, *, fresh: bool) -> None:
        """Build `image`; `fresh` says that nothing of an earlier build may help."""

    def process(self, image: str) -> Process:
        """Return what starts the server of `image` without any program that would start it otherwise."""


@dataclass(frozen=True, slots=True)
class Dockerfile:
    """`docker build` of the Dockerfile in the app."""

    engine: Engine
    name: str = "Dockerfile"
    app: Path = HERE / "apps" / "dockerfile"

    def forget(self, image: str) -> None:
        """Remove the image; a fresh build does without the engine's cache."""
        self.engine.ask("image", "rm", "--force", image)

    def build(self, image: str, app: Path, *, fresh: bool) -> None:
        """Build with the engine's own cache of layers, or without it."""
        options = ["--no-cache"] if fresh else []
        command = [self.engine.client, "build", "--build-arg", f"BASE={BASE}", "--tag", image, *options, str(app)]
        _run(command, self.engine)

    def process(self, image: str) -> Process:  # noqa: ARG002 - the Protocol's
        """Return nothing more: the server is the image's command."""
        return Process()


@dataclass(frozen=True, slots=True)
class PackBuild:
    """`pack build` with the builder `builder`."""

    engine: Engine
    builder: str
    name: str
    app: Path = HERE / "apps" / "funcpack"

    def forget(self, image: str) -> None:
        """Remove the image and the volumes with the lifecycle's caches of it."""
        self.engine.ask("image", "rm", "--force", image)
        caches = self.engine.run("volume", "ls", "--quiet", "--filter", f"name=pack-cache-{image.replace('/', '_')}_")
        if caches:
            self.engine.run("volume", "rm", *caches.split())

    def build(self, image: str, app: Path, *, fresh: bool) -> None:
        """Build with what an earlier build of the same image left, or without it."""
        with host.network_options() as network:
            options = [*network, *(["--clear-cache"] if fresh else []), "--builder", self.builder]
            _run(pack_cli.pinned(self.engine).build_command(image, app, options), self.engine)

    def process(self, image: str) -> Process:
        """Return the default process, which the lifecycle's launcher starts otherwise, with the variables that it has then."""
        label = '{{index .Config.Labels "io.buildpacks.build.metadata"}}'
        metadata = json.loads(self.engine.run("image", "inspect", "--format", label, image))
        (process,) = [process for process in metadata["processes"] if process["type"] == "web"]
        program, *arguments = process["command"]
        return Process(("--env", "PYTHONUNBUFFERED=1", "--entrypoint", program), tuple(arguments))


def prepare(progress: Progress, engine: Engine) -> None:
    """Make the Dockerfile's base image and the empty builder."""
    with progress.step(f"image {SLIM.name}"):
        parts = parts_for(engine.architecture(), engine)
        base_images.from_packages(progress, SLIM, parts)
        base_images.load(progress, engine, base_images.archive_of(SLIM, parts.architecture))
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
