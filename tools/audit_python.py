"""Compares the lock files with the advisories of https://osv.dev, with pip-audit."""

from __future__ import annotations

import json
import re
import subprocess
import urllib.request
from typing import TYPE_CHECKING

from tools import errors, release_tools
from tools.advisories import Finding, Fix
from tools.places import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tools.progress import Progress

DATABASE = "https://api.osv.dev/v1/query"
INDEX = "https://pypi.org/simple"
LOCKS = (
    *sorted(ROOT.glob("requirements/*.txt")),
    ROOT / "invoker" / "requirements.txt",
    *sorted(ROOT.glob("benchmarks/requirements/*.txt")),
)

# The hashes make pip-audit take the file as it is, so that it needs no index.
OPTIONS = ("--require-hashes", "--disable-pip", "--format", "json", "--progress-spinner", "off")


def findings(progress: Progress, locks: Sequence[Path] = LOCKS, database: str = DATABASE) -> list[Finding]:
    """Return the vulnerabilities of the packages in the lock files.

    Raises ToolError if the database is not reachable, or has no answer for a package.
    """
    return [finding for lock in locks for finding in _of_lock(progress, lock, database)]


def _of_lock(progress: Progress, lock: Path, database: str) -> Iterator[Finding]:
    program = str(release_tools.ensure(progress, "pip-audit"))
    command = [program, "--vulnerability-service", "osv", "--osv-url", database, *OPTIONS, "--requirement", str(lock)]
    # The exit code is 1 both for vulnerabilities and for failures. Only for the latter there is no report.
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    progress.write(f"$ {' '.join(command)}\n{done.stdout}{done.stderr}")
    if not done.stdout.startswith("{"):
        raise errors.no_advisories(database, done.stderr)
    for package in json.loads(done.stdout)["dependencies"]:
        if "skip_reason" in package:
            raise errors.no_advisories(database, package["skip_reason"])
        for advisory in package["vulns"]:
            fixes = tuple(Fix(version, released(package["name"], version)) for version in advisory["fix_versions"])
            place = str(lock.relative_to(ROOT)) if lock.is_relative_to(ROOT) else lock.name
            yield Finding(place, package["name"], package["version"], advisory["id"], fixes)


def released(package: str, version: str) -> str | None:
    """Return the day on which PyPI got a release, or None if it has none or does not answer. The source is PEP 700."""
    accept = {"Accept": "application/vnd.pypi.simple.v1+json"}
    try:
        with urllib.request.urlopen(urllib.request.Request(f"{INDEX}/{package}/", headers=accept)) as answer:  # noqa: S310 - https
            files = json.load(answer)["files"]
    except OSError:
        return None
    names = re.compile(rf"[^-]+-{re.escape(version)}(-.*\.whl|\.tar\.gz|\.zip)")
    days = [file["upload-time"][:10] for file in files if names.fullmatch(file["filename"]) and file.get("upload-time")]
    return min(days, default=None)
