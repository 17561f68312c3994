"""The function's Flask application: used at import, and honoured in calls as in an application of Flask."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import flask
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.invoker.conftest import Client

    Serve = Callable[..., Client]
    LoadFunction = Callable[..., object]

HTML = "text/html; charset=utf-8"
BYTES = "application/octet-stream"

AT_IMPORT = [
    pytest.param("current_app.config['X'] = 'x'", "current_app.config['X']", "x", id="configuration"),
    pytest.param("current_app.secret_key = 'k'", "current_app.secret_key", "k", id="secret key"),
    pytest.param("current_app.debug = True", "current_app.debug", True, id="debug mode"),
    pytest.param("current_app.extensions['x'] = 'x'", "current_app.extensions['x']", "x", id="extension"),
    pytest.param(
        "app = current_app._get_current_object()", "app is current_app._get_current_object()", True, id="same"
    ),
    pytest.param("name = current_app.name", "name", "handler", id="name"),
    pytest.param("current_app.logger.info('m')", "current_app.logger.name", "handler", id="logger"),
    pytest.param("current_app.jinja_env.globals['x'] = 'x'", "render_template_string('{{ x }}')", "x", id="template"),
    pytest.param(
        "current_app.template_filter('up')(str.upper)", "render_template_string('{{ \"x\"|up }}')", "X", id="filter"
    ),
    pytest.param(
        "current_app.context_processor(lambda: {'x': 'x'})", "render_template_string('{{ x }}')", "x", id="processor"
    ),
    pytest.param("g.a = 1", "g.get('a')", None, id="g ends with the import"),
    pytest.param("g.a = 1\nfound = g.a", "found", 1, id="g"),
    pytest.param("found = [has_app_context(), has_request_context()]", "found", [True, False], id="contexts"),
    pytest.param(
        "try: request.path\nexcept RuntimeError: found = 'outside'", "found", "outside", id="there is no request"
    ),
    pytest.param(
        "with current_app.test_request_context('/x?a=1'): found = request.args['a']", "found", "1", id="test request"
    ),
    pytest.param("found = render_template_string('{{ 1 + 1 }}')", "found", "2", id="rendered at import"),
    pytest.param("with current_app.app_context(): found = current_app.name", "found", "handler", id="own block"),
    pytest.param(
        "import contextvars\nfound = contextvars.copy_context().run(lambda: current_app.name)",
        "found",
        "handler",
        id="copied context",
    ),
    pytest.param("pass", "url_for('static', filename='a.css')", "/static/a.css", id="URL of a static file"),
    pytest.param("pass", "[url_for('run', path='a/b'), url_for('run')]", ["/a/b", "/"], id="URL of the function"),
    pytest.param(
        "pass",
        "[app_ctx.g.get('a'), request.endpoint, request.view_args, request.blueprint]",
        [None, "run", {"path": ""}, None],
        id="endpoint",
    ),
    pytest.param(
        "pass", "[g.get('a'), current_app.view_functions[request.endpoint].__name__]", [None, "handler"], id="view"
    ),
    pytest.param(
        "current_app.add_url_rule('/a/<b>', 'a', lambda b: b)", "url_for('a', b='c')", "/a/c", id="URL of a view"
    ),
]

PRELUDE = """
from flask import *
from flask.globals import app_ctx
log = []
"""


@pytest.mark.parametrize("definition", ["def handler(req):", "async def handler(req):", "def handler(data):"])
@pytest.mark.parametrize(("code", "expression", "expected"), AT_IMPORT)
def test_current_app_at_import_is_the_one_of_calls(
    serve: Serve, definition: str, code: str, expression: str, expected: object
) -> None:
    client = serve(f"{PRELUDE}{code}\n{definition}\n    return [{expression}]\n")
    for _ in range(2):
        assert client.event(b"1").json() == [expected]


def test_context_at_import_ends_after_it(load_function: LoadFunction) -> None:
    loaded = load_function(
        """
        import flask
        log = []
        flask.current_app.teardown_appcontext(lambda error: log.append((flask.g.a, error)))
        flask.g.a = 1
        def handler(req): return 'x'
        """
    )
    assert loaded.module.log == [(1, None)]  # type: ignore[attr-defined]
    assert not flask.has_app_context()


def test_context_at_import_ends_if_the_import_fails(load_function: LoadFunction) -> None:
    code = "import flask\nflask.current_app.teardown_appcontext(lambda error: print('ended'))\nflask.g.a = 1\n1 / 0"
    with pytest.raises(Exception, match="ZeroDivisionError"):
        load_function(code)
    assert not flask.has_app_context()


def test_module_of_a_package_has_the_context(serve: Serve, tmp_path: object) -> None:
    package = tmp_path / "pkg"  # type: ignore[operator]
    (package / "templates").mkdir(parents=True)
    (package / "__init__.py").write_text("import flask\nflask.current_app.config['X'] = 'x'\n")
    (package / "main.py").write_text(
        "import flask\nfrom pkg import late\ndef handler(req): return flask.render_template('t.html')\n"
    )
    (package / "late.py").write_text("import flask\nflask.current_app.jinja_env.globals['y'] = 'y'\n")
    (package / "templates" / "t.html").write_text("{{ config.X }}{{ y }}")
    assert serve("", "pkg.main.handler").request().text == "xy"


def test_module_that_a_call_imports_has_the_context(serve: Serve, tmp_path: object) -> None:
    (tmp_path / "late.py").write_text(  # type: ignore[operator]
        "from flask import current_app, request\ncurrent_app.config['X'] = request.path\n"
    )
    client = serve("import flask\ndef handler(req):\n    import late\n    return flask.current_app.config['X']\n")
    assert client.request(target="/a").text == "/a"


@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize(
    ("code", "path", "status", "body"),
    [
        pytest.param("current_app.before_request(lambda: log.append(1))", "/", 200, "called [1]", id="before"),
        pytest.param("current_app.before_request(lambda: ('no', 403))", "/", 403, "no", id="before, answered"),
        pytest.param("current_app.before_request(lambda: abort(403))", "/", 403, None, id="before, raised"),
        pytest.param("current_app.before_request(lambda: 1 / 0)", "/", 500, None, id="before, failed"),
        pytest.param(
            "current_app.url_value_preprocessor(lambda e, v: log.append(e))", "/", 200, "called ['run']", id="url"
        ),
        pytest.param("current_app.route('/v/<a>')(lambda a: a)", "/v/x", 200, "x", id="view"),
        pytest.param("current_app.route('/v/<a>')(lambda a: a)", "/v", 200, "called []", id="no view"),
        pytest.param("current_app.route('/v', methods=['PUT'])(lambda: 'v')", "/v", 200, "called []", id="method"),
        pytest.param("current_app.route('/v')(lambda: 1 / 0)", "/v", 500, None, id="view fails"),
        pytest.param("current_app.errorhandler(KeyError)(lambda e: (str(e), 418))", "/key", 418, "'k'", id="handler"),
        pytest.param("current_app.errorhandler(KeyError)(lambda e: 'x')", "/zero", 500, None, id="other handler"),
        pytest.param("current_app.errorhandler(404)(lambda e: ('x', 404))", "/404", 404, "x", id="handler of a status"),
        pytest.param("current_app.errorhandler(404)(lambda e: ('x', 404))", "/400", 400, None, id="other status"),
        pytest.param(
            "current_app.errorhandler(500)(lambda e: (repr(e.original_exception), 503))",
            "/key",
            503,
            "KeyError('k')",
            id="handler of 500",
        ),
        pytest.param("current_app.errorhandler(Exception)(lambda e: 'caught')", "/exit", 500, None, id="exit"),
        pytest.param("current_app.errorhandler(KeyError)(lambda e: 1 / 0)", "/key", 500, None, id="handler fails"),
        pytest.param(
            "current_app.errorhandler(KeyError)(lambda e: None)", "/key", 500, None, id="handler, no response"
        ),
    ],
)
def test_what_is_registered_at_import_is_honoured(
    serve: Serve, code: str, path: str, status: int, body: str | None, is_async: bool
) -> None:
    client = serve(
        f"{PRELUDE}{code}\ncurrent_app.after_request(lambda r: r.headers.add('x-after', '1') or r)\n"
        f"{'async ' if is_async else ''}def handler(req):\n"
        "    if req.path == '/key': raise KeyError('k')\n"
        "    if req.path == '/zero': 1 / 0\n"
        "    if req.path == '/exit': raise SystemExit(1)\n"
        "    if req.path[1:].isdigit(): abort(int(req.path[1:]))\n"
        "    return f'called {log}'\n"
    )
    answer = client.request(target=path)
    assert answer.status == status
    assert body is None or answer.text == body
    assert answer.header("x-after") == (None if path == "/exit" else "1")


def test_blueprint_is_served(serve: Serve) -> None:
    client = serve(
        f"{PRELUDE}blueprint = Blueprint('b', __name__, url_prefix='/b')\n"
        "blueprint.before_request(lambda: log.append('before'))\n"
        "blueprint.route('/x')(lambda: log)\n"
        "current_app.register_blueprint(blueprint)\n"
        "def handler(req): return log + [req.path]\n"
    )
    assert client.request(target="/a").json() == ["/a"]
    assert client.request(target="/b/x").json() == ["before"]


def test_views_of_an_event_function_are_not_served(serve: Serve) -> None:
    code = f"{PRELUDE}current_app.route('/', methods=['GET', 'POST'])(lambda: 'view')\ndef handler(data): return data\n"
    client = serve(code)
    assert (client.event(b"1").json(), client.request().status) == (1, 405)


SIGNALS = [
    "request_started",
    "request_finished",
    "got_request_exception",
    "request_tearing_down",
    "appcontext_pushed",
    "appcontext_tearing_down",
    "appcontext_popped",
]


@pytest.mark.parametrize("name", SIGNALS)
@pytest.mark.parametrize("of", ["current_app._get_current_object()", "ANY"])
def test_signal_is_sent(serve: Serve, name: str, of: str) -> None:
    client = serve(
        f"{PRELUDE}from blinker import ANY\n"
        f"def received(sender, **_): log.append(sender is current_app or sender.name)\n"
        f"{name}.connect(received, {of})\nlog.clear()\n"
        "def handler(req):\n    if req.path == '/log': return log[:1]\n    raise ValueError('x')\n"
    )
    assert client.request().status == 500
    assert client.request(target="/log").json() == ["handler"]
    # Signals are global, and `ANY` means the applications of other tests, too.
    getattr(flask, name).disconnect(sys.modules["handler"].received)


@pytest.mark.parametrize("returned", ["{'b': 1, 'a': '\\xe9'}", "({'b': 1, 'a': '\\xe9'}, 201)"])
@pytest.mark.parametrize(
    ("code", "text"),
    [
        pytest.param("pass", '{"b": 1, "a": "\\u00e9"}', id="unchanged"),
        pytest.param("current_app.json.sort_keys = True", '{"a":"\\u00e9","b":1}\n', id="sorted"),
        pytest.param("current_app.json.sort_keys = False", '{"b":1,"a":"\\u00e9"}\n', id="not sorted"),
        pytest.param("current_app.json.ensure_ascii = False", '{"a":"é","b":1}\n', id="not ASCII"),
    ],
)
def test_json_is_written_as_the_application_is_told(serve: Serve, code: str, text: str, returned: str) -> None:
    answer = serve(f"{PRELUDE}{code}\ndef handler(req): return {returned}\n").request()
    assert answer.text == text
    assert answer.header("content-type") == "application/json"
    assert answer.status == (201 if "201" in returned else 200)


@pytest.mark.parametrize("definition", ["def", "async def"])
def test_functions_after_a_request_run_for_events(serve: Serve, definition: str) -> None:
    client = serve(
        f"{PRELUDE}{definition} handler(data):\n"
        "    @after_this_request\n"
        "    def mark(response):\n"
        "        response.headers['x-mark'] = str(data)\n"
        "        return Response('new', 202) if data == 'replace' else response\n"
        "    return None if data is None else {'a': data}\n"
    )
    answer = client.event(b"7")
    assert (answer.status, answer.json(), answer.header("x-mark")) == (200, {"a": 7}, "7")
    assert answer.attributes()["type"] == "com.example.thing.reply"
    assert (client.event().status, client.event().body, client.event().header("x-mark")) == (200, b"", "None")
    replaced = client.event(b'"replace"')
    assert (replaced.status, replaced.text, replaced.attributes()) == (202, "new", {})


def test_data_that_does_not_fit_is_answered_through_flask(serve: Serve) -> None:
    client = serve(
        f"{PRELUDE}from dataclasses import dataclass\n"
        "current_app.after_request(lambda r: r.headers.add('x-after', '1') or r)\n"
        "@dataclass\nclass Order:\n    id: int\n"
        "def handler(body: Order): return body\n"
    )
    assert (client.post(b'{"id": 1}').json(), client.post(b'{"id": 1}').header("x-after")) == ({"id": 1}, "1")
    refused = client.post(b'{"id": "x"}')
    assert (refused.status, refused.header("x-after")) == (400, "1")


# Functions that are generators: what they do before their first chunk counts for the headers.
GENERATORS = [pytest.param("def", id="generator function"), pytest.param("async def", id="async generator function")]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("definition", GENERATORS)
def test_generator_function_changes_the_response(serve: Serve, definition: str, method: str) -> None:
    client = serve(f"""
