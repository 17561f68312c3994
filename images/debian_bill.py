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
    from pathlib import Path

DISTRO_NAME = f"debian-{DISTRO['io.buildpacks.base.distro.version']}"

# dpkg's own database, or one file for each package in an image without dpkg.
DATABASE = re.compile(r"(\./)?var/lib/dpkg/(status|status\.d/[^/.]+)")


def of_root(root: Path, architecture: str) -> bytes:
    """Return the bill of materials of the file system in `root`, a tar file: the same bytes for the same packages."""
    components = (_component(paragraph, architecture) for paragraph in _paragraphs(root))
    return json.dumps(bill_of_materials(components), indent=1).encode()


def _paragraphs(root: Path) -> Iterator[str]:
    with tarfile.open(root) as tar:
        for member in tar:
            if member.isfile() and DATABASE.fullmatch(member.name) and (file := tar.extractfile(member)):
                yield from filter(None, file.read().decode().split("\n\n"))


def _component(paragraph: str, architecture: str) -> dict[str, object]:
    package = message_from_string(paragraph)
    name, version = package["Package"], package["Version"]
    of = package["Architecture"] or architecture
    purl = f"pkg:deb/debian/{quote(name, safe='')}@{quote(version, safe='')}?arch={of}&distro={DISTRO_NAME}"
    return {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl}
