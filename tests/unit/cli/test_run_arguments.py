"""How `funcpack run` reads its arguments."""

from __future__ import annotations

from pathlib import Path

import pytest

from funcpack.cli.run import command

DEBUG_PORT = 5678


@pytest.mark.parametrize(
    ("arguments", "directory", "debug"),
    [
        ([], ".", None),
        (["hello"], "hello", None),
        (["--debug"], ".", DEBUG_PORT),
        (["--debug", "9000"], ".", 9000),
        (["--debug=9000"], ".", 9000),
        (["--debug", "--no-ui"], ".", DEBUG_PORT),
        (["--debug", "hello"], "hello", DEBUG_PORT),
        (["hello", "--debug"], "hello", DEBUG_PORT),
    ],
)
def test_all_arguments_are_optional_and_directory_and_port_of_the_debugger_have_defaults(
    arguments: list[str], directory: str, debug: int | None
) -> None:
    with command.make_context("run", list(arguments)) as context:
        assert (context.params["directory"], context.params["debug"]) == (Path(directory), debug)
