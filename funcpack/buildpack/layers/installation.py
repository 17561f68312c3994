"""Fills the layer `dependencies` and the layers `big-NAME` with uv, and keeps the big packages of the last build if it can."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from funcpack.buildpack.install import block_groups, bytecode, conflicts, packages, sbom, wheels
from funcpack.buildpack.layers import project, splitting

if TYPE_CHECKING:
    from collections.abc import Sequence

    from funcpack.buildpack.install.uv import Uv
    from funcpack.buildpack.install.virtualenv import Virtualenv
    from funcpack.buildpack.layers.big_package import BigPackage
    from funcpack.buildpack.platform.context import Context
    from funcpack.buildpack.platform.layer import Layer
    from funcpack.buildpack.platform.log import Log
    from funcpack.project.dependency_files import Dependencies


@dataclass(frozen=True, slots=True)
class Installation:
    """An installation of the dependencies into `virtualenv`, which is in `layer`.

    `environment_digest` is the digest of the inputs that every package depends on.
    """

    context: Context
    layer: Layer
    virtualenv: Virtualenv
    invoker_environment: Virtualenv
    dependencies: Dependencies
    environment_digest: str
    uv: Uv
    log: Log

    def fill_layers(self, restored: Sequence[BigPackage]) -> list[BigPackage]:
        """Fill the environment, and return its big packages, both new ones and those of the last build.

        Raises:
            InstallError, InstallPlaceError: uv cannot install the dependencies.
            InvokerConflictError: The dependencies conflict with the invoker.

        """
        python, site_packages = self.virtualenv.interpreter.path, self.virtualenv.site_packages
        self.virtualenv.create()
        block_groups.spread_subdirectories(self.context.layers)
        with ExitStack() as compilers:
            with (
                self.uv.with_temporary_cache(self.context.layers) as uv,
                packages.without_traces(self.dependencies, self.uv),
            ):
                reused = self._install_packages(restored, uv)
                new = self._split_off_big_packages()
                for directory in (site_packages, *(package.site_packages for package in new)):
                    compilers.enter_context(bytecode.compile_packages_in_background(python, directory))
            if not reused:
                packages.warn_if_empty(self.dependencies, self.virtualenv, self.log)
            invoker = wheels.metadata_by_name(self.context.buildpack)
            conflicts.check_conflicts(invoker, self.virtualenv, self.dependencies.format, self.uv)
            self._complete_layers(reused, new)
        return sorted([*reused, *new], key=lambda package: package.metadata.name)

    def _install_packages(self, restored: Sequence[BigPackage], uv: Uv) -> list[BigPackage]:
        """Install all packages but those restored ones that are unchanged; return the latter."""
        site_packages = self.virtualenv.site_packages
        stubs = self._unchanged(restored)
        for package in stubs:
            package.write_stub(site_packages)
        self._run_uv(uv, has_stubs=bool(stubs))
        reused = [package for package in stubs if package.has_stub(site_packages)]
        if splitting.inseparable_packages(reused, site_packages):
            for package in reused:
                package.remove_stub(site_packages)
            self._run_uv(uv, has_stubs=False)
            reused = []
        for package in restored:
            if package in reused:
                self.log.reused_layer(package.layer.name)
            else:
                package.layer.remove()
        return reused

    def _unchanged(self, restored: Sequence[BigPackage]) -> list[BigPackage]:
        lines = self.dependencies.lines
        if lines is None:
            return []
        return [package for package in restored if package.is_unchanged(self.environment_digest, lines)]

    def _run_uv(self, uv: Uv, *, has_stubs: bool) -> None:
        # Stubs must not affect the choice of versions, and uv must remove those that the project no longer requires.
        stub_options = ["--upgrade", "--exact"] if has_stubs else []
        packages.install(self.dependencies, self.virtualenv, uv, self.log, stub_options)

    def _split_off_big_packages(self) -> list[BigPackage]:
        lines = self.dependencies.lines or ()
        new = splitting.move_big_packages(self.virtualenv, self.context.layers, self.environment_digest, lines)
        if new:
            names = ", ".join(f"{package.metadata.name} {package.metadata.version}" for package in new)
            self.log.line(f"Moved big packages to separate layers: {names}.")
        return new

    def _complete_layers(self, reused: Sequence[BigPackage], new: Sequence[BigPackage]) -> None:
        """Remove the stubs, write the path file and the bills of materials."""
        for package in (*reused, *new):
            package.remove_stub(self.virtualenv.site_packages)
        self.virtualenv.remove_traces_of_uv()
        big_packages = sorted(package.site_packages for package in (*reused, *new))
        # Python ignores the directory of the project if the project is not a package.
        directories = [project.site_packages(self.context.layers), *big_packages]
        packages.write_path_file(self.virtualenv, [*directories, self.invoker_environment.site_packages])
        sbom.write_sbom(self.layer.sbom, self.virtualenv.site_packages)
        for package in new:
            sbom.write_sbom(package.layer.sbom, package.site_packages)
