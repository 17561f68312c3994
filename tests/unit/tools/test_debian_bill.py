"""The bill of materials of a base image, from the database of its packages."""

from __future__ import annotations

import io
import json
import tarfile
from typing import TYPE_CHECKING

import pytest

from images import debian_bill
from tests import bills

if TYPE_CHECKING:
    from pathlib import Path

STATUS = """\
Package: libstdc++6
Status: install ok installed
Architecture: arm64
Version: 14.2.0-19
Description: GNU Standard C++ Library
 with a second line

Package: tzdata
Status: install ok installed
Architecture: all
Version: 2:2026a~1

Package: removed
Status: deinstall ok config-files
Architecture: arm64
Version: 1
"""
PACKAGES = [
    ("pkg:deb/debian/libstdc%2B%2B6@14.2.0-19?arch=arm64&distro=debian-13", "a" * 64),
    ("pkg:deb/debian/tzdata@2%3A2026a~1?arch=all&distro=debian-13", "b" * 64),
]
STATUS_D = {
    f"./var/lib/dpkg/status.d/{name}": text.replace("Status: install ok installed\n", f"SHA256: {letter * 64}\n")
    for name, letter, text in zip(("libstdc++6", "tzdata"), "ab", STATUS.split("\n\n"), strict=False)
}
AVAILABLE = "\n".join(
    f"{text}\nSHA256: {letter * 64}\n" for letter, text in zip("ab", STATUS.split("\n\n"), strict=False)
)


@pytest.mark.parametrize(
    "files",
    [
        pytest.param(
            {
                "./var/lib/dpkg/status": STATUS,
                "./var/lib/dpkg/status-old": "Package: x\n",
                "./var/lib/dpkg/available": AVAILABLE,
            },
            id="dpkg",
        ),
        pytest.param({**STATUS_D, "./var/lib/dpkg/status.d/tzdata.md5sums": "0  usr/x\n"}, id="without-dpkg"),
    ],
)
def test_bill_lists_the_installed_packages(tmp_path: Path, files: dict[str, str]) -> None:
    root = tmp_path / "root.tar"
    with tarfile.open(root, "w") as tar:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text)
            tar.addfile(member, io.BytesIO(text.encode()))

    bill = debian_bill.of_root(root)

    components = json.loads(bill)["components"]
    assert [(component["purl"], component["hashes"][0]["content"]) for component in components] == PACKAGES
    (tmp_path / "bill.cdx.json").write_bytes(bill)
    assert bills.faults(tmp_path / "bill.cdx.json") == ""
