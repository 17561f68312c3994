"""Writes launch.toml: the process that the image starts, and its labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from funcpack.buildpack.platform.launch import Launch, Process

if TYPE_CHECKING:
    from funcpack.buildpack.install.virtualenv import Virtualenv
    from funcpack.buildpack.platform.context import Buildpack, Context
    from funcpack.project.project import Project


def write_launch(context: Context, buildpack: Buildpack, project: Project, virtualenv: Virtualenv) -> None:
    """Write the default process `web`, which accepts more arguments from the platform, and the labels."""
    # -P keeps the working directory off sys.path, where it would shadow the imports of the invoker. The invoker adds it later.
    command = [str(virtualenv.python), "-P", "-m", "funcpack_invoker"]
    process = Process(
        "web", command, default=True, working_directory=None if project.app == context.app else project.app
    )
    labels = {"io.funcpack.handler": project.handler.text, "io.funcpack.buildpack.version": buildpack.version}
    Launch([process], {**project.labels, **labels}).write(context.layers)
