"""`funcpack invoke DIR` and `funcpack test`: functions that are served for some calls."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from tests.unit.docs.markdown import blocks

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).parents[3]
DEADLINE = 120

HTTP_FUNCTION = """
def handler(request):
    print(f"called at http://{request.host}{request.path}")
    return {"path": request.path}
"""

ENDLESS_FUNCTION = """
import time

def handler(request):
    print(f"called at http://{request.host}")
    time.sleep(600)
"""

EVENT_FUNCTION = """
def handler(event):
    return {"type": event["type"], "data": event.data}
"""

COUNTER = """
import datetime as dt
import uuid

calls = 0

def handler(request):
    global calls
    calls += 1
    return {"calls": calls, "key": str(uuid.uuid4()), "at": dt.datetime.now().isoformat(), "id": id(request)}
"""


class Run(Protocol):
    """Runs the tool in the directory of the app."""

    def __call__(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command line."""


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def app(tmp_path: Path) -> Path:
    (tmp_path / "app").mkdir()
    return tmp_path / "app"


def environment(cache: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'invoker'}", "XDG_CACHE_HOME": str(cache)}


@pytest.fixture
def run(app: Path, cache: Path) -> Run:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "funcpack", *arguments],
            capture_output=True,
            text=True,
            env=environment(cache),
            cwd=app,
            check=False,
            timeout=DEADLINE,
        )

    return run


def write(app: Path, source: str) -> None:
    (app / "handler.py").write_text(textwrap.dedent(source))


def keep(app: Path, name: str, **members: Any) -> Path:
    file = app / "tests" / "events" / f"{name}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(members))
    return file


def is_served(log: str) -> bool:
    """Return whether somebody listens at the port that the function was called at."""
    found = re.search(r"called at http://127\.0\.0\.1:(\d+)", log)
    assert found, log
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", int(found[1]))) == 0


@pytest.mark.parametrize("target", [(), (".",), ("../app",)])
def test_only_the_body_is_on_standard_output(app: Path, run: Run, target: Sequence[str]) -> None:
    write(app, HTTP_FUNCTION)
    done = run("invoke", *target, "--path", "/a")
    assert (done.returncode, done.stdout) == (0, '{"path": "/a"}')
    assert re.search(r"^called at http://127\.0\.0\.1:\d+/a\n\Z", done.stderr, re.MULTILINE)
    assert "listening" not in done.stderr
    assert not is_served(done.stderr)


@pytest.mark.parametrize(
    ("options", "type_", "data"),
    [
        ((), "com.example.order.created", {"order": 42}),
        (("--data", "hello"), "com.example.order.created", "hello"),
        (("--sample", "dapr"), "com.dapr.event.sent", {"order": 42}),
        (("--type", "t"), "t", None),
    ],
)
def test_event_function_gets_an_event(app: Path, run: Run, options: Sequence[str], type_: str, data: Any) -> None:
    write(app, EVENT_FUNCTION)
    got = json.loads(run("invoke", *options).stdout)
    assert got["type"] == type_
    assert got["data"] == (got["data"] | data if isinstance(data, dict) else data)


@pytest.mark.parametrize(("number", "sample"), list(enumerate(("storage", "cloudevents", "s3"))))
def test_documented_function_handles_the_sample_event(app: Path, run: Run, number: int, sample: str) -> None:
    source = blocks(ROOT / "docs" / "coming-from.md", "python")[number].text
    write(app, source if "def handler(" in source else f"{source}\nhandler = hello\n")
    done = run("invoke", "--sample", sample)
    assert done.returncode == 0, done.stderr


def test_stop_of_the_function_is_called(app: Path, run: Run) -> None:
    write(app, HTTP_FUNCTION + '\ndef stop():\n    print("stopped")\n')
    assert run("invoke").stderr.endswith("/\nstopped\n")


def test_timeout_ends_the_function(app: Path, run: Run) -> None:
    write(app, ENDLESS_FUNCTION)
    done = run("invoke", "--timeout", "1", "--output", "json")
    assert (done.returncode, done.stdout) == (3, "")
    assert "did not send a complete answer within 1 seconds." in done.stderr
    assert not is_served(done.stderr)


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGKILL])
def test_nothing_is_left_after_a_signal(app: Path, cache: Path, signum: signal.Signals) -> None:
    write(app, ENDLESS_FUNCTION)
    with subprocess.Popen(
        [sys.executable, "-m", "funcpack", "invoke"], cwd=app, env=environment(cache), stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        log = ""
        while "called at" not in log:
            log += process.stderr.readline() or pytest.fail(log)
        process.send_signal(signum)
        process.wait(DEADLINE)
    deadline = time.monotonic() + DEADLINE
    while is_served(log):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert process.returncode == (130 if signum is signal.SIGINT else -signum)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("def handler(reqest):\n    pass\n", "error: Unsupported function parameter\nhandler.py, line 1: "),
        (
            "import nowhere\n\ndef handler(request):\n    pass\n",
            "error: The function cannot be served\nAn imported module was not found.\n",
        ),
    ],
)
@pytest.mark.parametrize("command", ["invoke", "test"])
def test_function_that_cannot_be_served(app: Path, run: Run, command: str, source: str, text: str) -> None:
    write(app, source)
    keep(app, "one", request={})
    done = run(command)
    assert (done.returncode, done.stdout) == (1, "")
    assert text in done.stderr
    assert "funcpack/" not in done.stderr.replace("funcpack/cli", "")


def test_answers_of_a_fresh_server_are_those_that_were_saved(app: Path, run: Run) -> None:
    write(app, COUNTER)
    assert run("invoke", "--save", "one").returncode == 0
    for _ in range(2):
        done = run("test")
        assert (done.returncode, done.stdout) == (0, "ok       one\n")


