"""The page of the settings of deployments: its files are valid, its commands and options exist."""

from __future__ import annotations

import ast
import json
import shlex
from typing import TYPE_CHECKING

import pytest

from funcpack.cli.main import funcpack
from funcpack.deploy import Deployment
from funcpack.deploy.settings.backends import BACKENDS
from funcpack.deploy.settings.configuration import read_configuration
from funcpack.deploy.settings.goblet_literal import backend_in
from funcpack.deploy.settings.sections import SECTIONS
from tests.unit.docs import transcript
from tests.unit.docs.markdown import blocks
from tools.places import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.docs.markdown import Block

PAGE = ROOT / "docs" / "deploy" / "settings.md"
STEPS = [step for block in blocks(PAGE, "console") for step in transcript.steps(block)]


@pytest.mark.parametrize("block", blocks(PAGE, "json"), ids=lambda block: block.place)
def test_configuration_is_valid(block: Block, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(block.text)
    stages = json.loads(block.text).get("stages", {})
    for stage in (None, *stages):
        assert read_configuration(tmp_path, stage=stage).values["name"]


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.command)
def test_command_has_valid_options(step: transcript.Step) -> None:
    program, name, *arguments = shlex.split(step.command)
    command = funcpack.get_command(funcpack.make_context(program, [name]), name)
    assert command
    options = command.make_context(name, arguments).params
    read_configuration(ROOT / "docs", assignments=options.get("set", ()))


def test_code_names_the_backend() -> None:
    choice = backend_in(ast.parse(blocks(PAGE, "python")[0].text), "handler.py")
    assert choice
    assert choice.backend == "cloudrun"


def test_deployment_has_the_options() -> None:
    call = next(node for node in ast.walk(ast.parse(blocks(PAGE, "python")[1].text)) if isinstance(node, ast.Call))
    options = {keyword.arg: ast.literal_eval(keyword.value) for keyword in call.keywords if keyword.arg}
    Deployment("orders", **options)  # raises a TypeError for an unknown option


def test_every_backend_and_section_is_described() -> None:
    page = PAGE.read_text()
    assert [name for name in (*BACKENDS, *SECTIONS) if f"`{name}`" not in page] == []
