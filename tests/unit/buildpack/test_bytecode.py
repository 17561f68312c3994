from __future__ import annotations

import importlib.util
import os
import subprocess
from pathlib import Path

import pytest

from funcpack.buildpack.install import bytecode
from tests.unit.buildpack.builds import PYTHON

CHECKED_HASH = 0b11  # PEP 552


def write_modules(directory: Path, count: int) -> None:
    for number in range(count):
        package = directory / f"package {number}"
        package.mkdir(parents=True)
        (package / "module.py").write_text(f"NUMBER = {number}\n")


@pytest.mark.parametrize("count", [1, 2, 5])
def test_every_file_is_compiled_and_checked_by_its_hash(tmp_path: Path, count: int) -> None:
    write_modules(tmp_path, count)
    bytecode.compile_packages(PYTHON, tmp_path)
    compiled = [importlib.util.cache_from_source(str(path)) for path in sorted(tmp_path.rglob("*.py"))]
    assert sorted(str(path) for path in tmp_path.rglob("*.pyc")) == compiled
    for path in tmp_path.rglob("*.pyc"):
        assert int.from_bytes(path.read_bytes()[4:8], "little") == CHECKED_HASH


@pytest.mark.parametrize(("count", "processes"), [(0, 0), (1, 1), (2, 2)])
def test_no_process_is_without_files(tmp_path: Path, count: int, processes: int) -> None:
    """A process without files would compile all of sys.path, including the standard library."""
    write_modules(tmp_path / "packages", count)
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\necho called >> "{tmp_path}/calls"\n')
    python.chmod(0o755)
    (tmp_path / "calls").touch()
    bytecode.compile_packages(python, tmp_path / "packages")
    assert (tmp_path / "calls").read_text().split() == ["called"] * processes


def test_bytecode_is_what_python_writes(tmp_path: Path) -> None:
    source = tmp_path / "module.py"
    source.write_text('"""Doc."""\nimport os\n\n\ndef f(a: int = 1) -> str:\n    return f"{a}{os.sep}"\n')
    compiled = Path(importlib.util.cache_from_source(str(source)))
    options = ("-q", "--invalidation-mode", "checked-hash")
    subprocess.run([PYTHON, "-I", "-m", "compileall", *options, source], check=True)
    wanted = compiled.read_bytes(), compiled.stat().st_mode
    bytecode.compile_packages(PYTHON, tmp_path)
    assert (compiled.read_bytes(), compiled.stat().st_mode) == wanted


def test_a_link_in_the_place_of_bytecode_is_not_followed(tmp_path: Path) -> None:
    write_modules(tmp_path / "app", 1)
    (tmp_path / "precious").write_text("untouched")
    (module,) = (tmp_path / "app").rglob("*.py")
    compiled = Path(importlib.util.cache_from_source(str(module)))
    compiled.parent.mkdir()
    compiled.symlink_to(tmp_path / "precious")
    bytecode.compile_packages(PYTHON, tmp_path / "app")
    assert (tmp_path / "precious").read_text() == "untouched"
    assert not compiled.is_symlink()


def test_a_file_that_is_no_python_stays_as_it_is(tmp_path: Path) -> None:
    write_modules(tmp_path, 1)
    (tmp_path / "template.py").write_text("{{ name }} = \n")
    bytecode.compile_packages(PYTHON, tmp_path)
    assert len(list(tmp_path.rglob("*.pyc"))) == 1


def test_the_app_is_compiled_without_what_tools_left_in_it(tmp_path: Path) -> None:
    for name in ("handler.py", "src/orders.py", ".venv/lib/other.py", "node_modules/gyp.py", "env/lib/six.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("NUMBER = 1\n")
    for directory in (tmp_path, tmp_path / "env"):
        (directory / "pyvenv.cfg").touch()
    with bytecode.compile_app_in_background(PYTHON, tmp_path):
        pass
    assert {path.name.partition(".")[0] for path in tmp_path.rglob("*.pyc")} == {"handler", "orders"}


def test_link_that_leads_to_itself_is_passed_over(tmp_path: Path) -> None:
    for name in ("loop", "loop.py", ".loop"):
        (tmp_path / name).symlink_to(name)
    (tmp_path / "handler.py").write_text("NUMBER = 1\n")
    with bytecode.compile_app_in_background(PYTHON, tmp_path) as process:
        assert process.wait(timeout=10) == 0
    assert [path.name.partition(".")[0] for path in tmp_path.rglob("*.pyc")] == ["handler"]


def test_named_pipe_in_the_app_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "module.py")
    with bytecode.compile_app_in_background(PYTHON, tmp_path) as process:
        assert process.wait(timeout=10) == 0
