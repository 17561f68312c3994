"""Sets the version of Funcpack in all places that name it: python3 -m tools.version VERSION.

The distributions take theirs from the invoker. The changelog's section of unreleased changes becomes the section of the version,
except for a release candidate, such as 1.2.0-rc.1: its changes are still unreleased.
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

# As in the tags of Git and of images.
_VERSION = re.compile(r"\d+\.\d+\.\d+(-rc\.\d+)?", re.ASCII)

# The file with the version of the distributions, which have their own form of candidates: 1.2.0rc1.
# https://packaging.python.org/en/latest/specifications/version-specifiers/
_DISTRIBUTIONS = "invoker/funcpack_invoker/__init__.py"

# Files, and in each what stands before and after the version. A buildpack can have only three numbers, so that a candidate has the
# version of its release: https://github.com/buildpacks/spec/blob/main/buildpack.md
PLACES = {
    _DISTRIBUTIONS: ('__version__ = "', '"'),
    "buildpack.toml": ('\nversion = "', '"'),
    "docs/buildpack.md": ("funcpack-python-", r"\.cnb"),
}


def current() -> str:
    """Return the version of the sources, as in tags."""
    before, after = PLACES[_DISTRIBUTIONS]
    (found,) = re.findall(f"{before}(.*){after}", (ROOT / _DISTRIBUTIONS).read_text())
    return str(found).replace("rc", "-rc.")


def of_tag(tag: str) -> str:
    """Return the version of a tag such as v1.2.0. Raises ToolError if the tag has another form."""
    version = tag.removeprefix("v")
    if version == tag or not _VERSION.fullmatch(version):
        raise errors.invalid_tag(tag)
    return version


def write(version: str, date: str, root: Path = ROOT) -> None:
    """Write `version` to all places below `root`, and to the changelog with the date of the release.

    Raises ToolError if `version` is not a version, or if the changelog has no unreleased changes.
    """
    if not _VERSION.fullmatch(version):
        raise errors.invalid_version(version)
    page = root / "CHANGELOG.md"
    page.write_text(changelog.released(page.read_text(), version, date))
    for name, (before, after) in PLACES.items():
        file = root / name
        text = version.replace("-rc.", "rc") if name == _DISTRIBUTIONS else version.partition("-")[0]
        file.write_text(re.sub(rf"({before})\d+\.\d+\.\d+(?:rc\d+)?({after})", rf"\g<1>{text}\g<2>", file.read_text()))


def main() -> None:
    """Set the version on the command line."""
    parser = argparse.ArgumentParser(prog="python3 -m tools.version", description=__doc__)
    parser.add_argument("version")
    write(parser.parse_args().version, f"{datetime.now(UTC):%Y-%m-%d}")


if __name__ == "__main__":
    sys.exit(make.finish(main))
