"""Creates .venv with the locked development tools and editable installs of both distributions of this repository."""

from __future__ import annotations

import importlib.util
import platform
import shutil
import sys
from typing import TYPE_CHECKING

from tools import errors, stamp
from tools.places import ROOT, VENV

if TYPE_CHECKING:
    from tools.progress import Progress, Step

LOCK = ROOT / "requirements" / "dev.txt"
BUILD_LOCK = ROOT / "requirements" / "build.txt"
# The metadata of both distributions. The last file contains their version.
PROJECTS = (
    ROOT / "pyproject.toml",
    ROOT / "invoker" / "pyproject.toml",
    ROOT / "invoker" / "funcpack_invoker" / "__init__.py",
)


def ensure(progress: Progress, step: Step) -> None:
    """Update .venv if the lock, a project file or the Python changed.

    Raises ToolError if this Python cannot create virtual environments.
    """
    if _is_current("venv", _inputs()):
        step.result = "up to date"
        return
    _create(progress)
    _install(progress, "--require-hashes", "-r", str(LOCK))
    # Without build isolation, because setuptools is locked, too.
    _install(progress, "--no-deps", "--no-build-isolation", "-e", str(ROOT), "-e", str(ROOT / "invoker"))
    stamp.write("venv", _inputs())


def ensure_build_backend(progress: Progress, step: Step) -> None:
    """Create .venv with pip and setuptools alone, which are enough to stage the buildpack, if it does not have them.

    Raises ToolError if this Python cannot create virtual environments.
    """
    inputs = stamp.digest(BUILD_LOCK, text=_python())
    if _is_current("venv", _inputs()) or _is_current("venv-build", inputs):
        step.result = "up to date"
        return
    _create(progress)
    _install(progress, "--require-hashes", "-r", str(BUILD_LOCK))
    stamp.write("venv-build", inputs)


def _inputs() -> str:
    return stamp.digest(LOCK, *PROJECTS, text=_python())


def _python() -> str:
    return f"{sys.base_prefix} {sys.version}"


def _is_current(name: str, inputs: str) -> bool:
    return stamp.is_current(name, inputs) and (VENV / "bin" / "python").exists()


def _create(progress: Progress) -> None:
    if importlib.util.find_spec("ensurepip") is None:
        raise errors.no_venv_module()
    if not _is_of_this_python():
        shutil.rmtree(VENV, ignore_errors=True)
        progress.run([sys.executable, "-m", "venv", str(VENV)])


def _install(progress: Progress, *options: str) -> None:
    python = str(VENV / "bin" / "python")
    progress.run([python, "-m", "pip", "--disable-pip-version-check", "install", "-q", *options])


def _is_of_this_python() -> bool:
    config = VENV / "pyvenv.cfg"
    return config.is_file() and f"version = {platform.python_version()}\n" in config.read_text()
