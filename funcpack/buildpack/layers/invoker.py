"""The layer `invoker`: the program that serves the function, from wheels that travel with the buildpack.

It is for the launch only: the lifecycle then keeps it in the image of the last build and restores nothing but its
metadata, which is all that is needed to use it again.
"""

from __future__ import annotations

import functools
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from funcpack.buildpack.install import bytecode, prepared, wheels
from funcpack.buildpack.install.virtualenv import Virtualenv
from funcpack.buildpack.platform.cnb import Layer, Metadata, Types
from funcpack.project import digest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from funcpack.buildpack.install.interpreter import Interpreter
    from funcpack.buildpack.install.uv import Uv
    from funcpack.buildpack.platform.cnb import Context
    from funcpack.buildpack.platform.log import Log


NAME = "invoker"


@contextmanager
def providing(
    context: Context, interpreter: Interpreter, uv: Uv, log: Log, *, needs_files: bool
) -> Iterator[Virtualenv]:
    """Provide the invoker's environment beside the block, which has it only for its place; nothing is downloaded."""
    log.title("Invoker")
    layer = Layer(context.layers, NAME, Types(launch=True), needs_files)
    virtualenv = Virtualenv(layer.path, interpreter)
    metadata = _metadata(context, interpreter, uv)
    if layer.is_of_last_build(metadata, log):
        yield virtualenv
    else:
        from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - slow, and most builds use the last one's layer

        packages = len(wheels.by_name(context.buildpack)) - 1
        log.line(f"Installing the invoker and its {packages} packages from the buildpack's own wheels.")
        with ThreadPoolExecutor() as threads:
            filled = threads.submit(_fill, context, layer, virtualenv, uv)
            yield virtualenv
            filled.result()
    layer.keep(metadata)


def make(buildpack: Path, virtualenv: Virtualenv, uv: Uv) -> None:
    """Make the environment from the buildpack's wheels."""
    virtualenv.make()
    _install(buildpack, virtualenv, uv)
    with bytecode.compiling_packages(virtualenv.interpreter.path, virtualenv.site_packages):
        virtualenv.drop_traces_of_build()


def _fill(context: Context, layer: Layer, virtualenv: Virtualenv, uv: Uv) -> None:
    from funcpack.buildpack.install import sbom  # noqa: PLC0415 - see above

    if not prepared.copy(context.buildpack, virtualenv):
        make(context.buildpack, virtualenv, uv)
    sbom.write(layer.sbom, virtualenv.site_packages)


@functools.cache
def lock_digest(buildpack: Path) -> str:
    """Return the digest of everything that the invoker is made of."""
    return prepared.fact(buildpack, "invoker-digest", lambda: digest.of_files([buildpack / "invoker"], buildpack))


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
    lock, excludes = buildpack / "invoker" / "requirements.txt", buildpack / "invoker" / "not-in-images.txt"
    uv.run([*install, "--require-hashes", "--requirement", str(lock), "--excludes", str(excludes)], None)
    uv.run([*install, "funcpack-invoker"], None)
