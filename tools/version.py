"""Sets the version of Funcpack in all places that name it: python3 -m tools.version VERSION.

The distributions take theirs from the invoker. The changelog's section of unreleased changes becomes the section of the version.
"""

from __future__ import annotations

import argparse
import re
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tools import changelog, errors, make
from tools.places import ROOT

if TYPE_CHECKING:
    from pathlib import Path

_VERSION = r"\d+\.\d+\.\d+"  # buildpacks have no other form

# Files, and in each what stands before and after the version.
PLACES = {
    "invoker/funcpack_invoker/__init__.py": ('__version__ = "', '"'),
    "buildpack.toml": ('\nversion = "', '"'),
    "docs/buildpack.md": ("funcpack-python-", r"\.cnb"),
}


def current() -> str:
    """Return the version of the sources."""
    name, (before, after) = next(iter(PLACES.items()))
    (found,) = re.findall(f"{before}({_VERSION}){after}", (ROOT / name).read_text())
    return str(found)


def write(version: str, date: str, root: Path = ROOT) -> None:
    """Write `version` to all places below `root`, and to the changelog with the date of the release.

    Raises ToolError if `version` is not a version, or if the changelog has no unreleased changes.
    """
    if not re.fullmatch(_VERSION, version):
        raise errors.invalid_version(version)
    page = root / "CHANGELOG.md"
    page.write_text(changelog.released(page.read_text(), version, date))
    for name, (before, after) in PLACES.items():
        file = root / name
        file.write_text(re.sub(f"({before}){_VERSION}({after})", rf"\g<1>{version}\g<2>", file.read_text()))


def main() -> None:
    """Set the version on the command line."""
    parser = argparse.ArgumentParser(prog="python3 -m tools.version", description=__doc__)
    parser.add_argument("version")
    write(parser.parse_args().version, f"{datetime.now(UTC):%Y-%m-%d}")


if __name__ == "__main__":
    sys.exit(make.finish(main))
