"""Compares everything that is locked with the databases of advisories: .venv/bin/python -m tools.audit."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from tools import audit_go, audit_python, errors, make
from tools.places import LOGS
from tools.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Callable

    from tools.advisories import Finding

AUDITS = {
    "lock files (pip-audit)": audit_python.findings,
    "Go modules in tools (govulncheck)": audit_go.findings,
}


def audit(progress: Progress) -> None:
    """Run both auditors, and then report what they found.

    Raises ToolError if a dependency is vulnerable or a database is not reachable.
    """
    found: list[Finding] = []
    failures: list[errors.ToolError] = []
    for title, findings in AUDITS.items():
        try:
            found += _step(progress, title, findings)
        except errors.ToolError as error:
            failures.append(error)
    if found:
        raise errors.vulnerable(found)
    if failures:
        raise failures[0]


def _step(progress: Progress, title: str, findings: Callable[[Progress], list[Finding]]) -> list[Finding]:
    with progress.step(title) as step:
        found = findings(progress)
        step.result = f"{len(found)} vulnerable" if found else "no known vulnerability"
    return found


if __name__ == "__main__":
    sys.exit(make.finish(lambda: audit(Progress(LOGS / "audit.log"))))
