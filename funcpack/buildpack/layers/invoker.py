"""The layer `invoker`: the program that serves the function, installed from wheels in the buildpack.

It is for the launch only. The lifecycle keeps such a layer in the image of the last build and restores only its metadata,
which is enough to reuse it.
"""

from __future__ import annotations

import functools
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from funcpack.buildpack.install import bytecode, prepared, wheels
from funcpack.buildpack.install.virtualenv import Virtualenv
from funcpack.buildpack.platform.layer import Layer, Metadata, Types
from funcpack.project import digest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from funcpack.buildpack.install.interpreter import Interpreter
    from funcpack.buildpack.install.uv import Uv
    from funcpack.buildpack.platform.context import Context
    from funcpack.buildpack.platform.log import Log


NAME = "invoker"


@contextmanager
def install_in_background(
    context: Context, interpreter: Interpreter, uv: Uv, log: Log, *, needs_files: bool
) -> Iterator[Virtualenv]:
    """Install the invoker in a thread during the block, without a network, or reuse the layer of the last build.

    Yield the environment. Inside the block only its paths are known, because its files may be incomplete.
    """
    log.title("Invoker")
    layer = Layer(context.layers, NAME, Types(launch=True), needs_files)
    virtualenv = Virtualenv(layer.path, interpreter)
    metadata = invoker_metadata(context, interpreter, uv)
    if layer.reuse_or_reset(metadata, log):
        yield virtualenv
    else:
        # Slow to import, and most builds reuse the layer of the last build.
        from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415

        packages = len(wheels.by_name(context.buildpack)) - 1
        log.line(f"Installing the invoker and its {packages} dependencies from wheels in the buildpack.")
        with ThreadPoolExecutor() as threads:
            filled = threads.submit(_fill_layer, context, layer, virtualenv, uv)
            yield virtualenv
            filled.result()
    layer.contribute(metadata)


def create_environment(buildpack: Path, virtualenv: Virtualenv, uv: Uv) -> None:
    """Create the invoker's environment from the wheels in the buildpack."""
    virtualenv.create()
    _install_wheels(buildpack, virtualenv, uv)
    with bytecode.compile_packages_in_background(virtualenv.interpreter.path, virtualenv.site_packages):
        virtualenv.remove_traces_of_uv()


@functools.cache
def lock_digest(buildpack: Path) -> str:
    """Return the digest of the invoker and its locked dependencies."""
    return prepared.known_fact(
        buildpack, "invoker-digest", lambda: digest.files_digest([buildpack / "invoker"], buildpack)
    )


@dataclass(frozen=True, slots=True)
class InvokerMetadata(Metadata):
    """Everything that the layer depends on."""

    python_version: str
    python_path: str
    arch: str
    distro: str
    uv_version: str
    invoker_digest: str

    LABELS: ClassVar[Mapping[str, str]] = {
        "python_version": "the Python version",
        "python_path": "the path of Python",
        "arch": "the architecture",
        "distro": "the distribution",
        "uv_version": "the version of uv",
        "invoker_digest": "the invoker",
    }


def invoker_metadata(context: Context, interpreter: Interpreter, uv: Uv) -> InvokerMetadata:
    """Return the metadata of the layer that this build creates."""
    return InvokerMetadata(
        interpreter.version,
        str(interpreter.path),
        context.target.arch,
        context.target.distro,
        uv.version(),
        lock_digest(context.buildpack),
    )


def _fill_layer(context: Context, layer: Layer, virtualenv: Virtualenv, uv: Uv) -> None:
    # Slow to import, and most builds reuse the layer of the last build.
    from funcpack.buildpack.install import sbom  # noqa: PLC0415

    if not prepared.copy_environment(context.buildpack, virtualenv):
        create_environment(context.buildpack, virtualenv, uv.without_settings())
    sbom.write_sbom(layer.sbom, virtualenv.site_packages)


def _install_wheels(buildpack: Path, virtualenv: Virtualenv, uv: Uv) -> None:
    """Install the locked dependencies with their hashes, then the invoker itself, whose hash no lock file can contain."""
    offline = ["--no-config", "--offline", "--no-index", "--find-links", str(buildpack / "wheels"), "--no-cache"]
    install = ["pip", "install", *offline, "--no-deps", "--no-compile-bytecode", "--python", str(virtualenv.python)]
    lock, excludes = buildpack / "invoker" / "requirements.txt", buildpack / "invoker" / "not-in-images.txt"
    uv.run([*install, "--require-hashes", "--requirement", str(lock), "--excludes", str(excludes)], None)
    uv.run([*install, "funcpack-invoker"], None)
