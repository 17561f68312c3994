"""The layer `python`: an interpreter for images whose run image has none, or has a version that the project excludes.

It is one of uv's managed builds. Unlike the other layers, it is restored with its files, because every build needs the
interpreter, if only to compile the app.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from funcpack.buildpack.install import bytecode, python_builds
from funcpack.buildpack.install.interpreter import Interpreter
from funcpack.buildpack.install.redaction import without_credentials
from funcpack.buildpack.install.uv import UvError
from funcpack.buildpack.platform.layer import Layer, Metadata, Types
from funcpack.errors import PythonDownloadError
from funcpack.project import python_request

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from funcpack.buildpack.install.uv import Uv
    from funcpack.buildpack.platform.context import Context
    from funcpack.buildpack.platform.log import Log
    from funcpack.project.python_request import PythonRequest

# Parts that functions do not use: pip and its installer, Python's tests, graphical interfaces. `lib` stands for lib/pythonX.Y.
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


def provide_interpreter(
    context: Context, request: PythonRequest | None, run_image_python: Interpreter | None, uv: Uv, log: Log
) -> Interpreter:
    """Return the run image's Python if it satisfies the request, otherwise the Python in the layer.

    Raises:
        PythonVersionError, PythonListError, PythonDownloadError: The requested version is not available.

    """
    layer = Layer(context.layers, "python", Types(launch=True, cache=True), needs_files=True)
    if run_image_python and _is_suitable(run_image_python, request):
        log.line(f"Using Python {run_image_python.version} of the run image.")
        layer.remove()
        return run_image_python
    free_threaded = bool(request and request.free_threaded)
    chosen = python_request.choose(request, python_builds.downloads(uv, free_threaded=free_threaded))
    version = python_request.format_version(chosen, free_threaded=free_threaded)
    metadata = PythonMetadata(version, context.target.arch, context.target.distro)
    if not layer.reuse_or_reset(metadata, log):
        available = _version_to_request(run_image_python)
        _download(layer.path, version, available, uv, log)
    layer.contribute(metadata)
    return installed_interpreter(layer.path, version)


@dataclass(frozen=True, slots=True)
class PythonMetadata(Metadata):
    """Everything that the layer depends on."""

    python_version: str
    arch: str
    distro: str

    LABELS: ClassVar[Mapping[str, str]] = {
        "python_version": "the Python version",
        "arch": "the architecture",
        "distro": "the distribution",
    }


def _is_suitable(python: Interpreter, request: PythonRequest | None) -> bool:
    return python_request.is_suitable(python.numbers, request, free_threaded=python.is_free_threaded)


def _version_to_request(python: Interpreter | None) -> str | None:
    """Return the request for the run image's Python, or None if it has none that functions can run on."""
    if python is None or not python_request.is_suitable(python.numbers, None, free_threaded=python.is_free_threaded):
        return None
    return python_request.format_version(python.numbers[:2], free_threaded=python.is_free_threaded)


def _download(layer: Path, version: str, available: str | None, uv: Uv, log: Log) -> None:
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
        raise PythonDownloadError(version, without_credentials(mirror) if mirror else None, available) from exc
    import shutil  # noqa: PLC0415 - slow, and most builds use the Python of the run image

    python = installed_interpreter(layer, version)
    root = python.path.parent.parent
    library = root / "lib" / python.path.name
    for pattern in _NOT_NEEDED:
        for path in root.glob(pattern.replace("lib/", f"lib/{library.name}/", 1)):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    bytecode.compile_packages(python.path, library)


def installed_interpreter(layer: Path, version: str) -> Interpreter:
    """Return the interpreter that uv installed into the layer."""
    number, threads, _ = version.partition("t")
    minor = number.rpartition(".")[0]
    variant = "+freethreaded" if threads else ""
    (path,) = layer.glob(f"cpython/cpython-{number}{variant}-*/bin/python{minor}{threads}")
    return Interpreter(version, path)
