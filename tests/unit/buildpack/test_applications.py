"""Builds of applications of web frameworks. Flask is among the packages of the invoker."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.unit.buildpack.builds import Platform

LATER = "Whether it is a function or an application is checked when the image starts."


@pytest.mark.parametrize(
    ("handler", "source", "found", "described"),
    [
        pytest.param(
            "main:app",
            "from flask import Flask\n\napp = Flask(__name__)\n",
            f"Found it in main.py, line 3, as the result of 'Flask(...)'. {LATER}",
            "is a WSGI application and runs on threads.",
            id="result-of-a-call",
        ),
        pytest.param(
            "main:create_app()",
            "import flask\n\ndef create_app(): return flask.Flask(__name__)\n",
            f"Found it in main.py, line 3, as the result of 'create_app(...)'. {LATER}",
            "is a WSGI application and runs on threads.",
            id="factory",
        ),
        pytest.param(
            "main.app",
            "async def app(scope, receive, send): ...\n",
            "Found it in main.py, line 1. It is an ASGI application.",
            "is an ASGI application and runs on the event loop.",
            id="function",
        ),
    ],
)
def test_log_says_what_was_found(platform: Platform, handler: str, source: str, found: str, described: str) -> None:
    platform.write({"main.py": source})
    result = platform.build_well({"PYTHON_HANDLER": handler, "BP_CHECK_IMPORT": "true"})

    assert result.section("Function") == [f"The handler is '{handler}' (PYTHON_HANDLER).", found]
    assert result.section("Import check")[0].strip() == f"{handler} ({platform.app}/main.py) {described}"
    labels = tomllib.loads((platform.layers / "launch.toml").read_text())["labels"]
    assert {"key": "io.funcpack.handler", "value": handler} in labels
