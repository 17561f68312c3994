from __future__ import annotations

import re
import sys
import threading
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


def test_together_runs_works_at_the_same_time(progress: Progress, capsys: pytest.CaptureFixture[str]) -> None:
    both_run = threading.Barrier(2, timeout=30)

    def work(title: str) -> None:
        with progress.step(title) as step:
            both_run.wait()
            step.result = "met"

    progress.together(lambda: work("one"), lambda: work("two"))

    lines = sorted(re.sub(r" +", " ", line) for line in capsys.readouterr().out.splitlines())
    assert [re.sub(r"[\d.]+ s", "N s", line) for line in lines] == [
        "one met (N s)",
        "one started",
        "two met (N s)",
        "two started",
    ]


def test_together_ends_every_work_before_it_raises_an_error(
    progress: Progress, capsys: pytest.CaptureFixture[str]
) -> None:
    error = ToolError("title", "found", "remedy")
    failed = threading.Event()

    def fail() -> None:
        try:
            with progress.step("broken"):
                raise error
        finally:
            failed.set()

    def succeed() -> None:
        with progress.step("sound"):
            assert failed.wait(30)

    with pytest.raises(ToolError) as raised:
        progress.together(fail, succeed)

    assert raised.value is error
    output = capsys.readouterr().out
    assert re.search(r"^broken +failed$", output, re.MULTILINE)
    assert re.search(r"^sound +done \(\d+\.\d s\)$", output, re.MULTILINE)
