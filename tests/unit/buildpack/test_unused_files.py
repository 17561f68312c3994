"""Files that other tools read: the log names those that the build does not use, and the command that exports them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from funcpack.project.pyproject import Pyproject
from funcpack.project.unused_files import UnusedFile, UnusedFiles, find_unused_files

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.buildpack.builds import Platform

HANDLER = "def handler(req): ..."
POETRY = "poetry self add poetry-plugin-export && poetry export --output requirements.txt"


def find(app: Path, files: dict[str, str]) -> UnusedFiles:
    for name, text in files.items():
        path = app / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return find_unused_files(app, Pyproject.read(app))


@pytest.mark.parametrize(
    ("files", "name", "command"),
    [
        (["Pipfile"], "Pipfile", "pipenv requirements > requirements.txt"),
        (["Pipfile", "Pipfile.lock"], "Pipfile.lock", "pipenv requirements > requirements.txt"),
        (["poetry.lock"], "poetry.lock", POETRY),
        (["pdm.lock"], "pdm.lock", "pdm export --output requirements.txt"),
        (["environment.yml"], "environment.yml", "pip list --format=freeze > requirements.txt"),
        (["environment.yaml"], "environment.yaml", "pip list --format=freeze > requirements.txt"),
        (["setup.py"], "setup.py", "uv pip compile setup.py --output-file requirements.txt"),
        (["Requirements.txt"], "Requirements.txt", "mv Requirements.txt requirements.txt"),
        (["requirement.txt"], "requirement.txt", "mv requirement.txt requirements.txt"),
        (["requirements.in"], "requirements.in", "uv pip compile requirements.in --output-file requirements.txt"),
        (["requirements-prod.txt"], "requirements-prod.txt", 'echo "-r requirements-prod.txt" > requirements.txt'),
        (["requirements/prod.txt"], "requirements/prod.txt", 'echo "-r requirements/prod.txt" > requirements.txt'),
        (
            ["requirements/base.txt", "requirements/dev.txt", "requirements/production.txt"],
            "requirements/production.txt",
            'echo "-r requirements/production.txt" > requirements.txt',
        ),
        (["requirements/base.txt", "requirements/dev.txt"], "requirements/base.txt", 'echo "-r requirements/base.txt" > requirements.txt'),
        (["requirements.lock", "requirements-dev.lock"], "requirements.lock", 'echo "-r requirements.lock" > requirements.txt'),
        (["pylock.dev.toml", "pylock.prod.toml", "pylock.a.b.toml"], "pylock.prod.toml", "mv pylock.prod.toml pylock.toml"),
        (["src/requirements.txt"], "src/requirements.txt", 'echo "-r src/requirements.txt" > requirements.txt'),
    ],
)  # fmt: skip
def test_dependencies_of_other_tools(tmp_path: Path, files: list[str], name: str, command: str) -> None:
    assert find(tmp_path, dict.fromkeys(files, "")).dependencies == (UnusedFile(name, command),)


@pytest.mark.parametrize(
    "name",
    [
        "requirements.txt",
        "requirements-dev.txt",
        "requirements/test.txt",
        "docs/requirements.txt",
        "my_requirements.py",
    ],
)
def test_other_files_are_not_named(tmp_path: Path, name: str) -> None:
    assert find(tmp_path, {name: ""}) == UnusedFiles()


@pytest.mark.parametrize(
    ("dependencies", "is_named"), [('orders = "^1"\npython = "^3.12"', True), ('python = "^3.12"', False), ("", False)]
)
def test_dependencies_of_poetry_without_a_lock_file(tmp_path: Path, dependencies: str, is_named: bool) -> None:
    found = find(tmp_path, {"pyproject.toml": f"[tool.poetry.dependencies]\n{dependencies}\n"}).dependencies
    assert found == ((UnusedFile("[tool.poetry.dependencies] in pyproject.toml", POETRY),) if is_named else ())


@pytest.mark.parametrize(
    ("files", "name"),
    [
        ({"setup.cfg": "[options]\ninstall_requires =\n    orders\n"}, "setup.cfg"),
        ({"setup.cfg": "[options]\ninstall_requires = orders\n"}, "setup.cfg"),
        ({"setup.cfg": "[options]\ninstall_requires = orders\n", "setup.py": ""}, "setup.py"),
        ({"setup.cfg": "[flake8]\nmax-line-length = 100\n"}, None),
        ({"setup.cfg": "[options]\ninstall_requires =\n[flake8]\n"}, None),
    ],
)
def test_dependencies_of_setuptools(tmp_path: Path, files: dict[str, str], name: str | None) -> None:
    assert [file.name for file in find(tmp_path, files).dependencies] == ([name] if name else [])


@pytest.mark.parametrize(
    ("file", "text", "version"),
    [
        (".tool-versions", "nodejs 20.1\npython 3.12.4 3.11.2\n", "3.12.4"),
        (".tool-versions", "nodejs 20.1\n", None),
        ("Pipfile", '[requires]\npython_version = "3.12"\n', "3.12"),
        ("Pipfile", "[requires]\npython_full_version='3.12.4'\n", "3.12.4"),
        ("Pipfile", "[packages]\norders = '*'\n", None),
    ],
)
def test_python_version_of_other_tools(tmp_path: Path, file: str, text: str, version: str | None) -> None:
    wanted = UnusedFile(file, f"echo {version} > .python-version") if version else None
    assert find(tmp_path, {file: text}).python == wanted


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("python-3.12.4\n", "echo 3.12.4 > .python-version"),
        ("python-3.12", "echo 3.12 > .python-version"),
        ("3.12", "echo 3.12 > .python-version"),
        ("java-17", None),
        ("", None),
    ],
)
def test_runtime(tmp_path: Path, text: str, command: str | None) -> None:
    assert find(tmp_path, {"runtime.txt": text}).python == (UnusedFile("runtime.txt", command) if command else None)


@pytest.mark.parametrize(
    ("text", "variables"),
    [
        ("[global]\nindex-url = https://u:secret@a\n", "--env PIP_INDEX_URL=..."),
        ("[global]\ntimeout=1\n[install]\nno_binary = a\n", "--env PIP_NO_BINARY=... --env PIP_TIMEOUT=..."),
        ("[global]\n", None),
        ("index-url = x", None),
    ],
)
def test_settings_of_pip(tmp_path: Path, text: str, variables: str | None) -> None:
    found = find(tmp_path, {"pip.conf": text}).pip
    assert found == (UnusedFile("pip.conf", f"pack build ... {variables}") if variables else None)


def test_log_names_unused_files(rebuilt: Platform) -> None:
    rebuilt.write({"handler.py": HANDLER, "requirements.txt": "", "poetry.lock": "", "runtime.txt": "python-3.12.4"})
    rebuilt.write({"pip.conf": "[global]\nindex-url = https://u:secret@a\n"})
    result = rebuilt.build_well()
    assert result.section("Python")[1:3] == [
        "Warning: the build does not read runtime.txt. To request its Python version, run this command and build again:",
        "  echo 3.12.4 > .python-version",
    ]
    assert result.section("Dependencies") == [
        "Warning: these files contain credentials, which become part of the image:",
        "  pip.conf, line 2",
        "Remove them, and pass them to the build in a service binding of the type 'pypi' or 'netrc'.",
        "Warning: the build does not read pip.conf. To use its settings, set them as variables:",
        "  pack build ... --env PIP_INDEX_URL=...",
        "The project has no dependencies to install.",
        "Warning: the build does not read poetry.lock. To install its dependencies, run this command and build again:",
        f"  {POETRY}",
    ]
    assert "secret" not in result.output


def test_log_names_virtual_environments_of_other_machines(rebuilt: Platform) -> None:
    rebuilt.write({"handler.py": HANDLER, ".venv/pyvenv.cfg": "", "env/pyvenv.cfg": "", "venv/orders.py": ""})
    assert rebuilt.build_well().section("Dependencies")[:3] == [
        "Warning: the app contains a virtual environment (.venv, env), which the function does not use.",
        "To keep it out of the image, delete it, or exclude it in project.toml:",
        '  exclude = [".venv", "env"]',
    ]


def test_log_names_dependencies_that_only_poetry_knows(rebuilt: Platform) -> None:
    project = '[build-system]\nrequires = []\n[project]\nname = "shop"\nversion = "1"\ndynamic = ["dependencies"]\n'
    poetry = '[tool.poetry]\npackage-mode = false\n[tool.poetry.dependencies]\norders = "^1"\n'
    rebuilt.write({"handler.py": HANDLER, "pyproject.toml": project + poetry})
    assert rebuilt.build_well().section("Dependencies")[-1] == f"  {POETRY}"


def test_log_names_only_the_runtime_next_to_files_that_are_used(rebuilt: Platform) -> None:
    rebuilt.write({"handler.py": HANDLER, "pyproject.toml": "[project]\nname = 'a'\ndependencies = ['orders']\n"})
    rebuilt.write({"poetry.lock": "", "runtime.txt": "python-3.12.4", ".python-version": ">=3.11"})
    result = rebuilt.build({"UV_OFFLINE": "1"})
    assert "Ignoring runtime.txt." in result.section("Python")
    assert "poetry.lock" not in result.output


def test_only_groups_of_dependencies(rebuilt: Platform) -> None:
    project = "[project]\nname = 'shop'\nversion = '1'\n[project.optional-dependencies]\naws = ['boto3']\n"
    rebuilt.write({"handler.py": HANDLER, "pyproject.toml": f"{project}[dependency-groups]\ndev = ['pytest']\n"})
    assert rebuilt.build_well().section("Dependencies") == [
        "The project has no dependencies to install.",
        "Not installing the dependency groups and extras in pyproject.toml: dev, aws.",
        "If the function needs their packages, add these to 'dependencies' in [project].",
    ]
