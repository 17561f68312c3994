"""The command `funcpack deploy`: deploys the function, or shows what that would send or change."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from funcpack.cli import output, seconds
from funcpack.cli.deployment_options import deployment, naming_options, outcome, print_description

if TYPE_CHECKING:
    from funcpack.deploy.plan.backend import Change, Description, Difference

_EXAMPLES = """\b
Examples:
  funcpack deploy --backend cloudrun --project orders-prod --dry-run
  funcpack deploy --backend cloudrun --image example.com/orders:1.0
  funcpack deploy --backend knative --image example.com/orders:1.0 --dry-run > orders.yaml
  funcpack deploy --stage prod --set cloudrun.traffic=25 --plan
"""
_EXIT_FAILED = 1


@click.command(epilog=_EXAMPLES)
@click.option("--image", metavar="REF", help="An image of the function, instead of a build.")
@click.option("--set", metavar="K=V", multiple=True, help="A value of the configuration, such as cloudrun.traffic=25.")
@click.option("--dry-run", is_flag=True, help="Print what would be sent, without network and credentials.")
@click.option("--plan", is_flag=True, help="Print what would change, and change nothing.")
@click.option("--no-wait", is_flag=True, help="Do not wait until the function is ready.")
@click.option("--timeout", type=float, callback=seconds.positive, metavar="S", help="The deadline in seconds.")
@click.option(
    "--smoke",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="A saved request that has to succeed before the new revision gets traffic.",
)
@naming_options
def command(directory: str, *, dry_run: bool, plan: bool, format_: str, **options: Any) -> int:
    """Deploy the function in DIR.

    The function, the configuration and the permissions are checked before anything is built or sent. The command waits until the new
    version is ready, and calls it. If it cannot be called from here, the result says so.
    """
    from funcpack.command_errors import ConflictingOptionsError  # noqa: PLC0415 - `funcpack --help` does not need it

    if dry_run and plan:
        raise ConflictingOptionsError("--dry-run", "--plan")
    target = deployment(directory, options)
    if dry_run:
        output.data(target.shown_plan(format_).removesuffix("\n"))
    elif plan:
        _print_difference(target.difference(), format_)
    else:
        return _report(target.deploy(), format_, waits=not options["no_wait"])
    return 0


def _report(description: Description, format_: str, *, waits: bool) -> int:
    if description.ready and waits:
        text = f"deployed {description.name}{outcome(description)}"
    elif not waits:
        text = f"Started deploying {description.name}. To see when it is ready, run: funcpack describe"
    else:
        text = f"{description.name} is not ready: {description.reason or 'the deployment has not ended'}"
    print_description(description, format_, text)
    return _EXIT_FAILED if waits and not description.ready else 0


def _print_difference(difference: Difference, format_: str) -> None:
    if format_ == "json":
        changes = [{"field": change.field, "old": change.old, "new": change.new} for change in difference.changes]
        output.json_data({"exists": difference.exists, "build": difference.needs_build, "changes": changes})
        return
    for change in difference.changes:
        sign, text = _shown(change)
        output.data(f"{sign} {change.field}: {text}", fg={"+": "green", "-": "red", "~": "yellow"}[sign])
    if not difference.changes:
        output.data("no changes")
    output.data("build" if difference.needs_build else "no build")


def _shown(change: Change) -> tuple[str, str]:
    """Return the sign of a change, and its values."""
    old, new = (json.dumps(value, ensure_ascii=False) for value in (change.old, change.new))
    if change.old is None:
        return "+", new
    if change.new is None:
        return "-", old
    return "~", f"{old} -> {new}"
