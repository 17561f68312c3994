"""The releases of Flask and of the CloudEvents SDK that functions pin, on the Pythons that are there.

Pairs are picked so that each release is in one, the oldest together and the newest together. Python 3.11 is always there
(`make` asks for it or a newer one, and uv finds the one that runs the tests); a pair of another Python is left out where
`uv python find` does not find that on this machine. pyenv's are put on the path for it: it cannot run pyenv's shims.
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

from tests.environments import installed

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.integration.conftest import Server, StartServer

GUNICORN = release("gunicorn")

PAIRS = [
    ("3.11", ["flask==2.3.3", "werkzeug==2.3.7", "cloudevents==1.11.0"]),
    ("3.11", ["flask==3.0.3", "cloudevents==2.2.0"]),
    ("3.12", ["flask==3.0.3", "cloudevents==1.13.0"]),
    ("3.12", ["flask==2.3.3", "cloudevents==2.0.0"]),
    ("3.13", ["flask==3.1.3", "cloudevents==2.2.0"]),
    ("3.14", ["flask==3.1.3", "cloudevents==2.2.0"]),
]

FUNCTIONS = """
    import flask

    try:
        from cloudevents.http import CloudEvent
    except ModuleNotFoundError:
        from cloudevents.core.v1.event import CloudEvent

    def http(request):
        assert request.json == flask.request.json
        if flask.request.json == {}:
            flask.abort(422, "empty")
        return flask.jsonify(flask.request.json, request.args["name"]), 201, {"X-Path": flask.request.path}

    def annotated(value: flask.Request):
        return value.get_data()

    def event(event):
        assert isinstance(event, CloudEvent), type(event)
        return reply(event)

    async def asynchronous(event: CloudEvent):
        return reply(event)

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
THERE = [
    pytest.param((version, requirements), id=" ".join([version, *requirements]))
    for version, requirements in PAIRS
    if PYTHONS[version] or version == "3.11"
]


@pytest.fixture(scope="module", params=THERE)
def python(request: pytest.FixtureRequest) -> Path:
    """Make an environment of one pair, with the server at the release that the invoker's lock names."""
    version, requirements = request.param
    name = "-".join([version, *requirements]).replace("==", "-")
    return installed(f"releases-{name}", PYTHONS[version] or version, [*requirements, f"gunicorn=={GUNICORN}"])


@pytest.fixture
def serve(start_server: StartServer, python: Path) -> Callable[[str], Server]:
    """Start a server of one of the functions."""
    return lambda name: start_server(FUNCTIONS, python=python, environment={"PYTHON_HANDLER": f"handler.{name}"})


def test_http_function(serve: Callable[[str], Server]) -> None:
    server = serve("http")
    answer = server.get("/?name=Ada", "POST", b'{"a": 1}', content_type="application/json")
    assert (answer.status, json.loads(answer.body)) == (201, [{"a": 1}, "Ada"])
    assert answer.headers["X-Path"] == "/"
    refused = server.get("/?name=Ada", "POST", b"{}", content_type="application/json")
    assert (refused.status, b"empty" in refused.body) == (422, True)


def test_annotated_http_function(serve: Callable[[str], Server]) -> None:
    assert serve("annotated").get("/", "POST", b"body").body == b"body"


@pytest.mark.parametrize("name", ["event", "asynchronous"])
def test_event_function_gets_and_returns_its_sdk_s_event(serve: Callable[[str], Server], name: str) -> None:
    answer = serve(name).get("/", "POST", b'{"a": 1}', **EVENT)
    assert (answer.status, answer.headers["ce-type"], answer.headers["ce-source"]) == (200, "reply", "/function")
    assert json.loads(answer.body) == {"type": "com.example.thing", "data": {"a": 1}}
