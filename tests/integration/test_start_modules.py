"""What a start imports: time and memory that every instance of every function pays for."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.integration.conftest import StartServer

EVENT = {"ce_specversion": "1.0", "ce_id": "1", "ce_source": "/here", "ce_type": "com.example.thing"}

# A module whose loading is put off is in sys.modules, but nothing of it is.
SOURCE = """
    import sys

    def loaded():
        return [name for name, module in sys.modules.items() if type(module).__name__ != "_StandIn"]

    def http(req):
        return {"path": req.path, "loaded": loaded()}

    def event(data):
        return {"loaded": loaded()}

    def whole(req):
        import flask
        return flask.jsonify(path=flask.request.path, name=flask.current_app.name, loaded=loaded())
"""

NEVER = {
    "argparse",
    "click",
    "cloudevents",
    "decimal",
    "difflib",
    "email.utils",
    "flask.app",
    "gettext",
    "hashlib",
    "html",
    "http.client",
    "http.server",
    "importlib.metadata",
    "jinja2",
    "logging.config",
    "logging.handlers",
    "multiprocessing",
    "pickle",
    "shutil",
    "ssl",
    "tokenize",
    "urllib.request",
    "uuid",
    "werkzeug.serving",
    "werkzeug.test",
    "zipfile",
}
NEVER_FOR_EVENTS = {*NEVER, "flask", "markupsafe", "werkzeug"}


@pytest.mark.parametrize(("handler", "never"), [("http", NEVER), ("event", NEVER_FOR_EVENTS)])
def test_server_loads_nothing_that_few_functions_need(start_server: StartServer, handler: str, never: set[str]) -> None:
    server = start_server(SOURCE, environment={"PYTHON_HANDLER": f"handler.{handler}"})
    answer = server.get("/", "POST", b"{}", content_type="application/json", **EVENT)
    assert answer.status == 200
    assert never.isdisjoint(json.loads(answer.body)["loaded"])


def test_function_that_imports_flask_when_it_is_called_has_all_of_it(start_server: StartServer) -> None:
    server = start_server(SOURCE, environment={"PYTHON_HANDLER": "handler.whole"})
    answer = json.loads(server.get("/here").body)
    assert (answer["path"], answer["name"]) == ("/here", "handler")
    assert {"flask.app", "jinja2", "werkzeug.serving"} <= set(answer["loaded"])
