"""Flask's contexts: created on first use, and from then on what they are in an application of Flask."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.invoker.conftest import Client

    Serve = Callable[..., Client]

HTML = "text/html; charset=utf-8"
BYTES = "application/octet-stream"

# How a function answers: the kind, its definition, and a statement that ends it.
ANSWERS = [
    pytest.param("def", "return 'abc'", id="text"),
    pytest.param("async def", "return 'abc'", id="async text"),
    pytest.param("def", "return flask.Response('abc')", id="response"),
    pytest.param("def", "return (part for part in ['a', 'bc'])", id="generator"),
    pytest.param("def", "return flask.Response(part for part in ['a', 'bc'])", id="streamed response"),
    pytest.param("async def", "return aiter_of('a', 'bc')", id="async generator"),
    pytest.param("async def", "return (part for part in ['a', 'bc'])", id="generator of an async function"),
]

PRELUDE = """
import flask

async def aiter_of(*parts):
    for part in parts:
        yield part

log = []
"""


def serve_function(serve: Serve, definition: str, body: str, prelude: str = "") -> Client:
    lines = "\n".join(f"    {line}" for line in body.strip().splitlines())
    return serve(f"{PRELUDE}{prelude}\n{definition} handler(req):\n    if req.path == '/log': return log\n{lines}\n")


@pytest.mark.parametrize(("definition", "returned"), ANSWERS)
def test_session_is_saved(serve: Serve, definition: str, returned: str) -> None:
    body = f"""
flask.current_app.secret_key = "k"
seen = flask.session.get("user", "nobody")
log.append(seen)
flask.session["user"] = "ada"
{returned}
"""
    client = serve_function(serve, definition, body)
    answer = client.request()
    cookie = answer.header("set-cookie")
    assert (answer.status, answer.text, answer.header("content-type")) == (200, "abc", HTML)
    assert cookie is not None
    assert answer.header("vary") == "Cookie"
    client.request(headers={"cookie": cookie.partition(";")[0]})
    assert client.request(target="/log").json() == ["nobody", "ada"]


def test_session_that_is_not_used_is_not_saved(serve: Serve) -> None:
    client = serve_function(serve, "def", "flask.current_app.secret_key = 'k'\nflask.g.a = 1\nreturn 'x'")
    answer = client.request()
    assert (answer.header("set-cookie"), answer.header("vary")) == (None, None)


@pytest.mark.parametrize(("definition", "returned"), ANSWERS)
def test_after_this_request_changes_the_response(serve: Serve, definition: str, returned: str) -> None:
    body = f"""
@flask.after_this_request
def mark(response):
    response.headers["X-Mark"] = flask.request.path
    response.status_code = 201
    return response
{returned}
"""
    answer = serve_function(serve, definition, body).request(target="/a")
    assert (answer.status, answer.text, answer.header("x-mark")) == (201, "abc", "/a")
    assert answer.header("content-type") == HTML


@pytest.mark.parametrize(
    ("definition", "returned"), [("def", "iter([b'a', b'bc'])"), ("async def", "aiter_of(b'a', b'bc')")]
)
def test_stream_of_bytes_stays_one(serve: Serve, definition: str, returned: str) -> None:
    body = f"flask.after_this_request(lambda response: response)\nreturn {returned}"
    answer = serve_function(serve, definition, body).request()
    assert (answer.body, answer.header("content-type")) == (b"abc", BYTES)


@pytest.mark.parametrize(("definition", "returned"), ANSWERS)
@pytest.mark.parametrize("replacement", ["flask.Response('new')", "flask.Response(iter(['n', 'ew']))"])
def test_after_this_request_replaces_the_response(
    serve: Serve, definition: str, returned: str, replacement: str
) -> None:
    body = f"flask.after_this_request(lambda response: {replacement})\n{returned}"
    answer = serve_function(serve, definition, body).request()
    assert (answer.text, answer.header("content-type")) == ("new", HTML)


def test_stream_is_closed_if_it_is_not_sent(serve: Serve) -> None:
    body = """
