from __future__ import annotations

from typing import TYPE_CHECKING

from funcpack.cli import error_boundary

if TYPE_CHECKING:
    import pytest


def test_a_bug_has_a_traceback_and_says_where_to_report_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert error_boundary.run(lambda: 1 / 0) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("Traceback ")
    assert "\nZeroDivisionError: division by zero\n\nThis is a bug in Funcpack" in printed.err
    assert printed.err.endswith("\nhttps://github.com/funcpack/funcpack/issues\n")
