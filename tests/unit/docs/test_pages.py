"""What the pages point at and name is there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from funcpack_invoker.settings import VARIABLES
from tests.unit.docs.markdown import PAGES, anchors, links
from tools.places import ROOT

if TYPE_CHECKING:
    from pathlib import Path

EACH_PAGE = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
SOURCES = [
    path.read_text()
    for name in ("funcpack", "bin")
    for path in (ROOT / name).rglob("*")
    if path.is_file() and path.suffix in {"", ".py"}
]


def is_broken(link: str, page: Path) -> bool:
    if link.startswith(("https://", "http://")):
        return False
    path, _, anchor = link.partition("#")
    target = page.parent / path if path else page
    return not target.exists() or bool(anchor and anchor not in anchors(target))


@EACH_PAGE
def test_links_lead_somewhere(page: Path) -> None:
    assert [link for link in links(page) if is_broken(link, page)] == []


@pytest.mark.parametrize(
    ("link", "broken"),
    [
        pytest.param("docs/functions.md", False, id="a-page"),
        pytest.param("docs/functions.md#hooks", False, id="a-heading"),
        pytest.param("docs/no-page.md", True, id="no-page"),
        pytest.param("docs/functions.md#no-heading", True, id="no-heading"),
    ],
)
def test_broken_links_are_found(link: str, *, broken: bool) -> None:
    assert is_broken(link, ROOT / "README.md") == broken


def named(pattern: str, page: Path) -> set[str]:
    return set(re.findall(rf"\b{pattern}\b", page.read_text()))


@EACH_PAGE
def test_variables_of_the_invoker_exist(page: Path) -> None:
    # Two are those of Functions Framework, on the page that compares it.
    names = named("FUNCTION_[A-Z_]+", page) - {"FUNCTION_TARGET", "FUNCTION_SIGNATURE_TYPE"}

    assert names <= {variable.name for variable in VARIABLES}


@EACH_PAGE
def test_variables_of_the_buildpack_exist(page: Path) -> None:
    # PIP_TARGET is named as one without effect.
    names = named("(?:BP|PIP)_[A-Z_]+", page) - {"PIP_TARGET", "PIP_NO_BINARY", "PIP_ONLY_BINARY"}

    assert {name for name in names if not any(name in source for source in SOURCES)} == set()


def test_pages_name_variables_at_all() -> None:
    assert "BP_PYTHON_VERSION" in named("BP_[A-Z_]+", ROOT / "docs" / "buildpack.md")
    assert "FUNCTION_TIMEOUT" in named("FUNCTION_[A-Z_]+", ROOT / "docs" / "configuration.md")


@EACH_PAGE
def test_targets_of_the_makefile_exist(page: Path) -> None:
    targets = re.findall(r"(?m)^([a-z]+):", (ROOT / "Makefile").read_text())

    assert set(re.findall(r"(?:`|^ *\$? ?)make ([a-z]+)", page.read_text(), re.MULTILINE)) <= set(targets)
