"""Writes the notes of a release, the changes of its version in CHANGELOG.md, to dist/notes.md: python3 -m tools.release_notes TAG.

It fails unless the tag is of the version in the sources, the changelog has the version, and everything is committed. So it is
the first step of a release.
"""

from __future__ import annotations

import argparse
import sys

from tools import changelog, errors, make, programs, pypi_readme, version
from tools.places import NOTES, ROOT


def notes(tag: str) -> str:
    """Return the notes with absolute links.

    Raises ToolError if the tag is not one of a release, or if the sources are not those of the tag.
    """
    if version.of_tag(tag) != version.current():
        raise errors.other_version(tag, version.current())
    changes = changelog.changes((ROOT / "CHANGELOG.md").read_text(), version.current())
    status = programs.output_of(["git", "status", "--porcelain"])
    if status:
        raise errors.not_committed(status.splitlines())
    return pypi_readme.prepared(changes, version.current())


def main() -> None:
    """Write the notes of the tag on the command line."""
    parser = argparse.ArgumentParser(prog="python3 -m tools.release_notes", description=__doc__)
    parser.add_argument("tag", help="such as v1.2.0")
    tag = parser.parse_args().tag
    NOTES.unlink(missing_ok=True)  # after a failure, there are no notes of another release
    text = notes(tag)
    NOTES.parent.mkdir(exist_ok=True)
    NOTES.write_text(text)


if __name__ == "__main__":
    sys.exit(make.finish(main))
