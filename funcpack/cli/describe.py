"""The command `funcpack describe`: what is deployed, and whether it is ready."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from funcpack.cli.deployment_options import deployment, naming_options, print_description

if TYPE_CHECKING:
    from funcpack.deploy.plan.backend import Description

_EXAMPLES = """\b
Examples:
  funcpack describe --backend cloudrun
  funcpack describe --backend cloudrun --output json | jq -r .url
"""


@click.command(epilog=_EXAMPLES)
@naming_options
def command(directory: str, *, format_: str, **options: Any) -> None:
    """Show what is deployed: its address, its revision, and whether it is ready.

    The exit code is 1 if there is nothing with this name.
    """
    target = deployment(directory, options)
    description = target.describe()
    if description is None:
        from funcpack.deployment_errors import NotDeployedError  # noqa: PLC0415 - `funcpack --help` does not need it

        raise NotDeployedError(target.name, target.backend)
    print_description(description, format_, _text(description))


def _text(description: Description) -> str:
    rows = {
        "name": description.name,
        "backend": description.backend,
        "url": description.url,
        "revision": description.revision,
        "ready": "yes" if description.ready else "no",
        "reason": description.reason,
    }
    return "\n".join(f"{name + ':':<10}{value}" for name, value in rows.items() if value is not None)
