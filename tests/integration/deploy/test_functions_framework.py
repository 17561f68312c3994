"""The archive for Cloud Functions, served by the real functions-framework, as Google's buildpack sets it up.

Each answer is compared with that of the invoker's own server for the same function.
"""

from __future__ import annotations

import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import textwrap
import time
import zipfile
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, IncompleteRead
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from funcpack.check.local import inspect
from funcpack.deploy.packing.archive import files_of_function, pack
from funcpack.deploy.packing.entry_module import ENTRY_MODULE_FILE, ENTRY_POINT, entry

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).parents[3]
LOCK = ROOT / "benchmarks" / "requirements" / "functions-framework.txt"
UV = str(Path(sys.executable).with_name("uv"))
DEADLINE = 30.0

HTTP = """
    import dataclasses, sys
    import flask
    from flask import Response, abort

    @dataclasses.dataclass
    class Point:
        x: int

    {define} handler(request, body, headers):
        path = flask.request.path
        if path == "/echo":
            seen = [request.method, request.full_path, request.url, request.form, request.args, headers.get("X-A")]
            return {{"seen": [str(value) for value in seen], "body": body.decode("latin-1")}}
        if path == "/raise":
            raise ValueError("secret")
        if path == "/exit":
            sys.exit(3)
        if path == "/abort":
            abort(418)
        if path == "/stream":
            return Response(iter(["a", "b" * 100_000, "c"]), mimetype="text/plain")
        if path == "/cut":
            def cut():
                yield "a"
                raise ValueError("secret")
            return Response(cut(), mimetype="text/plain")
        return {{
            "/none": None,
            "/text": "text",
            "/bytes": b"\\x00\\xff",
            "/list": [1, 2.5, True, None],
            "/point": Point(1),
            "/status": ("made", 201, {{"X-B": "b", "Content-Type": "text/x-b"}}),
            "/cookies": ("", 200, [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")]),
            "/redirect": flask.redirect("/text"),
            "/bad": {{1, 2}},
            "/header": ("", 200, {{"X-B": "a\\r\\nb"}}),
            "/app": sys.modules[__name__].__file__.endswith("/src/app/http_handler.py"),
        }}.get(path, path)
"""

EVENTS = """
    import os

    {define} handler(event, data, attributes):
        kind = attributes["type"]
        if kind == "raise":
            raise ValueError("secret")
        if kind == "wrong":
            return {{"type": "a", "source": None}}
        return {{
            "none": None,
            "text": "text",
            "json": {{"data": data, "attributes": sorted(attributes), "id": event["id"]}},
            "event": ({{"type": "t", "source": "s", "id": "1", "time": "2030-01-01T00:00:00Z"}}, data),
        }}.get(kind, [type(data).__name__, str(data)])
"""

WSGI = """
    def handler(environ, start_response):
        if environ["PATH_INFO"] == "/raise":
            raise ValueError("secret")
        start_response("201 Created", [("X-A", "a")])
        yield environ["PATH_INFO"].encode("latin-1")
        yield environ["wsgi.input"].read()
"""

ASGI = """
    async def handler(scope, receive, send):
        if scope["type"] == "http":
            message = await receive()
            await send({{"type": "http.response.start", "status": 201, "headers": [(b"x-a", b"a")]}})
            await send({{"type": "http.response.body", "body": scope["raw_path"], "more_body": True}})
            await send({{"type": "http.response.body", "body": message["body"]}})
"""

TYPED = """
    from dataclasses import dataclass

    @dataclass
    class Order:
        id: int
        items: list[str]

    {define} handler(data: Order):
        return {{"count": len(data.items), "id": data.id}}
"""

TYPED_BODY = TYPED.replace("data: Order", "body: Order").replace("data.", "body.")


@dataclass(frozen=True)
class Call:
    """A request."""

    path: str = "/"
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


def event(kind: str, data: bytes = b"{}", **attributes: str) -> Call:
    """Return an event in binary mode."""
    found = {"specversion": "1.0", "id": "1", "source": "/s", "type": kind, **attributes}
    headers = {f"ce-{name}": value for name, value in found.items()} | {"Content-Type": "application/json"}
    return Call("/", "POST", headers, data)


def structured(value: object, content_type: str = "application/cloudevents+json", **headers: str) -> Call:
    """Return JSON of a content type."""
    return Call("/", "POST", {"Content-Type": content_type, **headers}, json.dumps(value).encode())


def attributes(kind: str, **more: object) -> dict[str, object]:
    return {"specversion": "1.0", "id": "1", "source": "/s", "type": kind, **more}


BATCH = "application/cloudevents-batch+json"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}

