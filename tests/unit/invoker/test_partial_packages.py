"""Partial packages behave like ordinary ones, but run `__init__` later."""

from __future__ import annotations

import importlib
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest

from funcpack_invoker.lazy_imports.packages import is_partial, partial_packages
from tests.unit.invoker.gate import Gate

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import ModuleType

INIT = """
print("run")
from needed import value
from .parts import part
"""


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Path]:
    """A directory on the path with a package; what is imported from it is forgotten when the test ends."""
    before = dict(sys.modules)
    directory = tmp_path / "library"
    package = directory / "package"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(INIT)
    (package / "parts.py").write_text("part = object()\n")
    (package / "others.py").write_text("from . import parts\n")
    (directory / "needed.py").write_text("value = 'the library'\n")
    sys.path.insert(0, str(directory))
    yield directory
    sys.path.remove(str(directory))
    for name in sys.modules.keys() - before.keys():
        del sys.modules[name]


@pytest.fixture
def app(library: Path) -> Iterator[Path]:
    """The app directory, first on the path; imports of the package are partial unless it is there."""
    app = library.with_name("app")
    app.mkdir()
    sys.path.insert(0, str(app))
    with partial_packages([str(app)], {"package": {"part": "parts"}}):
        yield app
    sys.path.remove(str(app))


def load() -> ModuleType:
    return importlib.import_module("package")


@pytest.mark.usefixtures("app")
def test_modules_and_what_is_known_of_them_are_there_before_the_package_is_run(
    capsys: pytest.CaptureFixture[str],
) -> None:
    package = load()
    assert package.part is importlib.import_module("package.parts").part
    assert package.others.parts is package.parts
    assert is_partial(package)
    assert capsys.readouterr().out == ""


@pytest.mark.usefixtures("app")
def test_package_is_run_once_when_asked_for_anything_else(capsys: pytest.CaptureFixture[str]) -> None:
    package = load()
    part = package.part
    assert (package.value, package.value) == ("the library", "the library")
    assert package.part is part
    assert not is_partial(package)
    assert capsys.readouterr().out == "run\n"
    with pytest.raises(AttributeError, match="module 'package' has no attribute 'nothing'"):
        package.nothing  # noqa: B018 - asking for it is the point


@pytest.mark.usefixtures("app")
def test_names_are_imported_from_it_as_ever() -> None:
    names: dict[str, Any] = {}
    exec("from package import part, parts, value", names)
    assert (names["parts"].part, names["value"]) == (names["part"], "the library")
    with pytest.raises(ImportError, match="cannot import name 'nothing' from 'package'"):
        exec("from package import nothing")


@pytest.mark.usefixtures("app")
def test_package_with_a_function_for_missing_names_keeps_it(library: Path) -> None:
    (library / "package" / "__init__.py").write_text("def __getattr__(name): return name.upper()\n")
    assert load().anything == "ANYTHING"


def test_files_of_the_app_are_not_taken_for_what_it_needs(app: Path) -> None:
    (app / "needed.py").write_text("value = 'the app'\n")
    assert load().value == "the library"


def test_package_of_the_app_is_run_at_once(app: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (app / "package").mkdir()
    (app / "package" / "__init__.py").write_text("print('own')\n")
    assert not is_partial(load())
    assert capsys.readouterr().out == "own\n"


@pytest.mark.usefixtures("app")
def test_threads_wait_until_it_was_run(library: Path) -> None:
    (library / "package" / "__init__.py").write_text("import gate\ngate.reached.set()\ngate.opened.wait(20)\nvalue = 1")
    gate = Gate()
    package = load()
    assert gate.values_of(package) == [1, 1, 1, 1]


@pytest.mark.usefixtures("app")
def test_failure_is_raised_and_running_tried_again(library: Path) -> None:
    (library / "needed.py").write_text("1 / 0\n")
    package = load()
    with pytest.raises(ZeroDivisionError):
        package.value  # noqa: B018 - asking for it is the point
    (library / "needed.py").write_text("value = 'the library, repaired'\n")
    importlib.invalidate_caches()
    assert package.value == "the library, repaired"


@pytest.mark.usefixtures("app")
def test_other_threads_import_as_ever(capsys: pytest.CaptureFixture[str]) -> None:
    thread = threading.Thread(target=load)
    thread.start()
    thread.join(20)
    assert not is_partial(sys.modules["package"])
    assert capsys.readouterr().out == "run\n"


def test_variable_turns_it_off(
    library: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FUNCTION_LAZY_IMPORTS", "off")
    with partial_packages([str(library / "app")], {"package": {"part": "parts"}}):
        assert not is_partial(load())
    assert capsys.readouterr().out == "run\n"