flask.after_this_request(lambda response: 1 / 0)
response = flask.Response(iter("ab"))
response.call_on_close(lambda: log.append("closed"))
return response
"""
    client = serve_function(serve, "def", body)
    assert client.request().status == 500
    assert client.request(target="/log").json() == ["closed"]


def test_failure_after_the_function_is_500(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    client = serve_function(serve, "def", "flask.after_this_request(lambda response: 1 / 0)\nreturn 'x'")
    assert client.request().status == 500
    assert "ZeroDivisionError" in caplog.text


TEARDOWN = """
def record(error):
    log.append(f"teardown {type(error).__name__} {flask.g.get('a')} {flask.request.path} {user.get()}")

import contextvars
user = contextvars.ContextVar("user", default="nobody")
"""


@pytest.mark.parametrize(("definition", "returned"), ANSWERS)
def test_teardown_function_runs_once_at_the_end(serve: Serve, definition: str, returned: str) -> None:
    body = f"""
if not log:
    flask.current_app.teardown_request(record)
flask.g.a = 1
user.set("ada")
log.append("call")
{returned}
"""
    client = serve_function(serve, definition, body, TEARDOWN)
    for _ in range(2):
        assert client.request(target="/a").text == "abc"
    calls = client.request(target="/log").json()
    assert calls == ["call", "teardown NoneType 1 /a ada"] * 2


@pytest.mark.parametrize("definition", ["def", "async def"])
def test_teardown_function_gets_the_error(serve: Serve, definition: str, caplog: pytest.LogCaptureFixture) -> None:
    body = "flask.current_app.teardown_request(record)\nraise ValueError('x')"
    client = serve_function(serve, definition, body, TEARDOWN)
    assert client.request(target="/a").status == 500
    assert client.request(target="/log").json() == ["teardown ValueError None /a nobody"]
    assert "ValueError: x" in caplog.text


def test_failing_teardown_function_is_logged(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    body = "flask.current_app.teardown_request(lambda error: 1 / 0)\nreturn 'x'"
    assert serve_function(serve, "def", body).request().text == "x"
    assert "a Flask teardown function failed" in caplog.text
    assert "ZeroDivisionError" in caplog.text


@pytest.mark.parametrize("kind", ["def", "async def"])
def test_teardown_function_runs_after_the_stream(serve: Serve, kind: str) -> None:
    chunks = "def chunks():" if kind == "def" else "async def chunks():"
    body = f"""
flask.current_app.teardown_request(record)
{chunks}
    for part in "ab":
        log.append(part + flask.request.path)
        yield part
return chunks()
"""
    client = serve_function(serve, kind, body, TEARDOWN)
    assert client.request(target="/s").text == "ab"
    assert client.request(target="/log").json() == ["a/s", "b/s", "teardown NoneType None /s nobody"]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(("definition", "returned"), ANSWERS[3:])
def test_contexts_of_a_stream_end_whatever_becomes_of_it(
    serve: Serve, definition: str, returned: str, method: str
) -> None:
    body = f"flask.current_app.teardown_request(record) if not log else None\nlog.append('call')\n{returned}"
    client = serve_function(serve, definition, body, TEARDOWN)
    client.request(method)
    assert client.request(target="/log").json() == ["call", "teardown NoneType None / nobody"]


@pytest.mark.parametrize(
    ("definition", "call"),
    [
        pytest.param("async def", "await asyncio.create_task(use())", id="task"),
        pytest.param("async def", "await asyncio.to_thread(asyncio.run, use())", id="thread"),
        pytest.param("def", "contextvars.copy_context().run(asyncio.run, use())", id="copied context"),
    ],
)
def test_first_use_may_be_in_a_task_or_a_thread(serve: Serve, definition: str, call: str) -> None:
    body = f"""
import asyncio, contextvars
async def use():
    flask.g.a = 1
    flask.after_this_request(lambda response: response.make_conditional(flask.request) or response)
    flask.session.get("x")
    return flask.request.path
found = {call}
flask.current_app.teardown_request(record)
return [found, flask.g.a, flask.request == req]
"""
    client = serve_function(serve, definition, body, TEARDOWN)
    assert client.request(target="/a").json() == ["/a", 1, True]
    assert client.request(target="/log").json()[0] == "teardown NoneType 1 /a nobody"


def test_context_can_be_copied_to_a_thread(serve: Serve) -> None:
    body = """
