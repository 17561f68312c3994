"""The layer `project`: the project itself, if it is a package, as its build backend installs it.

Python imports the code from the app directory and its `src` first. The layer adds the metadata with the entry points, the
scripts, and the code of packages in other directories. It is separate from the dependencies, which stay when the code changes.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from funcpack.buildpack.install import build_traces, setting_files
from funcpack.buildpack.install.environment import build_settings
from funcpack.buildpack.layers import invoker
from funcpack.buildpack.platform.layer import Layer, Types
from funcpack.project import digest

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from funcpack.buildpack.install.uv import Uv
    from funcpack.buildpack.install.virtualenv import Virtualenv
    from funcpack.buildpack.platform.context import Context
    from funcpack.buildpack.platform.log import Log
    from funcpack.project.dependency_files import Dependencies

NAME = "project"


def site_packages(layers: Path) -> Path:
    """Return the directory for sys.path. Its name is not `lib`, which the launcher would put on LD_LIBRARY_PATH."""
    return layers / NAME / "site-packages"


def provide_project(
    context: Context,
    environment: Virtualenv,
    dependencies: Dependencies | None,
    uv: Uv,
    log: Log,
    *,
    needs_files: bool,
) -> None:
    """Install the project itself if it is a package. Its scripts run with the Python of `environment`.

    Raises:
        InstallError: The build backend cannot install the project.

    """
    layer = Layer(context.layers, NAME, Types(launch=True), needs_files)
    package = dependencies.package if dependencies else None
    if package is None or dependencies is None:
        layer.remove()
        return
    files = setting_files.read_setting_files(uv.env, uv.cwd)
    last = str((layer.restored_metadata() or {}).get("written_files", ""))
    metadata = ProjectMetadata(
        **dataclasses.asdict(invoker.invoker_metadata(context, environment.interpreter, uv)),
        settings_digest=digest.text_digest("\n".join([build_settings(uv.env), files.digest])),
        sources_digest=package.digest,
        written_files=last,
    )
    changing = [*package.changing, *files.changing]
    changing += [f"the build backend wrote files into the app ({last})"] if last else []
    if not layer.reuse_or_reset(metadata, log, changing):
        from funcpack.buildpack.layers.project_installation import install_project  # noqa: PLC0415 - slow, needed only here

        log.line(f"Installing the project '{package.name}'.")
        written = install_project(layer, environment, package, dependencies, uv, log)
        if written is None:
            layer.remove()
            return
        metadata = dataclasses.replace(metadata, written_files=", ".join(written))
    build_traces.remove_source_metadata(uv.cwd)
    layer.contribute(metadata)


@dataclass(frozen=True, slots=True)
class ProjectMetadata(invoker.InvokerMetadata):
    """Everything that the layer depends on, and the files that the build backend wrote into the app, which no layer keeps."""

    settings_digest: str
    sources_digest: str
    written_files: str

    LABELS: ClassVar[Mapping[str, str]] = {
        **invoker.InvokerMetadata.LABELS,
        "settings_digest": "a setting of pip or uv, or a file that it names",
        "sources_digest": "a file of the app",
        "written_files": "the list of files that the build backend wrote",
    }
