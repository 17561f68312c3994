"""The error texts of deployments, word by word: the title, the finding, the remedy and the exit code.

The cases are in tests/unit/deploy: a file `test_*_errors.py` for each section of the errors.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from funcpack import deployment_errors as errors
from funcpack.command_errors import CommandError
from funcpack.errors import render

if TYPE_CHECKING:
    from collections.abc import Iterator

FILES = sorted((Path(__file__).parents[1] / "deploy").glob("test_*_errors.py"))
CASES = [case for file in FILES for case in import_module(f"tests.unit.deploy.{file.stem}").CASES]


def all_errors(error: type[CommandError]) -> Iterator[type[CommandError]]:
    if "title" in vars(error) and error.__module__ == errors.__name__:
        yield error
    for subclass in error.__subclasses__():
        yield from all_errors(subclass)


@pytest.mark.parametrize(("error", "exit_code", "text"), CASES)
def test_text(error: CommandError, exit_code: int, text: str) -> None:
    assert "\n".join([error.title, *render(error)]) == text
    assert error.exit_code == exit_code


def test_every_error_has_a_case() -> None:
    assert {type(error) for error, _, _ in CASES} == set(all_errors(CommandError))
