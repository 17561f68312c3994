"""Finding modules in another way, in one thread."""

from __future__ import annotations

import importlib
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from funcpack_invoker.lazy_imports.finders import OnPath, finding_by

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def directories(tmp_path: Path) -> Iterator[tuple[Path, Path]]:
    """Two directories, which both have a module `found` that says where it is; the first one is on the path."""
    before = dict(sys.modules)
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "found.py").write_text(f"where = {name!r}\n")
    (tmp_path / "second" / "only.py").write_text("")
    sys.path.insert(0, str(tmp_path / "first"))
    yield tmp_path / "first", tmp_path / "second"
    sys.path.remove(str(tmp_path / "first"))
    for name in sys.modules.keys() - before.keys():
        del sys.modules[name]


def where() -> str:
    sys.modules.pop("found", None)
    return str(importlib.import_module("found").where)


def test_path_is_another_inside_alone(directories: tuple[Path, Path]) -> None:
    with finding_by(OnPath([str(directories[1])])):
        assert where() == "second"
    assert where() == "first"
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("only")


def test_inner_finder_comes_first(directories: tuple[Path, Path]) -> None:
    first, second = (OnPath([str(directory)]) for directory in directories)
    with finding_by(second), finding_by(first):
        assert where() == "first"
        assert importlib.import_module("only").__file__ == str(directories[1] / "only.py")


def test_other_threads_find_as_ever(directories: tuple[Path, Path]) -> None:
    seen: list[str] = []
    thread = threading.Thread(target=lambda: seen.append(where()))
    with finding_by(OnPath([str(directories[1])])):
        thread.start()
        thread.join(20)
    assert seen == ["first"]
