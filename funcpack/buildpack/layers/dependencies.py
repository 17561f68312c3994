"""The layer `dependencies`: an environment with the packages of the function, which shadow those of the invoker.

It is created again whenever one of its inputs changes. Installing into the environment of an earlier build would keep packages
that the project no longer declares. Like the invoker's layer, it is for the launch only.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from funcpack.buildpack.install import setting_files
from funcpack.buildpack.install.environment import build_settings
from funcpack.buildpack.install.virtualenv import Virtualenv
from funcpack.buildpack.layers import big_package, invoker
from funcpack.buildpack.platform.layer import Layer, Types
from funcpack.project import digest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from funcpack.buildpack.install.setting_files import SettingFiles
    from funcpack.buildpack.install.uv import Uv
    from funcpack.buildpack.layers.big_package import BigPackage
    from funcpack.buildpack.platform.context import Context
    from funcpack.buildpack.platform.log import Log
    from funcpack.project.dependency_files import Dependencies


def provide_environment(
    context: Context,
    invoker_environment: Virtualenv,
    dependencies: Dependencies | None,
    uv: Uv,
    log: Log,
    *,
    needs_files: bool,
) -> Virtualenv:
    """Provide the function's environment on top of the invoker's, and return the environment that the image starts.

    Raises:
        InstallError: uv cannot install the dependencies.
        InvokerConflictError: The dependencies conflict with the invoker.

    """
    layer = Layer(context.layers, "dependencies", Types(launch=True), needs_files)
    if dependencies is None:
        layer.remove()
        big_package.remove_all(context.layers)
        return invoker_environment
    virtualenv = Virtualenv(layer.path, invoker_environment.interpreter)
    packages = big_package.restored_packages(context.layers, needs_files=needs_files)
    files = setting_files.read_setting_files(uv.env, uv.cwd)
    metadata = _metadata(context, invoker_environment, dependencies, uv, files)
    changing = (*dependencies.changing, *files.changing)
    if not layer.reuse_or_reset(dataclasses.replace(metadata, big_packages=_names(packages)), log, changing):
        from funcpack.buildpack.layers.installation import Installation  # noqa: PLC0415 - slow, needed only here

        digest_ = metadata.environment_digest()
        installation = Installation(context, layer, virtualenv, invoker_environment, dependencies, digest_, uv, log)
        packages = installation.fill_layers(packages)
    for package in packages:
        package.contribute()
    layer.contribute(dataclasses.replace(metadata, big_packages=_names(packages)))
    return virtualenv


@dataclass(frozen=True, slots=True)
class DependenciesMetadata(invoker.InvokerMetadata):
    """Everything that the layer depends on, the invoker included."""

    file: str
    requirements_digest: str
    settings_digest: str
    big_packages: str

    LABELS: ClassVar[Mapping[str, str]] = {
        **invoker.InvokerMetadata.LABELS,
        "file": "the file with the dependencies",
        "requirements_digest": "the content of the dependency files",
        "settings_digest": "a setting of pip or uv, or a file that it names",
        "big_packages": "the list of packages in separate layers",
    }

    def environment_digest(self) -> str:
        """Return the digest of the inputs that every package depends on, regardless of the other packages."""
        causes = (self.python_version, self.python_path, self.arch, self.distro, self.uv_version, self.settings_digest)
        return digest.text_digest("\n".join(causes))


def _names(packages: Sequence[BigPackage]) -> str:
    return " ".join(package.metadata.name for package in packages)


def _metadata(
    context: Context, invoker_environment: Virtualenv, dependencies: Dependencies, uv: Uv, files: SettingFiles
) -> DependenciesMetadata:
    settings = [build_settings(uv.env), *uv.install_options, files.digest]
    return DependenciesMetadata(
        **dataclasses.asdict(invoker.invoker_metadata(context, invoker_environment.interpreter, uv)),
        file=dependencies.format,
        requirements_digest=dependencies.digest,
        settings_digest=digest.text_digest("\n".join(settings)),
        big_packages="",
    )
