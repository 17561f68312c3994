"""Tells users what a new run image changes: .venv/bin/python -m tools.rebase_notice PUBLISHED NEW.

It compares the packages of two run images in the container engine, and prints a notice in Markdown, or nothing if they have the
same packages.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tarfile
from email.parser import Parser
from io import BytesIO
from typing import TYPE_CHECKING

from tools import engine, make
from tools.places import LOGS
from tools.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Mapping

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


def packages(archive: bytes) -> dict[str, str]:
    """Return the versions of the packages in a tar file of the directory `status.d`."""
    with tarfile.open(fileobj=BytesIO(archive)) as tar:
        files = [tar.extractfile(member) for member in tar if not member.name.endswith(".md5sums")]
        controls = [Parser().parsestr(file.read().decode(), headersonly=True) for file in files if file]
    return {control["Package"]: control["Version"] for control in controls}


def notice(published: Mapping[str, str], new: Mapping[str, str]) -> str:
    """Return the notice, which is empty if both have the same packages."""
    changed = [name for name in sorted({*published, *new}) if published.get(name) != new.get(name)]
    rows = [f"| {name} | {published.get(name, '-')} | {new.get(name, '-')} |\n" for name in changed]
    return INTRODUCTION + "".join(rows) if rows else ""


def packages_of(client: str, image: str) -> dict[str, str]:
    """Return the versions of the packages in an image, which the engine pulls if it does not have it."""
    container = subprocess.run(
        [client, "create", image, "-"], capture_output=True, text=True, check=True
    ).stdout.strip()
    try:
        return packages(
            subprocess.run([client, "cp", f"{container}:{STATUS}", "-"], capture_output=True, check=True).stdout
        )
    finally:
        subprocess.run([client, "rm", container], capture_output=True, check=True)


def main() -> None:
    """Print the notice for the images on the command line."""
    parser = argparse.ArgumentParser(prog="python -m tools.rebase_notice", description=__doc__)
    parser.add_argument("published")
    parser.add_argument("new")
    images = parser.parse_args()
    client = engine.ensure(Progress(LOGS / "notice.log")).client
    print(notice(packages_of(client, images.published), packages_of(client, images.new)), end="")


if __name__ == "__main__":
    sys.exit(make.finish(main))
