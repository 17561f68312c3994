"""Writes the bill of materials of an environment: CycloneDX 1.5 as JSON, the same bytes for the same packages.

https://cyclonedx.org/docs/1.5/json/
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from funcpack.buildpack.install import distributions
from funcpack.project.package_names import normalized

if TYPE_CHECKING:
    from collections.abc import Iterable
    from email.message import Message
    from pathlib import Path

_LICENSE_CLASSIFIER = "License :: "

# Files that installers write. Scripts are left out, too, because they contain the path of an interpreter.
_INSTALLER_FILES = ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json")


def write_sbom(file: Path, site_packages: Path) -> None:
    """Write the bill of materials of the packages in a directory, without a timestamp or a random serial number."""
    bill = bill_of_materials(_component(path.parent) for path in site_packages.glob("*.dist-info/METADATA"))
    file.write_text(json.dumps(bill, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def bill_of_materials(components: Iterable[dict[str, object]]) -> dict[str, object]:
    """Return the bill of materials of `components`, which are sorted by their package URLs."""
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.5.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "components": sorted(components, key=lambda component: str(component["purl"])),
    }


def _component(directory: Path) -> dict[str, object]:
    metadata = distributions.metadata(directory)
    name, version = metadata["Name"], metadata["Version"]
    purl = f"pkg:pypi/{normalized(name)}@{version}"
    component = {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl}
    digest, licenses = _digest(directory), _licenses(metadata)
    hashes = {"hashes": [{"alg": "SHA-256", "content": digest}]} if digest else {}
    return component | hashes | ({"licenses": licenses} if licenses else {})


def _digest(info: Path) -> str | None:
    """Return the SHA-256 of the hashes in the package's RECORD, or None if it has no hashes.

    The digest is that of sorted lines `<path> <hash>`. The RECORD of the wheel leads to the same digest, so a package in an
    image can be compared with one in an index. https://packaging.python.org/en/latest/specifications/recording-installed-packages/
    """
    rows = [row for row in distributions.record(info) if len(row) > 1 and row[1]]
    own = {f"{info.name}/{name}" for name in _INSTALLER_FILES}
    lines = [f"{row[0]} {row[1]}\n" for row in rows if row[0] not in own and not row[0].startswith("../")]
    return hashlib.sha256("".join(sorted(lines)).encode()).hexdigest() if lines else None


def _licenses(metadata: Message) -> list[dict[str, object]]:
    """Return the license expression (PEP 639), or the names of the licenses if the package has no expression."""
    expression = metadata["License-Expression"]
    if expression:
        return [{"expression": expression}]
    classifiers = [text for text in metadata.get_all("Classifier", ()) if text.startswith(_LICENSE_CLASSIFIER)]
    names = [text.rpartition(" :: ")[2] for text in classifiers]
    text = (metadata["License"] or "").strip()
    # Some packages put the whole text of their license here.
    if not names and text and "\n" not in text:
        names = [text]
    return [{"license": {"name": name}} for name in sorted(set(names))]
