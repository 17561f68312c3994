"""Reads and writes the sections of CHANGELOG.md, which is in the format of Keep a Changelog."""

from __future__ import annotations

import re

from tools import errors

UNRELEASED = "## [Unreleased]\n"


def released(text: str, version: str, date: str) -> str:
    """Return the changelog with the unreleased changes as the section of `version`, and no unreleased ones.

    Raises ToolError if there are no unreleased changes.
    """
    section(text, "Unreleased")
    return text.replace(UNRELEASED, f"{UNRELEASED}\n## [{version}] - {date}\n", 1)


def section(text: str, version: str) -> str:
    """Return the changes of `version`, without its heading.

    Raises ToolError if the changelog has no section of the version, or an empty one.
    """
    heading = rf"## \[{re.escape(version)}\](?: - \d{{4}}-\d\d-\d\d)?"
    found = re.search(rf"(?ms)^{heading}\n(.*?)(?=^## \[|\Z)", text)
    if not found or not found[1].strip():
        raise errors.no_changes(version)
    return found[1].strip() + "\n"
