from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from funcpack.errors import (
    FileEncodingError,
    PythonKindError,
    PythonVersionEndedError,
    PythonVersionSyntaxError,
    PythonVersionTooNewError,
    PythonVersionUnknownError,
)
from funcpack.project import python_request
from funcpack.project.pyproject import Pyproject
from funcpack.project.python_request import PythonRequest, choose, expected_minor
from funcpack.project.settings import Setting, Settings

if TYPE_CHECKING:
    from pathlib import Path

DOWNLOADS = [(3, 10, 9), (3, 11, 9), (3, 12, 3), (3, 12, 10), (3, 13, 5), (3, 14, 0), (3, 15, 2), (3, 16, 0)]


def requested(app: Path, environ: dict[str, str]) -> PythonRequest | None:
    return python_request.find_request(Settings(environ, {}), app, Pyproject.read(app))


def request(text: str) -> PythonRequest:
    return PythonRequest.parse(Setting(text, "a test"))


@pytest.mark.parametrize(
    ("text", "allowed", "refused"),
    [
        ("3", (3, 13, 5), (4, 0, 0)),
        ("3.1", (3, 1, 0), (3, 13, 0)),
        ("3.13", (3, 13, 5), (3, 12, 9)),
        ("3.13.5", (3, 13, 5), (3, 13, 4)),
        ("3.13.*", (3, 13, 5), (3, 12, 9)),
        ("3.13.x", (3, 13, 5), (3, 12, 9)),
        ("python-3.13.5", (3, 13, 5), (3, 13, 4)),
        ("cpython-3.13", (3, 13, 5), (3, 12, 0)),
        ("cpython3.13", (3, 13, 5), (3, 12, 0)),
        ("python 3.13", (3, 13, 5), (3, 12, 0)),
        ("v3.13", (3, 13, 5), (3, 12, 0)),
        ("cp313", (3, 13, 5), (3, 12, 0)),
        ("py313", (3, 13, 5), (3, 12, 0)),
        ("313", (3, 13, 5), (3, 12, 0)),
        ("cp314t", (3, 14, 0), (3, 13, 0)),
        ("cpython-3.13.5-linux-x86_64-gnu", (3, 13, 5), (3, 13, 4)),
        ("cpython-3.13-macos-aarch64-none", (3, 13, 5), (3, 12, 0)),
        ("cpython-3.14+freethreaded-linux-x86_64-gnu", (3, 14, 0), (3, 13, 0)),
        (">=3.12", (3, 12, 0), (3, 11, 9)),
        (">3.12", (3, 12, 1), (3, 12, 0)),
        (">=3.12,<3.14", (3, 13, 9), (3, 14, 0)),
        (" >= 3.12 , != 3.13.* ", (3, 12, 0), (3, 13, 0)),
        (">=3.12,!=3.13.4,", (3, 13, 5), (3, 13, 4)),
        ("~=3.12", (3, 14, 0), (4, 0, 0)),
        ("~=3.12.4", (3, 12, 9), (3, 13, 0)),
        ("~=3.12.4", (3, 12, 4), (3, 12, 3)),
        ("==3.13.*", (3, 13, 5), (3, 14, 0)),
        ("==3.13.5", (3, 13, 5), (3, 13, 4)),
        ("===3.13.5", (3, 13, 5), (3, 13, 6)),
        ("<=3.13", (3, 13, 0), (3, 13, 1)),
        (">=3.12.0rc1", (3, 12, 0), (3, 11, 9)),
        (">=3.12.0.dev0", (3, 12, 0), (3, 11, 9)),
        (">3.12.0b2", (3, 12, 0), (3, 11, 9)),
        (">=3.11,<3.14.0a0", (3, 13, 9), (3, 14, 0)),
        ("<3.14a0", (3, 13, 9), (3, 14, 0)),
        ("<=3.14.0-rc.1", (3, 13, 9), (3, 14, 0)),
        ("~=3.12.0RC1", (3, 12, 0), (3, 13, 0)),
        (">=3.12,!=3.13.0rc2", (3, 13, 0), (3, 11, 0)),
        ("3.14t", (3, 14, 2), (3, 13, 5)),
        ("3.14.2t", (3, 14, 2), (3, 14, 3)),
        ("cpython-3.14+freethreaded", (3, 14, 2), (3, 13, 5)),
    ],
)
def test_request_allows(text: str, allowed: tuple[int, ...], refused: tuple[int, ...]) -> None:
    assert request(text).allows(allowed)
    assert not request(text).allows(refused)


@pytest.mark.parametrize(
    "text",
    [
        "latest",
        ">=3.12.*",
        "~=3.12.*",
        "===3.12.*",
        "3.13-rc1",
        ">=3.14t",
        "3.14tt",
        ">=3.14.*rc1",
        "pypy-3.10",
        "pypy3.10",
        "pp310",
        "cpython",
        "3.13-dev",
        "3.13.5.13",
        ">=",
        "^3.12",
        "3.12 3.13",
        ">=3.12;<4",
        "3.13.5.1",
    ],
)
def test_request_that_is_none(text: str) -> None:
    with pytest.raises(PythonVersionSyntaxError):
        request(text)


