"""Two builds of the same input with separate caches create the same image, even with a package that is built from source."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tools import host

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.images.conftest import MakeApp, Workshop
    from tools.engine import Engine

# MarkupSafe has an extension in C, which its build leaves out without a word where there is no compiler.
FILES = {
    "handler.py": "from markupsafe import _speedups\n\n\ndef handler():\n    return _speedups.__name__\n",
    "requirements.txt": "markupsafe==3.0.2\n",
    "func.yaml": "run:\n  envs:\n  - name: B\n    value: x\n  - name: A\n    value: y\n",
}
FROM_SOURCE = ("--env", "PIP_NO_BINARY=markupsafe", "--network", "host")


@pytest.fixture(scope="module")
def images(workshop: Workshop, make_app: MakeApp) -> Iterator[list[str]]:
    """Two images of the same files in different directories, built without caches."""
    with host.network_options() as network:
        yield [workshop.build(make_app(FILES), *FROM_SOURCE, *network).image for _ in range(2)]


def digests(engine: Engine, image: str) -> dict[str, str]:
    """Return the digests of the buildpack's layers and of the other parts that the lifecycle lists, by name."""
    label = '{{index .Config.Labels "io.buildpacks.lifecycle.metadata"}}'
    metadata: dict[str, Any] = json.loads(engine.run("image", "inspect", "--format", label, image))
    (buildpack,) = metadata.pop("buildpacks")
    layers = {name: layer["sha"] for name, layer in buildpack["layers"].items()}
    return {**{name: json.dumps(part) for name, part in metadata.items()}, **layers}


def test_the_same_input_gives_the_same_image(container_engine: Engine, images: list[str]) -> None:
    one, two = (digests(container_engine, image) for image in images)

    assert {"dependencies", "invoker", "function", "app"} <= one.keys()
    assert [name for name in one if one[name] != two[name]] == []
    assert container_engine.image_id(images[0]) == container_engine.image_id(images[1])


def test_an_extension_in_c_is_compiled(workshop: Workshop, images: list[str]) -> None:
    with workshop.run(images[0]) as function:
        assert function.request("GET", "/").body == b"markupsafe._speedups"
