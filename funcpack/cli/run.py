"""`funcpack run`: serves the function on this machine, and loads it again when a file changes."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

DEBUG_PORT = 5678

_EPILOG = """\b
Examples:
  funcpack run
  funcpack run hello --port 9000 --env GREETING=hello
  funcpack run --debug
"""

_PORT = click.IntRange(0, 65535)


class _RunCommand(click.Command):
    """A command whose option --debug may be followed by a directory."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments; --debug has a value only if a number follows."""
        given = [
            f"--debug={DEBUG_PORT}" if arg == "--debug" and not following.isdigit() else arg
            for arg, following in pairwise([*args, ""])
        ]
        return super().parse_args(ctx, given)


def _variables(_ctx: click.Context, _option: click.Parameter, given: Sequence[str]) -> dict[str, str]:
    """Return the variables in the form NAME=value."""
    from funcpack.command_errors import OptionValueError  # noqa: PLC0415 - see `command`
    from funcpack.dev_server.variables import is_variable_name  # noqa: PLC0415 - as above

    variables = {}
    for text in given:
        name, separator, value = text.partition("=")
        if not separator or not is_variable_name(name):
            raise OptionValueError("--env", text, "is not NAME=VALUE", "--env GREETING=hello")
        variables[name] = value
    return variables


@click.command("run", cls=_RunCommand, epilog=_EPILOG)
@click.argument("directory", metavar="[DIR]", default=".", type=click.Path(path_type=Path))
@click.option("--port", type=_PORT, default=8080, show_default=True, help="Port for requests.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address for requests.")
@click.option("--ui-port", type=_PORT, default=8081, show_default=True, help="Port of the page, on 127.0.0.1.")
@click.option("--no-ui", is_flag=True, help="Do not serve the page.")
@click.option("--no-reload", is_flag=True, help="Do not reload the function when a file changes.")
@click.option("--handler", metavar="NAME", help="Function to serve, such as handler.handler.")
@click.option("--env", "given", metavar="NAME=VALUE", multiple=True, callback=_variables, help="Set a variable.")
@click.option(
    "--env-file",
    "env_files",
    metavar="FILE",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, readable=True, resolve_path=True, path_type=Path),
    help="Set the variables in a file, one NAME=VALUE per line.",
)
@click.option("--python", metavar="VERSION", help="Python version. Default: the one that a build chooses.")
@click.option("--debug", metavar="[PORT]", type=_PORT, help=f"Wait for a debugger, by default at port {DEBUG_PORT}.")
@click.option(
    "--output", type=click.Choice(["text", "json"]), default="text", show_default=True, help="Format of the output."
)
def command(**options: Any) -> int:
    """Serve the function in DIR, and reload it when a file changes.

    During a reload, new requests wait for the new version.
    """
    # The imports take longer than all other commands do.
    from funcpack.cli.serving import Serving  # noqa: PLC0415

    return Serving(**options).run()
