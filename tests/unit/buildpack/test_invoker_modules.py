"""The names of the invoker's modules, which a check knows without reading the wheels."""

from __future__ import annotations

import zipfile
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from funcpack.buildpack.install import wheels
from funcpack.check.invoker_modules import INVOKER_MODULES

if TYPE_CHECKING:
    from pathlib import Path


def test_list_is_that_of_the_wheels(buildpack: Path) -> None:
    names = [name for wheel in wheels.by_name(buildpack).values() for name in zipfile.ZipFile(wheel).namelist()]
    tops = {PurePosixPath(name).parts[0].removesuffix(".py") for name in names}
    assert {top for top in tops if top.isidentifier()} == INVOKER_MODULES
