"""The layer `function`: the variables that the image starts with, all of them defaults that the platform may change.

They are the handler's name, and what kn func's func.yaml says for running the function.

It is a few bytes and written in every build, so that the handler's name can change while the other layers stay.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from funcpack.buildpack.platform.cnb import Layer, Metadata, Types, write_env
from funcpack.project import func_yaml

if TYPE_CHECKING:
    from funcpack.buildpack.install.virtualenv import Virtualenv
    from funcpack.buildpack.platform.cnb import Context
    from funcpack.project.settings import HandlerName


def provide(context: Context, handler: HandlerName, virtualenv: Virtualenv) -> None:
    """Write the variables."""
    layer = Layer(context.layers, "function", Types(launch=True))
    layer.drop()
    variables = {f"{key}.default": value for key, value in func_yaml.run_variables(context.app / "func.yaml").items()}
    write_env(
        layer.path / "env.launch",
        variables
        | {
            "PYTHON_HANDLER.default": handler.text,
            "PYTHONUNBUFFERED.default": "1",
            "PATH.prepend": str(virtualenv.python.parent),
            "PATH.delim": ":",
        },
    )
    layer.keep(Metadata())
