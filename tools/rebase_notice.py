"""Tells users what a new run image changes: .venv/bin/python -m tools.rebase_notice --registry REGISTRY.

It compares the packages of the published run image with those of the new one in the container engine, and writes a notice in
Markdown to dist/notice.md. The notice is empty if they have the same packages.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from email.parser import Parser
from pathlib import Path
from typing import TYPE_CHECKING

from images.recipe import RUN
from tools import engine, errors, make
from tools.errors import ToolError
from tools.places import LOGS, NOTICE
from tools.progress import Progress
from tools.publish import checked_registry

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tools.engine import Engine

# One file for each package, as in the images of distroless. `images/run/hook.sh` writes them.
STATUS = "/var/lib/dpkg/status.d"

INTRODUCTION = """\
The run image `funcpack/run` has new Debian packages. To put them under a function, rebase its image. It needs no build, and the \
layers of the function stay the same:

```console
$ pack rebase IMAGE --publish
```

| package | before | now |
|-|-|-|
"""


def packages(directory: Path) -> dict[str, str]:
    """Return the versions of the packages in a directory `status.d`."""
    files = [file for file in directory.iterdir() if file.suffix != ".md5sums"]
    controls = [Parser().parsestr(file.read_text(), headersonly=True) for file in files]
    return {control["Package"]: control["Version"] for control in controls}


def notice(published: Mapping[str, str], new: Mapping[str, str]) -> str:
    """Return the notice, which is empty if both have the same packages."""
    changed = [name for name in sorted({*published, *new}) if published.get(name) != new.get(name)]
    rows = [f"| {name} | {published.get(name, '-')} | {new.get(name, '-')} |\n" for name in changed]
    return INTRODUCTION + "".join(rows) if rows else ""


def packages_of(found: Engine, image: str, pull: str) -> dict[str, str]:
    """Return the versions of the packages in an image. `pull` is when the engine pulls it: `always` or `never`.

    Raises ToolError if the image is not available, or does not list its packages.
    """
    with tempfile.TemporaryDirectory() as directory:
        try:
            _copy_from_image(found, image, pull, directory)
        except ToolError as exc:
            raise errors.no_packages(image, STATUS, exc.found) from exc
        return packages(Path(directory) / Path(STATUS).name)


def _copy_from_image(found: Engine, image: str, pull: str, directory: str) -> None:
    container = found.run("create", f"--pull={pull}", image, "-")
    try:
        found.run("cp", f"{container}:{STATUS}", directory)
    finally:
        found.run("rm", container)


def main() -> None:
    """Write the notice for the run image in the registry on the command line."""
    parser = argparse.ArgumentParser(prog="python -m tools.rebase_notice", description=__doc__)
    parser.add_argument("--registry", required=True)
    registry = parser.parse_args().registry
    NOTICE.unlink(missing_ok=True)  # after a failure, there is no notice of an earlier run image
    published = f"{checked_registry(registry)}/{RUN.name}:latest"
    found = engine.ensure(Progress(LOGS / "notice.log"))
    NOTICE.write_text(notice(packages_of(found, published, "always"), packages_of(found, RUN.name, "never")))


if __name__ == "__main__":
    sys.exit(make.finish(main))
