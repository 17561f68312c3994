"""Uploads the distributions in dist/pypi with uv: .venv/bin/python -m tools.upload [OPTIONS of `uv publish`]."""

from __future__ import annotations

import sys

from tools import distributions, make, programs
from tools.places import VENV


def main() -> None:
    """Upload the distributions, with the options on the command line."""
    files = map(str, distributions.already_built())
    programs.run([str(VENV / "bin" / "uv"), "publish", *sys.argv[1:], *files])


if __name__ == "__main__":
    sys.exit(make.finish(main))
