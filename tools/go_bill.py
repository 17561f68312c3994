"""Writes the bills of materials of a Go program: the modules that Go recorded in it, in the three formats that the lifecycle reads.

The lifecycle copies `NAME.sbom.{cdx,spdx,syft}.json`, of itself and of its launcher, into each image that it creates, and warns if
one is missing. The bills have fixed dates, so that the same programs lead to the same images.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import quote

from funcpack.buildpack.install.sbom import bill_of_materials
from tools.places import SOURCE_DATE_EPOCH

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tools.progress import Progress

CREATED = datetime.fromtimestamp(SOURCE_DATE_EPOCH, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True, slots=True, order=True)
class Module:
    """A Go module and its version."""

    name: str
    version: str

    @property
    def purl(self) -> str:
        """The package URL: https://github.com/package-url/purl-spec. Names of this type are in lower case."""
        return f"pkg:golang/{quote(self.name.lower())}@{quote(self.version)}"


def write(progress: Progress, program: Path) -> None:
    """Write the bills of materials of `program` next to it. Raises ToolError if `go` is missing or fails."""
    modules = modules_of(progress.run(["go", "version", "-m", str(program)]))
    for extension, bill in (
        ("cdx", cyclonedx(modules)),
        ("spdx", spdx(program.name, modules)),
        ("syft", syft(modules)),
    ):
        file = program.with_name(f"{program.name}.sbom.{extension}.json")
        file.write_text(json.dumps(bill, indent=1) + "\n")


def modules_of(version_output: str) -> list[Module]:
    """Return the program's module, then the others, from the output of `go version -m`.

    A `=>` line replaces the module before it. The version of the standard library is that of Go.
    """
    first, *lines = version_output.splitlines()
    modules: list[Module] = []
    for kind, *fields in (line.split("\t")[1:] for line in lines):
        if kind == "=>":
            modules.pop()
        if kind in {"mod", "dep", "=>"}:
            modules.append(Module(fields[0], fields[1]))
    go = first.rpartition(": go")[2].split()[0]
    return [*modules, Module("stdlib", go)]


def cyclonedx(modules: Sequence[Module]) -> dict[str, object]:
    """Return the bill in the format CycloneDX 1.5: https://cyclonedx.org/docs/1.5/json/."""
    return bill_of_materials(
        {"type": "library", "bom-ref": each.purl, "name": each.name, "version": each.version, "purl": each.purl}
        for each in modules
    )


def spdx(program: str, modules: Sequence[Module]) -> dict[str, object]:
    """Return the bill of `program` in the format SPDX 2.3: https://spdx.github.io/spdx-spec/v2.3/."""
    packages = [
        {
            "SPDXID": f"SPDXRef-Package-{number}",
            "name": each.name,
            "versionInfo": each.version,
            "downloadLocation": "NOASSERTION",
            "filesAnalyzed": False,
            "externalRefs": [
                {"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": each.purl}
            ],
        }
        for number, each in enumerate(modules)
    ]
    main = modules[0]
    return {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": program,
        "documentNamespace": f"https://{main.name}/spdx/{program}-{main.version}",
        "creationInfo": {"created": CREATED, "creators": ["Organization: Funcpack"]},
        "packages": packages,
        "relationships": [
            {
                "spdxElementId": "SPDXRef-DOCUMENT",
                "relationshipType": "DESCRIBES",
                "relatedSpdxElement": each["SPDXID"],
            }
            for each in packages
        ],
    }


def syft(modules: Sequence[Module]) -> dict[str, object]:
    """Return the bill in Syft's format: https://github.com/anchore/syft/tree/main/schema/json."""
    main = modules[0]
    artifacts = [
        {
            "id": each.purl,
            "name": each.name,
            "version": each.version,
            "type": "go-module",
            "foundBy": "go version -m",
            "locations": [],
            "licenses": [],
            "language": "go",
            "cpes": [],
            "purl": each.purl,
        }
        for each in modules
    ]
    return {
        "artifacts": artifacts,
        "artifactRelationships": [],
        "source": {"id": main.purl, "name": main.name, "version": main.version, "type": "file", "metadata": None},
        "distro": {},
        "descriptor": {"name": "funcpack", "version": ""},
        "schema": {
            "version": "16.0.0",
            "url": "https://raw.githubusercontent.com/anchore/syft/main/schema/json/schema-16.0.0.json",
        },
    }
