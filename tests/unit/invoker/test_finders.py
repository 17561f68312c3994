"""Finders that apply to one thread."""

from __future__ import annotations

import importlib
import sys
import threading
from importlib.machinery import PathFinder
from typing import TYPE_CHECKING

import pytest

from funcpack_invoker.errors import LibraryShadowedError
from funcpack_invoker.lazy_imports.finders import importing_ordinarily, search_path, searching, using_finder
from funcpack_invoker.lazy_imports.libraries import import_library

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from importlib.machinery import ModuleSpec
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


class In:
    """A finder of modules in one directory."""

    def __init__(self, directory: Path) -> None:
        self._path = [str(directory)]

    def find_spec(self, name: str, _path: Sequence[str] | None) -> ModuleSpec | None:
        return PathFinder.find_spec(name, self._path)


def test_path_is_another_inside_alone(directories: tuple[Path, Path]) -> None:
    with searching([str(directories[1])]):
        assert (where(), search_path()) == ("second", [str(directories[1])])
    assert (where(), search_path()) == ("first", sys.path)
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("only")


def test_finder_comes_before_the_path_and_inner_finder_first(directories: tuple[Path, Path]) -> None:
    first, second = directories
    with using_finder(In(second)), using_finder(In(first)), searching([str(second)]):
        assert where() == "first"
        assert importlib.import_module("only").__file__ == str(second / "only.py")
        with importing_ordinarily([str(second)]):
            assert where() == "second"


def test_hidden_directories_are_not_searched(directories: tuple[Path, Path]) -> None:
    (directories[0] / "own.py").write_text("")
    with (
        searching([str(directories[1])], hidden=[str(directories[0])]),
        pytest.raises(ModuleNotFoundError, match="No module named 'own'") as raised,
    ):
        importlib.import_module("own")
    assert raised.value.name == "own"
    with searching([str(directories[1])]):
        importlib.import_module("own")


@pytest.mark.parametrize("change", ["searching", "using_finder"])
def test_other_threads_find_as_ever(directories: tuple[Path, Path], change: str) -> None:
    seen: list[str] = []
    thread = threading.Thread(target=lambda: seen.append(where()))
    with searching([str(directories[1])]) if change == "searching" else using_finder(In(directories[1])):
        thread.start()
        thread.join(20)
    assert seen == ["first"]


def test_library_is_not_taken_from_the_app_while_another_thread_imports_from_it(
    directories: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    app, libraries = directories
    monkeypatch.syspath_prepend(str(libraries))
    monkeypatch.syspath_prepend(str(app))
    (app / "other.py").write_text("")
    path = list(sys.path)
    (libraries / "library.py").write_text(
        "import threading, importlib, sys, found\n"
        "def user(): sys.modules.pop('other', None); importlib.import_module('other'); done.append(list(sys.path))\n"
        "done = []\nthread = threading.Thread(target=user)\nthread.start()\nthread.join(20)\nwhere = found.where\n"
    )
    library = import_library("library", [str(app)])
    assert (library.where, library.done) == ("second", [path])
    del sys.modules["other"]
    with pytest.raises(LibraryShadowedError, match="No module named 'other'"):
        import_library("other", [str(app)])