import flask
flask.current_app.secret_key = "k"
log = []
{definition} handler(req):
    flask.session["user"] = "ada"
    @flask.after_this_request
    def mark(response):
        response.headers["X-Mark"] = flask.request.path
        return response
    yield "a"
    yield flask.session["user"] + flask.request.path
""")
    answer = client.request(method, "/s")
    assert (answer.status, answer.header("x-mark"), answer.header("vary")) == (200, "/s", "Cookie")
    assert (answer.header("set-cookie") or "").startswith("session=")
    assert answer.text == ("aada/s" if method == "GET" else "")
    assert answer.header("content-type") == (HTML if method == "GET" else None)


@pytest.mark.parametrize("chunks", ["", "yield b'a'; yield b'b'", "yield ''; yield 'é'"])
@pytest.mark.parametrize("definition", GENERATORS)
def test_generator_function_keeps_its_content_type(serve: Serve, definition: str, chunks: str) -> None:
    client = serve(f"""
import flask
{definition} handler(req):
    flask.after_this_request(lambda response: response)
    if req.path == "/never":
        yield
    {chunks or "pass"}
""")
    answer = client.request()
    assert answer.text == {"": "", "yield b'a'; yield b'b'": "ab"}.get(chunks, "é")
    assert answer.header("content-type") == (HTML if "''" in chunks else BYTES)


@pytest.mark.parametrize(
    ("statement", "status", "teardown"),
    [
        pytest.param("flask.abort(404)", 404, "NoneType", id="abort"),
        pytest.param("raise KeyError('k')", 418, "NoneType", id="handled"),
        pytest.param("raise ValueError('v')", 500, "ValueError", id="not handled"),
    ],
)
@pytest.mark.parametrize("definition", GENERATORS)
def test_generator_function_that_fails_before_its_first_chunk(
    serve: Serve, definition: str, statement: str, status: int, teardown: str
) -> None:
    client = serve(f"""
