"""The server works with the releases of Flask, Werkzeug and the CloudEvents SDK that functions pin.

Each release is in one of the pairs below. Two environments follow `invoker/pyproject.toml`: the lowest releases that it
accepts, together, and the newest that the package index has, pre-releases included. Python 3.11 is always available
(`make` requires it or a newer one, and uv finds the one that runs the tests); a pair of another Python is skipped if
`uv python find` does not find it on this machine. pyenv's are added to the path: uv cannot run pyenv's shims.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.metadata import version as release
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import uv

from tests.environments import INVOKER, installed
from tools.places import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.integration.conftest import Server, StartServer

SERVER = [f"{name}=={release(name)}" for name in ("gunicorn", "httptools")]

PAIRS = [
    ("3.11", ["flask==3.0.3", "cloudevents==2.2.0"]),
    ("3.12", ["flask==3.0.3", "cloudevents==1.13.0"]),
    ("3.12", ["flask==2.3.3", "cloudevents==2.0.0"]),
    ("3.13", ["flask==3.1.3", "cloudevents==2.2.0"]),
    ("3.14", ["flask==3.1.3", "cloudevents==2.2.0"]),
    ("3.15", ["flask==3.1.3", "cloudevents==2.2.0"]),
]

# Options of `uv pip compile`.
RESOLUTIONS = {"lowest": ["--resolution", "lowest-direct"], "newest": ["--prerelease", "allow"]}

FUNCTIONS = """
    import flask

    try:
        from cloudevents.http import CloudEvent
        from cloudevents.sdk.event import v1
    except ModuleNotFoundError:
        from cloudevents.core.v1.event import CloudEvent
        from cloudevents.v1.sdk.event import v1

    def http(request):
        assert request.json == flask.request.json
        if flask.request.json == {}:
            flask.abort(422, "empty")
        return flask.jsonify(flask.request.json, request.args["name"]), 201, {"X-Path": flask.request.path}

    def contexts(request):
        if not flask.current_app.secret_key:
            flask.current_app.secret_key = "key"
            flask.current_app.teardown_request(lambda error: print("teardown", flask.g.name, flush=True))
        flask.session["name"] = flask.g.name = request.args["name"]

        @flask.after_this_request
        def mark(response):
            response.headers["X-Mark"] = "1"
            return response

        @flask.stream_with_context
        def chunks():
            yield flask.render_template_string("{{ g.name }}, ")
            yield flask.request.path
            print("streamed", flush=True)

        return chunks()

    def annotated(value: flask.Request):
        return value.get_data()

    def event(event):
        assert isinstance(event, CloudEvent), type(event)
        return reply(event)

    async def asynchronous(event: CloudEvent):
        return reply(event)

    def first_api(e: "v1.Event"):
        assert isinstance(e, v1.Event), type(e)
        reply = v1.Event().SetEventID("2").SetEventType("reply").SetSource("/function").SetContentType("application/json")
        return reply.SetData({"type": e.EventType(), "data": e.Data()})

    def reply(event):
        attributes = {"type": "reply", "source": "/function", "datacontenttype": "application/json"}
        return CloudEvent(attributes, {"type": event.get_attributes()["type"], "data": event.data})
