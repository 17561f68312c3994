"""The bill of materials of an image: the Debian packages that the image's package database lists, in the format CycloneDX.

https://github.com/package-url/purl-spec/blob/main/types-doc/deb-definition.md
"""

from __future__ import annotations

import json
import re
import tarfile
from email import message_from_string
from typing import TYPE_CHECKING
from urllib.parse import quote

from funcpack.buildpack.install.sbom import bill_of_materials
from images.recipe import DISTRO

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import Message
    from pathlib import Path

DISTRO_NAME = f"debian-{DISTRO['io.buildpacks.base.distro.version']}"

# dpkg's own database, or one file for each package in an image without dpkg.
DATABASE = re.compile(r"(\./)?var/lib/dpkg/(status|status\.d/[^/]+(?<!\.md5sums))")

# dpkg keeps removed packages that left configuration behind. The files of an image without dpkg have no status.
INSTALLED = ("install ok installed", None)


def of_root(root: Path) -> bytes:
    """Return the bill of materials of the file system in `root`, a tar file: the same bytes for the same packages."""
    packages = map(message_from_string, _paragraphs(root))
    installed = (package for package in packages if package["Status"] in INSTALLED)
    return json.dumps(bill_of_materials(map(_component, installed)), indent=1).encode()


def _paragraphs(root: Path) -> Iterator[str]:
    with tarfile.open(root) as tar:
        for member in tar:
            if member.isfile() and DATABASE.fullmatch(member.name) and (file := tar.extractfile(member)):
                yield from filter(None, file.read().decode().split("\n\n"))


def _component(package: Message) -> dict[str, object]:
    name, version = package["Package"], package["Version"]
    qualifiers = f"arch={package['Architecture']}&distro={DISTRO_NAME}"
    purl = f"pkg:deb/debian/{quote(name, safe='')}@{quote(version, safe='')}?{qualifiers}"
    return {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl}
