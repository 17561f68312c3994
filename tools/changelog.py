"""Reads and writes the sections of CHANGELOG.md, which is in the format of Keep a Changelog."""

from __future__ import annotations

import re

from tools import errors

_UNRELEASED = "Unreleased"
_HEADING = f"## [{_UNRELEASED}]\n"


def released(text: str, version: str, date: str) -> str:
    """Return the changelog with the unreleased changes as the section of `version`, and no unreleased ones.

    A release candidate changes nothing. Raises ToolError if the version has a section, or if there are no unreleased changes.
    """
    if f"\n## [{version}]" in text:
        raise errors.section_exists(version)
    section(text, _UNRELEASED)
    if is_candidate(version):
        return text
    return text.replace(_HEADING, f"{_HEADING}\n## [{version}] - {date}\n", 1)


def changes(text: str, version: str) -> str:
    """Return the changes of `version`: those of its section, or the unreleased ones if it is a release candidate.

    Raises ToolError if there are none.
    """
    return section(text, _UNRELEASED if is_candidate(version) else version)


def section(text: str, version: str) -> str:
    """Return the changes of `version`, without its heading.

    Raises ToolError if the changelog has no section of the version, or an empty one.
    """
    heading = rf"## \[{re.escape(version)}\](?: - \d{{4}}-\d\d-\d\d)?"
    found = re.search(rf"(?ms)^{heading}\n(.*?)(?=^## \[|\Z)", text)
    if not found or not found[1].strip():
        raise errors.no_changes(version)
    return found[1].strip() + "\n"


def is_candidate(version: str) -> bool:
    """Check whether a version, or its tag, is that of a release candidate."""
    return "-" in version
