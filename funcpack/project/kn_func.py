"""Finds the function in a project that kn func prepared for its own server.

kn func moves the project to the directory `fn` and writes a server to `service/main.py` next to it, before other buildpacks
run: https://github.com/knative/func/blob/main/pkg/buildpacks/scaffolder.go. With Tekton, it does so before the detection.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from funcpack.project.app_files import is_directory, is_file, text_or_nothing

if TYPE_CHECKING:
    from pathlib import Path

DIRECTORY = "fn"
_DESCRIPTION = "func.yaml"
_PYTHON = re.compile(r"""^runtime\s*:\s*["']?python["']?\s*(#.*)?$""", re.MULTILINE)
_OWN_FUNCTION = re.compile(r"^def new\(|^(async )?def handle\(\s*scope\b", re.MULTILINE)


def function_directory(app: Path) -> Path:
    """Return the directory that kn func moved the project to, or the app directory if it did not."""
    moved = app / DIRECTORY
    is_moved = (
        is_directory(moved)
        and is_file(app / "service" / "main.py")
        and not any(app.glob("*.py"))
        and any(_PYTHON.search(text_or_nothing(directory / _DESCRIPTION, app)) for directory in (app, moved))
    )
    return moved if is_moved else app


def description(app: Path) -> Path:
    """Return the file that describes the project in `app` for kn func, which stays where it is when kn func moves the project."""
    above = app.parent / _DESCRIPTION
    is_moved = app.name == DIRECTORY and function_directory(app.parent) == app
    return above if is_moved and is_file(above) else app / _DESCRIPTION


def own_function(app: Path) -> str | None:
    """Return the file with a function in the form of kn func's own server, or None if there is none."""
    if not is_file(description(app)):
        return None
    names = ("func.py", "function/func.py", "function/__init__.py")
    return next((name for name in names if _OWN_FUNCTION.search(text_or_nothing(app / name, app))), None)