import flask
log = []
flask.current_app.after_request(lambda response: response.headers.add("X-After", "1") or response)
flask.current_app.errorhandler(KeyError)(lambda error: ("key", 418))
flask.current_app.teardown_request(lambda error: log.append(type(error).__name__))
{definition} handler(req):
    if req.path == "/log":
        yield " ".join(log)
        return
    {statement}
    yield "a"
""")
    answer = client.request()
    assert (answer.status, answer.header("x-after")) == (status, "1")
    assert client.request(target="/log").text == teardown


@pytest.mark.parametrize("kind", ["partial", "object"])
def test_generator_function_in_another_callable(serve: Serve, kind: str) -> None:
    handler = "functools.partial(chunks)" if kind == "partial" else "Chunks()"
    client = serve(f"""
import flask, functools
def chunks(req):
    flask.after_this_request(lambda response: response.headers.add("X-Mark", "1") or response)
    yield "a"
class Chunks:
    def __call__(self, req):
        yield from chunks(req)
handler = {handler}
""")
    assert (client.request().header("x-mark"), client.request().text) == ("1", "a")


ENDS = [
    pytest.param("return None", 204, "NoneType", id="None"),
    pytest.param("return 'x'", 200, "NoneType", id="text"),
    pytest.param("return b'x'", 200, "NoneType", id="bytes"),
    pytest.param("return {'a': 1}", 200, "NoneType", id="dict"),
    pytest.param("return 'x', 201, {'A': 'b'}", 201, "NoneType", id="tuple"),
    pytest.param("return flask.Response('x', 299)", 299, "NoneType", id="response"),
    pytest.param("return flask.redirect('/', 302)", 302, "NoneType", id="redirect"),
    pytest.param("return flask.send_file(__file__)", 200, "NoneType", id="file"),
    pytest.param("return iter(['a', 'b'])", 200, "NoneType", id="iterator"),
    pytest.param("return (part for part in [b'a', b'b'])", 200, "NoneType", id="generator"),
    pytest.param("flask.abort(404)", 404, "NoneType", id="abort"),
    pytest.param("flask.abort(flask.Response('x', 409))", 409, "NoneType", id="abort with a response"),
    pytest.param("return flask.abort.__class__", 500, "ReplyError", id="nothing that can be sent"),
    pytest.param("raise ValueError('x')", 500, "ValueError", id="exception"),
]


@pytest.mark.parametrize("definition", ["def", "async def"])
@pytest.mark.parametrize(("statement", "status", "teardown"), ENDS)
def test_end_of_a_request_is_the_one_of_flask(
    serve: Serve, definition: str, statement: str, status: int, teardown: str
) -> None:
    client = serve(f"""
