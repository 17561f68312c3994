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
INSTALLED = re.compile(r"(\./)?var/lib/dpkg/(status|status\.d/[^/]+(?<!\.md5sums))")
AVAILABLE = re.compile(r"(\./)?var/lib/dpkg/available")

# dpkg keeps removed packages that left configuration behind. The files of an image without dpkg have no status.
STATUSES = ("install ok installed", None)


def of_root(root: Path) -> bytes:
    """Return the bill of materials of the file system in `root`, a tar file: the same bytes for the same packages.

    It has the hash of each package's archive, as the archive's index or the image has it.
    """
    hashes = {_purl(package): package["SHA256"] for package in _packages(root, AVAILABLE)}
    installed = [package for package in _packages(root, INSTALLED) if package["Status"] in STATUSES]
    components = (_component(package, package["SHA256"] or hashes.get(_purl(package))) for package in installed)
    return json.dumps(bill_of_materials(components), indent=1).encode()


def _packages(root: Path, database: re.Pattern[str]) -> Iterator[Message]:
    with tarfile.open(root) as tar:
        for member in tar:
            if member.isfile() and database.fullmatch(member.name) and (file := tar.extractfile(member)):
                yield from map(message_from_string, filter(None, file.read().decode().split("\n\n")))


def _component(package: Message, sha256: str | None) -> dict[str, object]:
    purl = _purl(package)
    component = {
        "type": "library",
        "bom-ref": purl,
        "name": package["Package"],
        "version": package["Version"],
        "purl": purl,
    }
    return component | ({"hashes": [{"alg": "SHA-256", "content": sha256}]} if sha256 else {})


def _purl(package: Message) -> str:
    name, version = (quote(package[field], safe="") for field in ("Package", "Version"))
    return f"pkg:deb/debian/{name}@{version}?arch={package['Architecture']}&distro={DISTRO_NAME}"
