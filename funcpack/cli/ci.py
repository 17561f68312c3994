"""The command `funcpack ci`: prints a workflow that checks, tests, builds and publishes the function."""

from __future__ import annotations

import shlex
from importlib import metadata, resources
from typing import TYPE_CHECKING

import click

from funcpack.cli import output
from funcpack.cli.directory import existing_directory

if TYPE_CHECKING:
    from pathlib import Path

_EXAMPLES = """\b
Examples:
  funcpack ci github > .github/workflows/function.yml
  funcpack ci gitlab > .gitlab-ci.yml
"""
# A step of GitHub, and a line of a GitLab script.
_STEPS = {"github": "      - name: {title}\n        run: {command}\n", "gitlab": "    - {command}\n"}
_TEST_FILES = ("test_*.py", "*_test.py", "tests/**/test_*.py", "tests/**/*_test.py")
_EVENTS = "tests/events"


@click.command(epilog=_EXAMPLES)
@click.argument("service", type=click.Choice(list(_STEPS)))
@click.argument("directory", metavar="[DIR]", default=".")
@click.option("--builder", metavar="B", default="funcpack/builder", show_default=True, help="The builder image.")
def command(service: str, directory: str, builder: str) -> None:
    """Print a workflow for continuous integration, for GitHub or GitLab.

    It runs 'funcpack check', the tests of the function in DIR and 'funcpack test' for its saved requests, if there are any. On the
    main branch, it also builds the image and publishes it to the registry of the service, together with a cache for the next build.
    """
    from funcpack.image_builds.pack import TESTED_VERSION  # noqa: PLC0415 - `funcpack --help` does not need it

    app = existing_directory(directory)
    version = metadata.version("funcpack")
    steps = [_STEPS[service].format(title=title, command=text) for title, text in _tests(app, version)]
    values = {
        "{version}": version,
        "{builder}": shlex.quote(builder),
        "{pack}": TESTED_VERSION,
        "{uv}": metadata.version("uv"),
        "{tests}\n": "".join(steps) + "\n",
    }
    text = (resources.files("funcpack") / "workflows" / f"{service}.yml").read_text(encoding="utf-8")
    for name, value in values.items():
        text = text.replace(name, value)
    output.data(text.rstrip())


def _tests(app: Path, version: str) -> list[tuple[str, str]]:
    """Return the titles and commands of the tests that the project has."""
    tests = []
    if any(any(app.glob(pattern)) for pattern in _TEST_FILES):
        tests.append(("Test the code", _pytest(app, version)))
    if any((app / _EVENTS).glob("*.json")):
        tests.append(("Send the saved requests", f"uvx funcpack@{version} test"))
    return tests


def _pytest(app: Path, version: str) -> str:
    """Return the command that runs pytest with the dependencies of the project, and with the libraries of the invoker."""
    libraries = f"--with pytest --with funcpack=={version}"
    for name in ("requirements.txt", "pylock.toml"):
        if (app / name).is_file():
            return f"uvx {libraries} --with-requirements {name} python -m pytest"
    if (app / "pyproject.toml").is_file():
        return f"uv run {libraries} python -m pytest"
    return f"uvx {libraries} python -m pytest"