import flask
log = []
flask.current_app.secret_key = "k"
flask.current_app.teardown_request(lambda e: log.append(f"request {{type(e).__name__}} {{flask.g.a}}"))
flask.current_app.teardown_appcontext(lambda e: log.append(f"app {{type(e).__name__}} {{flask.g.a}}"))
flask.request_finished.connect(finished := lambda _, response: log.append(response.status_code), flask.current_app._get_current_object())
flask.g.a = 0
{definition} handler(req):
    flask.g.a = 1
    if req.path == "/log":
        return log
    flask.session["user"] = "ada"
    @flask.after_this_request
    def mark(response):
        log.append("after")
        response.headers["X-Mark"] = "1"
        return response
    {statement}
""")
    answer = client.request()
    assert (answer.status, answer.header("x-mark"), answer.header("vary")) == (status, "1", "Cookie")
    assert (answer.header("set-cookie") or "").startswith("session=")
    log = client.request(target="/log").json()
    assert log == ["app NoneType 0", "after", status, f"request {teardown} 1", f"app {teardown} 1"]


def test_signal_of_another_application_changes_nothing(serve: Serve) -> None:
    client = serve(
        f"{PRELUDE}own = Flask('own')\n"
        "def received(sender, **_): log.append(sender.name)\n"
        "request_started.connect(received, own)\n"
        "def handler(req):\n"
        "    current_app.secret_key = 'k'\n"
        "    session['a'] = 1\n"
        "    return log\n"
    )
    # The context is created on first use, when there is a key for the session.
    assert (client.request().status, client.request().json()) == (200, [])


@pytest.mark.parametrize(
    ("code", "name"),
    [
        (
            "from werkzeug.middleware.proxy_fix import ProxyFix\ncurrent_app.wsgi_app = ProxyFix(current_app.wsgi_app)",
            "ProxyFix",
        ),
        (
            "def logged(environ, start): pass\ncurrent_app.wsgi_app = logged",
            "logged",
        ),
        ("current_app.wsgi_app", None),
        ("current_app.config['X'] = 'x'", None),
    ],
)
def test_middleware_is_named_in_the_log(
    load_function: LoadFunction, caplog: pytest.LogCaptureFixture, code: str, name: str | None
) -> None:
    load_function(f"from flask import current_app\n{code}\ndef handler(): pass")
    warned = [record.getMessage() for record in caplog.records if "WSGI" in record.message]
    assert warned == (
        [f"WSGI middleware has no effect: current_app.wsgi_app, here {name}, is not called"] if name else []
    )
