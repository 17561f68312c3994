"""The pages about deployments: settings, and the commands that need a cluster.

tests/integration/deploy/test_documented_deployments.py runs all other commands, and tests/cluster those in the tables.
"""

from __future__ import annotations

import ast
import json
import shlex
from typing import TYPE_CHECKING

import pytest

from funcpack.cli.main import funcpack
from funcpack.deploy.settings.backends import BACKENDS
from funcpack.deploy.settings.configuration import read_configuration
from funcpack.deploy.settings.goblet_literal import backend_in
from funcpack.deploy.settings.sections import SECTIONS
from tests.unit.docs import transcript
from tests.unit.docs.markdown import blocks, table_commands
from tools.places import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.docs.markdown import Block

PAGE = ROOT / "docs" / "deploy" / "settings.md"
CLUSTER_PAGES = [ROOT / "docs" / "deploy" / name for name in ("kubernetes.md", "knative.md")]
IN_TABLES = [command for page in CLUSTER_PAGES for command in table_commands(page, "funcpack")]


@pytest.mark.parametrize("block", blocks(PAGE, "json"), ids=lambda block: block.place)
def test_configuration_is_valid(block: Block, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(block.text)
    stages = json.loads(block.text).get("stages", {})
    for stage in (None, *stages):
        assert read_configuration(tmp_path, stage=stage).values["name"]


@pytest.mark.parametrize("line", IN_TABLES)
def test_command_for_a_cluster_has_valid_options(line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    smoke = tmp_path / "tests" / "events" / "ada.json"
    smoke.parent.mkdir(parents=True)
    smoke.touch()
    monkeypatch.chdir(tmp_path)
    program, name, *arguments = shlex.split(line)
    command = funcpack.get_command(funcpack.make_context(program, [name]), name)
    assert command
    assert command.make_context(name, arguments).params["plan" if "--plan" in line else "format_"]


def test_commands_for_a_cluster_stand_in_tables_only() -> None:
    assert len(IN_TABLES) == 16
    shown = [
        step.command for page in CLUSTER_PAGES for block in blocks(page, "console") for step in transcript.steps(block)
    ]
    assert [line for line in shown if "--dry-run" not in line and line in IN_TABLES] == []


def test_code_names_the_backend() -> None:
    choice = backend_in(ast.parse(blocks(PAGE, "python")[0].text), "handler.py")
    assert choice
    assert choice.backend == "cloudrun"


def test_every_backend_and_section_is_described() -> None:
    page = PAGE.read_text()
    assert [name for name in (*BACKENDS, *SECTIONS) if f"`{name}`" not in page] == []
