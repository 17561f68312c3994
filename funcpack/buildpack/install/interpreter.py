"""The Python interpreter that runs the function in the image."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from funcpack.buildpack.platform.context import run_image_target_id
from funcpack.errors import RunImagePythonError
from funcpack.project.python_request import parse_version
from funcpack.project.settings import Setting

if TYPE_CHECKING:
    from funcpack.buildpack.platform.context import Context
    from funcpack.project.python_request import Version
    from funcpack.project.settings import Settings

# The build image contains this description of the Python in the run image that belongs to it.
_DESCRIPTION = Path("/etc/funcpack/run-image-python")
RUN_IMAGE_ID = "funcpack.run"
_FORM = re.compile(r"(?P<version>\d+\.\d+\.\d+t?)\s+(?P<path>/\S+)")


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A Python interpreter, of the run image or in a layer. It has the same path in the build and in the image.

    The version of a free-threaded build ends with a `t`, as uv writes it.
    """

    version: str
    path: Path

    @property
    def numbers(self) -> Version:
        """The numbers of the version."""
        return parse_version(self.version.removesuffix("t"))

    @property
    def is_free_threaded(self) -> bool:
        """Whether it is a build without the global interpreter lock."""
        return self.version.endswith("t")


def run_image_interpreter(settings: Settings, context: Context) -> Interpreter | None:
    """Return the run image's Python, or None if it has none or is not known to have one.

    BP_RUN_IMAGE_PYTHON describes it. Without this variable, the description in Funcpack's build image applies, unless the
    platform reports a different run image. Other build images do not have a description.

    Raises:
        RunImagePythonError: The description is not valid, or the build image does not have this Python.

    """
    setting = settings.get("BP_RUN_IMAGE_PYTHON") or _described(context)
    if setting is None or setting.value == "none":
        return None
    match = _FORM.fullmatch(setting.value)
    if match is None:
        raise RunImagePythonError(setting.value, setting.origin)
    if not Path(match["path"]).is_file():
        raise RunImagePythonError(setting.value, setting.origin, match["path"])
    return Interpreter(match["version"], Path(match["path"]))


def _described(context: Context) -> Setting | None:
    if is_foreign(context):
        return None
    try:
        return Setting(_DESCRIPTION.read_text(encoding="utf-8").strip(), str(_DESCRIPTION))
    except OSError:
        return None


def is_foreign(context: Context) -> bool:
    """Check whether the platform reports a run image other than the one that belongs to Funcpack's build image."""
    return run_image_target_id(context.layers) not in {None, RUN_IMAGE_ID}
