"""Chooses the Python of a function: the version that a build would choose, as far as this machine has it or can get it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING

from funcpack.buildpack.install import python_builds
from funcpack.buildpack.install.interpreter import Interpreter
from funcpack.buildpack.install.uv import UvError
from funcpack.check.local import PYTHON_OPTION
from funcpack.check.other_python import found_in, managed_by_uv, search_path
from funcpack.command_errors import NoPythonError
from funcpack.project import python_request
from funcpack.project.python_request import PythonRequest
from funcpack.project.settings import Setting
from funcpack.project.supported_pythons import DEFAULT, SUPPORTED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from funcpack.buildpack.install.uv import Uv
    from funcpack.buildpack.platform.log import Log
    from funcpack.project.python_request import Version

# uv must not find the environment of the project, and not download anything without a word.
_FIND = ("python", "find", "--no-config", "--no-project", "--system", "--no-python-downloads")


def requested(option: str | None, of_project: PythonRequest | None) -> PythonRequest | None:
    """Return the request of the option `--python`, or that of the project.

    Raises:
        PythonVersionSyntaxError, PythonVersionError: The option is not a version, or not one that functions can run on.

    """
    if option is None:
        return of_project
    request = PythonRequest.parse(Setting(option.strip(), PYTHON_OPTION))
    python_request.check(request)
    return request


def own_interpreter() -> Interpreter:
    """Return the interpreter of this tool, outside of its virtual environment."""
    threads = "t" if sysconfig.get_config_var("Py_GIL_DISABLED") else ""
    version = ".".join(map(str, sys.version_info[:3]))
    path = Path(sys.base_prefix) / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}{threads}"
    return Interpreter(f"{version}{threads}", path if path.is_file() else Path(sys.executable).resolve())


def choose(request: PythonRequest | None, uv: Uv, log: Log) -> Interpreter:
    """Return the interpreter for a request: of this tool, of this machine, or one that uv downloads.

    A project without a request gets the interpreter of the tool, for which the invoker needs no index.

    Raises:
        PythonVersionError, PythonListError, NoPythonError: The version does not exist, or uv cannot download it.

    """
    own = own_interpreter()
    minor = python_request.expected_minor(request, DEFAULT)
    is_own_suitable = is_suitable(own, request)
    if is_own_suitable and own.numbers[:2] == minor:
        return own
    found = _find(minor, request, uv) if request or not is_own_suitable else None
    if found is None and is_own_suitable:
        shown = python_request.format_version(minor)
        log.line(
            f"Using Python {own.version}, which runs Funcpack. The image will have Python {shown}. To use that version here, write"
            f" it to .python-version, or use 'funcpack run --python {shown}'."
        )
        return own
    others = reversed(python_request.minors(request))
    return (
        found
        or next(filter(None, (_find(other, request, uv) for other in others)), None)
        or _download(request, uv, log)
    )


def visible_pythons(environ: Mapping[str, str]) -> list[str]:
    """Return the paths of the Pythons that `choose` would find, as far as they can be told without running uv.

    Another Python of the tool's own version does not count: whether there is one depends on the active virtual environment.
    """
    names = [f"python{major}.{minor}" for major, minor in SUPPORTED if (major, minor) != sys.version_info[:2]]
    commands = [shutil.which(name, path=search_path(environ)) for name in names]
    managed = found_in(managed_by_uv(environ), "*")
    return [*(os.path.realpath(command) for command in commands if command), *managed]


def is_suitable(python: Interpreter, request: PythonRequest | None) -> bool:
    """Check whether functions can run on an interpreter, and whether it satisfies the request."""
    return python_request.is_suitable(python.numbers, request, free_threaded=python.is_free_threaded)


def _find(minor: Version, request: PythonRequest | None, uv: Uv) -> Interpreter | None:
    """Return an installed interpreter of a minor version that satisfies the request."""
    try:
        found = uv.capture([*_FIND, _specifiers(minor, request)])
    except UvError:
        return None
    path = Path(found.strip())
    python = Interpreter(_version_of(path, uv), path)
    return python if is_suitable(python, request) else None


def _specifiers(minor: Version, request: PythonRequest | None) -> str:
    """Return a request in the form of uv."""
    wanted = (("==*", minor), *(request.specifiers if request else ()))
    if request and request.free_threaded:
        return python_request.format_version(wanted[-1][1], free_threaded=True)
    return ",".join(
        f"{operator.removesuffix('*')}{python_request.format_version(version)}{'.*' * operator.endswith('*')}"
        for operator, version in wanted
    )


def _version_of(python: Path, uv: Uv) -> str:
    program = "import sys, sysconfig; print('%d.%d.%d' % sys.version_info[:3] + 't' * bool(sysconfig.get_config_var('Py_GIL_DISABLED')))"
    return subprocess.run(
        [str(python), "-I", "-c", program], env=dict(uv.env), stdout=subprocess.PIPE, check=True, text=True
    ).stdout.strip()


def _download(request: PythonRequest | None, uv: Uv, log: Log) -> Interpreter:
    free_threaded = bool(request and request.free_threaded)
    chosen = python_request.choose(request, python_builds.downloads(uv, free_threaded=free_threaded))
    version = python_request.format_version(chosen, free_threaded=free_threaded)
    log.line(f"Downloading Python {version}.")
    try:
        uv.run(["python", "install", "--no-bin", version], log)
    except UvError as exc:
        raise NoPythonError(version, own_interpreter().version) from exc
    found = _find(chosen[:2], request, uv)
    if found is None:
        raise NoPythonError(version, own_interpreter().version)
    return found
