"""Reloads of `funcpack run`: no request is lost, no old answer comes after a save, and a save is one reload."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import closing
from http.client import HTTPConnection
from typing import TYPE_CHECKING

import pytest

from tests.integration.cli.conftest import DEADLINE, free_port

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.integration.cli.conftest import Run, StartRun


def version(number: int) -> str:
    return f"def handler(): return '{number:03}'\n"


def save_and_wait(run: Run, source: str, name: str = "handler.py") -> None:
    """Save a file, and wait until it is loaded."""
    count = len(run.all("reload"))
    run.write(source, name)
    run.wait_for("reload", count + 1)


def save_all(run: Run, sources: list[str]) -> None:
    """Save other files one after the other, and wait until the last one is loaded, so that no reload is on its way."""
    for source in sources:
        save_and_wait(run, source)


def test_reload_tells_the_files_and_the_seconds(start_run: StartRun) -> None:
    run = start_run(version(1), files={"sub/other.py": ""})
    run.wait_for("ready")
    run.write("X = 1", "sub/other.py")
    reload = run.wait_for("reload")
    assert reload["files"] == ["sub/other.py"]
    assert 0 < reload["seconds"] < DEADLINE
    assert run.get().body == b"001"


def test_no_request_is_lost_by_reloads_and_none_gets_an_old_answer(start_run: StartRun) -> None:
    run = start_run(version(0))
    port = run.port
    newest = saved = 0
    answers: list[tuple[int, int, int]] = []
    is_over = threading.Event()

    def call() -> None:
        """Send requests, some on new connections, and note which versions could have answered each."""
        while not is_over.is_set():
            with closing(HTTPConnection("127.0.0.1", port, timeout=DEADLINE)) as connection:
                for _ in range(5):
                    oldest = newest
                    connection.request("GET", "/")
                    response = connection.getresponse()
                    assert response.status == 200
                    answers.append((oldest, int(response.read()), saved))

    threads = [threading.Thread(target=call) for _ in range(8)]
    for thread in threads:
        thread.start()
    for number in range(1, 11):
        saved = number
        save_and_wait(run, version(number))
        newest = number
        count = len(answers)
        run.wait_until(lambda count=count: len(answers) > count + 20, "some requests")  # type: ignore[misc]
    is_over.set()
    for thread in threads:
        thread.join(DEADLINE)
        assert not thread.is_alive()
    assert len(answers) > 200
    assert [answer for answer in answers if not answer[0] <= answer[1] <= answer[2]] == []
    assert len(run.all("reload")) == 10


def test_saves_of_equal_length_in_one_second_never_give_the_old_answer(start_run: StartRun) -> None:
    run = start_run(version(0), files={"part.py": "X = 0\n"})
    run.wait_for("ready")
    second = int(time.time())
    for number in range(1, 9):
        # What another program has compiled, for example a test run.
        subprocess.run([sys.executable, "-m", "compileall", "-q", str(run.app)], check=True)
        (run.app / "handler.py").write_text(version(number))
        os.utime(run.app / "handler.py", (second, second))
        run.wait_for("reload", number)
        assert run.get().body == f"{number:03}".encode()


def test_calls_in_flight_end_in_the_old_process(start_run: StartRun, tmp_path: Path) -> None:
    slow = """
        import time
        from pathlib import Path

        def handler(req):
            directory = Path(req.args["dir"])
            (directory / "begun").touch()
            while not (directory / "go").exists():
                time.sleep(0.01)
            return "old"
    """
    run = start_run(slow)
    port = run.port
    answers: list[bytes] = []

    def call() -> None:
        answers.append(run.get(f"/?dir={tmp_path}").body)

    thread = threading.Thread(target=call)
    thread.start()
    run.wait_until((tmp_path / "begun").exists, "the call")
    save_and_wait(run, version(1))
    assert run.get().body == b"001"
    assert answers == []
    (tmp_path / "go").touch()
    thread.join(DEADLINE)
    assert answers == [b"old"]
    assert port == run.port


def test_new_function_can_take_what_the_old_one_had(start_run: StartRun) -> None:
    source = """
        import socket
        listener = socket.create_server(("127.0.0.1", {port}))
        def handler(): return "{number}"
    """
    port = free_port()
    run = start_run(source.format(port=port, number=1))
    assert run.get().body == b"1"
    save_and_wait(run, source.format(port=port, number=2))
    assert run.get().body == b"2"
    assert run.all("problem") == []


def replace(file: Path) -> None:
    temporary = file.with_name(".handler.py.swp")
    temporary.write_text(version(2))
    temporary.replace(file)


SAVES: dict[str, Callable[[Path], object]] = {
    "in place": lambda file: file.write_text(version(2)),
    "by renaming": replace,
    "with a backup": lambda file: (file.rename(file.with_suffix(".py~")), file.write_text(version(2))),
    "in two steps": lambda file: (file.write_text(""), file.write_text(version(2))),
}


@pytest.mark.parametrize("way", SAVES)
def test_save_of_an_editor_is_one_reload(start_run: StartRun, way: str) -> None:
    run = start_run(version(1))
    run.wait_for("ready")
    SAVES[way](run.app / "handler.py")
    run.wait_for("reload")
    assert run.get().body == b"002"
    save_and_wait(run, "X = 1", "last.py")
    assert [reload["files"] for reload in run.all("reload")] == [["handler.py"], ["last.py"]]


WRITES = """
    import json, os, shutil, sqlite3, subprocess, tempfile
    from pathlib import Path

    HERE = Path(__file__).parent
    (HERE / "imported.txt").write_text(str(os.getpid()))
    log = open(HERE / "log.txt", "a")

    def start():
        (HERE / "started").mkdir(exist_ok=True)
        (HERE / "started" / "state.json").write_text(str(os.getpid()))

    def stop():
        (HERE / "stopped.txt").write_text(str(os.getpid()))

    def handler(req):
        log.write(f"{req.path}\\n")
        log.flush()
        (HERE / "generated.py").write_text(f"X = {os.getpid()} + {len(os.listdir(HERE))}")
        (HERE / "written.html").write_text(req.path)
        with tempfile.NamedTemporaryFile("w", dir=HERE, delete=False) as file:
            file.write(req.path)
        os.replace(file.name, HERE / "replaced.txt")
        (HERE / "copied.txt").unlink(missing_ok=True)
        shutil.copy(HERE / "replaced.txt", HERE / "copied.txt")
        with sqlite3.connect(HERE / "data.db") as data:
            data.execute("create table if not exists calls (path)")
            data.execute("insert into calls values (?)", (req.path,))
        subprocess.run(["sh", "-c", f"echo {req.path} > {HERE}/program.txt"], check=True)
        return "ok"
