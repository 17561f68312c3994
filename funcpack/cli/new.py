"""`funcpack new`: creates a project from a template."""

from __future__ import annotations

import shlex
import sys
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import click

from funcpack.cli.output import data, note

if TYPE_CHECKING:
    from collections.abc import Mapping

TEMPLATES = {
    "http": "responds to HTTP requests",
    "cloudevent": "replies to CloudEvents with CloudEvents",
    "typed": "receives the data of a CloudEvent as a dataclass",
    "async": "calls another service without blocking other requests",
}

_EXAMPLES = """\b
Examples:
  funcpack new hello
  funcpack new --template cloudevent orders
  funcpack new --list
"""


@click.command("new", epilog=_EXAMPLES)
@click.argument("directory", metavar="[DIR]", default=".", type=click.Path(path_type=Path))
@click.option(
    "--template", type=click.Choice(list(TEMPLATES)), help="Template. Default: ask on a terminal, otherwise http."
)
@click.option("--list", "lists_templates", is_flag=True, help="List the templates, and create nothing.")
def command(directory: Path, template: str | None, *, lists_templates: bool) -> None:
    """Create a function in the directory DIR, by default the current one.

    Existing files stay as they are: if one of them has the name of a new file, nothing is created.
    """
    if lists_templates:
        for name, description in TEMPLATES.items():
            data(f"{name:<12}{description}")
        return
    files = _read_template(template or _chosen_template())
    _require_free_names(directory, files)
    _write_files(directory, files)
    _print_next_steps(directory, files)


def _chosen_template() -> str:
    """Ask for the template on a terminal; elsewhere nobody could answer."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return "http"
    for name, description in TEMPLATES.items():
        note(f"  {name:<12}{description}")
    chosen: str = click.prompt(
        "Template", default="http", type=click.Choice(list(TEMPLATES)), err=True, show_choices=False
    )
    return chosen


def _read_template(name: str) -> dict[str, bytes]:
    """Return the contents of a template's files by their names."""
    directory = resources.files("funcpack") / "templates" / name
    files = sorted((file for file in directory.iterdir() if file.is_file()), key=lambda file: file.name)
    return {file.name: file.read_bytes() for file in files}


def _require_free_names(directory: Path, files: Mapping[str, bytes]) -> None:
    from funcpack.command_errors import ExistingFilesError, NotADirectoryArgumentError  # noqa: PLC0415 - slow, needed only here

    if directory.exists() and not directory.is_dir():
        raise NotADirectoryArgumentError(str(directory), "is not a directory")
    # A link that leads nowhere exists, too.
    existing = [name for name in files if (directory / name).exists() or (directory / name).is_symlink()]
    if existing:
        raise ExistingFilesError(str(directory), existing)


def _write_files(directory: Path, files: Mapping[str, bytes]) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        # Exclusive creation never replaces a file that appeared in the meantime.
        with (directory / name).open("xb") as stream:
            stream.write(content)


def _print_next_steps(directory: Path, files: Mapping[str, bytes]) -> None:
    for name in files:
        data(str(directory / name))
    change = "" if directory.resolve() == Path.cwd() else f"cd {shlex.quote(str(directory))} && "
    note(f"\nCreated {len(files)} files. Next, serve the function:\n\n  {change}funcpack run")
