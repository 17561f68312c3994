"""The command `funcpack logs`: the last lines that the deployed function wrote."""

from __future__ import annotations

from typing import Any

import click

from funcpack.cli import output
from funcpack.cli.deployment_options import deployment, naming_options

_EXAMPLES = """\b
Examples:
  funcpack logs --backend cloudrun
  funcpack logs --backend kubernetes --namespace shop
"""


@click.command(epilog=_EXAMPLES)
@naming_options
def command(directory: str, *, format_: str, **options: Any) -> None:
    """Print the last lines that the deployed function wrote.

    With '--output json', each line is an object.
    """
    for line in deployment(directory, options).logs():
        if format_ == "json":
            output.json_data({"line": line})
        else:
            output.data(line)
