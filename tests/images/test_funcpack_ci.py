"""The workflows that `funcpack ci` prints: their steps run here, in order, with a registry and a builder of this machine."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.distributions import distributions
from tests.images.registries import digest_of
from tools.places import PACK, ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.images.conftest import Workshop

PROGRAMS = Path(sys.executable).parent
COMMIT = "0123456789abcdef0123456789abcdef01234567"
DEADLINE = 300.0


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the wheel of the tool, in the role of the package index that has its release."""
    wheels = tmp_path_factory.mktemp("wheels")
    shutil.copy(next(path for path in distributions() if path.match("funcpack-*.whl")), wheels)
    return wheels


@pytest.fixture
def app(tmp_path: Path) -> Path:
    return shutil.copytree(ROOT / "templates" / "python" / "http", tmp_path / "app")


def workflow(service: str, app: Path, builder: str) -> Mapping[str, Any]:
    command = [sys.executable, "-m", "funcpack", "ci", service, str(app), "--builder", builder]
    document: Mapping[str, Any] = yaml.safe_load(subprocess.run(command, check=True, capture_output=True).stdout)
    return document


@dataclass(frozen=True, slots=True)
class Runner:
    """A machine that runs the steps of a workflow in the directory of the project."""

    app: Path
    environment: Mapping[str, str]

    def run(self, script: str, shell: tuple[str, ...], **variables: str) -> str:
        done = subprocess.run(
            [*shell, "-c", script],
            cwd=self.app,
            env={**self.environment, **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=DEADLINE,
        )
        assert done.returncode == 0, f"{script}\n{done.stdout}"
        return done.stdout


@pytest.fixture
def runner(app: Path, wheels: Path, workshop: Workshop, tmp_path: Path) -> Runner:
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("uv", "uvx"):
        (programs / name).symlink_to(PROGRAMS / name)
    variables = {
        "PATH": f"{programs}:{PACK.parent}:{os.environ['PATH']}",
        "UV_FIND_LINKS": str(wheels),
        # A release never changes, but this wheel does.
        "UV_CACHE_DIR": str(tmp_path / "cache"),
        "DOCKER_CONFIG": str(tmp_path / "docker"),
        "PACK_HOME": str(workshop.pack_home),
        "PACK_VOLUME_KEY": "image-tests",
    }
    return Runner(app, {**workshop.engine.environment(), **variables})


def test_the_steps_for_github_check_test_build_and_publish(
    app: Path, runner: Runner, workshop: Workshop, registry: str, registry_builder: str, tmp_path: Path
) -> None:
    name = f"Team/{workshop.new_name()}"
    output = tmp_path / "output"
    variables = {"GITHUB_REPOSITORY": name, "GITHUB_SHA": COMMIT, "GITHUB_ACTOR": "ada", "GITHUB_OUTPUT": str(output)}
    jobs = workflow("github", app, registry_builder)["jobs"]

    outputs = []
    for step in (*jobs["check"]["steps"], *jobs["publish"]["steps"]):
        if "run" in step:
            secrets = dict.fromkeys(step.get("env", {}), "token")
            outputs.append(runner.run(step["run"], ("bash", "-e"), **variables, **secrets, REGISTRY=registry))

    checked, tested, _, built = outputs
    assert "handler.handler (handler.py:" in checked
    assert "3 passed" in tested
    assert "===> EXPORTING" in built
    image = f"{registry}/{name.lower()}"
    assert output.read_text() == f"image={image}:{COMMIT}@{digest_of(f'{image}:{COMMIT}')}\n"
    assert digest_of(f"{image}:cache")


def test_the_scripts_for_gitlab_check_test_build_and_publish(
    app: Path, runner: Runner, workshop: Workshop, registry: str, registry_builder: str
) -> None:
    image = f"{registry}/{workshop.new_name()}"
    variables = {
        "CI_REGISTRY": registry,
        "CI_REGISTRY_USER": "ada",
        "CI_REGISTRY_PASSWORD": "token",
        "CI_REGISTRY_IMAGE": image,
        "CI_COMMIT_SHA": COMMIT,
    }
    document = workflow("gitlab", app, registry_builder)

    jobs = [
        document[name]
        for stage in document["stages"]
        for name in ("check", "publish")
        if document[name]["stage"] == stage
    ]
    outputs = [runner.run("\n".join(job["script"]), ("bash", "-eo", "pipefail"), **variables) for job in jobs]

    assert "3 passed" in outputs[0]
    assert f"{image}:{COMMIT}@{digest_of(f'{image}:{COMMIT}')}\n" in outputs[1]
    assert digest_of(f"{image}:cache")
