"""The end of `funcpack run`: by signals, with calls in flight, and without a chance to do anything."""

from __future__ import annotations

import signal
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from tests.integration.cli.conftest import DEADLINE, descendants, is_alive

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.cli.conftest import Run, StartRun

FUNCTION = """
    import signal, subprocess, sys, time
    from pathlib import Path

    HERE = Path(__file__).parent
    subprocess.Popen(["sleep", "1000"])
    # One that does not end by itself when it is asked to.
    subprocess.Popen([sys.executable, "-c", "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(1000)"])

    def stop():
        (HERE / "stopped").touch()

    def handler(req):
        (HERE / "begun").touch()
        while req.path == "/slow":
            time.sleep(0.01)
        return "ok"
"""


def start(start_run: StartRun, *options: str) -> Run:
    """Start the function, and wait for the process that is ready for the next reload."""
    run = start_run(FUNCTION, *options)
    assert run.get().body == b"ok"
    expected = 5 if "--no-reload" in options else 7
    run.wait_until(lambda: len(descendants(run.process.pid)) >= expected, f"{expected} processes")
    return run


def call_slowly(run: Run) -> threading.Thread:
    def call() -> None:
        with suppress(OSError):
            run.get("/slow")

    (run.app / "begun").unlink()
    thread = threading.Thread(target=call)
    thread.start()
    run.wait_until((run.app / "begun").exists, "the call")
    return thread


def assert_quiet(run: Run) -> None:
    """Check that the tool has said nothing but where its Python comes from."""
    said = [line for line in run.log_file.read_text().splitlines() if line and not line.startswith("Using Python ")]
    assert said == []


@pytest.mark.parametrize("is_called", [False, True])
@pytest.mark.parametrize(("signum", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signal_ends_everything_without_waiting_for_calls(
    start_run: StartRun, signum: signal.Signals, code: int, is_called: bool
) -> None:
    run = start(start_run)
    processes = descendants(run.process.pid)
    thread = call_slowly(run) if is_called else None
    # The deadline of `stop` is shorter than the grace period of the invoker.
    assert run.stop(signum) == code
    assert [pid for pid in processes if is_alive(pid)] == []
    assert_quiet(run)
    if thread:
        thread.join()
    else:
        assert (run.app / "stopped").exists()


def test_second_ctrl_c_ends_everything_at_once(start_run: StartRun) -> None:
    run = start(start_run)
    processes = descendants(run.process.pid)
    thread = call_slowly(run)
    run.process.send_signal(signal.SIGINT)
    assert run.stop(signal.SIGINT) == 130
    assert_quiet(run)
    assert [pid for pid in processes if is_alive(pid)] == []
    thread.join()


@pytest.mark.parametrize("option", [(), ("--no-reload",)])
def test_nothing_is_left_when_the_tool_is_killed(start_run: StartRun, option: tuple[str, ...]) -> None:
    run = start(start_run, *option)
    processes = descendants(run.process.pid)
    run.process.kill()
    run.process.wait()
    deadline = time.monotonic() + 20
    while any(map(is_alive, processes)) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert [pid for pid in processes if is_alive(pid)] == []


def test_old_process_in_flight_ends_with_the_tool(start_run: StartRun) -> None:
    run = start(start_run)
    thread = call_slowly(run)
    run.write("def handler(): return 'new'")
    run.wait_for("reload")
    processes = descendants(run.process.pid)
    assert run.stop() == 130
    assert [pid for pid in processes if is_alive(pid)] == []
    thread.join()


def test_ends_while_the_function_is_imported(start_run: StartRun) -> None:
    run = start_run(
        "from pathlib import Path\nimport time\nPath(__file__).with_name('x').touch()\ntime.sleep(1000)\ndef handler(): return 1"
    )
    run.wait_until((run.app / "x").exists, "the import")
    processes = descendants(run.process.pid)
    assert run.stop() == 130
    assert [pid for pid in processes if is_alive(pid)] == []


def test_ends_while_packages_are_installed(start_run: StartRun, tmp_path: Path) -> None:
    backend = """
        import time
        from pathlib import Path
        Path(r"{sign}").touch()
        time.sleep(1000)
    """
    sign = tmp_path / "building"
    run = start_run(
        "def handler(): return 1",
        files={
            "requirements.txt": "./package\n",
            "package/pyproject.toml": '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
            '[project]\nname = "package"\nversion = "1"\n',
            "package/backend.py": backend.format(sign=sign),
        },
    )
    run.wait_until(sign.exists, "the build of the package")
    processes = descendants(run.process.pid)
    assert run.stop() == 130
    deadline = time.monotonic() + 20
    while any(map(is_alive, processes)) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert [pid for pid in processes if is_alive(pid)] == []


@pytest.mark.parametrize("output", ["json", "text"])
def test_ends_when_nobody_reads_its_output(start_run: StartRun, output: str) -> None:
    run = start_run("print('imported')\ndef handler(): return 1", "--output", output, is_read=False)
    assert run.process.stdout is not None
    run.process.stdout.close()
    assert run.process.wait(DEADLINE) == 1
    assert_quiet(run)