HTTP_CALLS = (
    *(
        Call(f"/{name}")
        for name in ("", "none", "text", "bytes", "list", "point", "status", "cookies", "redirect", "app")
    ),
    *(Call(f"/{name}") for name in ("raise", "exit", "abort", "bad", "header", "stream", "cut")),
    *(Call("/text", method) for method in ("HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS")),
    Call("/echo?a=1&b=%20&a=2", "POST", {"X-A": "ä".encode().decode("latin-1")}, b"\x00\xff"),
    Call("/echo", "POST", FORM, b"name=value&other=1"),
    Call("/echo", "POST", {"Content-Encoding": "gzip"}, b"not gzip"),
    Call("/echo", "POST", {"Transfer-Encoding": "chunked"}, b"1\r\na\r\n2\r\nbc\r\n0\r\n\r\n"),
    Call("/%C3%A4/a%2Fb%20c"),
    Call("/text", "PROPFIND"),
    Call("/text", headers={"X-Forwarded-Proto": "https"}),
    Call("/health/ready"),
    Call("/health/live", "POST"),
)
EVENT_CALLS = (
    *(event(kind) for kind in ("none", "text", "json", "event", "raise", "wrong", "other")),
    event("json", b'{"a": [1, 2]}', subject="%C3%A4", comexample="x"),
    event("other", b"not json"),
    event("other", b""),
    event("event", b'"text"', datacontenttype="application/json"),
    structured(attributes("json", data={"a": 1}, datacontenttype="application/json")),
    structured(attributes("event", data="text", datacontenttype="text/plain")),
    structured(attributes("other", data_base64="AAE=")),
    structured(attributes("event", data=1), Accept="application/cloudevents+json"),
    structured(attributes("json", data=1), "application/json"),
    structured([attributes("text"), attributes("none", id="2")], BATCH),
    structured([attributes("none")], BATCH),
    structured([attributes("none"), attributes("raise", id="2")], BATCH),
    structured([], BATCH),
    structured({"specversion": "1.0", "id": "1"}),
    structured(
        {"message": {"data": "aGVsbG8=", "messageId": "1"}, "subscription": "projects/p/subscriptions/s"},
        "application/json",
    ),
    Call("/", "POST", {"Content-Type": "application/cloudevents+avro"}, b"x"),
    Call("/", "POST", {"Content-Type": "application/cloudevents+json"}, b"{"),
    Call("/", "POST", {"Content-Type": "application/json"}, b"{}"),
    Call(),
    Call("/", "OPTIONS", {"WebHook-Request-Origin": "example.com"}),
    Call("/health/live"),
)
TYPED_DATA = (b'{"id": 1, "items": ["a"]}', b'{"id": "x", "items": []}', b'{"id": 1}', b"[]", b"{", b"")
TYPED_CALLS = tuple(event("t", data) for data in TYPED_DATA)
TYPED_BODY_CALLS = tuple(Call("/", "POST", {"Content-Type": "application/json"}, data) for data in TYPED_DATA)

APPLICATION_CALLS = (Call("/%C3%A4?a=1"), Call("/", "POST", {}, b"data"), Call("/", "HEAD"), Call("/raise"))

APPS = {
    "wsgi": (WSGI, APPLICATION_CALLS),
    "asgi": (ASGI, APPLICATION_CALLS),
    "http": (HTTP, HTTP_CALLS),
    "events": (EVENTS, EVENT_CALLS),
    "typed": (TYPED, TYPED_CALLS),
    "typed_body": (TYPED_BODY, TYPED_BODY_CALLS),
}
DEFINITIONS = {"def": "def", "async": "async def"}
CASES = [("wsgi", "def"), ("asgi", "def")] + [
    (app, definition) for app in APPS if not app.endswith("sgi") for definition in DEFINITIONS
]


@pytest.fixture(scope="session")
def framework(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install functions-framework, with nothing of Funcpack, and return the directory of its executables."""
    venv = tmp_path_factory.mktemp("functions-framework")
    subprocess.run([UV, "venv", "-q", "--clear", "--python", sys.executable, str(venv)], check=True)
    install = [
        UV,
        "pip",
        "install",
        "-q",
        "--python",
        str(venv / "bin" / "python"),
        "--require-hashes",
        "-r",
        str(LOCK),
    ]
    subprocess.run(install, check=True)
    return venv / "bin"


@contextmanager
def serving(command: list[str], directory: Path, variables: Mapping[str, str], log: Path) -> Iterator[int]:
    """Run a server until the end of the block, and yield its port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    env = {"PATH": os.environ["PATH"], "PORT": str(port), "PYTHONDONTWRITEBYTECODE": "1", **variables}
    with (
        log.open("wb") as output,
        subprocess.Popen(command, cwd=directory, env=env, stdout=output, stderr=output) as server,
    ):
        try:
            wait_for(port, server, log)
            yield port
        finally:
            server.send_signal(signal.SIGTERM)


def wait_for(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + DEADLINE
    while time.monotonic() < deadline and server.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    pytest.fail(f"the server does not listen:\n{log.read_text()}")


@contextmanager
def serving_archive(app: Path, handler: str, framework: Path, directory: Path) -> Iterator[int]:
    """Serve the archive of an app as Google's buildpack does, and yield the port."""
    inspection = inspect(app, handler, {})
    upload = pack(app, extra=entry(inspection), required=files_of_function(inspection))
    zipfile.ZipFile(io.BytesIO(upload.content)).extractall(directory / "workspace")
    # The check for syntax errors that it runs.
    compile_all = [str(framework / "python"), "-m", "compileall", "-f", "-q", "."]
    subprocess.run(compile_all, cwd=directory / "workspace", check=True)
    variables = {
        "FUNCTION_SOURCE": ENTRY_MODULE_FILE,
        "FUNCTION_TARGET": ENTRY_POINT,
        "FUNCTION_SIGNATURE_TYPE": "http",
    }
    command = [str(framework / "functions-framework")]
    with serving(command, directory / "workspace", variables, directory / "framework.log") as port:
        yield port


def answer(port: int, call: Call) -> tuple[int, dict[str, list[str]], str]:
    """Return status, headers and body, without what differs between two servers or two calls."""
    with closing(HTTPConnection("127.0.0.1", port, timeout=DEADLINE)) as connection:
        headers = {"Host": "example.com", "X-Request-Id": "one", **call.headers}
        connection.request(call.method, call.path, call.body or None, headers)
        response = connection.getresponse()
        try:
            body = response.read()
        except IncompleteRead as exc:
            body = exc.partial + b" and cut"
        found: dict[str, list[str]] = {}
        for name, value in response.getheaders():
            if name.lower() not in {"date", "server", "connection", "keep-alive", "transfer-encoding"}:
                found.setdefault(name.lower(), []).append(masked(value))
        return response.status, found, masked(body.decode("latin-1"))


def masked(text: str) -> str:
    text = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "<uuid>", text)
    return re.sub(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)", "<time>", text)


def write_app(directory: Path, name: str, source: str, definition: str) -> Path:
    """Write an app with a `src` directory and a main.py, which is not the function."""
    package = directory / "app" / "src" / "app"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / f"{name}_handler.py").write_text(textwrap.dedent(source).format(define=DEFINITIONS[definition]))
    (directory / "app" / "main.py").write_text("raise RuntimeError('not the function')\n")
    return directory / "app"


