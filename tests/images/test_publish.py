"""`make publish` to a registry, and then what a user does with the images there."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from images.make import base_image
from tests.images import registries
from tools import emulation, stage, version
from tools.parts import parts_for
from tools.places import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tests.images.conftest import MakeApp, Workshop

pytestmark = [
    pytest.mark.skipif(bool(base_image()), reason="images for a registry are made only by root on Debian"),
    pytest.mark.xdist_group("publish"),
]

IMAGES = ("funcpack/run", "funcpack/build", "funcpack/python", "funcpack/builder")
VERSION = version.current().partition("-")[0]  # a candidate has no other tags
MINOR = VERSION.rpartition(".")[0]
FUNCTION = {"handler.py": "def handler():\n    return open('/etc/debian_version').read()\n"}
OTHER_BUILDER = """\
[[buildpacks]]
uri = "{root}/tests/images/fixtures/foreign/buildpack"

[[order]]
[[order.group]]
id = "example/other"

[build]
image = "funcpack/build"

[run]
[[run.images]]
image = "funcpack/run"

[lifecycle]
uri = "{root}/.tools/lifecycle"
"""


@dataclass(frozen=True, slots=True)
class Published:
    """What `make publish` printed, and the registry with its log."""

    registry: str
    log: Path
    architectures: tuple[str, ...]
    names: tuple[str, ...]

    def image(self, name: str, tag: str = MINOR) -> str:
        return f"{self.registry}/{name}:{tag}"

    def again(self) -> tuple[str, ...]:
        return publish(self.registry, self.architectures)


def publish(registry: str, architectures: Sequence[str]) -> tuple[str, ...]:
    """Run `make publish`, and return the names that it prints."""
    variables = {
        "PYTHON": sys.executable,
        "REGISTRY": registry,
        "VERSION": VERSION,
        "ARCHITECTURES": " ".join(architectures),
        "UNSIGNED": "1",
    }
    command = ["make", "publish", *(f"{name}={value}" for name, value in variables.items())]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return tuple(re.findall(r"^\S+@sha256:[0-9a-f]{64}$", done.stdout, re.MULTILINE))


@pytest.fixture(scope="module")
def architectures(workshop: Workshop) -> tuple[str, ...]:
    """This machine's, and the other one if an earlier `make publish` has made its images, which takes minutes."""
    own = workshop.engine.architecture()
    others = (each for each in stage.PLATFORMS if each != own)
    there = (each for each in others if parts_for(each, workshop.engine).prepared.is_dir() and emulation.runs(each))
    return (own, *there)


@pytest.fixture(scope="module")
def published(
    workshop: Workshop, architectures: tuple[str, ...], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Published]:
    """Funcpack's images in a registry of this module. Afterwards, the engine has none that it pulled from there."""
    log = tmp_path_factory.mktemp("registry") / "log"
    with registries.running(log) as registry:
        yield Published(registry, log, architectures, publish(registry, architectures))
        pulled = workshop.engine.run("image", "ls", "--format", "{{.Repository}}:{{.Tag}}", f"{registry}/*/*").split()
        for image in pulled:
            workshop.engine.ask("image", "rm", "--force", image)


def test_each_image_is_an_index_with_three_tags(published: Published) -> None:
    digests = [registries.digest_of(published.image(name, VERSION)) for name in IMAGES]

    assert list(published.names) == [
        f"{published.registry}/{name}@{digest}" for name, digest in zip(IMAGES, digests, strict=True)
    ]
    for name, digest in zip(IMAGES, digests, strict=True):
        assert [registries.digest_of(published.image(name, tag)) for tag in (MINOR, "latest")] == [digest, digest]
        platforms = [entry["platform"] for entry in registries.manifest_of(published.image(name))["manifests"]]
        assert platforms == [{"os": "linux", "architecture": each} for each in published.architectures]


def test_a_second_run_pushes_nothing(published: Published) -> None:
    before = registries.writes(published.log)

    assert published.again() == published.names
    assert registries.writes(published.log) == before != []


