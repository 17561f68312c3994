"""The argument SECONDS of options: a deadline."""

from __future__ import annotations

import click


def positive(ctx: click.Context, parameter: click.Parameter, value: float | None) -> float | None:  # noqa: ARG001 - click's signature
    """Reject a number of seconds that is not positive, NaN included."""
    if value is not None and not value > 0:
        raise click.BadParameter("it is not a positive number of seconds")
    return value
