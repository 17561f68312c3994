"""Real builds with `pack` and real containers. `make builder` creates everything that they need."""

from __future__ import annotations

import os
import secrets
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import pytest

from tests.images import registries
from tests.images.package_index import PackageIndex, package_index_server
from tools import container, engine, pack_cli
from tools.places import BUILDER_IMAGE, PACK, ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

    from tools.container import Container
    from tools.engine import Engine


class MakeApp(Protocol):
    """Writes `files` into `directory`, or a new one, and returns it."""

    def __call__(self, files: Mapping[str, str], directory: Path | None = None) -> Path: ...


# Nothing of the machine that builds may leak into a build, and nothing of these may break one.
HOSTILE_VARIABLES = (
    "PATH=/invalid",
    "PYTHONPATH=/invalid",
    "PYTHONHOME=/invalid",
    "PIP_TARGET=/invalid",
    "VIRTUAL_ENV=/invalid",
    "LD_LIBRARY_PATH=/invalid",
)


@dataclass(frozen=True, slots=True)
class Build:
    """The result of a `pack build`: the name of the image, the exit code and the output."""

    image: str
    code: int
    log: str


@dataclass
class Workshop:
    """Builds functions under random names, runs them, and removes the images at the end."""

    engine: Engine
    pack_home: Path
    images: list[str] = field(default_factory=list)
    superseded: list[str] = field(default_factory=list)

    def attempt(self, app: Path, *options: str, image: str | None = None) -> Build:
        """Build the function in `app`, which may fail, without a network unless `options` name one."""
        name = image or self.new_name()
        self.superseded += filter(None, [self.engine.image_id(name)])
        network = () if "--network" in options else ("--network", "none")
        hostile = [part for variable in HOSTILE_VARIABLES for part in ("--env", variable)]
        command = pack_cli.pinned(self.engine).build_command(name, app, [*network, *hostile, *options])
        done = self._run(command)
        return Build(name, done.returncode, done.stdout)

    def build(self, app: Path, *options: str, image: str | None = None) -> Build:
        """Build the function in `app`, which must succeed."""
        built = self.attempt(app, *options, image=image)
        assert built.code == 0, built.log
        return built

    def rebase(self, image: str, run_image: str) -> None:
        """Replace the run image below a function by an image with another name, which requires `--force`."""
        self.superseded += filter(None, [self.engine.image_id(image)])
        self.pack("rebase", image, "--run-image", run_image, "--pull-policy", "never", "--force")

    def create_builder(self, config: Path) -> str:
        """Create a separate builder from `config`."""
        name = self.new_name()
        self.pack("builder", "create", name, "--config", str(config), "--pull-policy", "never")
        return name

    def pack(self, *arguments: str) -> None:
        """Run the pinned `pack`, which must succeed."""
        done = self._run([str(PACK), *arguments])
        assert done.returncode == 0, done.stdout

    def build_base(self, directory: Path) -> str:
        """Create an image from a Dockerfile, to build or run functions in."""
        name = self.new_name()
        self.engine.run("build", "--quiet", "--tag", name, str(directory))
        return name

    def new_name(self) -> str:
        """Return an unused name of an image, which is removed at the end."""
        name = f"funcpack-test-{secrets.token_hex(6)}"
        self.images.append(name)
        return name

    def run(self, image: str, *options: str) -> AbstractContextManager[Container]:
        """Run `image` with options of `docker run` for the duration of the block."""
        return container.running(self.engine, image, *options)

    def python_in(self, image: str, program: str) -> str:
        """Run a Python `program` in `image` with the run image's Python, as root, and return its output."""
        return self.engine.run(
            "run", "--rm", "--user", "0", "--network", "none", "--entrypoint", "/usr/bin/python3", image, "-c", program
        )

    def _run(self, command: list[str]) -> subprocess.CompletedProcess[str]:
        environment = {**self.engine.environment(), "PACK_HOME": str(self.pack_home), "PACK_VOLUME_KEY": "image-tests"}
        return subprocess.run(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
        )

    def remove_all(self) -> None:
        """Remove the images and their caches."""
        for image in self.images:
            self.engine.ask("image", "rm", "--force", image)
        for image in self.superseded:
            self.engine.ask("image", "rm", image)
        for image in self.images:
            volumes = self.engine.run("volume", "ls", "--quiet", "--filter", f"name={image}").split()
            if volumes:
                self.engine.run("volume", "rm", *volumes)


@pytest.fixture(scope="session")
def container_engine() -> Engine:
    found = engine.find()
    assert found, "no container engine is running: run `make builder` to start one"
    return found


@pytest.fixture(scope="session")
def workshop(container_engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workshop]:
    assert container_engine.image_id(BUILDER_IMAGE), f"{BUILDER_IMAGE} is not there: run `make builder`"
    assert os.access(PACK, os.X_OK), f"{PACK} is not there: run `make tools`"
    made = Workshop(container_engine, tmp_path_factory.mktemp("pack-home"))
    try:
        yield made
    finally:
        made.remove_all()


@pytest.fixture(scope="session")
def make_app(tmp_path_factory: pytest.TempPathFactory) -> MakeApp:
    """Return a function that writes files, given as texts by relative paths, into a new directory and returns it."""

    def write(files: Mapping[str, str], directory: Path | None = None) -> Path:
        app = directory or tmp_path_factory.mktemp("app")
        for name, text in files.items():
            path = app / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return app

    return write


@pytest.fixture(scope="session")
def package_index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PackageIndex]:
    with package_index_server(tmp_path_factory.mktemp("index")) as index:
        yield index


@pytest.fixture(scope="session")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A registry on the loopback interface: its host and port."""
    with registries.running(tmp_path_factory.mktemp("registry") / "log") as address:
        yield address


@pytest.fixture(scope="session")
def registry_builder(workshop: Workshop, make_app: MakeApp, registry: str) -> Iterator[str]:
    """A builder whose run image is in the registry."""
    run_image = f"{registry}/funcpack/run"
    text = (ROOT / "builder.toml").read_text().replace('"funcpack/run"', f'"{run_image}"')
    config = make_app({"builder.toml": text.replace('uri = "', f'uri = "{ROOT}/')}) / "builder.toml"
    workshop.engine.run("tag", "funcpack/run", run_image)
    workshop.engine.run("push", run_image)
    yield workshop.create_builder(config)
    workshop.engine.ask("image", "rm", run_image)


@pytest.fixture(scope="session")
def greeting_image(workshop: Workshop, make_app: MakeApp) -> str:
    """An HTTP function without requirements, built without a network."""
    return workshop.build(make_app({"handler.py": 'def handler(req):\n    return "Hello World!"\n'})).image


@pytest.fixture(scope="session")
def echo_image(workshop: Workshop, make_app: MakeApp) -> str:
    """A CloudEvent function without requirements, built without a network."""
    return workshop.build(
        make_app({"handler.py": "def handler(data, attributes):\n    return attributes, data\n"})
    ).image
