"""`funcpack run`: what it tells, which variables the function gets, and what it says when it cannot serve."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from typing import TYPE_CHECKING
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from tests.integration.cli.conftest import DEADLINE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.integration.cli.conftest import StartRun

HELLO = """
    def handler(req):
        print(f"asked for {req.path}", flush=True)
        return "hello"
"""

EVENTS = """
    def handler(event):
        return None
"""


def test_tells_requests_and_lines_in_their_order(start_run: StartRun) -> None:
    run = start_run(HELLO)
    ready = run.wait_for("ready")
    assert ready == {"event": "ready", "url": f"http://127.0.0.1:{run.port}", "ui": None, "kind": "http"}
    answer = run.get("/a%2Fb?c=d&c=%20")
    request = run.wait_for("request")
    assert answer.body == b"hello"
    assert request.pop("ms") > 0
    assert request == {
        "event": "request",
        "id": answer.headers["x-request-id"],
        "method": "GET",
        "path": "/a%2Fb?c=d&c=%20",
        "type": None,
        "status": 200,
        "bytes": 5,
    }
    assert [told["event"] for told in run.events if told != ready][-2:] == ["log", "request"]
    assert run.lines()[-1] == "asked for /a/b"


@pytest.mark.parametrize(
    ("headers", "body", "expected"),
    [
        ({"ce-specversion": "1.0", "ce-id": "1", "ce-source": "x", "ce-type": "a.%C3%A9"}, b"", "a.é"),
        (
            {"content-type": "application/cloudevents+json"},
            b'{"specversion": "1.0", "id": "1", "source": "x", "type": "structured"}',
            "structured",
        ),
        (
            {"content-type": "application/json"},
            b'{"specversion": "1.0", "id": "1", "source": "x", "type": "lenient"}',
            "lenient",
        ),
        (
            {"content-type": "application/json"},
            b'{"message": {"data": "", "messageId": "1"}, "subscription": "s"}',
            "google.cloud.pubsub.topic.v1.messagePublished",
        ),
        (
            {"content-type": "application/cloudevents-batch+json"},
            b'[{"specversion": "1.0", "id": "1", "source": "x", "type": "batch"}]',
            None,
        ),
    ],
)
def test_tells_the_type_of_an_event(
    start_run: StartRun, headers: dict[str, str], body: bytes, expected: str | None
) -> None:
    run = start_run(EVENTS)
    assert run.wait_for("ready")["kind"] == "cloudevent"
    assert run.get("/", "POST", body, **headers).status == 200
    assert run.wait_for("request")["type"] == expected


def test_options_count_before_files_before_the_shell_before_the_image(start_run: StartRun, tmp_path: Path) -> None:
    env_file = tmp_path / "variables"
    env_file.write_text(
        "\ufeff# comment\n\nB=file\nC=file $A 'x' # y\n  D = spaces\nE=\nG=\u2028\f\n".replace("D =", "D=")
    )
    run = start_run(
        """
        import json, os
        def handler():
            return json.dumps({name: os.environ.get(name) for name in ("A", "B", "C", "D", "E", "F", "G", "PYTHONUNBUFFERED")})
        """,
        *("--env", "A=option=1", "--env-file", str(env_file)),
        files={"func.yaml": "run:\n  envs:\n  - name: F\n    value: image\n  - name: B\n    value: image\n"},
        environment={"A": "shell", "B": "shell"},
    )
    assert json.loads(run.get().body) == {
        "A": "option=1",
        "B": "file",
        "C": "file $A 'x' # y",
        "D": " spaces",
        "E": "",
        "F": "image",
        "G": "\u2028\f",
        "PYTHONUNBUFFERED": "1",
    }


def test_handler_of_the_option_is_served(start_run: StartRun) -> None:
    run = start_run("def other(): return 'other'", "--handler", "handler.other")
    assert run.get().body == b"other"


def test_function_gets_what_it_would_get_without_the_front(start_run: StartRun) -> None:
    run = start_run(
        """
        import json, sys
        def handler(req, context):
            return json.dumps({
                "url": req.url, "headers": sorted(name for name, _ in req.headers), "argv": len(sys.argv),
                "stdin": sys.stdin.read(), "id": context.request_id, "trace": bool(context.traceparent),
            })
        """
    )
    answer = run.get("/x", Host="example.com:123", X_Request_Id="mine", Accept_Encoding="identity")
    told = json.loads(answer.body)
    assert told["url"] == "http://example.com:123/x"
    assert told["headers"] == [
        "Accept-Encoding",
        "Host",
        "Traceparent",
        "X-Forwarded-For",
        "X-Forwarded-Host",
        "X-Forwarded-Proto",
        "X-Request-Id",
    ]
    assert (told["argv"], told["stdin"], told["id"], told["trace"]) == (1, "", "mine", True)


def test_problem_replaces_ready_until_it_is_fixed(start_run: StartRun) -> None:
    run = start_run("def handler(req:\n    return 1")
    problem = run.wait_for("problem")
    assert problem["title"] == "Invalid Python source code"
    assert "handler.py, line 1" in problem["message"]
    assert run.all("ready") == []
    run.write("def handler(req): return 'fixed'")
    assert run.get().body == b"fixed"
    assert len(run.all("ready")) == 1


BROKEN = [
    ("def handler(req:\n    return 1", "handler.py, line 1"),
    ("import no_such_package\ndef handler(): return 1", "no_such_package"),
    ("1 / 0\ndef handler(): return 1", "ZeroDivisionError"),
    ("def start(): raise ValueError('no database')\ndef handler(): return 1", "no database"),
    ("import os\nos._exit(3)\ndef handler(): return 1", "_exit"),
    ("def handler(unknown): return 1", "unknown"),
]


@pytest.mark.parametrize(("source", "text"), BROKEN, ids=[text for _, text in BROKEN])
def test_answers_with_the_problem_not_with_the_last_good_version(start_run: StartRun, source: str, text: str) -> None:
    run = start_run("def handler(): return 'good'")
    assert run.get().body == b"good"
    run.write(source)
    run.wait_for("problem")
    answer = run.get()
    assert answer.status == 500
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert text in answer.body.decode()
    page = run.get(Accept="text/html,application/xhtml+xml;q=0.9")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.body.startswith(b"<!doctype html>")
    run.wait_for("request", 2)  # told when the client has the answer already
    assert [request["status"] for request in run.all("request")][:2] == [200, 500]


def test_call_that_raises_is_answered_without_a_word_of_the_cause(start_run: StartRun) -> None:
    run = start_run("def handler(): raise ValueError('secret')")
    answer = run.get()
    assert (answer.status, answer.body) == (500, b"Internal Server Error\n")
    run.wait_until(lambda: any("secret" in line for line in run.lines()), "the traceback in the log")


def run_to_its_end(*arguments: str, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "funcpack", "run", *arguments],
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize("option", ["--port", "--ui-port", "--debug"])
def test_port_in_use_ends_the_tool_before_anything_is_installed(tmp_path: Path, option: str) -> None:
    (tmp_path / "handler.py").write_text("def handler(): return 1")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ports = {"--port": "0", "--ui-port": "0", option: str(port)}
        arguments = [argument for pair in ports.items() for argument in pair]
        done = run_to_its_end(str(tmp_path), *arguments, environment={"XDG_CACHE_HOME": str(tmp_path / "cache")})
    name = "--debug PORT" if option == "--debug" else option
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == (
        "error: The port is not available\n"
        f"Cannot listen on port {port} of 127.0.0.1: another process uses the port.\n\n"
        f"Stop the program that uses it, or choose another port with {name}.\n"
    )
    assert not (tmp_path / "cache").exists()


def test_cache_that_cannot_be_written_ends_the_tool(tmp_path: Path) -> None:
    (tmp_path / "handler.py").write_text("def handler(): return 1")
    done = run_to_its_end(str(tmp_path), "--port", "0", "--no-ui", environment={"XDG_CACHE_HOME": "/dev/null"})
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: The cache directory is not writable\n/dev/null/funcpack: Not a directory.\n")


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["missing"], "'missing' does not exist."),
        ([__file__], "is not a directory."),
        ([".", "--env", "novalue"], "--env 'novalue' is not NAME=VALUE."),
        ([".", "--env-file", "missing"], "'missing' does not exist"),
        ([".", "--port", "65536"], "65536 is not in the range"),
        ([".", "--python", "banana"], "which is not a version or a version range."),
        ([".", "--python", "2.7"], "but functions require Python"),
        ([".", "--handler", "orders."], "The handler name 'orders.' (--handler) is not valid"),
        ([".", "--host", "999.0.0.1"], "Cannot listen on '999.0.0.1'"),
        ([".", "--host", "192.0.2.77"], "this machine does not have that address"),
    ],
)
def test_wrong_usage_is_exit_2(
    tmp_path: Path, arguments: list[str], text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = run_to_its_end(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert text in done.stderr


def test_text_has_the_output_of_the_function_as_it_is(start_run: StartRun) -> None:
    run = start_run(
        """
        import os, sys
        def handler():
            print("out")
            print("err", file=sys.stderr)
            os.write(1, b"caf\\xe9\\n")
            print("\\x1b[1mbold\\x1b[0m")
            return "hello"
        """,
        *("--output", "text", "--ui-port", "0"),
    )
    run.wait_until(lambda: "Requests, sample events and logs" in run.log_file.read_text(), "the addresses")
    front, page = re.findall(r"http://127\.0\.0\.1:(\d+)", run.log_file.read_text())
    assert page != front
    with urlopen(f"http://127.0.0.1:{front}/x?y", timeout=DEADLINE) as answer:
        assert answer.read() == b"hello"
    run.wait_until(lambda: "GET /x?y 200 " in run.log_file.read_text(), "the line about the request")
    output = b"out\nerr\ncaf\xe9\n\x1b[1mbold\x1b[0m\n"
    run.wait_until(lambda: len(run.output) >= len(output), "the lines of the function")
    assert run.output == output
    assert re.search(r"^GET /x\?y 200 [0-9.]+ ms 5 B$", run.log_file.read_text(), re.MULTILINE)


def test_function_is_not_called_to_find_out_whether_it_serves(start_run: StartRun) -> None:
    run = start_run(
        """
        calls = []
        def handler(req):
            calls.append(req.path)
            return str(calls)
        """,
        *("--env", "FUNCTION_HEALTH_PATHS=off"),
    )
    assert run.get("/health/ready").body == b"['/health/ready']"


def test_slow_start_and_a_ready_that_never_agrees_do_not_matter(start_run: StartRun) -> None:
    run = start_run(
        """
        import time
        def start(): time.sleep(1.5)
        def ready(): return False, "the database is down"
        def handler(): return "served"
        """
    )
    assert run.get().body == b"served"
    assert run.get("/health/ready").body == b"the database is down\n"


@pytest.mark.parametrize(
    ("options", "remedy"),
    [((), "Until you save a correction, {url} answers with this error."), (("--no-reload",), "run the command again.")],
)
def test_text_about_a_problem_ends_with_what_happens_next(
    start_run: StartRun, options: Sequence[str], remedy: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    run = start_run("def handler(unknown): return 1", "--output", "text", *options, port=port)
    expected = f"{remedy.format(url=f'http://127.0.0.1:{port}')}\n"
    run.wait_until(lambda: run.log_file.read_text().endswith(expected), "what happens next")


def test_invalid_setting_is_a_problem(start_run: StartRun) -> None:
    run = start_run("def handler(): return 1", "--env", "FUNCTION_TIMEOUT=soon")
    problem = run.wait_for("problem")
    assert problem["title"] == "Invalid setting"
    assert problem["message"].startswith("FUNCTION_TIMEOUT is 'soon'")


def test_other_addresses_are_listened_on_on_request(start_run: StartRun) -> None:
    run = start_run("def handler(): return 1", "--host", "0.0.0.0")
    assert run.wait_for("ready")["url"] == f"http://127.0.0.1:{run.port}"
    assert run.get().status == 200


def test_line_about_an_event_has_its_type_without_control_characters(start_run: StartRun) -> None:
    run = start_run(EVENTS, "--output", "text")
    run.wait_until(lambda: "is served at" in run.log_file.read_text(), "the address")
    (front,) = re.findall(r"http://127\.0\.0\.1:(\d+)", run.log_file.read_text())
    headers = {"ce-specversion": "1.0", "ce-id": "1", "ce-source": "x", "ce-type": "a.%1B[31mb"}
    with pytest.raises(HTTPError) as rejected:
        urlopen(Request(f"http://127.0.0.1:{front}/", b"", headers), timeout=DEADLINE)
    rejected.value.close()
    run.wait_until(lambda: " B\n" in run.log_file.read_text(), "the line about the request")
    assert re.search(r"^POST a\.\\x1b\[31mb 400 ", run.log_file.read_text(), re.MULTILINE)