"""


def test_function_is_not_reloaded_for_what_it_writes(start_run: StartRun) -> None:
    run = start_run(WRITES)
    run.wait_for("ready")
    for number in range(5):
        assert run.get(f"/{number}").body == b"ok"
    save_and_wait(run, f"{WRITES}\n    # changed")
    for number in range(5):
        assert run.get(f"/{number}").body == b"ok"
    save_and_wait(run, "X = 1", "last.py")
    assert [reload["files"] for reload in run.all("reload")] == [["handler.py"], ["last.py"]]


@pytest.mark.parametrize(
    "name",
    [
        *("ignored.txt", "ignored-directory/file.py", "sub/also-ignored.txt", "__pycache__/handler.pyc"),
        *(".git/index", "my-env/lib/python3/module.py", "handler.py~", ".handler.py.swp", "node_modules/x.js"),
    ],
)
def test_change_of_an_ignored_file_is_no_reload(start_run: StartRun, name: str) -> None:
    files = {
        ".gitignore": "ignored*\n!ignored-not.txt\n",
        "sub/.gitignore": "also-ignored.txt\n",
        "my-env/pyvenv.cfg": "",
        name: "old",
    }
    run = start_run(version(1), files=files)
    run.wait_for("ready")
    run.write("new", name)
    save_and_wait(run, "X = 1", "last.py")
    assert [reload["files"] for reload in run.all("reload")] == [["last.py"]]


@pytest.mark.parametrize("name", ["templates/hello.html", ".env", "project.toml", "ignored-not.txt", "data.json"])
def test_change_of_another_file_is_a_reload(start_run: StartRun, name: str) -> None:
    run = start_run(
        """
        from pathlib import Path
        FILES = [path.read_text() for path in Path(__file__).parent.rglob("*") if path.is_file()]
        def handler(): return str(any("# ch" "anged" in text for text in FILES))
        """,
        files={".gitignore": "ignored*\n!ignored-not.txt\n.env\n", name: "# old"},
    )
    assert run.get().body == b"False"
    run.write("# changed", name)
    assert run.wait_for("reload")["files"] == [name]
    assert run.get().body == b"True"


def test_directory_of_the_app_is_replaced(start_run: StartRun) -> None:
    run = start_run(version(1), files={"data.txt": ""})
    run.wait_for("ready")
    new = run.app.with_name("new")
    new.mkdir()
    (new / "handler.py").write_text(version(2))
    run.app.rename(run.app.with_name("old"))
    new.rename(run.app)
    assert run.wait_for("reload")["files"] == ["handler.py"]
    assert run.get().body == b"002"


def test_directory_of_the_app_is_removed_and_comes_back(start_run: StartRun) -> None:
    run = start_run(version(1))
    run.wait_for("ready")
    shutil.rmtree(run.app)
    run.wait_for("problem")
    assert run.get().status == 500
    run.app.mkdir()
    run.write(version(2))
    run.wait_for("reload")
    assert run.get().body == b"002"
    save_and_wait(run, version(3))


def test_new_directory_counts_for_its_files(start_run: StartRun, tmp_path: Path) -> None:
    run = start_run(version(1), files={".gitignore": "*.log\n"})
    run.wait_for("ready")
    for directory, name in (("empty", ""), ("logs", "a.log"), ("env", "pyvenv.cfg"), ("pages", "deep/a.html")):
        file = tmp_path / directory / name
        (file.parent if name else file).mkdir(parents=True)
        if name:
            file.write_text("new")
        (tmp_path / directory).rename(run.app / directory)
    assert run.wait_for("reload")["files"] == ["pages/deep/a.html"]


def test_file_of_variables_outside_of_the_app_is_watched(start_run: StartRun, tmp_path: Path) -> None:
    env_file = tmp_path / "elsewhere" / "variables"
    env_file.parent.mkdir()
    env_file.write_text("A=1")
    run = start_run("import os\ndef handler(): return os.environ['A']", "--env-file", str(env_file))
    assert run.get().body == b"1"
    env_file.write_text("A=2")
    run.wait_for("reload")
    assert run.get().body == b"2"
    env_file.write_text("nonsense")
    assert "variables:1" in run.wait_for("problem")["message"]


def test_handler_of_project_toml_is_loaded_again(start_run: StartRun) -> None:
    run = start_run("def handler(): return 'a'\ndef other(): return 'b'")
    assert run.get().body == b"a"
    run.write('[[build.env]]\nname = "PYTHON_HANDLER"\nvalue = "handler.other"\n', "project.toml")
    run.wait_for("reload")
    assert run.get().body == b"b"


def test_without_reloads_the_first_version_stays(start_run: StartRun) -> None:
    run = start_run(version(1), "--no-reload")
    assert run.get().body == b"001"
    run.write(version(2))
    for _ in range(20):
        assert run.get().body == b"001"
    assert run.all("reload") == []


def test_change_of_the_requirements_changes_the_environment(start_run: StartRun) -> None:
    run = start_run(
        """
        try:
            import iniconfig
        except ImportError:
            iniconfig = None
        def handler(): return str(iniconfig is not None)
        """
    )
    assert run.get().body == b"False"
    run.write("iniconfig==2.0.0\n", "requirements.txt")
    answers = []
    while not run.all("reload"):
        answers.append(run.get().body)
    assert run.get().body == b"True"
    assert b"False" in answers, "the old version answers while packages are installed"
    assert "The old version answers until they are installed." in run.log_file.read_text()
    run.write("no-such-package-of-funcpack==1\n", "requirements.txt")
    run.wait_for("problem")
    assert run.get().status == 500


def test_end_of_the_process_is_a_problem_until_the_next_save(start_run: StartRun) -> None:
    run = start_run("import os\ndef handler(): os.kill(os.getppid(), 9); return 'x'")
    assert run.get().status in {200, 502}
    assert run.wait_for("problem")["title"] == "The process of the function has ended"
    assert run.get().status == 500
    save_and_wait(run, version(2))
    assert run.get().body == b"002"


def test_own_output_in_the_project_is_not_a_change(tmp_path: Path, cache_home: Path) -> None:
    (tmp_path / "handler.py").write_text("def handler():\n    return '1'\n")
    log = tmp_path / "run.log"
    command = [sys.executable, "-m", "funcpack", "run", "--port", "0", "--no-ui", "--output", "json"]
    environment = {**os.environ, "XDG_CACHE_HOME": str(cache_home)}
    with log.open("wb") as output, subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=output) as process:
        try:
            wait_for(lambda: '"ready"' in log.read_text(), log)
            (tmp_path / "handler.py").write_text("def handler():\n    return '22'\n")
            wait_for(lambda: '"reload"' in log.read_text(), log)
            (tmp_path / "handler.py").write_text("def handler():\n    return '333'\n")
            wait_for(lambda: log.read_text().count('"reload"') > 1, log)
        finally:
            process.send_signal(signal.SIGINT)
    files = [json.loads(line)["files"] for line in log.read_text().splitlines() if '"reload"' in line]
    assert files == [["handler.py"], ["handler.py"]]


def wait_for(condition: Callable[[], bool], log: Path) -> None:
    deadline = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.01)
