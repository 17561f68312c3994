"""A template works where it was copied to, by itself."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from typing import TYPE_CHECKING

import pytest

from tools.places import ROOT

if TYPE_CHECKING:
    from pathlib import Path

TEMPLATES = sorted(path.parent for path in ROOT.glob("templates/python/*/handler.py"))
EACH_TEMPLATE = pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: template.name)
FILES = {".gitignore", "README.md", "handler.py", "project.toml", "requirements.txt", "test_handler.py"}


def test_the_basic_templates_are_there() -> None:
    assert {"http", "cloudevent"} <= {template.name for template in TEMPLATES}


@EACH_TEMPLATE
def test_a_template_is_complete(template: Path) -> None:
    assert {path.name for path in template.iterdir()} >= FILES


@EACH_TEMPLATE
def test_the_tests_of_a_template_pass_in_a_copy(template: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(template, tmp_path / "copy")
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "pytest", "--strict-config", "-q", "-p", "no:cacheprovider"],
        cwd=copy,
        env={"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "passed" in done.stdout
    assert "skipped" not in done.stdout


@EACH_TEMPLATE
def test_the_project_names_its_schema_and_its_function(template: Path) -> None:
    """Without a schema version `pack` warns, and takes the file for one of the first schema."""
    project = tomllib.loads((template / "project.toml").read_text())

    assert project["_"]["schema-version"] == "0.2"
    assert project["io"]["buildpacks"]["build"]["env"] == [{"name": "PYTHON_HANDLER", "value": "handler.handler"}]
