"""Prints one line for each step, with its duration, and writes the output of its programs to a log file.

Steps that run at the same time print a second line, when they start.
"""

from __future__ import annotations

import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tools import errors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

TITLE_WIDTH = 44


@dataclass
class Step:
    """One line of progress. `result` is printed after the title when the step is done."""

    result: str = "done"


class Progress:
    """Prints steps, and runs their programs, whose output it writes to the file `log`."""

    def __init__(self, log: Path) -> None:
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text("")
        self.log = log

    @contextmanager
    def step(self, title: str) -> Iterator[Step]:
        """Print `title`, and after the block the result and the duration."""
        step = Step()
        line = f"{title:<{TITLE_WIDTH}} "
        # The lines of other steps may follow before this one ends, so its result then repeats the title.
        shared = threading.current_thread() is not threading.main_thread()
        print(f"{line}started\n" if shared else line, end="", flush=True)
        end = line if shared else ""
        self.write(f"\n== {title}\n")
        start = time.monotonic()
        try:
            yield step
        except BaseException:
            print(f"{end}failed\n", end="", flush=True)
            raise
        print(f"{end}{step.result} ({time.monotonic() - start:.1f} s)\n", end="", flush=True)

    @staticmethod
    def together(*works: Callable[[], None]) -> None:
        """Run `works`, which contain steps, at the same time, and wait for all of them. Raise the first error of one."""
        with ThreadPoolExecutor(len(works)) as threads:
            for work in as_completed([threads.submit(work) for work in works]):
                work.result()

    def write(self, text: str) -> None:
        """Add `text` to the log."""
        with self.log.open("a") as file:
            file.write(text)

    def run(self, command: Sequence[str], *, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> str:
        """Run `command` and return its output.

        Raises ToolError if the program is not installed or fails.
        """
        # The environment may contain credentials, so only the arguments are logged.
        self.write(f"$ {' '.join(command)}\n")
        try:
            done = subprocess.run(
                command, cwd=cwd, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
            )
        except FileNotFoundError:
            raise errors.command_missing(command[0]) from None
        self.write(done.stdout)
        if done.returncode != 0:
            raise errors.command_failed(command, done.returncode, done.stdout, self.log)
        return done.stdout
