"""The layer `python`: a Python of its own, for images whose run image has none or one that the project does not want.

It comes from uv's managed builds. Unlike the other layers it is restored with its content, because every build needs the
interpreter, to compile the app at least.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from funcpack.buildpack import report
from funcpack.buildpack.install import bytecode
from funcpack.buildpack.install.environment import without_credentials
from funcpack.buildpack.install.interpreter import Interpreter
from funcpack.buildpack.install.uv import UvError
from funcpack.buildpack.platform.cnb import Layer, Metadata, Types
from funcpack.errors import PythonDownloadError, PythonListError
from funcpack.project import python_version

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from funcpack.buildpack.install.uv import Uv
    from funcpack.buildpack.platform.cnb import Context
    from funcpack.buildpack.platform.log import Log
    from funcpack.project.python_version import Request, Version

_FINAL = re.compile(r"\d+\.\d+\.\d+")

# What no function imports: pip and its installer, Python's own tests, and windows. `lib` stands for lib/pythonX.Y.
_NOT_NEEDED = (
    "lib/test",
    "lib/idlelib",
    "lib/turtledemo",
    "lib/tkinter",
    "lib/ensurepip",
    "lib/site-packages/pip",
    "lib/site-packages/pip-*.dist-info",
    "bin/pip*",
    "bin/idle*",
    "bin/pydoc*",
    "share",
)


def provide(context: Context, request: Request | None, own: Interpreter | None, uv: Uv, log: Log) -> Interpreter:
    """Return `own`, the run image's Python, where it will do, else that of the layer.

    Raises:
        PythonVersionError, PythonDownloadError: the version that is asked for cannot be had.

    """
    layer = Layer(context.layers, "python", Types(launch=True, cache=True), needs_files=True)
    report.python_request(log, request, own)
    if own and python_version.is_supported(own.numbers) and (request is None or request.allows(own.numbers)):
        log.line(f"The run image's Python {own.version} is used.")
        layer.drop()
        return own
    version = python_version.choose(request, _downloads(uv))
    metadata = PythonMetadata(python_version.shown(version), context.target.arch, context.target.distro)
    layer.provide(metadata, lambda: _install(layer.path, metadata.python_version, uv, log), log)
    return _installed(layer.path, metadata.python_version)


@dataclass(frozen=True, slots=True)
class PythonMetadata(Metadata):
    """What the layer depends on."""

    python_version: str
    arch: str
    distro: str

    LABELS: ClassVar[Mapping[str, str]] = {
        "python_version": "the Python version",
        "arch": "the architecture",
        "distro": "the distribution",
    }


def _downloads(uv: Uv) -> Iterator[Version]:
    """Return the final releases of CPython that uv has for this machine."""
    try:
        listed = uv.capture(
            ["python", "list", "--no-config", "--only-downloads", "--all-versions", "--output-format=json"]
        )
    except UvError as exc:
        raise PythonListError(exc.output) from exc
    for download in json.loads(listed):
        is_plain = download["implementation"] == "cpython" and download["variant"] == "default"
        if is_plain and _FINAL.fullmatch(download["version"]):
            yield python_version.parse_version(download["version"])


def _install(layer: Path, version: str, uv: Uv, log: Log) -> None:
    command = [
        "python",
        "install",
        "--no-config",
        "--no-cache",
        "--no-bin",
        "--install-dir",
        str(layer / "cpython"),
        version,
    ]
    try:
        uv.run(command, log)
    except UvError as exc:
        mirror = uv.env.get("UV_PYTHON_INSTALL_MIRROR")
        raise PythonDownloadError(version, without_credentials(mirror) if mirror else None) from exc
    import shutil  # noqa: PLC0415 - slow, and most builds use the run image's Python

    python = _installed(layer, version)
    root = python.path.parent.parent
    library = root / "lib" / python.path.name
    for pattern in _NOT_NEEDED:
        for path in root.glob(pattern.replace("lib/", f"lib/{library.name}/", 1)):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    bytecode.compile_packages(python.path, library)


def _installed(layer: Path, version: str) -> Interpreter:
    minor = version.rpartition(".")[0]
    (path,) = layer.glob(f"cpython/cpython-{version}-*/bin/python{minor}")
    return Interpreter(version, path)
