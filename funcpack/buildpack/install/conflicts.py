"""Checks that the invoker's packages work with the ones that the function brought.

The function's come first on the path, so that they replace the invoker's of the same name; uv's resolver never saw both
together. uv compares them here in an environment that has nothing but their metadata: the invoker's is read from its
wheels, because its layer may be in the last image only.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from funcpack.buildpack.install import distributions, wheels
from funcpack.buildpack.install.virtualenv import Virtualenv, normalized
from funcpack.errors import Clash, InvokerConflictError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from funcpack.buildpack.install.uv import Uv

_CLASH = re.compile(
    r"The package `(?P<requirer>[^`]+)` requires `(?P<requirement>[^`]+)`, but `(?P<installed>[^`]+)` is installed"
)


def check(buildpack: Path, virtualenv: Virtualenv, file: str, uv: Uv) -> None:
    """Compare the function's packages with what the invoker's require.

    Raises:
        InvokerConflictError: one of them does not fit.

    """
    packages = distributions.installed(virtualenv.site_packages)
    theirs = {package.name: package.version for package in packages}
    ours = wheels.by_name(buildpack)
    if not theirs.keys() & ours.keys():
        return
    with tempfile.TemporaryDirectory() as directory:
        both = Virtualenv(Path(directory), virtualenv.interpreter)
        both.make()
        for package in packages:
            shutil.copytree(package.info, both.site_packages / package.info.name)
        for name in ours.keys() - theirs.keys():
            wheels.unpack_metadata(ours[name], both.site_packages)
        report = uv.query(["pip", "check", "--no-config", "--python", str(both.python)])
    clashes = [clash for clash in _clashes(report, theirs) if clash.requirer.split()[0] in ours.keys() - theirs.keys()]
    if clashes:
        raise InvokerConflictError(file, clashes)


def _clashes(report: str, theirs: dict[str, str]) -> Iterator[Clash]:
    for match in _CLASH.finditer(report):
        package = normalized(re.split(r"[^A-Za-z0-9._-]", match["requirement"])[0])
        yield Clash(match["requirer"], match["requirement"], f"{package} {theirs.get(package, match['installed'])}")
