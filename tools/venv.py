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
    wanted = stamp.digest(LOCK, *PROJECTS, text=f"{sys.base_prefix} {sys.version}")
    if stamp.is_current("venv", wanted) and (VENV / "bin" / "python").exists():
        step.result = "up to date"
        return
    if importlib.util.find_spec("ensurepip") is None:
        raise errors.no_venv_module()
    if not _is_of_this_python():
        shutil.rmtree(VENV, ignore_errors=True)
        progress.run([sys.executable, "-m", "venv", str(VENV)])
    pip = [str(VENV / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "install", "-q"]
    progress.run([*pip, "--require-hashes", "-r", str(LOCK)])
    # Without build isolation, because setuptools is locked, too.
    progress.run([*pip, "--no-deps", "--no-build-isolation", "-e", str(ROOT), "-e", str(ROOT / "invoker")])
    stamp.write("venv", wanted)


def _is_of_this_python() -> bool:
    config = VENV / "pyvenv.cfg"
    return config.is_file() and f"version = {platform.python_version()}\n" in config.read_text()
