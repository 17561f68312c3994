"""The Python that the image runs the function with."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from funcpack.errors import RunImagePythonError
from funcpack.project.python_version import parse_version
from funcpack.project.settings import Setting

if TYPE_CHECKING:
    from funcpack.buildpack.platform.cnb import Context
    from funcpack.project.python_version import Version
    from funcpack.project.settings import Settings

# Made with the build image, from the packages that the run image of this id has too.
_DESCRIPTION = Path("/etc/funcpack/run-image-python")
_RUN_IMAGE_ID = "funcpack.run"
_FORM = re.compile(r"(?P<version>\d+\.\d+\.\d+)\s+(?P<path>/\S+)")


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A Python: the run image's own or one in a layer. The build has it at the same path as the image."""

    version: str
    path: Path

    @property
    def numbers(self) -> Version:
        """The version's numbers."""
        return parse_version(self.version)


def of_run_image(settings: Settings, context: Context) -> Interpreter | None:
    """Return the run image's Python, or None when it has none.

    BP_RUN_IMAGE_PYTHON says it, else the file that our build image has, unless the platform names a run image that the
    file is not about. Other build images have no such file, and nothing is known of the run images that go with them.

    Raises:
        RunImagePythonError: the description is not one, or not true of the build image.

    """
    setting = settings.get("BP_RUN_IMAGE_PYTHON") or _described(context)
    if setting is None or setting.value == "none":
        return None
    match = _FORM.fullmatch(setting.value)
    if match is None:
        raise RunImagePythonError(setting.value, setting.origin, "that is no version and path")
    if not Path(match["path"]).is_file():
        raise RunImagePythonError(setting.value, setting.origin, "the build image has no such file")
    return Interpreter(match["version"], Path(match["path"]))


def _described(context: Context) -> Setting | None:
    if is_foreign(context):
        return None
    try:
        return Setting(_DESCRIPTION.read_text(encoding="utf-8").strip(), str(_DESCRIPTION))
    except OSError:
        return None


def is_foreign(context: Context) -> bool:
    """Tell if the run image is known not to be the one that belongs to our build image.

    The lifecycle's analyzer leaves the label io.buildpacks.base.id of the run image in analyzed.toml from Platform API
    0.12 on; images that are made from a run image inherit it. Platforms before that say nothing.
    """
    target = _analyzed(context.layers.parent / "analyzed.toml").get("run-image", {}).get("target")
    return isinstance(target, dict) and target.get("id", "") != _RUN_IMAGE_ID


def _analyzed(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
