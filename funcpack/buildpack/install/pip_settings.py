"""Settings in `[tool.uv.pip]` that make `uv pip install` install for another machine, or to another place than the image needs.

Developers set them for `uv pip compile` or for their own machine. https://docs.astral.sh/uv/reference/settings/#pip
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from funcpack.errors import InstallPlaceError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from funcpack.buildpack.install.interpreter import Interpreter


def check_place(settings: Mapping[str, object]) -> None:
    """Check that packages are installed into the environment of the image.

    Raises:
        InstallPlaceError: A setting leads to another directory, which no option can replace.

    """
    for name in ("target", "prefix"):
        if name in settings:
            raise InstallPlaceError(name, str(settings[name]))


def options_for_image(settings: Mapping[str, object], interpreter: Interpreter) -> list[str]:
    """Return the options of uv that replace the user's settings by the values of the image."""
    options = []
    if "python-version" in settings:
        options += ["--python-version", interpreter.version.removesuffix("t")]
    if "python-platform" in settings:
        options += ["--python-platform", _platform()]
    return options


def _platform() -> str:
    """Return uv's name of this machine's platform: of the build image, or of a developer's machine."""
    system, machine = os.uname().sysname, os.uname().machine
    if system == "Darwin":
        return f"{machine.replace('arm64', 'aarch64')}-apple-darwin"
    return f"{machine}-unknown-linux-gnu"
