"""The invoker and its dependencies for the function's Python: those that are installed together with the tool, from no index.

The function must not import the tool's own packages, so those of the invoker are copied to a directory in the cache. Compiled
packages work only with the Python version that the tool runs on; for another version uv installs the locked ones.
"""

from __future__ import annotations

import functools
import shutil
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import funcpack_invoker
from funcpack.buildpack.install.uv import UvError
from funcpack.command_errors import InvokerPackagesError
from funcpack.environments import cache, pythons
from funcpack.project import digest
from funcpack.project.package_names import normalized

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from importlib.metadata import Distribution

    from funcpack.buildpack.install.interpreter import Interpreter
    from funcpack.buildpack.install.uv import Uv
    from funcpack.buildpack.platform.log import Log

# A test compares these with invoker/pyproject.toml.
REQUIREMENTS = ("cloudevents", "flask", "gunicorn", "httptools", "werkzeug")
LOCK = Path(__file__).parents[1] / "invoker-requirements.txt"
_NAME = "funcpack-invoker"
_PACKAGE = Path(funcpack_invoker.__file__).parent
METADATA_DIRECTORY = f"{_PACKAGE.name}-{funcpack_invoker.__version__}.dist-info"


@dataclass(frozen=True, slots=True)
class Invoker:
    """The directories of the invoker for `sys.path`. The first contains its dependencies and all metadata."""

    directories: tuple[Path, ...]

    def metadata_by_name(self) -> Mapping[str, Callable[[Path], object]]:
        """Return a function for each package that writes its metadata into a directory of packages."""
        infos = self.directories[0].glob("*.dist-info")
        return {normalized(info.name.split("-")[0]): functools.partial(_copy_metadata, info) for info in infos}


def identity() -> str:
    """Return the digest of the invoker and of everything that may be among its dependencies: the tool's packages, uv too."""
    specs = [find_spec(name) for name in REQUIREMENTS]  # the packages have the names of their modules
    directories = {Path(spec.origin).parents[1] for spec in specs if spec and spec.origin}
    installed = {path.name for directory in directories for path in directory.glob("*.dist-info")}
    invoker = str(_PACKAGE) if _is_checkout() else digest.files_digest([_PACKAGE], _PACKAGE)
    return digest.text_digest("\n".join([*sorted(installed), invoker, LOCK.read_text(encoding="utf-8")]))


def provide(parent: Path, interpreter: Interpreter, uv: Uv, log: Log) -> Invoker:
    """Return the invoker for an interpreter, from the directory `parent` in the cache if it is there.

    Raises:
        InvokerPackagesError: uv cannot install the packages for another Python version.

    """
    python = ".".join(map(str, interpreter.numbers[:2])) + "t" * interpreter.is_free_threaded
    entry = parent / f"{identity()[:24]}-{python}"
    if not entry.is_dir():
        with cache.new_entry(entry) as directory:
            _fill(directory, interpreter, uv, log)
        cache.prune(parent)
    cache.note_use(entry)
    return Invoker((entry, _PACKAGE.parent) if _is_checkout() else (entry,))


def package_files() -> Mapping[str, bytes]:
    """Return the files of the invoker's package, without its dependencies, by their names from the parent directory on."""
    files = (file for file in _PACKAGE.rglob("*") if file.is_file() and "__pycache__" not in file.parts)
    return {file.relative_to(_PACKAGE.parent).as_posix(): file.read_bytes() for file in files}


def metadata() -> str:
    """Return the metadata of the invoker as a package of its own, which pip installs as a part of the tool.

    https://packaging.python.org/en/latest/specifications/core-metadata/
    """
    from importlib.metadata import requires  # noqa: PLC0415 - see `_closure`

    from packaging.requirements import Requirement  # noqa: PLC0415 - see `_closure`

    required = [text for text in requires("funcpack") or () if normalized(Requirement(text).name) in REQUIREMENTS]
    headers = ["Metadata-Version: 2.1", f"Name: {_NAME}", f"Version: {funcpack_invoker.__version__}"]
    return "\n".join([*headers, *(f"Requires-Dist: {requirement}" for requirement in required), ""])


def _is_checkout() -> bool:
    """Check whether the tool is installed in development mode: then changes of the invoker show at once."""
    return (_PACKAGE.parent / "pyproject.toml").is_file()


def _fill(directory: Path, interpreter: Interpreter, uv: Uv, log: Log) -> None:
    own = pythons.own_interpreter()
    if (interpreter.numbers[:2], interpreter.is_free_threaded) == (own.numbers[:2], own.is_free_threaded):
        for package in _closure().values():
            _copy_package(package, directory)
    else:
        _install_lock(directory, interpreter, uv, log)
    if not _is_checkout():
        shutil.copytree(_PACKAGE, directory / _PACKAGE.name)
    _write_metadata(directory)


def _closure() -> dict[str, Distribution]:
    """Return the installed packages that the invoker requires, and those that they require, by their names."""
    from importlib.metadata import distribution  # noqa: PLC0415 - slow, and most starts find the directory in the cache

    from packaging.requirements import Requirement  # noqa: PLC0415 - see above

    found: dict[str, Distribution] = {}
    pending = list(REQUIREMENTS)
    while pending:
        name = normalized(pending.pop())
        if name not in found:
            found[name] = distribution(name)
            requirements = map(Requirement, found[name].requires or ())
            pending += [each.name for each in requirements if not each.marker or each.marker.evaluate({"extra": ""})]
    return found


def _copy_package(package: Distribution, directory: Path) -> None:
    """Copy the files of a package, without its scripts."""
    for file in package.files or ():
        source = Path(str(package.locate_file(file)))
        if ".." not in file.parts and source.is_file():
            (directory / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, directory / file)


def _install_lock(directory: Path, interpreter: Interpreter, uv: Uv, log: Log) -> None:
    own = pythons.own_interpreter()
    log.line(
        f"Installing the packages of the invoker for Python {interpreter.version}, because Funcpack runs on Python {own.version}"
    )
    python = ["--python", str(interpreter.path), "--target", str(directory)]
    install = ["pip", "install", "--no-compile-bytecode", "--no-deps", "--require-hashes", *python]
    try:
        uv.run([*install, *uv.install_options, "--requirement", str(LOCK)], log)
    except UvError as exc:
        raise InvokerPackagesError(interpreter.version, own.version) from exc
    (directory / ".lock").unlink(missing_ok=True)
    shutil.rmtree(directory / "bin", ignore_errors=True)


def _write_metadata(directory: Path) -> None:
    info = directory / METADATA_DIRECTORY
    info.mkdir()
    (info / "METADATA").write_text(metadata(), encoding="utf-8")
    (info / "RECORD").write_text("", encoding="utf-8")


def _copy_metadata(info: Path, site_packages: Path) -> None:
    (site_packages / info.name).mkdir()
    shutil.copy(info / "METADATA", site_packages / info.name)
