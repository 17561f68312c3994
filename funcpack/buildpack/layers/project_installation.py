"""Installs the project itself into its layer with uv, which runs the build backend."""

from __future__ import annotations

import csv
import re
import shutil
from typing import TYPE_CHECKING

from funcpack.buildpack.install import build_traces, bytecode, distributions, project_package, sbom, virtualenv
from funcpack.project.app_files import exists, is_directory, is_inside, source_roots

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from funcpack.buildpack.install.uv import Uv
    from funcpack.buildpack.install.virtualenv import Virtualenv
    from funcpack.buildpack.platform.layer import Layer
    from funcpack.buildpack.platform.log import Log
    from funcpack.project.dependency_files import Dependencies
    from funcpack.project.package import Package


def install_project(
    layer: Layer, environment: Virtualenv, package: Package, dependencies: Dependencies, uv: Uv, log: Log
) -> Sequence[str] | None:
    """Install the project into the layer, and return the files that the build backend and this function added to the app.

    Return None if the app vendors its packages without the build backend. The project's code works without the layer.

    Raises:
        InstallError: The build backend cannot install the project.

    """
    target, app = layer.path / "site-packages", uv.cwd
    with uv.with_temporary_cache(layer.layers) as cached, build_traces.removed(app) as written:
        place = ["--python", str(environment.interpreter.path), "--target", str(target)]
        if not project_package.install(package, dependencies, environment.interpreter, place, cached, log):
            return None
    virtualenv.remove_traces_of_uv(target, target / ".lock")
    _move_scripts(target, environment.python)
    bytecode.compile_packages(environment.interpreter.path, target)
    sbom.write_sbom(layer.sbom, target)
    return [*written, *_complete_sources(target, app)]


def _complete_sources(target: Path, app: Path) -> Iterator[str]:
    """Copy compiled and generated files of packages to their sources, which Python imports first, and return their paths."""
    for distribution in distributions.installed(target):
        for name in (name for name in distribution.files if not name.startswith("..")):
            top = name.partition("/")[0]
            root = next((root for root in source_roots(app) if is_directory(root / top)), None)
            if root and not exists(root / name) and is_inside((root / name).parent, app):
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(target / name, root / name)
                yield str((root / name).relative_to(app))


def _move_scripts(target: Path, python: Path) -> None:
    """Move scripts to the `bin` of the layer, which the launcher puts on PATH, and let the function's Python run them."""
    scripts = sorted((target / "bin").iterdir()) if (target / "bin").is_dir() else []
    for script in scripts:
        moved = target.parent / "bin" / script.name
        moved.parent.mkdir(exist_ok=True)
        script.rename(moved)
        moved.write_bytes(re.sub(rb"\A#!.*python.*", b"#!" + bytes(python), moved.read_bytes()))
    if scripts:
        (target / "bin").rmdir()
        _correct_record(target)


def _correct_record(target: Path) -> None:
    """Write the new paths of the scripts to RECORD, without hashes, which have changed."""
    for file in target.glob("*.dist-info/RECORD"):
        with file.open(encoding="utf-8", newline="") as stream:
            rows = [[f"../{row[0]}", "", ""] if row[0].startswith("bin/") else row for row in csv.reader(stream) if row]
        with file.open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream, lineterminator="\n").writerows(rows)
