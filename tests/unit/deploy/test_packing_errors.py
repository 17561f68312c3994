"""The error texts of packing, word by word: the title, the finding, the remedy and the exit code."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from funcpack import deployment_errors as errors
from funcpack.errors import render

if TYPE_CHECKING:
    from funcpack.command_errors import CommandError

CASES: list[tuple[CommandError, int, str]] = [
    (
        errors.IgnoredFunctionError("handler.py"),
        1,
        """\
The function is not in the archive
handler.py is not uploaded, because an ignore file names it or because files of this name are never uploaded.

Remove handler.py from .gcloudignore, .funcignore or .gitignore, or rename it.""",
    ),
    (
        errors.GeneratedFileError("_funcpack_entry.py"),
        1,
        """\
File name reserved for a generated file
The app contains _funcpack_entry.py, but Funcpack adds a file of this name to the archive that it uploads.

Rename _funcpack_entry.py, or delete it if it is the result of an earlier deployment.""",
    ),
    (
        errors.ArchiveNameError(r"caf\udce9.txt"),
        1,
        r"""File name is not UTF-8
The name of the file caf\udce9.txt is not valid UTF-8, so the archive cannot contain it.

Rename the file, or add it to .gcloudignore.""",
    ),
    (
        errors.UnknownDependenciesError(),
        1,
        """\
The dependencies are not known
pyproject.toml leaves the dependencies to its build backend, but this build installs from a list of them.

Write them to a lock file, which is used instead, for example: uv lock""",
    ),
    (
        errors.LockExportError("error: Failed to parse `uv.lock`"),
        1,
        """\
Invalid uv.lock
uv could not export the packages in uv.lock:

error: Failed to parse `uv.lock`

Create the file again: uv lock""",
    ),
    (
        errors.ProcfileError(),
        2,
        """\
Procfile without a web process
The Procfile has no line that begins with `web:`, which is the command that Cloud Run starts.

Add such a line, for example:

  web: python -m funcpack_invoker

Or delete the Procfile to use the default image.""",
    ),
]


@pytest.mark.parametrize(("error", "exit_code", "text"), CASES, ids=[type(error).__name__ for error, _, _ in CASES])
def test_text(error: CommandError, exit_code: int, text: str) -> None:
    assert "\n".join([error.title, *render(error)]) == text
    assert error.exit_code == exit_code