from concurrent.futures import ThreadPoolExecutor
flask.current_app.secret_key = "k"
flask.session["user"] = "ada"
@flask.copy_current_request_context
def work():
    return [flask.request.path, flask.session["user"], flask.current_app.name]
with ThreadPoolExecutor() as pool:
    return pool.submit(work).result()
"""
    assert serve_function(serve, "def", body).request(target="/a").json() == ["/a", "ada", "handler"]


@pytest.mark.parametrize("first", ["flask.g.a = 'g'", "pass"])
def test_stream_with_context_has_the_call_s_own(serve: Serve, first: str) -> None:
    body = f"""
{first}
@flask.stream_with_context
def chunks():
    yield flask.g.setdefault("a", "g")
    yield flask.request.path
flask.after_this_request(lambda response: log.append(flask.g.get("a")) or response)
return chunks()
"""
    assert serve_function(serve, "def", body).request(target="/a").text == "g/a"


def test_messages_are_flashed(serve: Serve) -> None:
    body = "flask.current_app.secret_key = 'k'\nflask.flash('m')\nreturn flask.get_flashed_messages()"
    assert serve_function(serve, "def", body).request().json() == ["m"]


def test_attribute_of_the_context_can_be_set_and_deleted(serve: Serve) -> None:
    body = """
from flask.globals import app_ctx
app_ctx.mine = 1
found = app_ctx.mine
del app_ctx.mine
return [found, hasattr(app_ctx, "mine")]
"""
    assert serve_function(serve, "def", body).request().json() == [1, False]


def test_context_of_the_user_s_own_application_comes_first(serve: Serve) -> None:
    body = """
with own.app_context():
    inside = flask.current_app.name
with own.test_request_context("/own"):
    path = flask.request.path
return [inside, path, flask.current_app.name, flask.request.path]
"""
    client = serve_function(serve, "def", body, "own = flask.Flask('own')")
    assert client.request(target="/a").json() == ["own", "/own", "handler", "/a"]


def test_context_is_known_to_be_there(serve: Serve) -> None:
    body = "return [flask.has_request_context(), flask.has_app_context(), bool(flask.request), bool(flask.current_app)]"
    assert serve_function(serve, "def", body).request().json() == [True] * 4


def test_no_call_sees_the_context_of_another(serve: Serve) -> None:
    client = serve_function(serve, "def", "flask.g.n = flask.g.get('n', 0) + 1\nreturn [flask.g.n]")
    assert [client.request().json() for _ in range(3)] == [[1]] * 3


def test_configuration_of_the_application_holds_for_the_request(serve: Serve) -> None:
    client = serve_function(serve, "def", "flask.current_app.config['MAX_CONTENT_LENGTH'] = 2\nreturn req.get_data()")
    assert client.post(b"abc").status == 413


@pytest.mark.parametrize("expression", ["req.form", "req.data", "req.files", "req.values"])
def test_debug_mode_explains_a_form_without_files(serve: Serve, expression: str) -> None:
    body = f"flask.current_app.debug = True\n{expression}\nreturn req.files['f'].filename"
    client = serve_function(serve, "def", body)
    assert client.post(b"f=1", {"content-type": "application/x-www-form-urlencoded"}).status in {400, 500}


def test_event_function_uses_flask_too(serve: Serve) -> None:
    client = serve("""
        import flask
        log = []

        def handler(data):
            flask.current_app.teardown_appcontext(lambda error: log.append(1))
            flask.g.a = data
            return [flask.g.a, flask.request.path, len(log)]
    """)
    assert [client.event(b"7").json() for _ in range(3)] == [[7, "/", 0], [7, "/", 1], [7, "/", 3]]


def test_teardown_function_of_the_application_may_ask_for_the_request(serve: Serve) -> None:
    client = serve_function(
        serve,
        "def",
        "flask.current_app.teardown_appcontext(lambda error: log.append([flask.g.a, bool(flask.request) in {True, False}]))\n"
        "flask.g.a = 1\nreturn 'x'",
    )
    assert client.request().text == "x"
    assert client.request(target="/log").json()[0] == [1, True]
