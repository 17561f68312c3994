"""Checks that the packages of the function satisfy the requirements of the invoker.

The function's packages come first on the path and shadow the invoker's packages of the same name, but uv never resolved both
together. Here uv checks them in an environment with only their metadata. The metadata of the invoker comes from its wheels,
because the files of its layer may not be restored.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from funcpack.buildpack.install import distributions
from funcpack.buildpack.install.virtualenv import Virtualenv
from funcpack.errors import Clash, InvokerConflictError
from funcpack.project.package_names import normalized

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from funcpack.buildpack.install.uv import Uv

_CLASH = re.compile(
    r"The package `(?P<requirer>[^`]+)` requires `(?P<requirement>[^`]+)`, but `(?P<installed>[^`]+)` is installed"
)


def check_conflicts(invoker: Mapping[str, Callable[[Path], object]], virtualenv: Virtualenv, file: str, uv: Uv) -> None:
    """Check the packages of the function, which `file` declares, against the requirements of the invoker.

    `invoker` contains the invoker and its dependencies by name, each with a function that writes the metadata of the package
    into a directory of packages.

    Raises:
        InvokerConflictError: A package does not satisfy a requirement of the invoker.

    """
    packages = distributions.installed(virtualenv.site_packages)
    theirs = {package.name: package.version for package in packages}
    if not theirs.keys() & invoker.keys():
        return
    with tempfile.TemporaryDirectory() as directory:
        both = Virtualenv(Path(directory), virtualenv.interpreter)
        both.create()
        for package in packages:
            shutil.copytree(package.info, both.site_packages / package.info.name)
        for name in invoker.keys() - theirs.keys():
            invoker[name](both.site_packages)
        report = uv.query(["pip", "check", "--no-config", "--python", str(both.python)])
    ours = invoker.keys() - theirs.keys()
    clashes = [clash for clash in _clashes(report, theirs) if clash.requirer.split()[0] in ours]
    if clashes:
        raise InvokerConflictError(file, clashes)


def _clashes(report: str, theirs: dict[str, str]) -> Iterator[Clash]:
    for match in _CLASH.finditer(report):
        package = normalized(re.split(r"[^A-Za-z0-9._-]", match["requirement"])[0])
        yield Clash(match["requirer"], match["requirement"], f"{package} {theirs.get(package, match['installed'])}")
