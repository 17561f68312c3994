"""Provides debugpy, with which editors attach to a function. It is installed apart from the environment of the function."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from funcpack.buildpack.install.uv import UvError
from funcpack.command_errors import DebuggerError
from funcpack.environments import cache
from funcpack.environments.environment import uv_of_user
from funcpack.environments.report_log import ReportLog

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from funcpack.environments.environment import Environment
    from funcpack.project.project import Project


def provide(environment: Environment, project: Project, report: Callable[[str], None], process_group: int) -> Path:
    """Return a directory with debugpy for the Python of an environment, which is filled if the cache does not contain it.

    `report` is called with each line about the progress. uv runs in the process group with this number.

    Raises:
        DebuggerError: It cannot be installed.

    """
    root = cache.directory(os.environ)
    uv = replace(uv_of_user(project, root), process_group=process_group)
    entry = root / "debuggers" / environment.digest[:32]
    if not entry.is_dir():
        report("Installing debugpy")
        with cache.new_entry(entry) as directory:
            target = ["--python", str(environment.python), "--target", str(directory)]
            try:
                uv.run(["pip", "install", *target, *uv.install_options, "debugpy"], ReportLog(report))
            except UvError as exc:
                raise DebuggerError(exc.output) from exc
        cache.prune(entry.parent)
    cache.note_use(entry)
    return entry
