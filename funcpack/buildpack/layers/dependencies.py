"""The layer `dependencies`: what the function itself needs, in an environment of its own before the invoker's.

It is made anew whenever anything that it depends on changes: installing into what an earlier build left would keep what
the project has dropped. As the invoker's it is for the launch only.
"""

from __future__ import annotations

import re
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from funcpack.buildpack import bytecode, conflicts, digest, report, sbom
from funcpack.buildpack.cnb import Layer, Metadata, Types
from funcpack.buildpack.dependency_files import Format
from funcpack.buildpack.environment import of_index
from funcpack.buildpack.errors import (
    CertificateError,
    HashMismatchError,
    IndexCredentialsError,
    IndexUnreachableError,
    InstallError,
    LockOutdatedError,
    NoSolutionError,
    NotVendoredError,
    PackageBuildError,
    RequirementSyntaxError,
    UnknownPackageError,
)
from funcpack.buildpack.layers import invoker
from funcpack.buildpack.uv import Uv, UvError
from funcpack.buildpack.virtualenv import Virtualenv

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from funcpack.buildpack.cnb import Context
    from funcpack.buildpack.dependency_files import Dependencies
    from funcpack.buildpack.output import Log


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
        return base
    virtualenv = Virtualenv(layer.path, base.interpreter)

    def make() -> None:
        uv.venv(virtualenv.path, base.interpreter.path)
        with ExitStack() as compiling:
            # uv links files from its cache where both are on one file system, as everything below the layers is.
            with tempfile.TemporaryDirectory(
                prefix="uv-cache-", dir=context.layers, ignore_cleanup_errors=True
            ) as cache:
                _install(virtualenv, dependencies, uv.with_env(UV_CACHE_DIR=cache), log)
                compiling.enter_context(bytecode.compiling_packages(base.interpreter.path, virtualenv.site_packages))
            conflicts.check(context.buildpack, virtualenv, dependencies.format, uv)
            virtualenv.drop_traces_of_build()
            _add_base(virtualenv, base)
            sbom.write(layer.sbom, virtualenv.site_packages)

    layer.provide(_metadata(context, base, dependencies, uv), make, log)
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

    LABELS: ClassVar[Mapping[str, str]] = {
        **invoker.InvokerMetadata.LABELS,
        "file": "the file of the dependencies",
        "requirements_digest": "what the project depends on",
        "settings_digest": "a setting of pip or uv",
    }


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
    )


def _add_base(virtualenv: Virtualenv, base: Virtualenv) -> None:
    """Put the invoker's packages behind the function's: lines of a .pth file are appended to sys.path.

    The name sorts behind the ones of editable installs, whose packages are the function's too.
    """
    (virtualenv.site_packages / "zz_funcpack_invoker.pth").write_text(f"{base.site_packages}\n", encoding="utf-8")


def _install(virtualenv: Virtualenv, dependencies: Dependencies, uv: Uv, log: Log) -> None:
    arguments = [*_arguments(virtualenv, dependencies), *_source_arguments(dependencies, uv)]
    try:
        uv.with_env(UV_PROJECT_ENVIRONMENT=str(virtualenv.path)).run(arguments, log)
    except UvError as exc:
        raise _explained(exc.output)(dependencies.format) from exc


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


def _explained(output: str) -> type[InstallError]:
    """Return the kind of failure that uv's words mean; the first that fits."""
    return next((error for pattern, error in _EXPLANATIONS if re.search(pattern, output, re.IGNORECASE)), InstallError)


_UNREACHABLE = (
    r"dns error|failed to lookup address|connection refused|error trying to connect|network is unreachable|timed out|"
    r"client error \(connect\)|tunnel error|connectivity is disabled|network was disabled"
)
_EXPLANATIONS: tuple[tuple[str, type[InstallError]], ...] = (
    (r"couldn't parse requirement", RequirementSyntaxError),
    (r"invalid peer certificate|UnknownIssuer|certificate verify failed|self.signed certificate", CertificateError),
    (r"401 Unauthorized|403 Forbidden|due to a lack of valid authentication", IndexCredentialsError),
    (r"hash mismatch|hashes are required|--require-hashes|missing hash", HashMismatchError),
    (r"lockfile at `uv\.lock` needs to be updated|needs to be updated, but `--locked`", LockOutdatedError),
    (r"failed to build|build backend returned an error|call to `\S+build_\S+` failed", PackageBuildError),
    (_UNREACHABLE, IndexUnreachableError),
    (r"was not found in the provided package locations", NotVendoredError),
    (r"was not found in the package registry", UnknownPackageError),
    (r"no solution found|unsatisfiable", NoSolutionError),
)
