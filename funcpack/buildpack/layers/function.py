"""The layer `function`: the environment variables of the image, as defaults that the platform may override.

They are the handler name and the variables for running the function from kn func's func.yaml.

The layer is a few bytes and is written in every build, so that the handler name can change while the other layers stay.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from funcpack.buildpack.platform.launch import write_env_files
from funcpack.buildpack.platform.layer import Layer, Metadata, Types

if TYPE_CHECKING:
    from funcpack.buildpack.install.virtualenv import Virtualenv
    from funcpack.buildpack.platform.context import Context
    from funcpack.project.project import Project


def write_variables(context: Context, project: Project, virtualenv: Virtualenv) -> None:
    """Write the variables of an image that runs the function in `virtualenv`."""
    layer = Layer(context.layers, "function", Types(launch=True))
    layer.remove()
    variables = {f"{name}.default": value for name, value in project.run_variables.items()}
    write_env_files(
        layer.path / "env.launch",
        variables
        | {
            "PYTHON_HANDLER.default": project.handler.text,
            "PYTHONUNBUFFERED.default": "1",
            "PATH.prepend": str(virtualenv.python.parent),
            "PATH.delim": ":",
        },
    )
    layer.contribute(Metadata())
