from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

import pytest

from tools.errors import ToolError
from tools.progress import Progress

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def progress(tmp_path: Path) -> Progress:
    return Progress(tmp_path / "logs" / "log")


def test_step_prints_one_line_with_result_and_time(progress: Progress, capsys: pytest.CaptureFixture[str]) -> None:
    with progress.step("something long") as step:
        step.result = "up to date"

    assert re.fullmatch(r"something long +up to date \(\d+\.\d s\)\n", capsys.readouterr().out)


def test_step_lets_the_error_through_and_says_that_it_failed(
    progress: Progress, capsys: pytest.CaptureFixture[str]
) -> None:
    error = ToolError("title", "found", "remedy")
    with pytest.raises(ToolError) as raised, progress.step("something long"):
        raise error

    assert raised.value is error
    assert re.fullmatch(r"something long +failed\n", capsys.readouterr().out)


def test_run_keeps_the_output_in_the_log_and_off_the_terminal(
    progress: Progress, capsys: pytest.CaptureFixture[str]
) -> None:
    output = progress.run([sys.executable, "-c", "import sys; print('out', flush=True); print('err', file=sys.stderr)"])

    assert output == "out\nerr\n"
    assert progress.log.read_text().endswith("\nout\nerr\n")
    assert capsys.readouterr().out == ""


def test_run_of_a_failing_program_shows_the_end_of_its_output(progress: Progress) -> None:
    with pytest.raises(ToolError) as raised:
        progress.run([sys.executable, "-c", "print('\\n'.join(map(str, range(100)))); raise SystemExit(3)"])

    assert raised.value.title == f"`{sys.executable}` failed with exit code 3"
    assert raised.value.found.endswith("    98\n    99")
    assert "    79\n" not in raised.value.found
    assert raised.value.remedy == f"read the whole output in {progress.log}."


def test_run_of_a_missing_program_says_what_to_install(progress: Progress) -> None:
    with pytest.raises(ToolError) as raised:
        progress.run(["no-such-program"])

    assert str(raised.value) == (
        "error: `no-such-program` is not installed\n\n`no-such-program` is not on PATH.\n\n"
        "What to do: install `no-such-program` and run the command again."
    )