"""

EVENT = {
    "ce_specversion": "1.0",
    "ce_id": "1",
    "ce_source": "/here",
    "ce_type": "com.example.thing",
    "content_type": "application/json",
}


def found(version: str) -> str | None:
    """Find a Python of this machine."""
    if sys.version.startswith(f"{version}."):
        return sys.executable
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    path = os.pathsep.join([*map(str, sorted(pyenv.glob("versions/*/bin"))), os.environ["PATH"]])
    command = [uv.find_uv_bin(), "python", "find", "--no-config", "--no-project", "--no-python-downloads", version]
    done = subprocess.run(command, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else None


PYTHONS = {version: found(version) for version in sorted({version for version, _ in PAIRS})}
AVAILABLE = [
    pytest.param((version, requirements), id=" ".join([version, *requirements]))
    for version, requirements in PAIRS
    if PYTHONS[version] or version == "3.11"
] + [
    pytest.param(("3.11", "lowest"), id="lowest"),
    pytest.param((max(version for version in PYTHONS if PYTHONS[version] or version == "3.11"), "newest"), id="newest"),
]


@pytest.fixture(scope="module", params=AVAILABLE)
def python(request: pytest.FixtureRequest) -> Path:
    """Create an environment of one pair; the server has the releases of the invoker's lock."""
    version, requirements = request.param
    interpreter = PYTHONS[version] or version
    if isinstance(requirements, str):
        resolved = resolve(interpreter, RESOLUTIONS[requirements])
        return installed(f"releases-{requirements}", interpreter, [*resolved, "pydantic", "pytest"])
    name = "-".join([version, *requirements]).replace("==", "-")
    return installed(f"releases-{name}", interpreter, [*requirements, *SERVER, "pydantic", "pytest"])


def resolve(python: str, options: list[str]) -> list[str]:
    """Return the releases of the invoker's own requirements that a resolution selects."""
    command = [
        uv.find_uv_bin(),
        "--no-config",
        "pip",
        "compile",
        "--quiet",
        "--no-deps",
        "--no-annotate",
        "--no-header",
    ]
    done = subprocess.run(
        [*command, "--python", python, *options, str(INVOKER / "pyproject.toml")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


@pytest.fixture(params=["on", "off"])
def serve(start_server: StartServer, python: Path, request: pytest.FixtureRequest) -> Callable[[str], Server]:
    """Start a server of one of the functions, with lazy imports and without."""
    variables = {"FUNCTION_LAZY_IMPORTS": request.param}
    return lambda name: start_server(
        FUNCTIONS, python=python, environment={"PYTHON_HANDLER": f"handler.{name}", **variables}
    )


def test_http_function(serve: Callable[[str], Server]) -> None:
    server = serve("http")
    answer = server.get("/?name=Ada", "POST", b'{"a": 1}', content_type="application/json")
    assert (answer.status, json.loads(answer.body)) == (201, [{"a": 1}, "Ada"])
    assert answer.headers["X-Path"] == "/"
    refused = server.get("/?name=Ada", "POST", b"{}", content_type="application/json")
    assert (refused.status, b"empty" in refused.body) == (422, True)


def test_contexts_of_flask(serve: Callable[[str], Server]) -> None:
    server = serve("contexts")
    answer = server.get("/here?name=Ada")
    assert (answer.status, answer.body, answer.headers["X-Mark"]) == (200, b"Ada, /here", "1")
    assert answer.headers["Set-Cookie"].startswith("session=")
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    server.wait_for_log("teardown Ada")
    assert server.log.index("streamed") < server.log.index("teardown Ada")


@pytest.mark.parametrize("name", ["test_flask_bridge", "test_flask_application", "test_sdk"])
def test_bridges_to_flask_and_the_sdk(python: Path, name: str, tmp_path: Path) -> None:
    command = [str(python), "-m", "pytest", "-q", "-c", "/dev/null", "--rootdir", str(tmp_path)]
    done = subprocess.run(
        [*command, str(ROOT / f"tests/unit/invoker/{name}.py")],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr


def test_annotated_http_function(serve: Callable[[str], Server]) -> None:
    assert serve("annotated").get("/", "POST", b"body").body == b"body"


@pytest.mark.parametrize("name", ["event", "asynchronous", "first_api"])
def test_event_function_gets_and_returns_its_sdk_s_event(serve: Callable[[str], Server], name: str) -> None:
    answer = serve(name).get("/", "POST", b'{"a": 1}', **EVENT)
    assert (answer.status, answer.headers["ce-type"], answer.headers["ce-source"]) == (200, "reply", "/function")
    assert json.loads(answer.body) == {"type": "com.example.thing", "data": {"a": 1}}
