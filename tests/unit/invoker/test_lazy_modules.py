"""Lazy modules behave like ordinary ones, but are loaded later."""

from __future__ import annotations

import importlib
import sys
import threading
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

from funcpack_invoker.lazy_imports import VARIABLE, are_enabled
from funcpack_invoker.lazy_imports.modules import LazyModule, lazy_modules
from funcpack_invoker.settings import Settings
from tests.unit.invoker.gate import Gate

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Path]:
    """A directory on the path; what is imported from it is forgotten when the test ends."""
    before = dict(sys.modules)
    directory = tmp_path / "library"
    directory.mkdir()
    sys.path.insert(0, str(directory))
    yield directory
    sys.path.remove(str(directory))
    for name in sys.modules.keys() - before.keys():
        del sys.modules[name]


def test_module_is_loaded_when_something_in_it_is_asked_for(library: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (library / "slow.py").write_text("print('loaded')\nvalue = 1\n")
    with lazy_modules({"slow": {}}):
        slow = importlib.import_module("slow")
    assert importlib.import_module("slow") is slow
    assert slow.__name__ == "slow"
    assert capsys.readouterr().out == ""
    assert (slow.value, slow.value) == (1, 1)
    assert capsys.readouterr().out == "loaded\n"
    assert type(slow) is ModuleType
    assert slow.__spec__ is not None
    assert slow.__loader__ is slow.__spec__.loader


def test_names_are_imported_from_it_as_ever(library: Path) -> None:
    (library / "slow.py").write_text("value = 1\n")
    with lazy_modules({"slow": {}}):
        importlib.import_module("slow")
    names: dict[str, object] = {}
    exec("from slow import value", names)
    assert names["value"] == 1
    with pytest.raises(ImportError, match="cannot import name 'nothing' from 'slow'"):
        exec("from slow import nothing")


def test_what_is_set_in_it_stays(library: Path) -> None:
    (library / "slow.py").write_text("value, other = 1, 2\n")
    with lazy_modules({"slow": {}}):
        slow: Any = importlib.import_module("slow")
    slow.value = 3
    assert (slow.value, slow.other) == (3, 2)


def test_other_threads_import_as_ever(library: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (library / "slow.py").write_text("print('loaded')\n")
    with lazy_modules({"slow": {}}):
        thread = threading.Thread(target=importlib.import_module, args=("slow",))
        thread.start()
        thread.join(20)
        assert capsys.readouterr().out == "loaded\n"


def test_package_has_its_lazy_modules(library: Path) -> None:
    (library / "package").mkdir()
    (library / "package" / "__init__.py").write_text("")
    (library / "package" / "slow.py").write_text("value = 1\n")
    with lazy_modules({"package.slow": {}}):
        package = importlib.import_module("package.slow")
    assert package.value == 1
    assert importlib.import_module("package").slow is package


def test_submodule_of_a_lazy_package_does_not_load_it(library: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (library / "package").mkdir()
    (library / "package" / "__init__.py").write_text("print('loaded')\nfrom . import part\nvalue = part.value\n")
    (library / "package" / "part.py").write_text("value = 1\n")
    with lazy_modules({"package": {}}):
        part = importlib.import_module("package.part")
    package = sys.modules["package"]
    assert (part.value, capsys.readouterr().out) == (1, "")
    assert (package.value, package.part) == (1, part)
    assert capsys.readouterr().out == "loaded\n"


def test_only_imports_inside_are_lazy(library: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (library / "slow.py").write_text("print('loaded')\n")
    with lazy_modules({"slow": {}}):
        pass
    importlib.import_module("slow")
    assert capsys.readouterr().out == "loaded\n"


def test_stubs_are_used_inside_only(library: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (library / "slow.py").write_text("print('loaded')\nvalue = 1\n")
    with lazy_modules({"slow": {"value": 2}}):
        slow = importlib.import_module("slow")
        assert slow.value == 2
        assert capsys.readouterr().out == ""
    assert slow.value == 1


def test_threads_wait_until_it_is_complete(library: Path) -> None:
    (library / "slow.py").write_text(
        "import gate\ngate.reached.set()\ngate.opened.wait(20)\nvalue = 1\n",
    )
    gate = Gate()
    with lazy_modules({"slow": {}}):
        slow = importlib.import_module("slow")
    assert gate.values_of(slow) == [1, 1, 1, 1]


def test_files_that_shadow_what_it_imports_later_are_ignored(library: Path, tmp_path: Path) -> None:
    (library / "slow.py").write_text("import needed\nvalue = needed.value\n")
    (library / "needed.py").write_text("value = 'the library'\n")
    with lazy_modules({"slow": {}}):
        slow = importlib.import_module("slow")
    app = tmp_path / "app"
    app.mkdir()
    (app / "needed.py").write_text("value = 'the app'\n")
    sys.path.insert(0, str(app))
    try:
        assert slow.value == "the library"
    finally:
        sys.path.remove(str(app))


def test_failure_is_raised_and_loading_tried_again(library: Path, tmp_path: Path) -> None:
    there = tmp_path / "there"
    (library / "slow.py").write_text(f"import pathlib\nvalue = pathlib.Path({str(there)!r}).read_text()\n")
    with lazy_modules({"slow": {}}):
        slow = importlib.import_module("slow")
    with pytest.raises(FileNotFoundError):
        slow.value  # noqa: B018 - asking for it is the point
    there.write_text("now")
    assert slow.value == "now"


@pytest.mark.parametrize(
    ("value", "is_lazy"), [("", True), ("on", True), ("OFF", False), ("off", False), ("no", False), ("0", False)]
)
def test_variable_turns_it_off(library: Path, monkeypatch: pytest.MonkeyPatch, value: str, is_lazy: bool) -> None:
    monkeypatch.setenv(VARIABLE, value)
    (library / "slow.py").write_text("value = 1\n")
    with lazy_modules({"slow": {"value": 2}}):
        slow = importlib.import_module("slow")
        assert (type(slow) is LazyModule, slow.value) == (is_lazy, 2 if is_lazy else 1)


@pytest.mark.parametrize("value", ["", "on", "off", "true", "False", "yes", "No", "1", "0"])
def test_settings_and_imports_read_the_variable_alike(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv(VARIABLE, value)
    assert Settings.from_env({VARIABLE: value}).lazy_imports == are_enabled()