def greets(workshop: Workshop, image: str) -> bool:
    with workshop.run(image) as function:
        return function.request("GET", "/").body.startswith(b"13")


def build(workshop: Workshop, app: Path, *options: str, image: str | None = None) -> str:
    return workshop.build(app, "--pull-policy", "if-not-present", *options, image=image).image


def test_pack_builds_with_the_published_builder(workshop: Workshop, make_app: MakeApp, published: Published) -> None:
    image = build(workshop, make_app(FUNCTION), "--builder", published.image("funcpack/builder"))

    assert greets(workshop, image)


def test_pack_builds_with_the_published_builder_without_trust(
    workshop: Workshop, make_app: MakeApp, published: Published
) -> None:
    builder = published.image("funcpack/builder")
    options = ("--builder", builder, "--trust-builder=false", "--lifecycle-image", builder)

    assert greets(workshop, build(workshop, make_app(FUNCTION), *options))


def test_another_builder_takes_the_published_buildpack(
    workshop: Workshop, make_app: MakeApp, published: Published
) -> None:
    config = make_app({"builder.toml": OTHER_BUILDER.format(root=ROOT)}) / "builder.toml"
    options = ("--builder", workshop.create_builder(config), "--buildpack", published.image("funcpack/python"))

    assert greets(workshop, build(workshop, make_app(FUNCTION), *options, "--trust-extra-buildpacks"))


def test_the_creator_publishes_a_function_as_in_a_cluster(
    workshop: Workshop, make_app: MakeApp, published: Published
) -> None:
    """kpack and Tekton run the lifecycle in the builder, with the registry and without an engine."""
    app = make_app(FUNCTION)
    app.chmod(0o755)
    image = f"{published.registry}/team/function:1"
    creator = f"exec /cnb/lifecycle/creator -app /workspace -run-image {published.image('funcpack/run')} {image}"
    options = ("--rm", "--network", "host", "--volume", f"{app}:/app:ro", "--env", "CNB_PLATFORM_API=0.10")
    builder = published.image("funcpack/builder")

    workshop.engine.run("run", *options, "--entrypoint", "sh", builder, "-euc", f"cp -r /app/. /workspace; {creator}")

    workshop.engine.run("pull", image)
    assert greets(workshop, image)


def test_function_for_the_other_architecture_answers_under_emulation(
    workshop: Workshop, make_app: MakeApp, published: Published
) -> None:
    """Everything runs for real: the lifecycle, the buildpack with its Python, uv, and the function."""
    if len(published.architectures) == 1:
        pytest.skip(
            "the images for the other architecture are not there: run `make publish` for both, which takes minutes,"
            " on a machine whose kernel runs programs for both (binfmt_misc)"
        )
    platform = f"linux/{published.architectures[1]}"
    app = make_app({"handler.py": "import os\n\n\ndef handler():\n    return os.uname().machine\n"})
    options = ("--builder", published.image("funcpack/builder"), "--platform", platform)

    image = build(workshop, app, *options)

    with workshop.run(image, "--platform", platform) as function:
        machine = function.request("GET", "/").body.decode()
    assert stage.MACHINES[machine] == published.architectures[1]


def test_rebase_takes_the_newest_run_image_of_the_minor_version(
    workshop: Workshop, make_app: MakeApp, published: Published
) -> None:
    image = f"{published.registry}/team/rebased:1"
    run_image = published.image("funcpack/run")
    build(workshop, make_app(FUNCTION), "--builder", published.image("funcpack/builder"), image=image)
    patched = make_app({"Dockerfile": f"FROM {run_image}\nCOPY patched /etc/debian_version\n", "patched": "fixed"})
    workshop.engine.run("build", "--quiet", "--tag", run_image, str(patched))
    for name in (image, run_image):
        workshop.engine.run("push", name)

    workshop.pack("rebase", image, "--publish")

    workshop.engine.run("pull", image)
    with workshop.run(image) as function:
        assert function.request("GET", "/").body == b"fixed"