@pytest.mark.parametrize(
    ("text", "chosen"),
    [("3.12", (3, 12, 10)), ("3.12.3", (3, 12, 3)), (">=3.11", (3, 15, 2)), ("3", (3, 15, 2)), ("3.15t", (3, 15, 2))],
)
def test_newest_that_fits_is_chosen(text: str, chosen: tuple[int, ...]) -> None:
    assert choose(request(text), DOWNLOADS) == chosen


def test_default_when_nobody_asks() -> None:
    assert choose(None, DOWNLOADS) == (3, 13, 5)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("2.7", PythonVersionEndedError),
        ("3.10", PythonVersionEndedError),
        ("<3.11", PythonVersionEndedError),
        ("3.16", PythonVersionTooNewError),
        (">=3.16", PythonVersionTooNewError),
        ("3.13t", PythonVersionEndedError),
        ("3.16t", PythonVersionTooNewError),
        ("4", PythonVersionTooNewError),
        ("3.12.99", PythonVersionUnknownError),
        (">3.12.10,<3.13", PythonVersionUnknownError),
    ],
)
def test_none_fits(text: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        choose(request(text), DOWNLOADS)


@pytest.mark.parametrize(
    ("text", "version", "free_threaded", "is_suitable"),
    [
        (None, (3, 14, 0), True, True),
        (None, (3, 13, 0), True, False),
        (">=3.11", (3, 14, 0), True, True),
        ("3.14", (3, 14, 0), True, False),
        ("3.14t", (3, 14, 0), True, True),
        ("3.14t", (3, 14, 0), False, False),
    ],
)
def test_free_threaded_build(
    text: str | None, version: tuple[int, ...], free_threaded: bool, is_suitable: bool
) -> None:
    found = python_request.is_suitable(version, request(text) if text else None, free_threaded=free_threaded)
    assert found is is_suitable


@pytest.mark.parametrize(
    ("text", "own", "expected"),
    [
        (None, (3, 11, 2), (3, 11)),
        (None, None, (3, 13)),
        (None, (3, 9, 0), (3, 13)),
        ("3.12", (3, 13, 5), (3, 12)),
        (">=3.12", (3, 13, 5), (3, 13)),
        (">=3.14", (3, 13, 5), (3, 15)),
        (">=3.12", None, (3, 15)),
        ("3.14t", (3, 13, 5), (3, 14)),
        ("2.7", None, (3, 13)),
    ],
)
def test_expected_minor(text: str | None, own: tuple[int, ...] | None, expected: tuple[int, ...]) -> None:
    assert expected_minor(request(text) if text else None, own) == expected


@pytest.mark.parametrize(
    ("files", "env", "setting"),
    [
        ({}, {}, None),
        ({".python-version": "\n# none\n"}, {}, None),
        ({".python-version": "3.12 # why\n3.11\n"}, {}, Setting("3.12", ".python-version")),
        ({".python-version": "\ufeff3.12\r\n"}, {}, Setting("3.12", ".python-version")),
        ({".python-version": "3.12"}, {"BP_PYTHON_VERSION": "3.11"}, Setting("3.11", "BP_PYTHON_VERSION")),
        (
            {"pyproject.toml": "[project]\nrequires-python = '>=3.12'"},
            {},
            Setting(">=3.12", "requires-python in pyproject.toml"),
        ),
        ({"pyproject.toml": "[tool.x]\na = 1"}, {}, None),
        (
            {"pyproject.toml": "[project]\nrequires-python = '>=3.12'", ".python-version": "3.13"},
            {},
            Setting("3.13", ".python-version"),
        ),
    ],
)
def test_first_source_counts(
    tmp_path: Path, files: dict[str, str], env: dict[str, str], setting: Setting | None
) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text, newline="")
    found = requested(tmp_path, env)
    assert (found.setting if found else None) == setting


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("3.14.0rc1", "a pre-release"),
        ("3.15a7", "a pre-release"),
        ("3.15-dev", "a pre-release"),
        ("cpython-3.14.0b2", "a pre-release"),
        ("==3.14.0rc1", "a pre-release"),
        ("3.13d", "a debug build"),
        ("3.13+debug", "a debug build"),
        ("pypy3.10-7.3.12", "PyPy"),
        ("PyPy@3.10", "PyPy"),
        ("pp310", "PyPy"),
        ("graalpy-24.1.2", "GraalPy"),
        ("miniconda3-4.7.12", "a distribution of conda"),
    ],
)
def test_other_kinds_of_python(text: str, kind: str) -> None:
    with pytest.raises(PythonKindError) as caught:
        request(text)
    assert caught.value.kind == kind


def test_line_of_the_version(tmp_path: Path) -> None:
    (tmp_path / ".python-version").write_text("# the team decided\n\n3.13 # on this\n")
    found = requested(tmp_path, {})
    assert found
    assert found.setting == Setting("3.13", ".python-version, line 3")


def test_version_without_quotes(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[project]\nrequires-python = 3.12")
    with pytest.raises(PythonVersionSyntaxError) as caught:
        requested(tmp_path, {})
    assert (caught.value.text, caught.value.origin) == ("3.12", "requires-python in pyproject.toml, without quotes")


def test_version_in_another_encoding(tmp_path: Path) -> None:
    (tmp_path / ".python-version").write_text("3.12", encoding="utf-16")
    with pytest.raises(FileEncodingError):
        requested(tmp_path, {})
