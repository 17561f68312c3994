"""The Python version that the project requests, and the choice of a version that satisfies the request.

Versions are final releases, `(3, 13, 5)`. A request is a plain version (`3.13`, `3.13.5`, `3.13.*`), also of a free-threaded
build (`3.14t`) and in the other forms of pyenv and uv (`cpython-3.13.5-linux-x86_64-gnu`), or a list of specifiers as in
`requires-python` (https://packaging.python.org/en/latest/specifications/version-specifiers/).
"""

from __future__ import annotations

import operator
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from funcpack.errors import (
    PythonKindError,
    PythonVersionEndedError,
    PythonVersionError,
    PythonVersionSyntaxError,
    PythonVersionTooNewError,
    PythonVersionUnknownError,
)
from funcpack.project.app_files import is_present, read_text
from funcpack.project.settings import Setting
from funcpack.project.supported_pythons import DEFAULT, FREE_THREADED, SUPPORTED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from funcpack.project.pyproject import Pyproject
    from funcpack.project.settings import Settings

Version = tuple[int, ...]

# https://docs.astral.sh/uv/concepts/python-versions/#requesting-a-version
_PLAIN = re.compile(
    r"(?:c?python[-@ ]?|cp|py|v)?(?P<version>(?P<compact>3\d\d)|\d+(?:\.\d+){0,2})"
    r"(?:(?P<wildcard>\.\*|\.x)|(?P<free_threaded>t|\+freethreaded))?(?:(?:-[a-z]\w+){3})?",
    re.IGNORECASE | re.ASCII,
)
# What people request that is not a final release of CPython, in the forms of pyenv and uv, and what it is.
_KINDS = {
    "a pre-release": re.compile(
        r"(?:===?\s*)?(?:c?python[-@ ]?|cp|py|v)?\d+(?:\.\d+){0,2}[-_.]?(?:alpha|beta|preview|pre|rc|a|b|c|dev)[-_.]?\d*t?",
        re.ASCII,
    ),
    "a debug build": re.compile(r"(?:cpython[-@]?)?\d+(?:\.\d+){0,2}(?:d|\+debug)", re.ASCII),
    **{
        name: re.compile(rf"(?:{forms})\b.*|(?:{forms})[-@\d].*", re.ASCII)
        for name, forms in {
            "PyPy": "pypy|pp",
            "GraalPy": "graalpy|graalvm|gp",
            "Pyodide": "pyodide",
            "a distribution of conda": "(?:ana|mini)conda[23]?|miniforge3?|mambaforge",
        }.items()
    },
}
_LONGEST = 200
# Only == and != accept a wildcard.
_SPECIFIER = re.compile(
    r"(?!(?:[<>~]|===).*\*)(?P<operator>~=|===|==|!=|<=|>=|<|>)\s*(?P<version>\d+(?:\.\d+)*)"
    r"(?:(?P<wildcard>\.\*)|(?P<pre>[-_.]?(?:alpha|beta|preview|pre|rc|a|b|c)[-_.]?\d*)?(?P<dev>[-_.]?dev\d*)?)",
    re.IGNORECASE | re.ASCII,
)
# What a specifier with a pre-release (`>=3.11.0rc1`) means for final releases. None is before version 0.
_FOR_FINAL_RELEASES = {">": ">=", "<=": "<", "==": "<0", "===": "<0", "!=": ">=0"}
_ORDER: dict[str, Callable[[Version, Version], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@dataclass(frozen=True, slots=True)
class PythonRequest:
    """The versions that the project accepts: the setting and the specifiers that it stands for.

    `free_threaded` is None if the setting is a range, which does not distinguish the builds of a version.
    """

    setting: Setting
    specifiers: tuple[tuple[str, Version], ...]
    free_threaded: bool | None = None

    @classmethod
    def parse(cls, setting: Setting) -> PythonRequest:
        """Parse a version or a list of specifiers.

        Raises:
            PythonKindError: The setting is a pre-release, or a Python other than CPython.
            PythonVersionSyntaxError: The setting is not a version or a list of specifiers.

        """
        if len(setting.value) > _LONGEST:
            raise PythonVersionSyntaxError(setting.value, setting.origin)
        for kind, pattern in _KINDS.items():
            if pattern.fullmatch(setting.value.lower()):
                raise PythonKindError(setting.value, setting.origin, kind)
        plain = _PLAIN.fullmatch(setting.value)
        if plain:
            version = (3, int(plain["compact"][1:])) if plain["compact"] else parse_version(plain["version"])
            return cls(setting, (("==*", version),), bool(plain["free_threaded"]))
        specifiers = [_SPECIFIER.fullmatch(part.strip()) for part in setting.value.split(",") if part.strip()]
        if not specifiers or None in specifiers:
            raise PythonVersionSyntaxError(setting.value, setting.origin)
        return cls(setting, tuple(_specifier(match) for match in specifiers if match))

    def allows(self, version: Version) -> bool:
        """Check whether a version satisfies the request."""
        return all(_allows(operator_, wanted, version) for operator_, wanted in self.specifiers)


def supported(*, free_threaded: bool) -> tuple[Version, ...]:
    """Return the minor versions that the invoker runs on."""
    return FREE_THREADED if free_threaded else SUPPORTED


def is_suitable(version: Version, request: PythonRequest | None, *, free_threaded: bool = False) -> bool:
    """Check whether a version is supported and satisfies the request, both as the kind of build that it is."""
    if version[:2] not in supported(free_threaded=free_threaded):
        return False
    return request is None or (request.free_threaded in {None, free_threaded} and request.allows(version))


def expected_minor(request: PythonRequest | None, run_image_version: Version | None) -> Version:
    """Return the minor version that the image will most likely have."""
    if run_image_version and run_image_version[:2] in SUPPORTED and (not request or request.allows(run_image_version)):
        return run_image_version[:2]
    return max(minors(request) if request else (), default=DEFAULT)


def minors(request: PythonRequest | None) -> list[Version]:
    """Return the supported minor versions of which a release may satisfy the request, the oldest first."""
    return [minor for minor in SUPPORTED if request is None or any(map(request.allows, _possible(minor[1:])))]


def check(request: PythonRequest | None) -> None:
    """Check that there can be a supported version that satisfies the request, without the list of all releases.

    Raises:
        PythonVersionError: There cannot; the subclass tells why.

    """
    if request:
        choose(request, _possible(version[1] for version in supported(free_threaded=bool(request.free_threaded))))


def choose(request: PythonRequest | None, versions: Iterable[Version]) -> Version:
    """Return the latest of `versions` that is supported and satisfies the request; all are builds of the requested kind.

    Raises:
        PythonVersionError: No version is suitable; the subclass tells why.

    """
    request = request or PythonRequest.parse(Setting(format_version(DEFAULT), "the default"))
    free_threaded = bool(request.free_threaded)
    suitable = [version for version in versions if is_suitable(version, request, free_threaded=free_threaded)]
    if suitable:
        return max(suitable)
    choices = [
        format_version(version, free_threaded=free_threaded) for version in supported(free_threaded=free_threaded)
    ]
    raise _mismatch(request)(request.setting.value, request.setting.origin, choices)


def _mismatch(request: PythonRequest) -> type[PythonVersionError]:
    first, *_, last = (version[1] for version in supported(free_threaded=bool(request.free_threaded)))
    if any(request.allows(version) for version in ((2, 7, 18), *_possible(range(first)))):
        return PythonVersionEndedError
    if any(request.allows(version) for version in ((4, 0, 0), *_possible(range(last + 1, 100)))):
        return PythonVersionTooNewError
    return PythonVersionUnknownError


def _possible(minors: Iterable[int]) -> Iterator[Version]:
    """Return all conceivable versions with these minor numbers."""
    return ((3, minor, patch) for minor in minors for patch in range(40))


def format_version(version: Version, *, free_threaded: bool = False) -> str:
    """Return the text of a version, such as `3.13.5`, or `3.14.0t` for a free-threaded build."""
    return ".".join(map(str, version)) + ("t" if free_threaded else "")


def find_request(settings: Settings, app: Path, pyproject: Pyproject) -> PythonRequest | None:
    """Return the request from BP_PYTHON_VERSION, .python-version or `requires-python` in pyproject.toml, in this order.

    Raises:
        UserError: The file is not readable, or the request is not valid.

    """
    setting = settings.get("BP_PYTHON_VERSION") or _from_version_file(app) or _from_pyproject(pyproject)
    return PythonRequest.parse(setting) if setting else None


def parse_version(text: str) -> Version:
    """Return the numbers of a version, such as `3.13.5`."""
    return tuple(int(part) for part in text.split("."))


def _from_version_file(app: Path) -> Setting | None:
    file = app / ".python-version"
    text = read_text(file, app) if is_present(file) else ""
    for number, line in enumerate(text.splitlines(), 1):
        if version := line.partition("#")[0].strip():
            return Setting(version, file.name if number == 1 else f"{file.name}, line {number}")
    return None


def _from_pyproject(pyproject: Pyproject) -> Setting | None:
    text = pyproject.project.get("requires-python", "")
    origin = "requires-python in pyproject.toml"
    if not isinstance(text, str):
        raise PythonVersionSyntaxError(str(text), f"{origin}, without quotes")
    return Setting(text.strip(), origin) if text.strip() else None


def _specifier(match: re.Match[str]) -> tuple[str, Version]:
    operator_, version = match["operator"], parse_version(match["version"])
    if match["wildcard"]:
        return f"{operator_}*", version
    if match["pre"] or match["dev"]:
        operator_ = _FOR_FINAL_RELEASES.get(operator_, operator_)
        return operator_.removesuffix("0"), (0,) if operator_.endswith("0") else version
    return operator_, version


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
