"""Does in advance what every build of a builder would do alike: installs the invoker, and compiles the buildpack itself.

`bin/prepare` runs once, in the build image, when a builder is made. A buildpack that is not prepared builds the same images,
more slowly.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from funcpack.buildpack.install import bytecode, prepared, wheels
from funcpack.buildpack.install.environment import of_interpreter
from funcpack.buildpack.install.interpreter import Interpreter
from funcpack.buildpack.install.uv import Uv
from funcpack.buildpack.install.virtualenv import Virtualenv
from funcpack.buildpack.layers import invoker

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(buildpack: Path, arguments: Sequence[str]) -> None:
    """Prepare `buildpack`; the arguments are its directory of layers in builds, and version and path of the run image's Python."""
    layers, version, python = arguments
    virtualenv = Virtualenv(Path(layers, invoker.NAME), Interpreter(version, Path(python)))
    uv = Uv(buildpack / "bin" / "uv", of_interpreter(), buildpack)
    invoker.make(buildpack, virtualenv, uv)
    prepared.keep(buildpack, virtualenv)
    prepared.remember(buildpack, "uv-version", uv.version())
    prepared.remember(buildpack, "invoker-digest", invoker.lock_digest(buildpack))
    prepared.remember(buildpack, "modules", " ".join(sorted(wheels.modules(buildpack))))
    for name in ("funcpack", "invoker"):
        bytecode.compile_packages(Path(sys.executable), buildpack / name)
