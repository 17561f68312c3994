"""Finds the schemas in the Go modules that tools/schemas pins. Go keeps the modules in its cache."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from tools.places import ROOT

MODULES = ROOT / "tools" / "schemas"


def directory(module: str) -> Path:
    """Return the directory of a module, which Go downloads if it is not in its cache."""
    command = ["go", "mod", "download", "-json", module]
    done = subprocess.run(command, cwd=MODULES, stdout=subprocess.PIPE, text=True, check=True)
    return Path(json.loads(done.stdout)["Dir"])
