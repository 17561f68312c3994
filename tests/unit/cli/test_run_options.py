from __future__ import annotations

from pathlib import Path

import pytest

from funcpack.cli.run import command


@pytest.mark.parametrize(
    ("arguments", "directory", "debug"),
    [
        ([], ".", None),
        (["hello"], "hello", None),
        (["--debug"], ".", 5678),
        (["--debug", "9000"], ".", 9000),
        (["--debug=9000"], ".", 9000),
        (["--debug", "hello"], "hello", 5678),
        (["hello", "--debug"], "hello", 5678),
        (["--debug", "--no-ui"], ".", 5678),
    ],
)
def test_all_arguments_are_optional(arguments: list[str], directory: str, debug: int | None) -> None:
    options = command.make_context("run", arguments).params

    assert (options["directory"], options["debug"]) == (Path(directory), debug)
