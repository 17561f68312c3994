"""Fills the layer `dependencies` and the layers `big-NAME` with uv, and keeps the big packages of the last build if it can."""

from __future__ import annotations

from contextlib import ExitStack, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

from funcpack.buildpack.install import (
    block_groups,
    build_traces,
    bytecode,
    conflicts,
    locked,
    pip_settings,
    pylock,
    sbom,
    uv_failures,
)
from funcpack.buildpack.install.uv import Uv, UvError
from funcpack.buildpack.layers import project, splitting
from funcpack.project.dependency_files import Format

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

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
            with self.uv.with_temporary_cache(self.context.layers) as uv, self._traces():
                reused = self._install_packages(restored, uv)
                new = self._split_off_big_packages()
                for directory in (site_packages, *(package.site_packages for package in new)):
                    compilers.enter_context(bytecode.compile_packages_in_background(python, directory))
            self._warn_if_empty(reused)
            conflicts.check_conflicts(self.context.buildpack, self.virtualenv, self.dependencies.format, self.uv)
            self._complete_layers(reused, new)
        return sorted([*reused, *new], key=lambda package: package.metadata.name)

    def _traces(self) -> AbstractContextManager[object]:
        has_sources = self.dependencies.has_sources
        return build_traces.removed(self.uv.cwd) if has_sources else nullcontext()

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
        sources = _source_options(self.dependencies, uv)
        uv = uv.with_env(UV_PROJECT_ENVIRONMENT=str(self.virtualenv.path), **self._options(uv))
        try:
            with ExitStack() as files:
                command = self._install_command(uv, sources, files)
                uv.run([*command, *stub_options, *sources], self.log)
        except UvError as exc:
            has_vendor = self.dependencies.vendor is not None
            raise uv_failures.error_for(exc.output, self.dependencies.format, uv.cwd, has_vendor=has_vendor) from exc

    def _install_command(self, uv: Uv, sources: Sequence[str], files: ExitStack) -> list[str]:
        """Return the command to install the dependencies. `files` removes the temporary files that it reads."""
        format_, python = self.dependencies.format, self.virtualenv.interpreter.path
        exported = locked.requirements_for_other_places(self.dependencies, uv, python, sources)
        if exported is not None:
            self.log.line(f"Using the versions and hashes in {format_}, with packages from other places than it names.")
            name = files.enter_context(locked.temporary_file(exported))
            return [*self._pip_command(), "--no-deps", "--requirement", name]
        if format_ is Format.UV_LOCK:
            return _sync_command(python)
        if format_ is Format.PYLOCK:
            name = files.enter_context(pylock.without_project(uv.cwd)) if self.dependencies.package else str(format_)
            # uv warns that its support for pylock.toml may change, but the version of uv in the buildpack is fixed.
            return ["--preview-features=pylock", *self._pip_command(), "--requirement", name]
        return [*self._pip_command(), "--requirement", format_]

    def _pip_command(self) -> list[str]:
        settings = self.dependencies.pip_settings
        pip_settings.check_place(settings)
        options = pip_settings.options_for_image(settings, self.virtualenv.interpreter)
        return ["pip", "install", "--no-compile-bytecode", "--python", str(self.virtualenv.python), *options]

    def _options(self, uv: Uv) -> dict[str, str]:
        """Return the variables for options in the dependency file. The user's variables take precedence."""
        return {name: value for name, value in self.dependencies.variables.items() if name not in uv.env}

    def _split_off_big_packages(self) -> list[BigPackage]:
        lines = self.dependencies.lines or ()
        new = splitting.move_big_packages(self.virtualenv, self.context.layers, self.environment_digest, lines)
        if new:
            names = ", ".join(f"{package.metadata.name} {package.metadata.version}" for package in new)
            self.log.line(f"Moved big packages to separate layers: {names}.")
        return new

    def _warn_if_empty(self, reused: Sequence[BigPackage]) -> None:
        """Warn if the markers of all requirements exclude them, for example after `poetry export` for another Python version."""
        is_direct = self.dependencies.format in {Format.REQUIREMENTS, Format.PYPROJECT}
        requires = is_direct and any(self.dependencies.names)
        if requires and not reused and not any(self.virtualenv.site_packages.glob("*.dist-info")):
            python = f"Python {self.virtualenv.interpreter.version} on Linux"
            self.log.line(
                f"Warning: no requirement in {self.dependencies.format} applies to {python}, so no package is installed. See the"
                " markers after ';' in the file."
            )

    def _complete_layers(self, reused: Sequence[BigPackage], new: Sequence[BigPackage]) -> None:
        """Remove the stubs, write the path file and the bills of materials."""
        for package in (*reused, *new):
            package.remove_stub(self.virtualenv.site_packages)
        self.virtualenv.remove_traces_of_uv()
        big_packages = sorted(package.site_packages for package in (*reused, *new))
        # Python ignores the directory of the project if the project is not a package.
        directories = [project.site_packages(self.context.layers), *big_packages]
        _write_path_file(self.virtualenv, [*directories, self.invoker_environment.site_packages])
        sbom.write_sbom(self.layer.sbom, self.virtualenv.site_packages)
        for package in new:
            sbom.write_sbom(package.layer.sbom, package.site_packages)


def _write_path_file(virtualenv: Virtualenv, directories: Sequence[Path]) -> None:
    """Add directories to sys.path, after the environment's own packages and with the invoker's packages last.

    Python appends the lines of a .pth file to sys.path. The name sorts after those of editable installs, whose packages
    belong to the function, too.
    """
    text = "".join(f"{directory}\n" for directory in directories)
    (virtualenv.site_packages / "zz_funcpack_invoker.pth").write_text(text, encoding="utf-8")


def _sync_command(python: Path) -> list[str]:
    project = ["--no-default-groups", "--no-install-project", "--no-editable", "--no-compile-bytecode"]
    return ["sync", "--locked", *project, "--python", str(python)]


def _source_options(dependencies: Dependencies, uv: Uv) -> Sequence[str]:
    options = dependencies.source_options(uv.install_options)
    # `uv sync` does not have the options for single packages.
    is_sync = dependencies.format is Format.UV_LOCK and not dependencies.vendor
    return [option for option in options if option == "--no-index"] if is_sync else options
