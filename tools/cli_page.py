"""Writes the help of each command to docs/cli.md: .venv/bin/python -m tools.cli_page."""

from __future__ import annotations

import os
import subprocess
import sys

from funcpack.cli.main import COMMANDS
from tools.places import ROOT

PAGE = ROOT / "docs" / "cli.md"
BEGIN = "<!-- tools/cli_page.py writes what is between these lines -->\n"
END = "<!-- end -->\n"
_WIDTH = 100


def updated(page: str) -> str:
    """Return the page with the help of the commands as it is now."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{commands()}{END}{after}"


def commands() -> str:
    """Return a section for each command, with its help."""
    return "".join(f"## funcpack {name}\n\n```text\n{_help(name)}\n```\n\n" for name in COMMANDS)


def _help(name: str) -> str:
    """Return what the command itself prints."""
    command = [sys.executable, "-m", "funcpack", name, "--help"]
    environment = {**os.environ, "COLUMNS": str(_WIDTH)}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.rstrip()


if __name__ == "__main__":
    PAGE.write_text(updated(PAGE.read_text()))
