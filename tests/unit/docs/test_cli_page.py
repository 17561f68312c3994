"""docs/cli.md has the help of every command as it is."""

from __future__ import annotations

from tools import cli_page


def test_the_page_is_current() -> None:
    page = cli_page.PAGE.read_text()

    assert page == cli_page.updated(page), "run `.venv/bin/python -m tools.cli_page`"


def test_every_command_has_examples_and_fits() -> None:
    text = cli_page.commands()

    assert text.count("\n  Examples:\n") == text.count("## funcpack ")
    assert [line for line in text.splitlines() if len(line) > 100] == []
