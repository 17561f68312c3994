"""`funcpack samples`: lists the sample events, or prints one."""

from __future__ import annotations

import click

from funcpack.calls import sample_events
from funcpack.cli.output import data, json_data

_EXAMPLES = """\b
Examples:
  funcpack samples
  funcpack samples s3 > event.json
  funcpack invoke --event event.json
"""


@click.command(epilog=_EXAMPLES)
@click.argument("name", required=False, type=click.Choice(tuple(sample_events.TITLES)), metavar="[NAME]")
@click.option("--output", type=click.Choice(("text", "json")), default="text", help="Format of the list.")
def command(name: str | None, output: str) -> None:
    """List the sample events, or print the event NAME as JSON."""
    if name:
        data(sample_events.load(name).text.rstrip())
        return
    samples = [sample_events.load(name) for name in sample_events.TITLES]
    if output == "json":
        json_data([{"name": sample.name, "title": sample.title, "type": sample.type} for sample in samples])
        return
    for sample in samples:
        data(f"{sample.name:<13}{sample.title}")
