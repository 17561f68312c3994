"""The supported Python versions: other places repeat those of funcpack/project/supported_pythons.py."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from funcpack.project.supported_pythons import DEFAULT, FREE_THREADED, SUPPORTED
from tests.integration.test_releases import PAIRS
from tools.stage import PYTHONS

ROOT = Path(__file__).parents[3]
VERSIONS = [".".join(map(str, version)) for version in SUPPORTED]


def project(file: str) -> dict[str, object]:
    return dict(tomllib.loads((ROOT / file).read_text())["project"])


def test_classifiers() -> None:
    classifiers = project("pyproject.toml")["classifiers"]
    assert isinstance(classifiers, list)
    found = [re.fullmatch(r"Programming Language :: Python :: (3\.\d+)", classifier) for classifier in classifiers]
    assert [match[1] for match in found if match] == VERSIONS


@pytest.mark.parametrize("file", ["pyproject.toml", "invoker/pyproject.toml"])
def test_oldest_version_of_the_distributions(file: str) -> None:
    assert project(file)["requires-python"] == f">={VERSIONS[0]}"


def test_interpreters_that_run_the_buildpack() -> None:
    match = re.search(r"^for python in (.*); do$", (ROOT / "bin" / "python").read_text(), re.MULTILINE)
    assert match
    assert match[1].split() == [f"python{version}" for version in reversed(VERSIONS)]


def test_oldest_version_that_runs_the_buildpack() -> None:
    text = (ROOT / "bin" / "python").read_text()
    assert f"sys.version_info < {SUPPORTED[0]}" in text
    assert f"Python {VERSIONS[0]} or newer" in text


def test_default_is_supported() -> None:
    assert DEFAULT in SUPPORTED


def test_free_threaded_builds_are_of_supported_versions() -> None:
    assert set(FREE_THREADED) <= set(SUPPORTED)


def test_releases_that_the_tests_run_the_server_with() -> None:
    assert {version for version, _ in PAIRS} == set(VERSIONS)


def test_wheels_in_the_buildpack() -> None:
    plain = [(version, f"cp{version.replace('.', '')}") for version in VERSIONS]
    free_threaded = [(f"{major}.{minor}", f"cp{major}{minor}t") for major, minor in FREE_THREADED]
    assert list(PYTHONS) == plain + free_threaded


def test_documentation() -> None:
    free_threaded = " and ".join(f"{major}.{minor}" for major, minor in FREE_THREADED)
    sentence = f"Functions can run on Python {VERSIONS[0]} to {VERSIONS[-1]}, and on the free-threaded builds of {free_threaded}."
    assert sentence in (ROOT / "docs" / "buildpack.md").read_text()
