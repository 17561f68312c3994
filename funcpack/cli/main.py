"""The command `funcpack`: finds the subcommand, and turns its errors into text and an exit code.

A command is imported when it runs. The list of commands, its texts included, is a table, because `funcpack --help` would have
to import all commands otherwise.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

import click

from funcpack.cli import error_boundary, standard_streams

if TYPE_CHECKING:
    from collections.abc import Sequence

# In the order of a project's life. Each name is also that of the module and of the click command in it.
COMMANDS = {
    "new": "Create a function from a template.",
    "check": "Check the function as a build does, without running it.",
    "run": "Serve the function, and reload it when a file changes.",
    "invoke": "Send a request or an event to a function.",
    "samples": "List the sample events.",
    "test": "Send the saved requests, and compare the answers.",
    "build": "Build an image with the buildpack.",
    "deploy": "Deploy the function to Google Cloud, Kubernetes or Knative.",
    "describe": "Show what is deployed, and whether it is ready.",
    "logs": "Print the last lines that the deployed function wrote.",
    "rollback": "Return to what served before the last deployment.",
    "destroy": "Delete what is deployed.",
    "ci": "Print a workflow for continuous integration.",
    "doctor": "Check the tools that Funcpack uses on this machine.",
}

_EXAMPLES = """\
Examples:
  funcpack new hello && cd hello
  funcpack run
  funcpack invoke http://127.0.0.1:8080 --json '{"name": "Ada"}'
  funcpack build --tag hello
  funcpack deploy --backend cloudrun --project orders-prod
"""


class Commands(click.Group):
    """The group of all commands, which imports a command when it is needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the names in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Import a command; return None if there is none of this name."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"funcpack.cli.{cmd_name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that the arguments begin with.

        Raises:
            click.UsageError: There is no such command.

        """
        if args[0] not in COMMANDS and not args[0].startswith("-"):
            from funcpack.similar_names import nearest  # noqa: PLC0415 - slow, needed only here

            similar = nearest(args[0], COMMANDS)
            ctx.fail(f"There is no command '{args[0]}'." + (f" Did you mean '{similar}'?" if similar else ""))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        """Write the table of commands."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        """Write the examples as they are."""
        formatter.write(f"\n{_EXAMPLES}")


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="funcpack", message="%(prog)s %(version)s")
def funcpack() -> None:
    """Turn a Python function into a container image, and run it.

    The names of the parameters decide what the function receives: an HTTP request or a CloudEvent.
    """


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line `arguments`, by default that of this process; return the exit code."""
    standard_streams.open_closed()
    return error_boundary.run(lambda: funcpack.main(arguments, prog_name="funcpack", standalone_mode=False))
