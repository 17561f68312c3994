from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import version

import pytest

from funcpack.cli.main import COMMANDS

COMMAND = [sys.executable, "-m", "funcpack"]


def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, **variables}
    return subprocess.run([*COMMAND, *arguments], env=env, capture_output=True, text=True, check=False)


def test_the_help_fits_on_a_screen_and_has_examples() -> None:
    lines = run("--help", COLUMNS="200").stdout.splitlines()

    assert len(lines) <= 45
    assert max(map(len, lines)) <= 100
    assert "Examples:" in lines
    assert [line.split()[0] for line in lines if line[2:3].islower() and line.split()[0] in COMMANDS] == list(COMMANDS)


def test_the_version_is_that_of_the_distribution() -> None:
    assert run("--version").stdout == f"funcpack {version('funcpack')}\n"


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("biuld", "Error: There is no command 'biuld'. Did you mean 'build'?\n"),
        ("xyzzy", "Error: There is no command 'xyzzy'.\n"),
    ],
)
def test_an_unknown_command_is_wrong_usage(word: str, message: str) -> None:
    done = run(word)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.endswith(message)


def test_without_arguments_the_help_is_shown() -> None:
    assert run().stderr.startswith("Usage: funcpack ")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_knows_the_shell(shell: str) -> None:
    assert "_FUNCPACK_COMPLETE" in run(_FUNCPACK_COMPLETE=f"{shell}_source").stdout


def test_completion_names_the_commands() -> None:
    done = run(_FUNCPACK_COMPLETE="bash_complete", COMP_WORDS="funcpack ", COMP_CWORD="1")

    assert [line.partition(",")[2] for line in done.stdout.splitlines()] == list(COMMANDS)


def test_a_reader_that_leaves_is_no_error() -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run([*COMMAND, "new", "--list"], stdout=write, stderr=subprocess.PIPE, text=True, check=False)
    os.close(write)

    assert (done.returncode, done.stderr) == (1, "")


def test_a_full_disk_is_an_error() -> None:
    with open("/dev/full", "w") as full:  # noqa: PTH123 - a device
        done = subprocess.run([*COMMAND, "new", "--list"], stdout=full, stderr=subprocess.PIPE, text=True, check=False)

    assert done.returncode == 1
    assert done.stderr.startswith("error: Cannot read or write a file\nNo space left on device.\n")


def test_no_colour_is_used_outside_of_a_terminal_or_with_no_color() -> None:
    assert "\x1b" not in run("new", "/dev/null").stderr
