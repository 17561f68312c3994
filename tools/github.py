"""Creates the release of a tag or the issue about a new run image on GitHub: python3 -m tools.github announce TAG, or notify.

They publish what other commands have written: dist/notes.md and dist/pypi, or dist/notice.md.
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from tools import changelog, distributions, errors, make, programs, version
from tools.places import NOTES, NOTICE, ROOT

if TYPE_CHECKING:
    from pathlib import Path


def announce(tag: str) -> None:
    """Create the release of `tag`, with its notes and the distributions. Raises ToolError if something is missing or `gh` fails."""
    title = f"Funcpack {version.of_tag(tag)}"
    notes = _existing(NOTES, f"make notes TAG={tag}")
    files = [str(path.relative_to(ROOT)) for path in distributions.already_built()]
    options = ["--prerelease"] if changelog.is_candidate(tag) else []
    programs.run(
        ["gh", "release", "create", tag, "--verify-tag", "--title", title, "--notes-file", notes, *options, *files]
    )


def notify() -> None:
    """Create an issue with the notice, unless it is empty. Raises ToolError if the notice is missing or `gh` fails."""
    notice = _existing(NOTICE, "make notice REGISTRY=docker.io")
    if NOTICE.stat().st_size:
        programs.run(
            ["gh", "issue", "create", "--title", "New run image: rebase your functions", "--body-file", notice]
        )
    else:
        print("no issue, because the run image has no new packages")


def _existing(file: Path, command: str) -> str:
    """Return the path of `file` in the repository. Raises ToolError if it does not exist, and names the `command` that writes it."""
    path = str(file.relative_to(ROOT))
    if not file.exists():
        raise errors.missing_file(path, command)
    return path


def main() -> None:
    """Run the command on the command line."""
    parser = argparse.ArgumentParser(prog="python3 -m tools.github", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("announce").add_argument("tag", help="such as v1.2.0")
    commands.add_parser("notify")
    arguments = parser.parse_args()
    if arguments.command == "announce":
        announce(arguments.tag)
    else:
        notify()


if __name__ == "__main__":
    sys.exit(make.finish(main))
