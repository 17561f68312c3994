"""What a start imports: every instance of every function spends time and memory on it."""

from __future__ import annotations

import json
import textwrap
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.integration.conftest import StartServer

EVENT = {"ce_specversion": "1.0", "ce_id": "1", "ce_source": "/here", "ce_type": "com.example.thing"}

# A lazy module is in sys.modules before it is loaded.
SOURCE = """
    import sys

    def loaded():
        return [name for name, module in sys.modules.items() if type(module).__name__ != "LazyModule"]

    def http(req):
        read = [req.path, req.get_data(), req.form, req.files, req.get_json(silent=True), req.max_content_length]
        return {"read": len(read), "loaded": loaded()}

    def event(data):
        return {"loaded": loaded()}

    def finders(req):
        import flask
        kinds = [type(sys.modules["ssl"]).__name__, type(vars(flask).get("__getattr__")).__name__]
        return {"kinds": kinds, "loaded": loaded()}

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
    "gunicorn.http.message",
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


@pytest.mark.parametrize(("value", "is_lazy"), [("on", True), ("off", False)])
def test_variable_turns_lazy_imports_off(start_server: StartServer, value: str, is_lazy: bool) -> None:
    environment = {"PYTHON_HANDLER": "handler.finders", "FUNCTION_LAZY_IMPORTS": value}
    answer = json.loads(start_server(SOURCE, environment=environment).get().body)
    assert (answer["kinds"] == ["LazyModule", "PackageAttributes"]) == is_lazy
    assert {"LazyModule", "PackageAttributes"}.isdisjoint(answer["kinds"]) != is_lazy
    assert {"flask.app", "jinja2", "werkzeug.serving", "ssl"}.isdisjoint(answer["loaded"]) == is_lazy


def test_function_that_imports_flask_when_it_is_called_has_all_of_it(start_server: StartServer) -> None:
    server = start_server(SOURCE, environment={"PYTHON_HANDLER": "handler.whole"})
    answer = json.loads(server.get("/here").body)
    assert (answer["path"], answer["name"]) == ("/here", "handler")
    assert {"click", "flask.app", "jinja2"} <= set(answer["loaded"])


USES = """
    def handler(req):
        import flask, flask.views, ssl, uuid, werkzeug, werkzeug.test
        app = flask.current_app._get_current_object()
        answers = {
            "app": isinstance(app, flask.Flask) and app is flask.current_app._get_current_object(),
            "request": isinstance(req, flask.Request) and req == flask.request._get_current_object(),
            "form": req.form["a"],
            "limits": [req.max_content_length, werkzeug.Request.max_content_length],
            "template": flask.render_template_string("{{ request.path }}"),
            "client": werkzeug.test.Client(app).get("/").status_code,
            "own app": flask.Flask("other").test_client().get("/").status_code,
            "command": app.cli.name,
            "json": flask.json.dumps({"b": uuid.UUID(int=1), "a": 1}),
            "session": flask.session.get("nothing"),
            "g": [setattr(flask.g, "a", 1), flask.g.a],
            "url": flask.url_for.__module__,
            "server": issubclass(werkzeug.serving.ThreadedWSGIServer, werkzeug.serving.BaseWSGIServer),
            "run": werkzeug.run_simple is werkzeug.serving.run_simple,
            "tls": issubclass(ssl.SSLError, OSError) and isinstance(ssl.create_default_context(), ssl.SSLContext),
            "view": issubclass(flask.views.MethodView, flask.views.View),
            "abort": None,
        }
        try:
            flask.abort(418)
        except werkzeug.exceptions.ImATeapot:
            answers["abort"] = 418
        return flask.jsonify(answers)
"""


@pytest.mark.parametrize("lazy", ["on", "off"])
@pytest.mark.parametrize(
    "imports", ["", "import flask\n", "from flask import jsonify\n", "import werkzeug.test, ssl\n"]
)
def test_libraries_work_as_ever(start_server: StartServer, imports: str, lazy: str) -> None:
    server = start_server(imports + textwrap.dedent(USES), environment={"FUNCTION_LAZY_IMPORTS": lazy})
    answer = server.get("/here", "POST", b"a=1", content_type="application/x-www-form-urlencoded")
    assert json.loads(answer.body) == {
        "app": True,
        "request": True,
        "form": "1",
        "limits": [None, None],
        "template": "/here",
        "client": 404,
        "own app": 404,
        "command": "handler",
        "json": '{"a": 1, "b": "00000000-0000-0000-0000-000000000001"}',
        "session": None,
        "g": [None, 1],
        "url": "flask.helpers",
        "server": True,
        "run": True,
        "tls": True,
        "view": True,
        "abort": 418,
    }, server.log


@pytest.mark.parametrize("code", ["import flask", "from flask import Request", "from flask.globals import current_app"])
def test_import_of_flask_creates_no_application(start_server: StartServer, code: str) -> None:
    server = start_server(f"{code}\n{textwrap.dedent(SOURCE)}", environment={"PYTHON_HANDLER": "handler.http"})
    assert {"click", "flask.app", "jinja2"}.isdisjoint(json.loads(server.get().body)["loaded"])


@pytest.mark.parametrize("lazy", ["on", "off"])
@pytest.mark.parametrize("parameter", ["req", "data"])
def test_application_can_be_configured_at_import(start_server: StartServer, parameter: str, lazy: str) -> None:
    server = start_server(
        f"""
        from flask import current_app

        current_app.config["X"] = 1
        current_app.logger.warning("configured")

        def handler({parameter}):
            return [current_app.config["X"]]
        """,
        environment={"FUNCTION_LAZY_IMPORTS": lazy},
    )
    assert server.get("/", "POST", b"1", content_type="application/json", **EVENT).body == b"[1]"
    assert "WARNING handler: configured" in server.log


LATE = """
    import sys

    def {definition}(data):
        if data == "modules":
            return [name for name in sys.modules if name.partition(".")[0] == "flask"]
        if data == "late":
            import flask
            flask.current_app.config["X"] = flask.current_app.config.get("X", 0) + 1
            flask.current_app.secret_key = "key"
            @flask.after_this_request
            def mark(response):
                response.headers["X-Mark"] = flask.request.path
                return response
            flask.g.a = flask.g.get("a", 0) + 1
            return [flask.current_app.config["X"], flask.g.a, flask.session.get("a"), flask.request.get_json(), flask.request.endpoint]
        if data == "request":
            from flask import request
            return [request.path]
        return sys.modules["flask"].current_app.config["X"]
"""


@pytest.mark.parametrize("lazy", ["on", "off"])
@pytest.mark.parametrize("definition", ["def", "async def"])
def test_event_function_that_imports_flask_when_it_is_called(
    start_server: StartServer, definition: str, lazy: str
) -> None:
    source = LATE.replace("def {definition}", f"{definition} handler")

    def post(data: str) -> tuple[int, object, str | None]:
        body = json.dumps(data).encode()
        answer = server.get("/here", "POST", body, content_type="application/json", **EVENT)
        return answer.status, json.loads(answer.body), answer.headers["X-Mark"]

    server = start_server(source, environment={"FUNCTION_LAZY_IMPORTS": lazy})
    assert post("modules") == (200, [], None)
    assert post("late") == (200, [1, 1, None, "late", "run"], "/here")
    assert post("late") == (200, [2, 1, None, "late", "run"], "/here")
    assert post("other") == (200, 2, None)
    server = start_server(source, environment={"FUNCTION_LAZY_IMPORTS": lazy})
    assert post("request") == (200, ["/here"], None)
