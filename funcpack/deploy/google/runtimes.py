"""The runtime of a function on Cloud Functions, such as `python313`: the Python that Google's builder installs."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, NamedTuple

from funcpack.deploy.plan.values import at
from funcpack.deployment_errors import DifferentRuntimesError, OldRuntimeError, RuntimeNameError
from funcpack.project.supported_pythons import SUPPORTED

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from funcpack.check.local import Inspection
    from funcpack.deploy.plan.note import Note
    from funcpack.deploy.settings.configuration import Configuration
    from funcpack.project.python_request import Version

_RUNTIME = re.compile(r"python(?P<major>3)(?P<minor>\d{1,2})", re.ASCII)
_VERSION = re.compile(r"(?:python[-_ ]?)?(?P<major>3)[.]?(?P<minor>\d{1,2})(?:\.\d+)?", re.ASCII | re.IGNORECASE)


class _Setting(NamedTuple):
    place: str
    runtime: object


def runtime(
    configuration: Configuration, places: Sequence[str], inspection: Inspection, *, minimum: Version, note: Note
) -> str:
    """Return the runtime that the configuration sets at one of `places`, else that of the project's Python, else of this one.

    A runtime that is older than the Python versions of the invoker is valid, and a note says that the function will not start.

    Raises:
        DifferentRuntimesError: Two places of the configuration name different runtimes.
        RuntimeNameError: A value is not the name of a Python runtime.
        OldRuntimeError: The version is below `minimum`.

    """
    settings = list(_settings(configuration.values, places))
    if any(setting.runtime != settings[0].runtime for setting in settings):
        raise DifferentRuntimesError([f"{place} is '{value}'" for place, value in settings])
    if not settings:
        return _name(_default(inspection))
    place, value = settings[0]
    version = _version(place, value)
    if version < minimum:
        raise OldRuntimeError(place, _name(version), _name(minimum))
    if version < min(SUPPORTED):
        note(_too_old(place, version))
    return _name(version)


def _settings(values: Mapping[str, object], places: Sequence[str]) -> Iterator[_Setting]:
    for place in places:
        value = at(values, place)
        if value is not None:
            yield _Setting(place, value)


def _version(place: str, value: object) -> Version:
    text = str(value)
    match = _RUNTIME.fullmatch(text)
    if match is None or not isinstance(value, str):
        meant = _VERSION.fullmatch(text.strip())
        raise RuntimeNameError(place, text, _name(_numbers(meant)) if meant else None, _name(max(SUPPORTED)))
    return _numbers(match)


def _numbers(match: re.Match[str]) -> Version:
    return int(match["major"]), int(match["minor"])


def _name(version: Version) -> str:
    return "python{}{}".format(*version)


def _default(inspection: Inspection) -> Version:
    return inspection.python if inspection.project.python else sys.version_info[:2]


def _too_old(place: str, version: Version) -> str:
    return (
        f"Warning: {place} is {_name(version)}, and Funcpack's invoker needs {_name(min(SUPPORTED))} or newer. "
        "The function will not start."
    )
