"""The layer `invoker`: the program that serves the function, from wheels that travel with the buildpack.

It is for the launch only: the lifecycle then keeps it in the image of the last build and restores nothing but its
metadata, which is all that is needed to use it again.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from funcpack.buildpack import bytecode, digest, prepared, sbom
from funcpack.buildpack.cnb import Layer, Metadata, Types
from funcpack.buildpack.virtualenv import Virtualenv

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from funcpack.buildpack.cnb import Context
    from funcpack.buildpack.interpreter import Interpreter
    from funcpack.buildpack.output import Log
    from funcpack.buildpack.uv import Uv


NAME = "invoker"


def provide(context: Context, interpreter: Interpreter, uv: Uv, log: Log, *, needs_files: bool) -> Virtualenv:
    """Provide the invoker's environment; nothing is downloaded."""
    log.title("Invoker")
    layer = Layer(context.layers, NAME, Types(launch=True), needs_files)
    virtualenv = Virtualenv(layer.path, interpreter)

    def fill(_path: Path) -> None:
        if not prepared.copy(context.buildpack, virtualenv):
            make(context.buildpack, virtualenv, uv)
        sbom.write(layer.sbom, virtualenv.site_packages)
        log.line(
            f"Installed the invoker and its {len(virtualenv.distributions()) - 1} packages from the buildpack's own wheels."
        )

    layer.provide(_metadata(context, interpreter, uv), fill, log)
    return virtualenv


def make(buildpack: Path, virtualenv: Virtualenv, uv: Uv) -> None:
    """Make the environment from the buildpack's wheels."""
    uv.venv(virtualenv.path, virtualenv.interpreter.path)
    _install(buildpack, virtualenv, uv)
    with bytecode.compiling_packages(virtualenv.interpreter.path, virtualenv.site_packages):
        virtualenv.drop_traces_of_build()


@functools.cache
def lock_digest(buildpack: Path) -> str:
    """Return the digest of everything that the invoker is made of."""
    return digest.of_files([buildpack / "invoker"], buildpack)


@dataclass(frozen=True, slots=True)
class InvokerMetadata(Metadata):
    """What the layer depends on."""

    python_version: str
    python_path: str
    arch: str
    distro: str
    uv_version: str
    invoker_digest: str

    LABELS: ClassVar[Mapping[str, str]] = {
        "python_version": "the Python version",
        "python_path": "the place of Python",
        "arch": "the architecture",
        "distro": "the distribution",
        "uv_version": "the version of uv",
        "invoker_digest": "the invoker",
    }


def _metadata(context: Context, interpreter: Interpreter, uv: Uv) -> InvokerMetadata:
    return InvokerMetadata(
        interpreter.version,
        str(interpreter.path),
        context.target.arch,
        context.target.distro,
        uv.version(),
        lock_digest(context.buildpack),
    )


def _install(buildpack: Path, virtualenv: Virtualenv, uv: Uv) -> None:
    """Install the lock with its hashes, and the invoker itself, which no lock can have the hash of."""
    offline = ["--no-config", "--offline", "--no-index", "--find-links", str(buildpack / "wheels"), "--no-cache"]
    install = ["pip", "install", *offline, "--no-deps", "--no-compile-bytecode", "--python", str(virtualenv.python)]
    uv.run([*install, "--require-hashes", "--requirement", str(buildpack / "invoker" / "requirements.txt")], None)
    uv.run([*install, "funcpack-invoker"], None)
