"""The options of the commands `deploy`, `describe`, `logs`, `rollback` and `destroy`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from funcpack.cli import output
from funcpack.cli.directory import existing_directory

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from funcpack.deploy import Deployment
    from funcpack.deploy.plan.backend import Description

_Command = TypeVar("_Command", bound="Callable[..., Any]")

_NAMING = (
    click.argument("directory", metavar="[DIR]", default="."),
    click.option(
        "--backend",
        metavar="B",
        help="cloudfunction, cloudfunctionv2, cloudrun, kubernetes or knative. Default: that of the code or the configuration, "
        "otherwise cloudfunction.",
    ),
    click.option(
        "--name", metavar="N", help="The name. Default: that of the configuration, otherwise of the directory."
    ),
    click.option(
        "--config",
        metavar="FILE",
        type=click.Path(path_type=Path),
        help="The configuration. Default: config.json or .goblet/config.json in DIR.",
    ),
    click.option("--stage", metavar="S", help="A stage of the configuration, which is merged into it."),
    click.option("--project", metavar="P", help="Google: the project. Default: GOOGLE_CLOUD_PROJECT."),
    click.option(
        "--location", metavar="L", help="Google: the location. Default: GOOGLE_CLOUD_LOCATION, otherwise us-central1."
    ),
    click.option("--namespace", metavar="NS", help="Kubernetes and Knative: the namespace."),
    click.option("--context", metavar="C", help="Kubernetes and Knative: the context of the kubeconfig."),
)
_FORMAT = click.option(
    "--output", "format_", type=click.Choice(["text", "json"]), default="text", help="The form of the report."
)


def naming_options(command: _Command) -> _Command:
    """Add the argument and the options that name a deployment, and `--output`."""
    for option in reversed((*_NAMING, _FORMAT)):
        command = option(command)
    return command


def deployment(directory: str, options: Mapping[str, Any]) -> Deployment:
    """Return the deployment that the options name. Its notes go to standard error."""
    from funcpack.deploy import Deployment  # noqa: PLC0415 - `funcpack --help` does not need it

    return Deployment(existing_directory(directory), note=output.note, **options)


def print_description(description: Description, format_: str, text: str) -> None:
    """Print what is deployed as JSON, or the text for people."""
    if format_ == "json":
        from dataclasses import asdict  # noqa: PLC0415 - as above

        output.json_data(asdict(description))
    else:
        output.data(text)


def outcome(description: Description) -> str:
    """Return the words for the address of a deployment, and why what is ready was not called; empty without both."""
    address = f" at {description.url}" if description.url else ""
    return f"{address}, {description.reason}" if description.ready and description.reason else address
