"""The functions that the documentation shows do what it shows: each is served and called with the commands below it."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.environments import INVOKER_LOCK, locked
from tests.unit.docs import transcript
from tests.unit.docs.markdown import Block, blocks
from tools.places import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.integration.conftest import Server, StartServer

PAGES = (ROOT / "README.md", ROOT / "docs" / "functions.md")
APPLICATIONS = ROOT / "docs" / "applications.md"
TEMPLATES = ("http", "cloudevent", "typed", "async")


@dataclass(frozen=True, slots=True)
class Example:
    """A module that a page shows, and the terminal below it."""

    module: Block
    terminals: list[Block] = field(default_factory=list)

    @property
    def steps(self) -> list[transcript.Step]:
        return [step for terminal in self.terminals for step in transcript.steps(terminal)]


def examples(page: Path) -> list[Example]:
    """Give the examples of a page: each python block with the console blocks before the next one."""
    found: list[Example] = []
    for block in blocks(page):
        if block.language == "python":
            found.append(Example(block))
        elif block.language == "console" and found:
            found[-1].terminals.append(block)
    return found


EXAMPLES = [example for page in PAGES for example in examples(page)]
# The commands of the documentation are typed where `python` is the one that has the invoker.
ENVIRONMENT = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}


def is_called_by(step: transcript.Step) -> bool:
    return step.command.startswith(("curl ", "python -m funcpack_invoker check"))


def call(example: Example, server: Server, app: Path, environment: Mapping[str, str]) -> None:
    """Run the commands below an example."""
    for step in filter(is_called_by, example.steps):
        transcript.run(step, app, environment, address=f"127.0.0.1:{server.port}")


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.module.place)
def test_an_example_does_what_the_page_shows(example: Example, start_server: StartServer, tmp_path: Path) -> None:
    call(example, start_server(example.module.text), tmp_path / "app-0", ENVIRONMENT)


@pytest.mark.parametrize("example", examples(APPLICATIONS), ids=lambda example: example.module.place)
def test_an_application_does_what_the_page_shows(example: Example, start_server: StartServer, tmp_path: Path) -> None:
    python = locked("applications", INVOKER_LOCK, ROOT / "requirements" / "applications.txt")
    environment = {"PATH": f"{python.parent}:{os.environ['PATH']}"}
    call(example, start_server(example.module.text, python=python), tmp_path / "app-0", environment)


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_answers_as_its_readme_shows(name: str, start_server: StartServer, tmp_path: Path) -> None:
    template = ROOT / "templates" / "python" / name
    server = start_server((template / "handler.py").read_text())
    steps = [step for terminal in blocks(template / "README.md", "console") for step in transcript.steps(terminal)]
    calls = [step for step in steps if is_called_by(step)]

    assert calls
    for step in calls:
        transcript.run(step, tmp_path, ENVIRONMENT, address=f"127.0.0.1:{server.port}")


def test_most_examples_are_called() -> None:
    assert len(EXAMPLES) > 10
    assert all(example.steps for example in EXAMPLES)
