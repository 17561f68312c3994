"""The documented commands that build, run and call functions lead to the documented output."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.unit.docs import transcript
from tests.unit.docs.markdown import blocks
from tests.unit.docs.transcript import Step
from tools import pack_cli
from tools.places import PACK, ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.images.conftest import Workshop

TEMPLATES = ("http", "cloudevent", "typed")
RUN = "docker run --rm --publish 127.0.0.1:8080:8080"


def steps_of(page: Path) -> list[Step]:
    return [step for block in blocks(page, "console") for step in transcript.steps(block)]


def run_documented(workshop: Workshop, app: Path, steps: list[Step]) -> int:
    """Build, run and call the function in `app` according to the steps, and return the number of calls.

    The image gets a name that is nobody else's, and its container a free port.
    """
    build = next(step for step in steps if step.command.startswith("pack build "))
    start = next(step for step in steps if step.command.startswith("docker run "))
    calls = [step for step in steps if step.command.startswith("curl ")]
    shown_name, image = build.command.split()[2], workshop.new_name()
    environment = {**workshop.engine.environment(), "PACK_HOME": str(workshop.pack_home), "PACK_VOLUME_KEY": "docs"}
    environment["PATH"] = f"{PACK.parent}:{environment['PATH']}"

    assert start.command == f"{RUN} {shown_name}"
    transcript.run(renamed(build, shown_name, image, pack_cli.engine_options(workshop.engine)), app, environment)
    with workshop.run(image) as container:
        for step in calls:
            transcript.run(step, app, environment, address=f"{container.host}:{container.port}")
    return len(calls)


def renamed(step: Step, shown_name: str, image: str, engine_options: list[str]) -> Step:
    command = step.command.replace(f"pack build {shown_name} ", f"pack build {image} ", 1)
    command = " ".join([command, *engine_options])
    return Step(command, step.shown.replace(f"'{shown_name}'", f"'{image}'"))


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_is_built_and_called_as_its_readme_shows(workshop: Workshop, name: str, tmp_path: Path) -> None:
    app = shutil.copytree(ROOT / "templates" / "python" / name, tmp_path / name)

    assert run_documented(workshop, app, steps_of(app / "README.md")) > 1


def test_the_function_of_the_readme_is_built_and_called_as_it_shows(workshop: Workshop, tmp_path: Path) -> None:
    readme = ROOT / "README.md"
    (tmp_path / "handler.py").write_text(blocks(readme, "python")[0].text)
    first_call = transcript.steps(blocks(readme, "console")[0])
    commands = [step for step in steps_of(readme) if not step.command.startswith("curl ")]

    assert run_documented(workshop, tmp_path, [*commands, *first_call]) == 1
