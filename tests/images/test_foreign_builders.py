"""Other builders and run images: the buildpack as a file, and the layer `python` if the run image has no Python."""

from __future__ import annotations

import tarfile
from typing import TYPE_CHECKING

import pytest

from images.recipe import BUILD
from tests import python_mirror
from tools import package
from tools.places import LIFECYCLE, ROOT
from tools.progress import Progress, Step

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.images.conftest import MakeApp, Workshop
    from tests.python_mirror import Mirror
    from tools.engine import Engine

FIXTURES = ROOT / "tests" / "images" / "fixtures" / "foreign"
BUILDER = """\
[[buildpacks]]
uri = "{buildpack}"

[[order]]
[[order.group]]
id = "example/other"

[build]
image = "{build}"

[run]
[[run.images]]
image = "{run}"

[lifecycle]
uri = "{lifecycle}"
"""
HANDLER = "import sys\n\n\ndef handler(req):\n    return sys.base_prefix\n"


@pytest.fixture(scope="module")
def run_image(workshop: Workshop) -> str:
    return workshop.build_base(FIXTURES / "run")


@pytest.fixture(scope="module")
def foreign_builder(workshop: Workshop, run_image: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A builder for another language, with the pinned lifecycle."""
    directory = tmp_path_factory.mktemp("builder")
    build_image = workshop.build_base(FIXTURES / "build")
    config = directory / "builder.toml"
    config.write_text(
        BUILDER.format(buildpack=FIXTURES / "buildpack", build=build_image, run=run_image, lifecycle=LIFECYCLE)
    )
    return workshop.create_builder(config)


@pytest.fixture(scope="module")
def packaged(container_engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file that `make package` creates."""
    architecture = container_engine.architecture()
    package.ensure(Progress(tmp_path_factory.mktemp("log") / "log"), Step(), architecture)
    return package.file_for(architecture)


@pytest.fixture(scope="module")
def mirror(container_engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mirror]:
    """A mirror that offers Debian's Python in the layout of uv's builds."""
    directory = tmp_path_factory.mktemp("mirror")
    container = container_engine.run("create", BUILD.name, "true")
    try:
        for name in ("bin/python3.13", "lib/python3.13"):
            container_engine.run("cp", f"{container}:/usr/{name}", str(directory / name.replace("/", "-")))
    finally:
        container_engine.run("rm", container)
    archive = directory / "python.tar.gz"
    with tarfile.open(archive, "w:gz", compresslevel=1) as tar:
        tar.add(directory / "bin-python3.13", "python/bin/python3.13")
        # Debian's links lead to /etc, and uv rejects archives with links that lead out of them.
        tar.add(
            directory / "lib-python3.13", "python/lib/python3.13", filter=lambda entry: None if entry.issym() else entry
        )
    known = container_engine.run("run", "--rm", BUILD.name, "cat", "/etc/funcpack/run-image-python")
    (directory / "root").mkdir()
    with python_mirror.serving(directory / "root") as mirror:
        mirror.publish(archive, known.split()[0])
        yield mirror


def test_a_foreign_builder_takes_the_packaged_buildpack(
    workshop: Workshop, make_app: MakeApp, foreign_builder: str, packaged: Path, mirror: Mirror
) -> None:
    options = ("--builder", foreign_builder, "--buildpack", str(packaged), "--trust-extra-buildpacks")
    variables = [part for name, value in mirror.variables.items() for part in ("--env", f"{name}={value}")]

    built = workshop.build(make_app({"handler.py": HANDLER}), *options, "--network", "host", *variables)

    assert "The run image has no known Python." in built.log
    with workshop.run(built.image) as function:
        assert function.request("GET", "/").body.startswith(b"/layers/funcpack_python/python/cpython/")


def test_our_builder_notices_a_run_image_without_python(workshop: Workshop, make_app: MakeApp, run_image: str) -> None:
    """Without a network, the build fails when it downloads Python."""
    refused = workshop.attempt(
        make_app({"handler.py": HANDLER}), "--run-image", run_image, "--env", "UV_HTTP_RETRIES=0"
    )

    assert refused.code != 0
    assert "The run image has no known Python." in refused.log
    assert "[Error: Python could not be downloaded]" in refused.log
