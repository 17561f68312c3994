"""Packages in an archive work as they do in a directory."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import textwrap
import zipfile
from typing import TYPE_CHECKING

import pytest

from funcpack.buildpack import archive
from funcpack.buildpack.interpreter import Interpreter
from funcpack.buildpack.virtualenv import Virtualenv
from tests.unit.buildpack.builds import PYTHON, PYTHON_VERSION

if TYPE_CHECKING:
    from pathlib import Path

FAILS = 'def fail():\n    raise ValueError("on purpose")\n'
PACKAGES = {
    "pure-1.0": {
        "pure/__init__.py": "from pure.part import fail\n",
        "pure/part.py": FAILS,
        "pure/data/text.txt": "Grüße",
        "pure/for_others.py": "print 'Python 2'\n",
        "pure/bare/inside.py": "",
    },
    "single-2.0": {"single.py": "NAME = __name__\n"},
    "compiled-3.0": {"compiled/__init__.py": "", "compiled/native.so": ""},
    "namespace-4.0": {"namespace/inside.py": ""},
}


@pytest.fixture
def virtualenv(tmp_path: Path) -> Virtualenv:
    return packed(tmp_path / "layer")


def packed(layer: Path) -> Virtualenv:
    """Make an environment, and pack it."""
    virtualenv = Virtualenv(layer, Interpreter(PYTHON_VERSION, PYTHON))
    virtualenv.make()
    for name, files in PACKAGES.items():
        about = f"{name}.dist-info"
        metadata = {f"{about}/METADATA": "Name: {}\nVersion: {}\n".format(*name.split("-")), f"{about}/RECORD": ""}
        for file, text in {**files, **metadata}.items():
            path = virtualenv.site_packages / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        record = virtualenv.site_packages / about / "RECORD"
        record.write_text("".join(f"{file},,\n" for file in {**files, **metadata}))
    archive.pack(virtualenv)
    return virtualenv


def run(virtualenv: Virtualenv, program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([virtualenv.python, "-c", program], capture_output=True, text=True, check=False, env={})


def test_what_cannot_be_imported_from_an_archive_stays(virtualenv: Virtualenv) -> None:
    there = {path.name for path in virtualenv.site_packages.iterdir()}
    ours = {"archive.pth", "_funcpack_importer.py"}
    assert there == {*(f"{name}.dist-info" for name in PACKAGES), "compiled", "namespace"} | ours


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        pytest.param("__import__('single').NAME", "single", id="module"),
        pytest.param("__import__('pure').fail.__module__", "pure.part", id="package"),
        pytest.param(
            "__import__('pure.bare.inside').bare.inside.__name__", "pure.bare.inside", id="package-without-init"
        ),
        pytest.param("__import__('compiled').__name__", "compiled", id="package-beside-it"),
        pytest.param("__import__('pkgutil').get_data('pure', 'data/text.txt').decode()", "Grüße", id="data"),
        pytest.param("__import__('importlib.metadata').metadata.version('pure')", "1.0", id="metadata"),
        pytest.param("__import__('inspect').getsource(__import__('pure').fail)", FAILS, id="source"),
    ],
)
def test_packages_work(virtualenv: Virtualenv, expression: str, value: str) -> None:
    done = run(virtualenv, f"import json; print(json.dumps({expression}))")
    assert json.loads(done.stdout) == value, done.stderr


@pytest.mark.parametrize(
    ("module", "file"),
    [("pure", "pure/__init__.pyc"), ("pure.part", "pure/part.pyc"), ("single", "single.pyc")],
)
def test_a_module_knows_its_file(virtualenv: Virtualenv, module: str, file: str) -> None:
    done = run(virtualenv, f"import importlib; print(importlib.import_module({module!r}).__file__)")
    assert done.stdout == f"{virtualenv.archive}/{file}\n", done.stderr


def test_a_module_that_is_not_there_is_an_ordinary_error(virtualenv: Virtualenv) -> None:
    done = run(virtualenv, "import pure.missing")
    assert "ModuleNotFoundError: No module named 'pure.missing'" in done.stderr


def test_other_archives_are_imported_from_as_ever(virtualenv: Virtualenv, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as other:
        other.writestr("other.py", "")
    done = run(virtualenv, f"import sys; sys.path.append('{tmp_path}/other.zip'); import other; print(other.__file__)")
    assert done.stdout == f"{tmp_path}/other.zip/other.py\n", done.stderr


def test_bytecode_is_read_once(virtualenv: Virtualenv) -> None:
    program = """
        import sys
        read = []
        sys.addaudithook(lambda event, arguments: event == "marshal.loads" and read.append(arguments))
        import pure, single
        print(len(read))
    """
    done = run(virtualenv, textwrap.dedent(program))
    assert done.stdout == "3\n", done.stderr


@pytest.mark.parametrize(("package", "modules"), [("pure-1.0", "pure\n"), ("single-2.0", "single\n")])
def test_it_is_known_what_a_package_is_imported_as(virtualenv: Virtualenv, package: str, modules: str) -> None:
    """Else `importlib.metadata.packages_distributions()` leaves it out, from Python 3.12 on."""
    assert (virtualenv.site_packages / f"{package}.dist-info" / "top_level.txt").read_text() == modules


def test_a_traceback_shows_the_source(virtualenv: Virtualenv) -> None:
    done = run(
        virtualenv, "import pure, traceback\ntry:\n    pure.fail()\nexcept ValueError:\n    traceback.print_exc()"
    )
    shown = f'  File "{virtualenv.archive}/pure/part.py", line 2, in fail\n    raise ValueError("on purpose")\n'
    assert shown in done.stderr


def test_a_start_compiles_nothing(virtualenv: Virtualenv) -> None:
    program = "import sys, _imp; _imp.source_hash = None; sys.modules['zlib'] = None; import pure, single"
    done = run(virtualenv, program)
    assert done.returncode == 0, done.stderr  # sources are compressed, so none was read


def test_what_is_for_other_pythons_is_there_without_bytecode(virtualenv: Virtualenv) -> None:
    with zipfile.ZipFile(virtualenv.archive) as packed_files:
        names = [name for name in packed_files.namelist() if "for_others" in name]
    assert names == ["pure/for_others.py"]


def test_the_same_packages_make_the_same_archive(tmp_path: Path) -> None:
    first = packed(tmp_path / "layer").archive.read_bytes()
    shutil.rmtree(tmp_path / "layer")
    before = os.umask(0o077)
    try:
        assert packed(tmp_path / "layer").archive.read_bytes() == first
    finally:
        os.umask(before)
