"""The tool as users install it: with pip in an environment, and with `uv tool`. The packages come from the index."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import uv

from funcpack.environments import pythons
from funcpack_invoker import __version__
from tests import other_python
from tests.distributions import distribution
from tools.distributions import export

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ROOT = Path(__file__).parents[3]

# Run by the tool's own Python, without a network.
PROGRAM = """
import os, sys
from pathlib import Path
from funcpack.check.local import inspect
from funcpack.environments.environment import provide

inspection = inspect(Path("app"), None, os.environ)
environment = provide(inspection, python="{0[0]}.{0[1]}".format(sys.version_info), report=lambda line: print(line))
os.execv(environment.python, [str(environment.python), "-P", "-m", "funcpack_invoker", "check", "--source", "app"])
"""


def run(command: list[str | Path], directory: Path, variables: Mapping[str, str] | None = None) -> str:
    done = subprocess.run(
        command, cwd=directory, env=os.environ | (variables or {}), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def the_wheel(_: Path) -> Path:
    return distribution("funcpack-*.whl")


def the_source_distribution(_: Path) -> Path:
    return distribution("funcpack-*.tar.gz")


def a_clone(directory: Path) -> Path:
    """Return a copy of the repository's files, because setuptools writes next to them."""
    return export(directory / "sources")


def own_python() -> str:
    return str(pythons.own_interpreter().path)


def with_pip(source: Path, directory: Path, python: str) -> Path:
    """Install the tool with pip, and return its directory of commands."""
    run([python, "-m", "venv", directory / "tool"], directory)
    run([directory / "tool" / "bin" / "python", "-m", "pip", "install", "--quiet", source], directory)
    return directory / "tool" / "bin"


def with_uv(source: Path, directory: Path, python: str) -> Path:
    """Install the tool with uv, and return the directory of commands of its environment."""
    variables = {"UV_TOOL_DIR": str(directory / "tools"), "UV_TOOL_BIN_DIR": str(directory / "bin")}
    run([uv.find_uv_bin(), "tool", "install", "--quiet", "--python", python, source], directory, variables)
    assert (directory / "bin" / "funcpack").exists()
    return directory / "tools" / "funcpack" / "bin"


@pytest.mark.parametrize(
    ("install", "source", "python"),
    [
        pytest.param(with_pip, the_wheel, other_python.command, id="pip-other-python"),
        pytest.param(with_uv, the_source_distribution, own_python, id="uv-tool-from-source"),
        pytest.param(with_uv, a_clone, own_python, id="uv-tool-from-clone"),
    ],
)
def test_installed_tool(
    install: Callable[[Path, Path, str], Path],
    source: Callable[[Path], Path],
    python: Callable[[], str],
    tmp_path: Path,
) -> None:
    commands = install(source(tmp_path), tmp_path, python())
    assert run([commands / "funcpack", "--version"], tmp_path) == f"funcpack {__version__}\n"
    (package,) = commands.parent.glob("lib/python*/site-packages/funcpack")
    for template in (ROOT / "templates" / "python").iterdir():
        packaged = {path.name for path in (package / "templates" / template.name).iterdir()}
        assert packaged >= {".gitignore", "README.md", "project.toml", "requirements.txt"}

    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "handler.py").write_text("def handler(event): ...\n")
    assert run([commands / "funcpack", "check", "app"], tmp_path).startswith("handler.handler (handler.py:1)")

    offline = {"XDG_CACHE_HOME": str(tmp_path / "cache"), "UV_CACHE_DIR": str(tmp_path / "uv"), "UV_OFFLINE": "1"}
    assert run([commands / "python", "-c", PROGRAM], tmp_path, offline).splitlines() == [
        f"handler.handler ({tmp_path}/app/handler.py) takes CloudEvents and runs on threads.",
        "  event: the event, as the CloudEvents SDK's class",
    ]
