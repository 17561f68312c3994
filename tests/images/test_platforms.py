"""The ways in which platforms run the buildpack: in phases, in one program, without an engine, with an untrusted builder."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, Any

import pytest

from images.recipe import RUN
from tests.images import oci_layout
from tools.places import BUILDER_IMAGE, ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.images.conftest import MakeApp, Workshop
    from tools.engine import Engine

PROGRAMS = ROOT / "tests" / "images" / "fixtures" / "lifecycle"
PLATFORM_APIS = ("0.7", "0.8", "0.9", "0.10", "0.11", "0.12", "0.13", "0.14", "0.15")
NEWEST_API = PLATFORM_APIS[-1]


@pytest.fixture(scope="module")
def app(make_app: MakeApp) -> Path:
    app = make_app({"handler.py": 'def handler(req):\n    return "Hello World!"\n'})
    app.chmod(0o755)
    return app


@pytest.fixture(scope="module")
def by_pack(workshop: Workshop, app: Path) -> str:
    """The image that `pack` creates with the trusted builder."""
    return workshop.build(app).image


@pytest.fixture(scope="module")
def build_container(container_engine: Engine, app: Path) -> Iterator[str]:
    """A container of the builder without a network, in which its user can run the lifecycle."""
    name = f"funcpack-test-{secrets.token_hex(6)}"
    mounts = ("--volume", f"{app}:/app:ro", "--volume", f"{PROGRAMS}:/programs:ro")
    options = ("--name", name, "--network", "none", *mounts, "--entrypoint", "sleep")
    try:
        container_engine.run("run", "--detach", *options, BUILDER_IMAGE, "infinity")
        yield name
    finally:
        container_engine.ask("rm", "--force", name)


@pytest.mark.parametrize("api", PLATFORM_APIS)
def test_the_phases_one_by_one_by_an_ordinary_user(container_engine: Engine, build_container: str, api: str) -> None:
    command = ("python3", "/programs/phases.py")

    answer = container_engine.run("exec", "--env", f"CNB_PLATFORM_API={api}", build_container, *command)

    assert answer.splitlines()[-1] == "Hello World!"


def layers_of(labels: dict[str, str]) -> dict[str, str]:
    """Return the digests of the buildpack's layers by name."""
    (buildpack,) = json.loads(labels["io.buildpacks.lifecycle.metadata"])["buildpacks"]
    return {name: layer["sha"] for name, layer in buildpack["layers"].items()}


def labels_of(engine: Engine, image: str) -> dict[str, str]:
    return dict(json.loads(engine.run("image", "inspect", "--format", "{{json .Config.Labels}}", image)))


def test_the_creator_with_image_layouts(container_engine: Engine, app: Path, by_pack: str, tmp_path: Path) -> None:
    oci_layout.write(container_engine, RUN.name, tmp_path / "index.docker.io" / "library" / "run" / "1")
    tmp_path.chmod(0o755)
    mounts = [f"{app}:/app:ro", f"{PROGRAMS}:/programs:ro", f"{tmp_path}:/layout:ro"]
    options = ["--env", f"CNB_PLATFORM_API={NEWEST_API}", *(part for mount in mounts for part in ("--volume", mount))]
    created = container_engine.run(
        "run", "--rm", "--network", "none", *options, "--entrypoint", "python3", BUILDER_IMAGE, "/programs/creator.py"
    )

    config: dict[str, Any] = json.loads(created)["config"]
    assert config["Entrypoint"] == ["/cnb/process/web"]
    assert config["Labels"]["io.funcpack.handler"] == "handler.handler"
    assert layers_of(config["Labels"]) == layers_of(labels_of(container_engine, by_pack))


def test_pack_with_an_untrusted_builder(workshop: Workshop, container_engine: Engine, app: Path, by_pack: str) -> None:
    """Each phase then runs in a separate container, and privileged phases run from an image of the lifecycle."""
    untrusted = workshop.build(app, "--trust-builder=false", "--lifecycle-image", BUILDER_IMAGE)

    assert "[detector]" in untrusted.log
    assert container_engine.image_id(untrusted.image) == container_engine.image_id(by_pack)