@pytest.mark.parametrize(("name", "definition"), CASES)
def test_answers_are_those_of_the_own_server(tmp_path: Path, framework: Path, name: str, definition: str) -> None:
    source, calls = APPS[name]
    app = write_app(tmp_path, name, source, definition)
    handler = f"app.{name}_handler.handler"
    own_command = [sys.executable, "-m", "funcpack_invoker", handler, "--source", str(app)]
    with (
        serving(own_command, tmp_path, {"PYTHON_HANDLER": handler}, tmp_path / "own.log") as own,
        serving_archive(app, handler, framework, tmp_path) as theirs,
    ):
        for call in calls:
            assert (call, answer(theirs, call)) == (call, answer(own, call))


HOOKS = """
    import os, pathlib, time

    def start():
        with pathlib.Path("started").open("a") as file:
            file.write(f"{{os.getpid()}}\\n")

    def stop():
        pathlib.Path("stopped").write_text(str(os.getpid()))

    {define} handler():
        return str(os.getpid())
"""


def test_hooks_run_once_in_the_process_that_serves(tmp_path: Path, framework: Path) -> None:
    app = write_app(tmp_path, "hooks", HOOKS, "def")
    with serving_archive(app, "app.hooks_handler.handler", framework, tmp_path) as port:
        pids = {answer(port, Call())[2] for _ in range(3)}
        workspace = tmp_path / "workspace"
        assert {(workspace / "started").read_text().strip()} == pids
    assert {(workspace / "stopped").read_text()} == pids


def test_start_that_fails_is_answered_500_without_its_cause(tmp_path: Path, framework: Path) -> None:
    app = write_app(
        tmp_path, "hooks", HOOKS.replace("def start():", "def start():\n        raise ValueError('secret')"), "def"
    )
    with serving_archive(app, "app.hooks_handler.handler", framework, tmp_path) as port:
        answers = [answer(port, Call()) for _ in range(2)]
    assert [(status, body) for status, _, body in answers] == [(500, "Internal Server Error\n")] * 2
    assert "The start() hook failed" in (tmp_path / "framework.log").read_text()


STREAM = """
    import pathlib

    def endless():
        try:
            while True:
                yield "x" * 1000
        finally:
            pathlib.Path("closed").touch()

    {define} handler():
        return endless()
"""


def test_stream_ends_when_the_client_leaves(tmp_path: Path, framework: Path) -> None:
    app = write_app(tmp_path, "stream", STREAM, "def")
    with serving_archive(app, "app.stream_handler.handler", framework, tmp_path) as port:
        with closing(HTTPConnection("127.0.0.1", port, timeout=DEADLINE)) as connection:
            connection.request("GET", "/")
            assert connection.getresponse().read(3000) == b"x" * 3000
        deadline = time.monotonic() + DEADLINE
        while not (tmp_path / "workspace" / "closed").exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        assert (tmp_path / "workspace" / "closed").exists()


def test_function_that_cannot_be_loaded_ends_the_server_with_the_reason(tmp_path: Path, framework: Path) -> None:
    app = write_app(tmp_path, "broken", "def handler(req):\n    pass\n\n\nimport missing_package\n", "def")
    with (
        pytest.raises(pytest.fail.Exception, match="missing_package"),
        serving_archive(app, "app.broken_handler.handler", framework, tmp_path),
    ):
        pass
