"""Fills the layers `dependencies` and `big-NAME` with uv, what can stay of the last build apart."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from funcpack.buildpack.install import block_groups, bytecode, conflicts, sbom
from funcpack.buildpack.install.uv import Uv, UvError
from funcpack.buildpack.install.uv_failures import explained
from funcpack.buildpack.layers import big_package, splitting
from funcpack.project.dependency_files import Format

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from funcpack.buildpack.install.virtualenv import Virtualenv
    from funcpack.buildpack.layers.big_package import LargePackage
    from funcpack.buildpack.platform.cnb import Context, Layer
    from funcpack.buildpack.platform.log import Log
    from funcpack.project.dependency_files import Dependencies


@dataclass(frozen=True, slots=True)
class Installation:
    """What is installed into the layer `virtualenv` is in; `environment_digest` stands for what every package depends on."""

    context: Context
    layer: Layer
    virtualenv: Virtualenv
    base: Virtualenv
    dependencies: Dependencies
    environment_digest: str
    uv: Uv
    log: Log

    def run(self, last: Sequence[LargePackage]) -> list[LargePackage]:
        """Fill the environment, and return the large packages that belong to it, those of the last build among them.

        Raises:
            InstallError: uv could not install the dependencies.
            InvokerConflictError: they do not fit the invoker.

        """
        python, site_packages = self.base.interpreter.path, self.virtualenv.site_packages
        self.virtualenv.make()
        block_groups.spread(self.context.layers)
        with ExitStack() as compiling:
            # uv links files from its cache where both are on one file system, as everything below the layers is.
            with tempfile.TemporaryDirectory(
                prefix="uv-cache-", dir=self.context.layers, ignore_cleanup_errors=True
            ) as cache:
                kept = self._install(last, self.uv.with_env(UV_CACHE_DIR=cache))
                made = self._split_off()
                for directory in (site_packages, *(package.site_packages for package in made)):
                    compiling.enter_context(bytecode.compiling_packages(python, directory))
            conflicts.check(self.context.buildpack, self.virtualenv, self.dependencies.format, self.uv)
            self._finish(kept, made)
        return sorted([*kept, *made], key=lambda package: package.metadata.name)

    def _install(self, last: Sequence[LargePackage], uv: Uv) -> list[LargePackage]:
        """Install what `last` does not have; return the packages of `last` that are used again."""
        lines = self.dependencies.lines
        same = [] if lines is None else [p for p in last if big_package.is_the_same(p, self.environment_digest, lines)]
        for package in same:
            package.stand_in(self.virtualenv.site_packages)
        _install(self.virtualenv, self.dependencies, uv, self.log, beside=same)
        kept = [package for package in same if package.is_standing_in(self.virtualenv.site_packages)]
        if splitting.apart(kept, self.virtualenv.site_packages):
            for package in kept:
                package.stand_back(self.virtualenv.site_packages)
            _install(self.virtualenv, self.dependencies, uv, self.log, beside=[])
            kept = []
        for package in last:
            if package in kept:
                self.log.line(f"Layer '{package.layer.name}': the one of the last build is used again.")
            else:
                package.layer.drop()
        return kept

    def _split_off(self) -> list[LargePackage]:
        lines = self.dependencies.lines or ()
        made = splitting.split_off(self.virtualenv, self.context.layers, self.environment_digest, lines)
        if made:
            names = ", ".join(f"{package.metadata.name} {package.metadata.version}" for package in made)
            self.log.line(f"In layers of their own, being large: {names}.")
        return made

    def _finish(self, kept: Sequence[LargePackage], made: Sequence[LargePackage]) -> None:
        """Put the path together and write the bills of large packages."""
        for package in (*kept, *made):
            package.stand_back(self.virtualenv.site_packages)
        self.virtualenv.drop_traces_of_build()
        directories = sorted(package.site_packages for package in (*kept, *made))
        _add_to_path(self.virtualenv, [*directories, self.base.site_packages])
        sbom.write(self.layer.sbom, self.virtualenv.site_packages)
        for package in made:
            sbom.write(package.layer.sbom, package.site_packages)


def _add_to_path(virtualenv: Virtualenv, directories: Sequence[Path]) -> None:
    """Put directories behind the environment's own, the invoker's last: lines of a .pth file are appended to sys.path.

    The name sorts behind the ones of editable installs, whose packages are the function's too.
    """
    text = "".join(f"{directory}\n" for directory in directories)
    (virtualenv.site_packages / "zz_funcpack_invoker.pth").write_text(text, encoding="utf-8")


def _install(
    virtualenv: Virtualenv, dependencies: Dependencies, uv: Uv, log: Log, beside: Sequence[LargePackage]
) -> None:
    # What is there already must not count in the choice of versions, nor stay when it is not wanted any more.
    anew = ["--upgrade", "--exact"] if beside else []
    arguments = [*_arguments(virtualenv, dependencies), *anew, *_source_arguments(dependencies, uv)]
    try:
        uv.with_env(UV_PROJECT_ENVIRONMENT=str(virtualenv.path)).run(arguments, log)
    except UvError as exc:
        raise explained(exc.output, has_vendor=dependencies.vendor is not None)(dependencies.format) from exc


def _arguments(virtualenv: Virtualenv, dependencies: Dependencies) -> list[str]:
    if dependencies.format is Format.UV_LOCK:
        project = ["--no-default-groups", "--no-install-project", "--no-editable", "--no-compile-bytecode"]
        return ["sync", "--locked", *project, "--python", str(virtualenv.interpreter.path)]
    # uv warns that its support of pylock.toml may still change; the uv here does not.
    preview = ["--preview-features=pylock"] if dependencies.format is Format.PYLOCK else []
    return [
        *preview,
        "pip",
        "install",
        "--no-compile-bytecode",
        "--python",
        str(virtualenv.python),
        "--requirement",
        dependencies.format,
    ]


def _source_arguments(dependencies: Dependencies, uv: Uv) -> Sequence[str]:
    if dependencies.vendor:
        return ["--offline", "--no-index", "--find-links", str(dependencies.vendor)]
    return [] if dependencies.format is Format.UV_LOCK else uv.install_options
