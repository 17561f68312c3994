"""Finds files in which other tools expect dependencies, a Python version or settings, and which the build does not read.

Each has the command that makes the build use its content, so that nothing is left out without a word in the log.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from funcpack.project.app_files import children, is_file, text_or_nothing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from funcpack.project.pyproject import Pyproject

_POETRY_EXPORT = "poetry self add poetry-plugin-export && poetry export --output requirements.txt"
# The first file of each group that exists is named.
_FILES_OF_TOOLS = (
    (("Pipfile.lock", "Pipfile"), "pipenv requirements > requirements.txt"),
    (("poetry.lock",), _POETRY_EXPORT),
    (("pdm.lock",), "pdm export --output requirements.txt"),
    # In an environment of conda, `pip freeze` writes paths of the machine on which conda built the packages.
    (("environment.yml", "environment.yaml"), "pip list --format=freeze > requirements.txt"),
    (("setup.py",), "uv pip compile setup.py --output-file requirements.txt"),
)
# The table `[options]` declares the dependencies; most files of this name contain only settings of linters.
_SETUP_CFG = re.compile(r"^install_requires[ \t]*=(?:[ \t]*\n)?[ \t]+\S", re.MULTILINE)
_REQUIREMENTS = re.compile(r"requirements?([-_.][-.\w]*)?\.(txt|in|lock)", re.IGNORECASE)
_PYLOCK = re.compile(r"pylock\.[^.]+\.toml")  # the name of one of several lock files
_NOT_FOR_PRODUCTION = re.compile(r"dev|test|lint|docs?\b|local|ci\b", re.IGNORECASE)
_FOR_PRODUCTION = re.compile(r"prod|deploy|live", re.IGNORECASE)
_VERSION = r"(\d+(?:\.\d+)+)"
# The files in which other tools expect a Python version.
_PYTHON_VERSIONS = {
    "runtime.txt": re.compile(rf"\A\s*(?:python-)?{_VERSION}\s*\Z"),
    ".tool-versions": re.compile(rf"^[ \t]*python[ \t]+{_VERSION}", re.MULTILINE),
    "Pipfile": re.compile(rf"""^[ \t]*python_(?:full_)?version[ \t]*=[ \t]*["']{_VERSION}["']""", re.MULTILINE),
}


@dataclass(frozen=True, slots=True)
class UnusedFile:
    """A file that the build does not read, and the command after which the next build uses its content."""

    name: str
    command: str


@dataclass(frozen=True, slots=True)
class UnusedFiles:
    """The unused files with dependencies, with a Python version, and with settings of pip.

    `environments` are directories of the app with a virtual environment of another machine. `groups` are the groups of
    dependencies in pyproject.toml, which the function does not need.
    """

    dependencies: tuple[UnusedFile, ...] = ()
    python: UnusedFile | None = None
    pip: UnusedFile | None = None
    environments: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()


def find_unused_files(app: Path, pyproject: Pyproject) -> UnusedFiles:
    """Return the files of the app that the build does not read. None of them needs to be valid."""
    return UnusedFiles(
        dependencies=(*_of_tools(app, pyproject), *_requirements(app)),
        python=_python_version(app),
        pip=_pip_settings(app),
        environments=tuple(path.name for path in children(app) if is_file(path / "pyvenv.cfg")),
        groups=pyproject.groups,
    )


def _of_tools(app: Path, pyproject: Pyproject) -> Iterator[UnusedFile]:
    for names, command in _FILES_OF_TOOLS:
        name = next((name for name in names if is_file(app / name)), None)
        if name:
            yield UnusedFile(name, command)
    if _SETUP_CFG.search(text_or_nothing(app / "setup.cfg", app)) and not is_file(app / "setup.py"):
        yield UnusedFile("setup.cfg", "uv pip compile setup.cfg --output-file requirements.txt")
    if pyproject.has_poetry_dependencies and not is_file(app / "poetry.lock"):
        yield UnusedFile("[tool.poetry.dependencies] in pyproject.toml", _POETRY_EXPORT)


def _requirements(app: Path) -> Iterator[UnusedFile]:
    """Return the requirements files under other names; of several in one directory, the one for production."""
    top = [path.name for path in children(app) if _REQUIREMENTS.fullmatch(path.name) and is_file(path)]
    nested = [f"requirements/{path.name}" for path in children(app / "requirements") if path.name.endswith(".txt")]
    locks = [path.name for path in children(app) if _PYLOCK.fullmatch(path.name)]
    for names in (top, nested, ["src/requirements.txt"], locks):
        candidates = [name for name in names if name != "requirements.txt" and is_file(app / name)]
        if chosen := _for_production(candidates):
            yield UnusedFile(chosen, _command_for(chosen))


def _for_production(names: list[str]) -> str | None:
    usable = sorted(name for name in names if not _NOT_FOR_PRODUCTION.search(name))
    return next((name for name in usable if _FOR_PRODUCTION.search(name)), next(iter(usable), None))


def _command_for(name: str) -> str:
    if name.lower() == "requirements.txt" or name.lower() == "requirement.txt":
        return f"mv {name} requirements.txt"
    if name.endswith(".toml"):
        return f"mv {name} pylock.toml"
    if name.endswith(".in"):
        return f"uv pip compile {name} --output-file requirements.txt"
    return f'echo "-r {name}" > requirements.txt'


def _python_version(app: Path) -> UnusedFile | None:
    found = ((name, pattern.search(text_or_nothing(app / name, app))) for name, pattern in _PYTHON_VERSIONS.items())
    return next((UnusedFile(name, f"echo {match[1]} > .python-version") for name, match in found if match), None)


def _pip_settings(app: Path) -> UnusedFile | None:
    """Return pip's configuration file, with its settings as variables, but without their values, which may be secret."""
    file = next((app / name for name in ("pip.conf", "pip.ini") if is_file(app / name)), None)
    if file is None:
        return None
    import configparser  # noqa: PLC0415 - slow, and most projects have no such file

    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(text_or_nothing(file, app))
    except configparser.Error:
        return None
    keys = {key for section in parser.sections() for key in parser[section]}
    variables = sorted(f"PIP_{key.upper().replace('-', '_')}" for key in keys)
    return (
        UnusedFile(file.name, " ".join(["pack build ...", *(f"--env {variable}=..." for variable in variables)]))
        if variables
        else None
    )
