"""docs/dependencies.md is complete, and names tests and files that exist."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import flask
import pytest

from tests.unit.invoker.test_private_names import ALLOWED
from tools.places import ROOT

TEXT = (ROOT / "docs" / "dependencies.md").read_text()
PROJECT = tomllib.loads((ROOT / "invoker" / "pyproject.toml").read_text())["project"]


def quoted(pattern: str) -> set[str]:
    return set(re.findall(rf"`({pattern})`", TEXT))


@pytest.mark.parametrize("requirement", PROJECT["dependencies"])
def test_every_dependency_has_a_row(requirement: str) -> None:
    (name,) = re.findall(r"^[a-z]+", requirement)
    assert re.search(rf"^\| {name} \|", TEXT, re.MULTILINE | re.IGNORECASE)


def test_table_has_every_private_name() -> None:
    section = TEXT.partition("## Private names")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \| [^|]+ \| `([\w/.]+)`", section, re.MULTILINE)
    assert {(name, f"invoker/funcpack_invoker/{file}") for name, file in rows} == ALLOWED.keys()


@pytest.mark.parametrize("name", sorted(quoted(r"(?:[\w/]+/)?test_\w+\.py")))
def test_named_tests_exist(name: str) -> None:
    assert list((ROOT / "tests").rglob(name.rpartition("/")[2]))
    assert "/" not in name or (ROOT / name).is_file()


@pytest.mark.parametrize("path", sorted(quoted(r"\w+/[\w/.]+")))
def test_named_paths_exist(path: str) -> None:
    # Paths of the invoker's modules, as in the rest of the documentation, and those of Flask are relative.
    bases = (ROOT, ROOT / "invoker" / "funcpack_invoker", Path(flask.__file__).parents[1])
    assert any((base / path).exists() for base in bases)
