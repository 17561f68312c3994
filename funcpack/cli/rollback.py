"""The command `funcpack rollback`: gives the traffic back to what served before."""

from __future__ import annotations

from typing import Any

import click

from funcpack.cli.deployment_options import deployment, naming_options, outcome, print_description

_EXAMPLES = """\b
Examples:
  funcpack rollback --backend cloudrun
  funcpack rollback --backend kubernetes --namespace shop
"""


@click.command(epilog=_EXAMPLES)
@naming_options
def command(directory: str, *, format_: str, **options: Any) -> None:
    """Return to what served before the last deployment, and wait until it serves."""
    description = deployment(directory, options).rollback()
    revision = description.revision or ""
    # The first generation of Cloud Functions counts its versions.
    served = f" to {'version ' * revision.isdecimal()}{revision}" if revision else ""
    print_description(description, format_, f"rolled back {description.name}{served}{outcome(description)}")
