"""docs/configuration.md has the settings that the invoker has."""

from __future__ import annotations

from funcpack_invoker.settings import VARIABLES
from tools import configuration_page
from tools.configuration_page import PAGE


def test_the_page_is_current() -> None:
    page = PAGE.read_text()

    assert page == configuration_page.updated(page), "run `.venv/bin/python -m tools.configuration_page`"


def test_the_page_has_a_row_for_every_variable() -> None:
    rows = [line for line in PAGE.read_text().splitlines() if line.startswith("| `")]

    assert [row.split("`")[1] for row in rows] == [variable.name for variable in VARIABLES]


def test_a_page_that_is_not_current_is_noticed() -> None:
    old = PAGE.read_text().replace("| `8080` |", "| `80` |")

    assert configuration_page.updated(old) != old
