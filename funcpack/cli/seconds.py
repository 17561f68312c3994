"""The argument SECONDS of options: a deadline."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import click


def positive(ctx: click.Context, parameter: click.Parameter, value: float | None) -> float | None:  # noqa: ARG001 - click's signature
    """Return a number of seconds.

    Raises:
        OptionValueError: It is not positive, or it is not a number (NaN).

    """
    if value is not None and not value > 0:
        from funcpack.command_errors import OptionValueError  # noqa: PLC0415 - `funcpack --help` does not need it

        option = parameter.opts[0]
        raise OptionValueError(option, f"{value:g}", "is not a positive number of seconds", f"{option} 10")
    return value
