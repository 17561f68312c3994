"""Wheels of packages that do not exist elsewhere, the same bytes every time."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


def write_wheel(
    directory: Path, name: str, version: str, requires: Sequence[str] = (), more: Mapping[str, str] | None = None
) -> Path:
    """Write a wheel with one module, whose VERSION is the version of the package, and `more` files.

    https://packaging.python.org/en/latest/specifications/binary-distribution-format/
    """
    module = name.replace("-", "_")
    about = f"{module}-{version}.dist-info"
    metadata = [f"Name: {name}", f"Version: {version}", *(f"Requires-Dist: {requirement}" for requirement in requires)]
    files = {
        f"{module}.py": f'VERSION = "{version}"\n',
        f"{about}/METADATA": "\n".join(["Metadata-Version: 2.1", *metadata, ""]),
        f"{about}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        **(more or {}),
    }
    files[f"{about}/RECORD"] = "".join(f"{file},,\n" for file in [*files, f"{about}/RECORD"])
    directory.mkdir(parents=True, exist_ok=True)
    wheel = directory / f"{module}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for file, text in files.items():
            archive.writestr(zipfile.ZipInfo(file), text, zipfile.ZIP_DEFLATED if file in (more or {}) else None)
    return wheel
