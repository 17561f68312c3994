"""Puts the packages of an environment into one file, from which Python imports them as from a directory.

A file costs a build and an engine the same whatever its size: it is written, packed, unpacked and removed. The invoker's
modules and their bytecode are some 800 of them. A start that reads them from an archive takes as long, with an importer that
reads each once.

What a package is known by, its `.dist-info`, stays where everybody looks for it, and so do packages with compiled libraries,
which the system's linker takes from files only.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from funcpack.buildpack import distributions
from funcpack.buildpack.environment import of_interpreter

if TYPE_CHECKING:
    from funcpack.buildpack.distributions import Distribution
    from funcpack.buildpack.virtualenv import Virtualenv

PACKER = Path(__file__).with_name("packer.py")
IMPORTER = Path(__file__).with_name("importer.py")

_IMPORTER_NAME = "_funcpack_importer"


def pack(virtualenv: Virtualenv) -> None:
    """Move the packages that can be imported from an archive into the one of `virtualenv`, and put it on the path."""
    site_packages = virtualenv.site_packages
    found = distributions.installed(site_packages)
    files = [file for distribution in found for file in distribution.files_of(distribution.pure)]
    subprocess.run(
        [str(virtualenv.interpreter.path), "-I", "-S", str(PACKER), str(virtualenv.archive)],
        input=b"\0".join(map(os.fsencode, sorted(files))),
        env=of_interpreter(),
        cwd=site_packages,
        check=True,
    )
    for distribution in found:
        _name_modules(distribution)
    for entry in {entry for distribution in found for entry in distribution.pure}:
        _remove(site_packages / entry)
    shutil.copyfile(IMPORTER, site_packages / f"{_IMPORTER_NAME}.py")
    (site_packages / "archive.pth").write_text(path_lines(virtualenv), encoding="utf-8")


def path_lines(virtualenv: Virtualenv) -> str:
    """Return the lines of a .pth file that put the packages of `virtualenv` on the path, the archive's importer before it."""
    return f"{virtualenv.site_packages}\nimport {_IMPORTER_NAME}\n{virtualenv.archive}\n"


def _name_modules(distribution: Distribution) -> None:
    """Say what a package is imported as: from Python 3.12 on `importlib.metadata` infers it from files that are there."""
    file = distribution.info / "top_level.txt"
    if distribution.pure and not file.exists():
        names = sorted(module.split(".")[0] for module in distribution.modules)
        file.write_text("".join(f"{name}\n" for name in names), encoding="utf-8")


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
