"""The command `funcpack destroy`: deletes what is deployed."""

from __future__ import annotations

from typing import Any

import click

from funcpack.cli import output
from funcpack.cli.deployment_options import deployment, naming_options

_EXAMPLES = """\b
Examples:
  funcpack destroy --backend cloudrun --name orders-test
  funcpack destroy --stage dev
"""


@click.command(epilog=_EXAMPLES)
@naming_options
def command(directory: str, *, format_: str, **options: Any) -> None:
    """Delete what is deployed, and wait until it is gone.

    It does not ask for confirmation. It deletes only what has exactly this name, and succeeds if there is nothing.
    """
    target = deployment(directory, options)
    is_destroyed = target.destroy()
    if format_ == "json":
        output.json_data({"name": target.name, "backend": target.backend, "destroyed": is_destroyed})
    else:
        output.data(f"destroyed {target.name}" if is_destroyed else f"{target.name} is not deployed")
