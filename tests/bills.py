"""Validates bills of materials as the projects of their formats do: with their libraries, in a separate environment, or schemas."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import jsonschema

from tests import environments
from tools import schema_modules
from tools.places import ROOT

if TYPE_CHECKING:
    from pathlib import Path

# Prints each fault of the files on the command line.
VALIDATE = """
import sys
from pathlib import Path
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from spdx_tools.spdx.parser.parse_anything import parse_file
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

cyclonedx = JsonStrictValidator(SchemaVersion.V1_5)
for name in sys.argv[1:]:
    if name.endswith(".cdx.json"):
        faults = filter(None, [cyclonedx.validate_str(Path(name).read_text())])
    else:
        faults = validate_full_spdx_document(parse_file(name))
    for fault in faults:
        print(name, fault)
"""


def faults(*files: Path) -> str:
    """Return the faults of bills of materials.

    Their names end in `.cdx.json` (CycloneDX 1.5), `.spdx.json` (SPDX 2.3) or `.syft.json` (the version that the bill names).
    """
    of_syft = [file for file in files if file.name.endswith(".syft.json")]
    others = [file for file in files if file not in of_syft]
    python = environments.locked("sbom", ROOT / "requirements" / "sbom.txt")
    done = subprocess.run([python, "-c", VALIDATE, *others], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout + "".join(map(_faults_of_syft, of_syft))


def _faults_of_syft(file: Path) -> str:
    bill = json.loads(file.read_text())
    schemas = schema_modules.directory("github.com/anchore/syft") / "schema" / "json"
    schema = json.loads((schemas / f"schema-{bill['schema']['version']}.json").read_text())
    faults = jsonschema.Draft202012Validator(schema).iter_errors(bill)
    return "".join(f"{file} {fault.json_path}: {fault.message}\n" for fault in faults)
