"""Compares the programs of the Go modules in tools/ with the Go vulnerability database, with govulncheck."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING, Any

from tools import checks, errors
from tools.advisories import Finding, Fix
from tools.places import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tools.progress import Progress

DATABASE = "https://vuln.go.dev"

# Those that programs are built from. The module `schemas` contains only data.
MODULES = tuple(path.parent for path in sorted(ROOT.glob("tools/*/go.mod")) if "\ntool " in path.read_text())


def findings(progress: Progress, modules: Sequence[Path] = MODULES, database: str = DATABASE) -> list[Finding]:
    """Return the vulnerabilities of the packages that the programs contain, whether or not they call them.

    Raises ToolError if the database is not reachable, or if Go is missing or fails.
    """
    return [finding for module in modules for finding in _of_module(progress, module, database)]


def _of_module(progress: Progress, module: Path, database: str) -> Iterator[Finding]:
    program = str(checks.ensure(progress, "govulncheck"))
    command = [program, "-C", str(module), "-db", database, "-scan", "package", "-format", "json", "tool"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    progress.write(f"$ {' '.join(command)}\n{done.stdout}{done.stderr}")
    if done.returncode != 0:
        raise errors.no_advisories(database, done.stderr)
    place = str(module.relative_to(ROOT)) if module.is_relative_to(ROOT) else module.name
    for message in _messages(done.stdout):
        yield from _finding(message, module, place)


def _messages(output: str) -> Iterator[dict[str, Any]]:
    """Yield the JSON objects in the output of govulncheck, which have no separator."""
    decoder, position = json.JSONDecoder(), 0
    while position < len(output.rstrip()):
        message, position = decoder.raw_decode(output, position)
        yield message
        position += 1


def _finding(message: dict[str, Any], module: Path, place: str) -> Iterator[Finding]:
    """Yield the finding of a message, if it has one about a package. There is another one about the module of each."""
    finding = message.get("finding")
    if finding and "package" in finding["trace"][0]:
        vulnerable, fixed = finding["trace"][0], finding.get("fixed_version")
        fixes = (Fix(fixed, released(vulnerable["module"], fixed, module)),) if fixed else ()
        yield Finding(place, vulnerable["package"], vulnerable["version"], finding["osv"], fixes)


def released(name: str, version: str, module: Path) -> str | None:
    """Return the day on which the release of a Go module was made, or None if there is no such release."""
    command = ["go", "list", "-m", "-json", f"{name}@{version}"]
    done = subprocess.run(
        command, cwd=module, env={**os.environ, "GOFLAGS": "-mod=mod"}, capture_output=True, text=True, check=False
    )
    time = json.loads(done.stdout).get("Time") if done.returncode == 0 else None
    return str(time)[:10] if time else None
