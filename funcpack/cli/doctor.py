"""The command `funcpack doctor`: what the other commands need on this machine, and how to install what is missing."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import click

from funcpack.cli import output

if TYPE_CHECKING:
    from collections.abc import Mapping

    from funcpack.diagnosis.checks import Finding

_EXAMPLES = """\b
Examples:
  funcpack doctor
  funcpack doctor --output json | jq -r '.[] | select(.ok | not) | .fix'
"""
_WIDTH = 80
_COLUMN = 26


@click.command(epilog=_EXAMPLES)
@click.option(
    "--output", "format_", type=click.Choice(["text", "json"]), default="text", help="The form of the report."
)
def command(format_: str) -> int:
    """Check the tools and credentials that the other commands use.

    Only 'build' needs a container engine, pack and a builder. The exit code is 1 if something is missing.
    """
    from funcpack.diagnosis import checks  # noqa: PLC0415 - `funcpack --help` does not need it

    findings = checks.run_all()
    if format_ == "json":
        output.json_data(
            [
                {"name": name, "ok": finding.is_ok, "found": finding.found, "fix": finding.fix}
                for name, finding in findings.items()
            ]
        )
    else:
        _print(findings)
    return 0 if all(finding.is_ok for finding in findings.values()) else 1


def _print(findings: Mapping[str, Finding]) -> None:
    for name, finding in findings.items():
        word, color = ("ok", "green") if finding.is_ok else ("missing", "red")
        indent = " " * _COLUMN
        lines = textwrap.wrap(finding.found, _WIDTH - _COLUMN, break_long_words=False, break_on_hyphens=False)
        output.data(f"{word:<9}{name:<{_COLUMN - 9}}" + f"\n{indent}".join(lines), fg=color)
        if finding.fix:
            output.data(f"{indent}Fix: {finding.fix}")
