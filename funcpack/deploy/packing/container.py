"""How Cloud Build makes the image of an app: by its Dockerfile, by its Procfile, or by a default Dockerfile."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from funcpack.deploy.packing import dockerfile
from funcpack.deployment_errors import ProcfileError
from funcpack.project.app_files import is_present, read_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from funcpack.check.local import Inspection

DOCKERFILE, PROCFILE, DOCKERIGNORE = "Dockerfile", "Procfile", ".dockerignore"

# https://devcenter.heroku.com/articles/procfile#procfile-format
_WEB = re.compile(r"^web[ \t]*:[ \t]*(?P<command>\S.*?)\s*$", re.MULTILINE)

# The launcher sets the variables of the image's layers. Without `--`, it needs bash, which the run image does not have.
_LAUNCHER = ("/cnb/lifecycle/launcher", "--", "sh", "-c")


@dataclass(frozen=True, slots=True)
class ContainerSource:
    """The kind of build, and what `archive.pack` takes: the files to add by their names, and those to leave out.

    `command` is what the container starts, or empty for what the image names itself. `notes` are lines for the user about the
    decision.
    """

    kind: Literal["dockerfile", "procfile", "default"]
    extra: Mapping[str, bytes] = field(default_factory=dict)
    excluded: tuple[Path, ...] = ()
    command: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def source(directory: Path, inspection: Inspection) -> ContainerSource:
    """Return how to build the image of the app in `directory`. Nothing is written to the directory.

    Raises:
        ProcfileError: The Procfile has no process `web`.
        UserError: The Procfile or the dependencies cannot be read.

    """
    has_procfile = is_present(directory / PROCFILE)
    if is_present(directory / DOCKERFILE):
        notes = ("Using the Dockerfile; the Procfile has no effect",) if has_procfile else ("Using the Dockerfile",)
        return ContainerSource("dockerfile", notes=notes)
    if has_procfile:
        command = (*_LAUNCHER, f"exec {_web_command(directory)}")
        notes = ("Using the Procfile, with a build by Cloud Native Buildpacks",)
        return ContainerSource("procfile", command=command, notes=notes)
    # A .dockerignore without a Dockerfile is that of another build, and could exclude the files that are added here.
    excluded = (directory / DOCKERIGNORE,)
    notes = ("Using a default Dockerfile, because there is neither a Dockerfile nor a Procfile",)
    return ContainerSource("default", dockerfile.files(inspection), excluded, notes=notes)


def _web_command(directory: Path) -> str:
    web = _WEB.search(read_text(directory / PROCFILE, directory))
    if web is None:
        raise ProcfileError
    return web["command"]
