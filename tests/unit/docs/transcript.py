r"""Runs what the documentation shows of a terminal: blocks of the language `console`.

A line that begins with `$ ` is a command; it goes on over lines that end in a backslash and over open quotes. The lines
below are what it prints: `...` on a line of its own stands for any lines, within a line for any text.
"""

from __future__ import annotations

import re
import shlex
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.unit.docs.markdown import Block

DEADLINE = 120.0
SHOWN_ADDRESS = "127.0.0.1:8080"


@dataclass(frozen=True, slots=True)
class Step:
    """A command, and what it prints as the page shows it."""

    command: str
    shown: str

    def check(self, printed: str) -> None:
        """Compare what was printed with what is shown; empty lines at the end do not count."""
        lines = printed.replace("\r\n", "\n").strip().splitlines()
        assert re.fullmatch(_pattern(self.shown), "".join(f"{line}\n" for line in lines)), (
            f"$ {self.command}\nThe page shows:\n{self.shown}\nIt printed:\n{printed}"
        )


def steps(block: Block) -> list[Step]:
    """Give the steps of a block."""
    found: list[Step] = []
    lines = iter(block.text.splitlines())
    for line in lines:
        if line.startswith("$ "):
            command = line.removeprefix("$ ")
            while not _is_whole(command):
                command += f"\n{next(lines)}"
            found.append(Step(command, ""))
        else:
            last = found.pop()
            found.append(Step(last.command, f"{last.shown}{line}\n"))
    return found


def run(step: Step, directory: Path, environment: Mapping[str, str], address: str = SHOWN_ADDRESS) -> None:
    """Run a step with a function at another address than the page shows, and compare what it prints."""
    command = step.command.replace(SHOWN_ADDRESS, address)
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=directory,
        env=dict(environment),
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )
    assert done.returncode == 0, f"$ {command}\n{done.stdout}{done.stderr}"
    step.check(done.stdout)


def _is_whole(command: str) -> bool:
    if command.endswith("\\"):
        return False
    try:
        shlex.split(command)
    except ValueError:
        return False
    return True


def _pattern(shown: str) -> str:
    return "".join(_line_pattern(line) for line in shown.strip().splitlines())


def _line_pattern(line: str) -> str:
    if line == "...":
        return r"(?:[^\n]*\n)*"
    return r"[^\n]*".join(re.escape(part) for part in line.split("...")) + r"\n"
