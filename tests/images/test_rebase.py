"""`pack rebase` replaces the run image below a function, for example after a security fix, without a build."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from images.recipe import RUN

if TYPE_CHECKING:
    from tests.images.conftest import MakeApp, Workshop


def layers_of(workshop: Workshop, image: str) -> list[str]:
    return list(json.loads(workshop.engine.run("image", "inspect", "--format", "{{json .RootFS.Layers}}", image)))


def test_function_keeps_its_layers_on_a_patched_run_image(workshop: Workshop, make_app: MakeApp) -> None:
    app = make_app({"handler.py": "def handler():\n    return open('/etc/patched').read()\n"})
    image = workshop.build(app).image
    patched = workshop.build_base(
        make_app({"Dockerfile": f"FROM {RUN.name}\nCOPY patched /etc/patched\n", "patched": "fixed"})
    )
    old_base, new_base = layers_of(workshop, RUN.name), layers_of(workshop, patched)
    before = layers_of(workshop, image)

    workshop.rebase(image, patched)

    assert before[: len(old_base)] == old_base
    assert layers_of(workshop, image) == [*new_base, *before[len(old_base) :]]
    with workshop.run(image) as function:
        assert function.request("GET", "/").body == b"fixed"
