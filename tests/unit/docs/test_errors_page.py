"""docs/errors.md has the errors that the broken projects lead to."""

from __future__ import annotations

from tools import errors_page
from tools.errors_page import PAGE, SITUATIONS


def test_the_page_is_current() -> None:
    page = PAGE.read_text()

    assert page == errors_page.updated(page), "run `.venv/bin/python -m tools.errors_page`"


def test_the_page_has_the_error_of_every_broken_project() -> None:
    page = PAGE.read_text()
    logs = [(situation / "expected.txt").read_text() for situation in SITUATIONS.iterdir()]

    assert logs
    assert [log for log in logs if log[log.index("[Error: ") :] not in page] == []


def test_a_page_that_is_not_current_is_noticed() -> None:
    old = PAGE.read_text().replace("Did you mean", "Is it")

    assert errors_page.updated(old) != old
