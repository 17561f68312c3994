"""Runs `bin/prepare`, which does the work in advance that is the same in every build of a builder.

It runs once, in the build image, when a builder is created: it installs the invoker and compiles the buildpack. A buildpack
that is not prepared builds the same images, but more slowly.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from funcpack.buildpack.install import bytecode, prepared
from funcpack.buildpack.install.environment import interpreter_variables
from funcpack.buildpack.install.interpreter import Interpreter
from funcpack.buildpack.install.uv import Uv
from funcpack.buildpack.install.virtualenv import Virtualenv
from funcpack.buildpack.layers import invoker

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(buildpack: Path, arguments: Sequence[str]) -> None:
    """Prepare `buildpack`.

    The arguments are its directory of layers in builds, and the version and the path of the run image's Python.
    """
    layers, version, python = arguments
    virtualenv = Virtualenv(Path(layers, invoker.NAME), Interpreter(version, Path(python)))
    uv = Uv(buildpack / "bin" / "uv", interpreter_variables(), buildpack)
    invoker.create_environment(buildpack, virtualenv, uv)
    prepared.store_environment(buildpack, virtualenv)
    prepared.store_fact(buildpack, "uv-version", uv.version())
    prepared.store_fact(buildpack, "invoker-digest", invoker.lock_digest(buildpack))
    for name in ("funcpack", "invoker"):
        bytecode.compile_packages(Path(sys.executable), buildpack / name)
