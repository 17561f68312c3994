"""Which Python the project asks for, and which versions satisfy it.

Versions are final releases, `(3, 13, 5)`. A request is a version as people write it (`3.13`, `3.13.5`, `3.13.*`), or
specifiers as in `requires-python` (https://packaging.python.org/en/latest/specifications/version-specifiers/).
"""

from __future__ import annotations

import operator
import re
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from funcpack.errors import (
    DependencyFileError,
    PythonVersionEndedError,
    PythonVersionError,
    PythonVersionSyntaxError,
    PythonVersionTooNewError,
    PythonVersionUnknownError,
)
from funcpack.project.app_files import is_there, text_of
from funcpack.project.settings import Setting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from funcpack.project.settings import Settings

Version = tuple[int, ...]

# The versions that the invoker's wheels travel with the buildpack for, and the one for projects that ask for none.
SUPPORTED: tuple[Version, ...] = ((3, 11), (3, 12), (3, 13), (3, 14))
DEFAULT: Version = (3, 13)

_PLAIN = re.compile(
    r"(?:cpython-|cpython@|python-|python)?(?P<version>\d+(?:\.\d+){0,2})(?P<wildcard>\.\*|\.x)?", re.IGNORECASE
)
# A wildcard goes with == and != only.
_SPECIFIER = re.compile(
    r"(?!(?:[<>~]|===).*\*)(?P<operator>~=|===|==|!=|<=|>=|<|>)\s*(?P<version>\d+(?:\.\d+)*)(?P<wildcard>\.\*)?"
)
_ORDER: dict[str, Callable[[Version, Version], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@dataclass(frozen=True, slots=True)
class Request:
    """The versions that the project wants, as it was said and where."""

    setting: Setting
    specifiers: tuple[tuple[str, Version], ...]

    @classmethod
    def parse(cls, setting: Setting) -> Request:
        """Read a version or a list of specifiers.

        Raises:
            PythonVersionSyntaxError: it is neither.

        """
        plain = _PLAIN.fullmatch(setting.value)
        if plain:
            return cls(setting, (("==*", parse_version(plain["version"])),))
        specifiers = [_SPECIFIER.fullmatch(part.strip()) for part in setting.value.split(",") if part.strip()]
        if not specifiers or None in specifiers:
            raise PythonVersionSyntaxError(setting.value, setting.origin)
        return cls(setting, tuple(_specifier(match) for match in specifiers if match))

    def allows(self, version: Version) -> bool:
        """Tell if a version is one of those."""
        return all(_allows(operator_, wanted, version) for operator_, wanted in self.specifiers)


def is_supported(version: Version) -> bool:
    """Tell if the invoker runs on a version."""
    return version[:2] in SUPPORTED


def expected_minor(request: Request | None, own: Version | None) -> Version:
    """Return the minor version that the image will most likely have, when the run image has `own`."""
    if own and is_supported(own) and (request is None or request.allows(own)):
        return own[:2]
    fitting = [minor for minor in SUPPORTED if request and any(map(request.allows, _possible(minor[1:])))]
    return max(fitting, default=DEFAULT)


def choose(request: Request | None, versions: Iterable[Version]) -> Version:
    """Return the newest of `versions` that is supported and asked for.

    Raises:
        PythonVersionError: a subclass that says why there is none.

    """
    wanted = request or Request.parse(Setting(shown(DEFAULT), "the default"))
    fitting = [version for version in versions if is_supported(version) and wanted.allows(version)]
    if fitting:
        return max(fitting)
    choices = [shown(version) for version in SUPPORTED]
    raise _why_none(wanted)(wanted.setting.value, wanted.setting.origin, choices)


def _why_none(request: Request) -> type[PythonVersionError]:
    if any(request.allows(version) for version in ((2, 7, 18), *_possible(range(SUPPORTED[0][1])))):
        return PythonVersionEndedError
    if any(request.allows(version) for version in ((4, 0, 0), *_possible(range(SUPPORTED[-1][1] + 1, 100)))):
        return PythonVersionTooNewError
    return PythonVersionUnknownError


def _possible(minors: Iterable[int]) -> Iterator[Version]:
    """Return versions that there may have been, or may come, with these second numbers."""
    return ((3, minor, patch) for minor in minors for patch in range(40))


def shown(version: Version) -> str:
    """Return a version as it is written."""
    return ".".join(map(str, version))


def requested(app: Path, settings: Settings) -> Request | None:
    """Return what the project says first: BP_PYTHON_VERSION, .python-version, then requires-python of pyproject.toml.

    Raises:
        UserError: it cannot be read or understood.

    """
    setting = settings.get("BP_PYTHON_VERSION") or _of_version_file(app) or _of_pyproject(app)
    return Request.parse(setting) if setting else None


def parse_version(text: str) -> Version:
    """Return the numbers of a version."""
    return tuple(int(part) for part in text.split("."))


def _of_version_file(app: Path) -> Setting | None:
    text = _read(app / ".python-version")
    lines = [line.partition("#")[0].strip() for line in text.splitlines()]
    return next((Setting(line, ".python-version") for line in lines if line), None)


def _of_pyproject(app: Path) -> Setting | None:
    try:
        project = tomllib.loads(_read(app / "pyproject.toml")).get("project")
    except tomllib.TOMLDecodeError as exc:
        raise DependencyFileError("pyproject.toml", str(exc)) from exc
    text = project.get("requires-python", "") if isinstance(project, dict) else ""
    origin = "requires-python of pyproject.toml"
    if not isinstance(text, str):
        raise PythonVersionSyntaxError(str(text), f"{origin}, not in quotes")
    return Setting(text.strip(), origin) if text.strip() else None


def _read(file: Path) -> str:
    return text_of(file, file.name) if is_there(file) else ""


def _specifier(match: re.Match[str]) -> tuple[str, Version]:
    return match["operator"] + ("*" if match["wildcard"] else ""), parse_version(match["version"])


def _allows(operator_: str, wanted: Version, version: Version) -> bool:
    prefix = version[: len(wanted)]
    if operator_ in {"==*", "!=*"}:
        return (prefix == wanted) == (operator_ == "==*")
    padded = (*wanted, *(0,) * (len(version) - len(wanted)))
    if operator_ == "~=":
        return version >= padded and version[: len(wanted) - 1] == wanted[:-1]
    if operator_ in {"==", "==="}:
        return version == padded
    if operator_ == "!=":
        return version != padded
    return _ORDER[operator_](version, padded)
