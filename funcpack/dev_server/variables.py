"""The environment variables of the function's process: those of an image, and on top of them those of the user."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from funcpack.command_errors import EnvFileError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from funcpack.project.project import Project

# They belong to the Python that runs the tool.
_OF_THE_TOOL = ("PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV", "__PYVENV_LAUNCHER__")


def user_variables(shell: Mapping[str, str], env_files: Sequence[Path], given: Mapping[str, str]) -> dict[str, str]:
    """Return the user's variables: `given` counts before the files, of which the last counts first, and those before the shell.

    Raises:
        EnvFileError: A file does not have the documented form.
        OSError: A file cannot be read.

    """
    variables = {name: value for name, value in shell.items() if name not in _OF_THE_TOOL}
    for file in env_files:
        variables |= read_env_file(file)
    return {**variables, **given}


def process_variables(user: Mapping[str, str], project: Project, python: Path, host: str) -> dict[str, str]:
    """Return the whole environment of a process that serves `project` with `python`, on an address of this machine."""
    image = {**project.run_variables, "PYTHONUNBUFFERED": "1"}
    path = os.pathsep.join(filter(None, (str(python.parent), user.get("PATH"))))
    return {
        **image,
        **user,
        "PATH": path,
        "PYTHON_HANDLER": project.handler.text,
        "HOST": host,
        "FUNCTION_SHUTDOWN_DELAY": "0",
    }


def read_env_file(file: Path) -> dict[str, str]:
    """Read a file of lines `NAME=value`, as those of `docker run --env-file`: values are taken as they are.

    Raises:
        EnvFileError: A line has another form.
        OSError: The file cannot be read.

    """
    variables = {}
    # `splitlines` would also split at characters of a value, such as U+2028.
    for number, line in enumerate(file.read_text(encoding="utf-8-sig", errors="surrogateescape").split("\n"), 1):
        text = line.lstrip()
        if not text or text.startswith("#"):
            continue
        name, separator, value = text.partition("=")
        if not separator or not is_variable_name(name) or "\0" in value:
            raise EnvFileError(str(file), number)
        variables[name] = value
    return variables


def is_variable_name(name: str) -> bool:
    """Return whether a variable can have a name; other tools accept more than POSIX, such as names with dots."""
    return bool(name) and name.isprintable() and not any(character.isspace() or character == "=" for character in name)