def test_differences_are_shown_and_kept_on_request(app: Path, run: Run) -> None:
    write(app, HTTP_FUNCTION)
    run("invoke", "--path", "/a", "--save", "a")
    run("invoke", "--path", "/b", "--save", "b")
    write(app, HTTP_FUNCTION.replace('{"path": request.path}', '{"path": request.path.replace("b", "c")}'))
    done = run("test")
    difference = '       "json": {\n    -    "path": "/b"\n    +    "path": "/c"\n       },\n'
    assert done.returncode == 1
    assert done.stdout.startswith("ok       a\ndiffers  b\n")
    assert difference in done.stdout
    assert done.stderr.endswith(
        "1 of 2 answers differ. To keep the new ones if they are right: funcpack test --update\n"
    )

    before = (app / "tests/events/a.json").stat()
    assert run("test", ".", "--update").stdout.startswith("ok       a\nupdated  b\n")
    assert (app / "tests/events/a.json").stat() == before
    assert json.loads((app / "tests/events/b.json").read_text())["answer"]["json"] == {"path": "/c"}
    assert run("test").returncode == 0


def test_results_as_json(app: Path, run: Run) -> None:
    write(app, HTTP_FUNCTION)
    keep(app, "a", request={"path": "/a"}, answer={"status": 200, "json": {"path": "/a"}})
    keep(app, "b", request={"path": "/b"}, answer={"status": 200, "json": {"path": "/"}})
    keep(app, "c", request={"path": "/c"}, answer={"status": 200, "json": {"path": "/"}}, ignore=["json.path"])
    keep(app, "d", request={"path": "/d"})
    done = run("test", "--output", "json")
    results = json.loads(done.stdout)
    assert done.returncode == 1
    assert [(result["name"], result["ok"], result["outcome"]) for result in results] == [
        ("a", True, "ok"),
        ("b", False, "differs"),
        ("c", True, "ok"),
        ("d", False, "differs"),
    ]
    assert all(list(result) == ["name", "ok", "outcome", "status", "ms", "difference"] for result in results)
    assert '+    "path": "/b"' in results[1]["difference"]


def test_long_difference_is_cut(app: Path, run: Run) -> None:
    write(app, "def handler(request):\n    return [*range(100), '\\x9b2J']\n")
    keep(app, "a", request={}, answer={"status": 200, "json": []})
    (result,) = json.loads(run("test", "--output", "json").stdout)
    hidden = len(result["difference"]) - 40
    assert hidden > 60
    lines = run("test").stdout.splitlines()
    assert len(lines) == 42
    assert lines[-1] == f"    ... {hidden} more lines; --output json has all of them"
    keep(app, "a", request={}, answer={"status": 200, "json": [*range(100), ""]})
    assert '    +    "\\x9b2J"' in run("test").stdout.splitlines()


def test_only_the_requests_of_the_given_names_are_sent(app: Path, run: Run) -> None:
    write(app, HTTP_FUNCTION)
    keep(app, "a", request={"path": "/a"}, answer={"status": 200, "json": {"path": "/a"}})
    keep(app, "b", request={"path": "/b"}, answer={"status": 404})
    for arguments in (("a",), (".", "a"), ("../app", "a")):
        done = run("test", *arguments)
        assert (done.returncode, done.stdout) == (0, "ok       a\n")
        assert "/b" not in done.stderr


def test_call_without_an_answer_fails_and_the_others_are_made(app: Path, run: Run) -> None:
    write(app, "import time\n\ndef handler(request):\n    time.sleep(600 if request.path == '/a' else 0)\n")
    keep(app, "a", request={"path": "/a"}, answer={"status": 204})
    keep(app, "b", request={"path": "/b"}, answer={"status": 204})
    done = run("test", "--timeout", "1")
    assert done.returncode == 1
    first, reason, last = done.stdout.splitlines()
    assert (first, last) == ("failed   a", "ok       b")
    assert reason.endswith(" did not send a complete answer within 1 seconds.")
    assert done.stderr.endswith("1 of 2 requests got no answer.\n")


def test_replies_of_an_event_function_are_kept_as_events(app: Path, run: Run) -> None:
    write(app, "def handler(event):\n    return {'type': 'done', 'source': '/s'}, event.data\n")
    run("invoke", "--sample", "dapr", "--save", "dapr")
    file = app / "tests/events/dapr.json"
    assert json.loads(file.read_text())["answer"] == {
        "status": 200,
        "event": {
            "type": "done",
            "source": "/s",
            "specversion": "1.0",
            "datacontenttype": "application/json",
            "data": {"order": 42, "customer": "Ada"},
        },
    }
    assert run("test").returncode == 0


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("test",), "error: No such saved request\ntests/events contains no requests.\n"),
        (("test", "nowhere"), "There is no tests/events/nowhere.json, and no other saved request."),
        (("test", ".", "nowhere"), "There is no tests/events/nowhere.json, and no other saved request."),
        (("test", "../nowhere"), "'../nowhere' does not exist."),
        (("test", "./handler.py"), "'./handler.py' is not a directory."),
        (("test", "--timeout", "0"), "--timeout '0' is not a positive number of seconds."),
        (("invoke", "nowhere"), "'nowhere' is neither a URL nor a directory."),
        (("invoke", "--replay", "nothing"), "There is no tests/events/nothing.json"),
        (("invoke", "--json", "{"), "is not JSON"),
    ],
)
def test_wrong_usage_is_found_before_the_function_is_served(
    app: Path, run: Run, arguments: Sequence[str], text: str
) -> None:
    write(app, 'print("imported")\n' + HTTP_FUNCTION)
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert text in done.stderr
    assert "imported" not in done.stderr
