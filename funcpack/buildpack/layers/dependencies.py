"""The layer `dependencies`: what the function itself needs, in an environment of its own before the invoker's.

It is made anew whenever anything that it depends on changes: installing into what an earlier build left would keep what
the project has dropped. As the invoker's it is for the launch only.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from funcpack.buildpack import report
from funcpack.buildpack.install.environment import of_index
from funcpack.buildpack.install.virtualenv import Virtualenv
from funcpack.buildpack.layers import big_package, invoker
from funcpack.buildpack.platform.cnb import Layer, Metadata, Types
from funcpack.project import digest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from funcpack.buildpack.install.uv import Uv
    from funcpack.buildpack.layers.big_package import LargePackage
    from funcpack.buildpack.platform.cnb import Context
    from funcpack.buildpack.platform.log import Log
    from funcpack.project.dependency_files import Dependencies


def provide(
    context: Context, base: Virtualenv, dependencies: Dependencies | None, uv: Uv, log: Log, *, needs_files: bool
) -> Virtualenv:
    """Provide the function's environment on top of `base`, the invoker's, and return the one to start with.

    Raises:
        InstallError: uv could not install the dependencies.
        InvokerConflictError: they do not fit the invoker.

    """
    layer = Layer(context.layers, "dependencies", Types(launch=True), needs_files)
    report.dependencies(log, dependencies)
    if dependencies is None:
        layer.drop()
        big_package.drop(context.layers)
        return base
    virtualenv = Virtualenv(layer.path, base.interpreter)
    packages = big_package.restored(context.layers, needs_files=needs_files)
    metadata = _metadata(context, base, dependencies, uv)
    if not layer.is_of_last_build(replace(metadata, large=_names(packages)), log):
        from funcpack.buildpack.layers.installation import Installation  # noqa: PLC0415 - slow, and for nothing else

        installation = Installation(context, layer, virtualenv, base, dependencies, metadata.of_packages(), uv, log)
        packages = installation.run(packages)
    for package in packages:
        package.keep()
    layer.keep(replace(metadata, large=_names(packages)))
    return virtualenv


@dataclass(frozen=True, slots=True)
class DependenciesMetadata(Metadata):
    """What the layer depends on."""

    python_version: str
    python_path: str
    arch: str
    distro: str
    uv_version: str
    invoker_digest: str
    file: str
    requirements_digest: str
    settings_digest: str
    large: str

    LABELS: ClassVar[Mapping[str, str]] = {
        **invoker.InvokerMetadata.LABELS,
        "file": "the file of the dependencies",
        "requirements_digest": "what the project depends on",
        "settings_digest": "a setting of pip or uv",
        "large": "what is in layers of its own",
    }

    def of_packages(self) -> str:
        """Return the digest of what every package depends on, whatever the others are."""
        causes = (self.python_version, self.python_path, self.arch, self.distro, self.uv_version, self.settings_digest)
        return digest.of_text("\n".join(causes))


def _names(packages: Sequence[LargePackage]) -> str:
    return " ".join(package.metadata.name for package in packages)


def _metadata(context: Context, base: Virtualenv, dependencies: Dependencies, uv: Uv) -> DependenciesMetadata:
    settings = [of_index(uv.env), *uv.install_options]
    return DependenciesMetadata(
        base.interpreter.version,
        str(base.interpreter.path),
        context.target.arch,
        context.target.distro,
        uv.version(),
        invoker.lock_digest(context.buildpack),
        dependencies.format,
        dependencies.digest,
        digest.of_text("\n".join(settings)),
        large="",
    )
