from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tools import stamp

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    tree = tmp_path / "tree"
    (tree / "directory").mkdir(parents=True)
    (tree / "one").write_text("1")
    (tree / "directory" / "two").write_text("2")
    return tree


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda tree: (tree / "one").write_text("3"), id="content"),
        pytest.param(lambda tree: (tree / "one").rename(tree / "three"), id="name"),
        pytest.param(lambda tree: (tree / "one").chmod(0o755), id="executable"),
        pytest.param(lambda tree: (tree / "directory" / "new").write_text(""), id="new-file"),
        pytest.param(lambda tree: (tree / "directory" / "two").unlink(), id="removed-file"),
    ],
)
def test_digest_changes_with_the_tree(tree: Path, change: Callable[[Path], object]) -> None:
    before = stamp.digest(tree)
    change(tree)

    assert stamp.digest(tree) != before


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda tree: (tree / "one").touch(), id="time"),
        pytest.param(
            lambda tree: (tree / "__pycache__").mkdir() or (tree / "__pycache__" / "x.pyc").write_text(""),
            id="bytecode",
        ),
    ],
)
def test_digest_stays_with_what_does_not_matter(tree: Path, change: Callable[[Path], object]) -> None:
    before = stamp.digest(tree)
    change(tree)

    assert stamp.digest(tree) == before


def test_digest_of_two_files_tells_which_is_which(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.write_text("1")
    second.write_text("2")
    before = stamp.digest(first, second)
    first.write_text("2")
    second.write_text("1")

    assert stamp.digest(first, second) != before
