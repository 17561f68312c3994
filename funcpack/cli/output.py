"""What commands print: data on standard output, everything else on standard error."""

from __future__ import annotations

import json
import os
from typing import Any

import click

# The invoker's line about the port of its own, which the tool chose.
_LISTENING = " INFO funcpack: listening on http://"


def note(text: str, **style: Any) -> None:
    """Print a line for people on standard error, in the given style of `click.style` if that is a terminal."""
    click.secho(text, err=True, color=_color(), **style)


def data(text: str, **style: Any) -> None:
    """Print a line of the command's result on standard output."""
    click.secho(text, color=_color(), **style)


def json_data(value: object) -> None:
    """Print a value as one line of JSON on standard output."""
    click.echo(json.dumps(value, ensure_ascii=False))


def is_for_people(line: str) -> bool:
    """Return whether a line of the function's process helps people; one with an address that they should not use does not."""
    return _LISTENING not in line


def _color() -> bool | None:
    """Return False if the user does not want colours (https://no-color.org), otherwise leave the choice to click."""
    return False if os.environ.get("NO_COLOR") else None
