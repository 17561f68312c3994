"""The contents of the builder, and that the staged buildpack contains only files that a build needs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tools import cnb
from tools.places import BUILDER_IMAGE, BUILDPACK

if TYPE_CHECKING:
    from tests.images.conftest import Workshop
    from tools.engine import Engine

STAGED = {"LICENSE", "bin", "buildpack.toml", "funcpack", "invoker", "wheels"}


def test_the_builder_has_the_pinned_lifecycle(container_engine: Engine) -> None:
    label = container_engine.run(
        "image", "inspect", "--format", '{{index .Config.Labels "io.buildpacks.builder.metadata"}}', BUILDER_IMAGE
    )
    pinned = cnb.pinned_version(cnb.LIFECYCLE_MODULE, "github.com/buildpacks/lifecycle")

    assert json.loads(label)["lifecycle"]["version"] == pinned


def test_the_buildpack_holds_what_a_build_needs_and_nothing_else() -> None:
    assert {path.name for path in BUILDPACK.iterdir()} == STAGED
    assert {path.name for path in (BUILDPACK / "bin").iterdir()} == {"detect", "build", "prepare", "python", "uv"}
    assert {path.name for path in (BUILDPACK / "invoker").iterdir()} == {
        "funcpack_invoker",
        "requirements.txt",
        "not-in-images.txt",
    }
    assert not {"cli", "deploy", "tests"} & {path.name for path in (BUILDPACK / "funcpack").iterdir()}
    assert not list(BUILDPACK.rglob("__pycache__"))


def test_the_buildpack_carries_the_wheels_of_every_python() -> None:
    wheels = [path.name for path in (BUILDPACK / "wheels").iterdir()]

    for tag in ("cp311", "cp312", "cp313", "cp314"):
        assert [name for name in wheels if name.startswith("markupsafe-") and f"-{tag}-" in name], tag
    assert [name for name in wheels if name.startswith("funcpack_invoker-")]
    assert not [name for name in wheels if not name.endswith(".whl")]


def test_the_builder_holds_the_buildpack(workshop: Workshop) -> None:
    program = "import pathlib; print(sorted(path.name for path in pathlib.Path('/cnb/buildpacks/funcpack_python').glob('*/*')))"

    assert workshop.python_in(BUILDER_IMAGE, program) == str(sorted({*STAGED, "prepared"}))
