"""Projects that kn func moved to `fn`, next to a server of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.buildpack.wheels import write_wheel

if TYPE_CHECKING:
    from tests.unit.buildpack.builds import Platform

FUNC_YAML = "specVersion: 0.36.0\nname: f\nruntime: python\nrun:\n  envs:\n  - name: LEVEL\n    value: high\n"
# What kn func writes next to `fn`: https://github.com/knative/func/tree/main/templates/python/scaffolding
SERVER = {
    "pyproject.toml": '[project]\nname = "service"\nversion = "0.1.0"\ndependencies = ["func-python==0.8.1", "function @ ./f"]\n'
    '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n',
    "service/__init__.py": "",
    "service/main.py": "from func_python.http import serve\n",
    "Procfile": "web: python -m service.main\n",
}
MOVED = "kn func moved the project to 'fn'. Using it as the app directory, without kn func's own server."


@pytest.fixture
def moved(rebuilt: Platform) -> Platform:
    rebuilt.write({"func.yaml": FUNC_YAML, "fn/handler.py": "def handler(req): ...", **SERVER})
    (rebuilt.app / "f").symlink_to("fn")
    return rebuilt


def test_project_and_its_dependencies_are_found(moved: Platform) -> None:
    write_wheel(moved.app / "fn" / "packages", "orders", "1.0")
    moved.write({"fn/requirements.txt": "--no-index\n--find-links packages\norders\n"})
    result = moved.build_well()
    assert MOVED in result.section("Function")
    assert "Found it in handler.py, line 1. It accepts HTTP requests: req." in result.section("Function")
    assert [line for line in result.output.splitlines() if line.startswith("   + ")] == ["   + orders==1.0"]
    assert (moved.app / "fn" / "__pycache__").is_dir()


def test_process_starts_in_the_directory_of_the_project(moved: Platform) -> None:
    moved.build_well()
    (process,) = moved.launch()["processes"]
    assert process["working-dir"] == str(moved.app / "fn")
    assert (moved.layers / "function" / "env.launch" / "LEVEL.default").read_text() == "high"


def test_files_of_the_project_count(moved: Platform) -> None:
    moved.write(
        {
            "fn/project.toml": '[[build.env]]\nname = "PYTHON_HANDLER"\nvalue = "main.run"\n',
            "fn/main.py": "def run(req): ...",
        }
    )
    moved.write({"fn/.python-version": "3.99"})
    result = moved.build()
    assert "The handler is 'main.run' (PYTHON_HANDLER in project.toml)." in result.section("Function")
    assert "(.python-version)" in result.output


@pytest.mark.parametrize("name", ["handler.py", "main.py"])
def test_project_with_modules_next_to_fn_is_left_alone(moved: Platform, name: str) -> None:
    moved.write({"handler.py": "def handler(req): ...", name: "def handler(req): ..."})
    (moved.app / "pyproject.toml").unlink()
    assert MOVED not in moved.build_well().output


def test_process_of_other_projects_starts_in_the_app_directory(rebuilt: Platform) -> None:
    rebuilt.write({"handler.py": "def handler(req): ..."})
    rebuilt.build_well()
    assert "working-dir" not in rebuilt.launch()["processes"][0]
