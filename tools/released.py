"""Checks out the newest release that is not a candidate: python3 -m tools.released."""

from __future__ import annotations

import sys

from tools import errors, make, programs
from tools.errors import ToolError


def newest_tag() -> str:
    """Return the tag of the newest release before the commit that is checked out. Raises ToolError if there is none."""
    try:
        return programs.output_of(
            ["git", "describe", "--tags", "--abbrev=0", "--match", "v*", "--exclude", "*-*"]
        ).strip()
    except ToolError as exc:
        raise errors.no_release(exc.found) from exc


def main() -> None:
    """Check out the newest release."""
    programs.run(["git", "checkout", "--quiet", newest_tag()])


if __name__ == "__main__":
    sys.exit(make.finish(main))
