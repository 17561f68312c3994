"""`funcpack ci`: the workflows are valid, pinned and careful, and contain the tests that a project has."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from funcpack.cli.main import main
from funcpack.image_builds.pack import TESTED_VERSION
from tools import cnb

if TYPE_CHECKING:
    from collections.abc import Sequence

SERVICES = ("github", "gitlab")
CHECK = f"uvx funcpack@{version('funcpack')} check"
SEND = f"uvx funcpack@{version('funcpack')} test"
LIBRARIES = f"--with pytest --with funcpack=={version('funcpack')}"


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["ci", *arguments]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    return captured.out


def app_with(directory: Path, files: Sequence[str]) -> Path:
    for name in files:
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).touch()
    return directory


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("files", [["handler.py"], ["test_handler.py", "requirements.txt", "tests/events/one.json"]])
def test_workflow_fits_the_schema_of_the_service(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, service: str, files: Sequence[str]
) -> None:
    file = tmp_path / "workflow.yml"
    app = app_with(tmp_path / "app", files)
    file.write_text(printed(capsys, service, str(app)))
    schema = {"github": "vendor.github-workflows", "gitlab": "vendor.gitlab-ci"}[service]

    program = Path(sys.executable).with_name("check-jsonschema")
    done = subprocess.run([program, "--builtin-schema", schema, file], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("files", "tests"),
    [
        (["handler.py", "requirements.txt"], []),
        (["test_handler.py"], [f"uvx {LIBRARIES} python -m pytest"]),
        (
            ["tests/unit/test_it.py", "requirements.txt"],
            [f"uvx {LIBRARIES} --with-requirements requirements.txt python -m pytest"],
        ),
        (["it_test.py", "pylock.toml"], [f"uvx {LIBRARIES} --with-requirements pylock.toml python -m pytest"]),
        (["test_it.py", "pyproject.toml", "uv.lock"], [f"uv run {LIBRARIES} python -m pytest"]),
        (["tests/events/created.json"], [SEND]),
        (["tests/test_it.py", "tests/events/created.json"], [f"uvx {LIBRARIES} python -m pytest", SEND]),
    ],
)
def test_workflow_runs_the_tests_that_the_project_has(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, files: Sequence[str], tests: Sequence[str]
) -> None:
    app = str(app_with(tmp_path, files))
    github = yaml.safe_load(printed(capsys, "github", app))
    gitlab = yaml.safe_load(printed(capsys, "gitlab", app))

    steps = [step["run"] for step in github["jobs"]["check"]["steps"] if "run" in step]
    assert steps == gitlab["check"]["script"] == [CHECK, *tests]


def test_actions_are_pinned_to_commits_and_have_few_permissions(capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(capsys, "github")
    document: dict[str, Any] = yaml.safe_load(text)

    used = re.findall(r"uses: (.*)", text)
    assert len(used) == 5
    assert [use for use in used if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", use)] == []
    assert document["permissions"] == {"contents": "read"}
    assert document["jobs"]["publish"]["permissions"] == {"contents": "read", "packages": "write"}
    assert document["concurrency"]["group"]


@pytest.mark.parametrize("service", SERVICES)
def test_workflow_installs_the_tested_pack(capsys: pytest.CaptureFixture[str], service: str) -> None:
    assert cnb.pinned_version(cnb.PACK_MODULE, "github.com/buildpacks/pack") == TESTED_VERSION
    assert TESTED_VERSION in printed(capsys, service)


@pytest.mark.parametrize("service", SERVICES)
def test_builder_is_a_single_word_of_the_shell(capsys: pytest.CaptureFixture[str], service: str) -> None:
    assert " --builder 'own builder' " in printed(capsys, service, "--builder", "own builder")


@pytest.mark.parametrize("arguments", [["ci"], ["ci", "jenkins"], ["ci", "github", "nowhere"]])
def test_wrong_usage(arguments: list[str]) -> None:
    assert main(arguments) == 2
