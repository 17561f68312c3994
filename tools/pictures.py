"""Makes the pictures in README.md from the real tool, in light and dark colours: .venv/bin/python -m tools.pictures.

The ports 8080 and 8081 must be free: they are the default ones, and the pictures show them.
"""

from __future__ import annotations

import sys

from tools import make, page_picture, terminal_picture
from tools.places import LOGS, PICTURES
from tools.progress import Progress


def make_pictures(progress: Progress) -> None:
    """Write the pictures of the terminal and of the page."""
    PICTURES.mkdir(exist_ok=True)
    with progress.step("pictures of the terminal"):
        for theme, svg in terminal_picture.make().items():
            (PICTURES / f"terminal-{theme}.svg").write_text(svg)
    with progress.step("pictures of the page"):
        for theme, png in page_picture.make().items():
            (PICTURES / f"page-{theme}.png").write_bytes(png)


def main() -> int:
    """Make the pictures, and return the exit code."""
    progress = Progress(LOGS / "pictures.log")
    return make.finish(lambda: make_pictures(progress))


if __name__ == "__main__":
    sys.exit(main())
