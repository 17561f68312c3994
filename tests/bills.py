"""Validates bills of materials as the projects of their formats do, in an environment with the libraries of these projects."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from tests import environments
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
    """Return the faults of bills of materials, whose names end in `.cdx.json` (CycloneDX 1.5) or `.spdx.json` (SPDX 2.3)."""
    python = environments.locked("sbom", ROOT / "requirements" / "sbom.txt")
    done = subprocess.run([python, "-c", VALIDATE, *files], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
