"""A shell in a pseudo terminal: a script types commands in it, and reads what it shows."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import termios
import time
from typing import TYPE_CHECKING, Self

from tools import errors
from tools.places import VENV

if TYPE_CHECKING:
    from pathlib import Path

PROMPT = "$ "
ROWS = 50
# In seconds; only a command that hangs or fails takes as long.
DEADLINE = 30.0

# Without line editing, only the terminal shows what is typed, so its output does not move the cursor.
_SHELL = ("bash", "--norc", "--noprofile", "--noediting", "-i")
_INTERRUPT = b"\x03"


class Terminal:
    """A shell whose home is the directory `home`, and which has the programs of .venv. It is a context manager."""

    def __init__(self, home: Path, columns: int) -> None:
        """Start the shell in a terminal of this width."""
        # Settings of the user who runs this must not change what the terminal shows.
        environment = {
            "HOME": str(home),
            "LANG": "C.UTF-8",
            "PATH": f"{VENV / 'bin'}:{os.environ['PATH']}",
            "PS1": PROMPT,
            "TERM": "xterm-256color",
        }
        self._output = b""
        self._prompts = 0
        self._shell, self._terminal = pty.fork()
        if self._shell == 0:
            os.chdir(home)
            os.execvpe(_SHELL[0], _SHELL, environment)  # noqa: S606 - a shell is what is wanted
        fcntl.ioctl(self._terminal, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, columns, 0, 0))

    def __enter__(self) -> Self:
        """Wait for the shell."""
        self._wait_for_prompt()
        return self

    def __exit__(self, *error: object) -> None:
        """Interrupt the command, and end the shell."""
        try:
            os.write(self._terminal, _INTERRUPT)
            self._wait_for_prompt()
        finally:
            os.close(self._terminal)
            os.waitpid(self._shell, 0)

    @property
    def text(self) -> str:
        """What the terminal shows, with the escape sequences of its colours."""
        return self._output.decode(errors="replace").replace("\r\n", "\n")

    def start(self, command: str) -> None:
        """Type a command."""
        os.write(self._terminal, f"{command}\n".encode())

    def run(self, command: str) -> None:
        """Type a command, and wait until it has ended. Raises ToolError if it does not."""
        self.start(command)
        self._wait_for_prompt()

    def wait_for(self, text: str) -> None:
        """Wait until the terminal shows a text. Raises ToolError if it does not."""
        self._wait_for(text, 1)

    def _wait_for_prompt(self) -> None:
        self._prompts += 1
        self._wait_for(PROMPT, self._prompts)

    def _wait_for(self, text: str, count: int) -> None:
        deadline = time.monotonic() + DEADLINE
        while self.text.count(text) < count:
            readable, _, _ = select.select([self._terminal], [], [], max(0.0, deadline - time.monotonic()))
            if not readable:
                raise errors.not_shown(text, self.text)
            self._output += os.read(self._terminal, 4096)
