"""The import check runs the user's code, which may write, wait, and start programs."""

from __future__ import annotations

import io
import sys
import textwrap
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from funcpack.buildpack.import_check import import_function
from funcpack.buildpack.install.interpreter import Interpreter
from funcpack.buildpack.install.virtualenv import Virtualenv
from funcpack.buildpack.platform.log import Log
from funcpack.errors import ImportTimeoutError
from funcpack.project.project import Project
from tests.unit.buildpack.builds import PYTHON, PYTHON_VERSION

if TYPE_CHECKING:
    from collections.abc import Callable

# Long enough for a machine that is busy with other things.
DEADLINE = 60.0


def check(directory: Path, source: str, log: io.StringIO, seconds: float = DEADLINE) -> None:
    """Run the check for a function, with the environment of the tests in the role of the image's."""
    app = directory / "app"
    app.mkdir()
    (app / "handler.py").write_text(textwrap.dedent(source) + "\ndef handler(req): ...\n")
    (directory / "venv").symlink_to(sys.prefix)
    virtualenv = Virtualenv(directory, Interpreter(PYTHON_VERSION, PYTHON))
    import_function(Project.read(app, {}, {}), virtualenv, Log(log), seconds)


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_import_that_does_not_end_is_an_error(tmp_path: Path) -> None:
    log = io.StringIO()
    with pytest.raises(ImportTimeoutError) as caught:
        check(tmp_path, "import threading\nprint('serving')\nthreading.Event().wait()\n", log, 2)
    assert log.getvalue() == "[Import check]\n  serving\n"
    assert "the import of 'handler.handler' did not end within 2 seconds" in caught.value.found


def test_output_is_shown_while_the_import_runs(tmp_path: Path) -> None:
    source = f"""
        import pathlib, time
        print("first")
        while not pathlib.Path({str(tmp_path / "go")!r}).exists():
            time.sleep(0.01)
        print("second")
    """
    log = io.StringIO()
    thread = threading.Thread(target=check, args=(tmp_path, source, log))
    thread.start()
    try:
        wait_until(lambda: "  first\n" in log.getvalue())
        assert "second" not in log.getvalue()
    finally:
        (tmp_path / "go").touch()
        thread.join(DEADLINE)
    assert "  second\n" in log.getvalue()


@pytest.mark.parametrize("ends", [True, False])
def test_programs_that_the_function_starts_end_with_the_check(tmp_path: Path, ends: bool) -> None:
    source = f"""
        import pathlib, subprocess
        started = subprocess.Popen(["sleep", "600"])
        pathlib.Path({str(tmp_path / "pid")!r}).write_text(str(started.pid))
        if not {ends}:
            started.wait()
    """
    if ends:
        check(tmp_path, source, io.StringIO())
    else:
        with pytest.raises(ImportTimeoutError):
            check(tmp_path, source, io.StringIO(), 3)
    pid = (tmp_path / "pid").read_text()
    wait_until(lambda: not is_alive(pid))


def is_alive(pid: str) -> bool:
    """Return whether a process exists, and is not one that has ended and that nobody has waited for."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] not in "ZX"
    except OSError:
        return False
