from __future__ import annotations

import gc
from typing import TYPE_CHECKING

import flask
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.invoker.conftest import Client

    Serve = Callable[..., Client]

HTML = "text/html; charset=utf-8"
BYTES = "application/octet-stream"
JSON = "application/json"


@pytest.mark.parametrize("definition", ["def", "async def"])
@pytest.mark.parametrize(
    ("returned", "status", "content_type", "body"),
    [
        pytest.param("None", 204, None, b"", id="none"),
        pytest.param("'hello'", 200, HTML, b"hello", id="str"),
        pytest.param("'h\\u00e9'", 200, HTML, "hé".encode(), id="str-beyond-ascii"),
        pytest.param("''", 200, HTML, b"", id="empty-str"),
        pytest.param("b'raw'", 200, BYTES, b"raw", id="bytes"),
        pytest.param("bytearray(b'raw')", 200, BYTES, b"raw", id="bytearray"),
        pytest.param("{'a': 1}", 200, JSON, b'{"a": 1}', id="dict"),
        pytest.param("[1, 2]", 200, JSON, b"[1, 2]", id="list"),
        pytest.param("7", 200, JSON, b"7", id="int"),
        pytest.param("1.5", 200, JSON, b"1.5", id="float"),
        pytest.param("False", 200, JSON, b"false", id="bool"),
        pytest.param("Point(1)", 200, JSON, b'{"x": 1}', id="dataclass"),
        pytest.param("Model(x=1)", 200, JSON, b'{"x": 1}', id="pydantic"),
        pytest.param(
            "{'at': datetime.datetime(2026, 1, 31, 12)}", 200, JSON, b'{"at": "2026-01-31T12:00:00"}', id="datetime"
        ),
        pytest.param("[datetime.date(2026, 1, 31)]", 200, JSON, b'["2026-01-31"]', id="date"),
        pytest.param("[uuid.UUID(int=1)]", 200, JSON, b'["00000000-0000-0000-0000-000000000001"]', id="uuid"),
        pytest.param("[decimal.Decimal('1.10')]", 200, JSON, b'["1.10"]', id="decimal"),
        pytest.param("{'status': HTTPStatus.ACCEPTED}", 200, JSON, b'{"status": 202}', id="int-enum"),
        pytest.param("[Colour.RED]", 200, JSON, b'["red"]', id="enum"),
        pytest.param("('made', 201)", 201, HTML, b"made", id="body-status"),
        pytest.param("('gone', '410 Gone')", 410, HTML, b"gone", id="body-status-text"),
        pytest.param("('x', HTTPStatus.ACCEPTED)", 202, HTML, b"x", id="body-status-enum"),
        pytest.param("(None, 202)", 202, None, b"", id="none-status"),
        pytest.param("({'a': 1}, 201)", 201, JSON, b'{"a": 1}', id="json-status"),
        pytest.param("('x', {'Content-Type': 'text/plain'})", 200, "text/plain", b"x", id="body-headers"),
        pytest.param("('x', [('content-type', 'a/b')])", 200, "a/b", b"x", id="body-header-pairs"),
        pytest.param("('x', 404, {'content-type': 'a/b'})", 404, "a/b", b"x", id="body-status-headers"),
        pytest.param("('', 304)", 304, HTML, b"", id="not-modified"),
        pytest.param("('never sent', 204)", 204, HTML, b"", id="no-content-with-body"),
        pytest.param("flask.Response('x', 418, mimetype='a/b')", 418, "a/b", b"x", id="response"),
        pytest.param("(flask.Response('x'), 201)", 201, HTML, b"x", id="response-status"),
        pytest.param("flask.jsonify(a=1)", 200, JSON, b'{"a":1}\n', id="jsonify"),
        pytest.param("flask.make_response('x', 202)", 202, HTML, b"x", id="make-response"),
        pytest.param("flask.redirect('/there', 302)", 302, HTML, None, id="redirect"),
        pytest.param("flask.abort(flask.Response('no', 409))", 409, HTML, b"no", id="abort-with-response"),
        pytest.param("flask.abort(404)", 404, HTML, None, id="abort"),
        pytest.param("flask.Response(iter(['a', 'b']), mimetype='a/b')", 200, "a/b", b"ab", id="streaming-response"),
        pytest.param("flask.send_file(__file__, mimetype='a/b')", 200, "a/b", None, id="send-file"),
        pytest.param("iter(['a', b'b'])", 200, HTML, b"ab", id="iterator"),
        pytest.param("(iter([b'a']), 201, {'content-type': 'a/b'})", 201, "a/b", b"a", id="iterator-status-headers"),
    ],
)
def test_returned_value(
    serve: Serve, definition: str, returned: str, status: int, content_type: str | None, body: bytes | None
) -> None:
    client = serve(f"""
        import dataclasses, datetime, decimal, enum, flask, pydantic, uuid
        from http import HTTPStatus

        class Colour(enum.Enum):
            RED = "red"

        @dataclasses.dataclass
        class Point:
            x: int

        class Model(pydantic.BaseModel):
            x: int

        {definition} handler(req):
            return {returned}
    """)
    answer = client.request()
    assert (answer.status, answer.header("content-type")) == (status, content_type)
    assert answer.complete
    if body is not None:
        assert answer.body == body


@pytest.mark.parametrize(
    ("returned", "reason"),
    [
        pytest.param(
            "object()",
            "the function returned a value of the type object, which cannot be converted to a response",
            id="object",
        ),
        pytest.param("{'a': object()}", "cannot be sent as JSON", id="not-json"),
        pytest.param("float('nan')", "cannot be sent as JSON", id="nan"),
        pytest.param("('x',)", "the function returned a tuple of 1", id="tuple-of-1"),
        pytest.param("('x', 200, {}, 4)", "the function returned a tuple of 4", id="tuple-of-4"),
        pytest.param("('x', 99)", "expected a number from 200 to 599", id="status-too-small"),
        pytest.param("('x', 'maybe')", "the function returned the status 'maybe'", id="status-text"),
        pytest.param("('x', True)", "the function returned the status 'True'", id="status-bool"),
        pytest.param("('x', {'A': 'a\\r\\nB: b'})", "the returned header 'A' has characters", id="header-injection"),
        pytest.param(
            "('x', {'A': 'a\\x0bb'})", "the returned header 'A' has characters", id="header-control-character"
        ),
        pytest.param("('x', {'A b': '1'})", "the returned header 'A b' has characters", id="header-name"),
        pytest.param("('x', {'A': '\\u2713'})", "the returned header 'A' has characters", id="header-not-latin"),
        pytest.param("('x', [1])", "headers that are not pairs", id="headers-not-pairs"),
        pytest.param("'\\ud800'", "the returned text cannot be encoded", id="half-surrogate"),
        pytest.param("iter([1])", "the function yielded a value of the type int", id="chunk-of-int"),
    ],
)
def test_value_that_cannot_be_sent(serve: Serve, caplog: pytest.LogCaptureFixture, returned: str, reason: str) -> None:
    answer = serve(f"def handler(): return {returned}").request()
    assert (answer.status, answer.text) == (500, "Internal Server Error\n")
    assert reason in caplog.text


@pytest.mark.parametrize("definition", ["def", "async def"])
@pytest.mark.parametrize(
    "raised",
    ["ValueError('secret')", "SystemExit(3)", "KeyboardInterrupt()", "StopIteration()", "GeneratorExit()", "OSError()"],
)
def test_exception_is_500_without_its_cause(
    serve: Serve, caplog: pytest.LogCaptureFixture, definition: str, raised: str
) -> None:
    client = serve(f"{definition} handler(): raise {raised}")
    for _ in range(2):  # whatever was raised, the next request is served
        answer = client.request()
        assert (answer.status, answer.text) == (500, "Internal Server Error\n")
    assert "Traceback" in caplog.text


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        pytest.param("def handler(): return 'none'", "none", id="none"),
        pytest.param("def handler(req): return req.get_data()", "the body", id="req"),
        pytest.param("def handler(request): return request.args['q']", "ä b", id="request"),
        pytest.param("def handler(body): return body", "the body", id="body"),
        pytest.param("def handler(headers): return headers['X-THING'] + headers.get('x-thing')", "11", id="headers"),
        pytest.param("def handler(context): return context.handler", "handler.handler", id="context"),
        pytest.param("import flask\ndef handler(r: flask.Request): return r.path", "/path", id="annotated"),
        pytest.param("import flask\ndef handler(r: 'flask.Request'): return r.path", "/path", id="annotated-text"),
        pytest.param(
            "from __future__ import annotations\nfrom werkzeug import Request\ndef handler(r: Request): return r.path",
            "/path",
            id="annotated-future",
        ),
        pytest.param(
            "import flask\nfrom typing import Annotated\ndef handler(r: Annotated[flask.Request, {}]): return r.path",
            "/path",
            id="annotated-with-more",
        ),
        pytest.param(
            "import flask\nfrom typing import Annotated, Optional\n"
            "def handler(r: Optional[Annotated[flask.Request, 1]]): return r.path",
            "/path",
            id="annotated-with-more-inside",
        ),
        pytest.param(
            "from typing import Annotated\ndef handler(body: Annotated[bytes, []]): return body",
            "the body",
            id="annotated-with-what-has-no-hash",
        ),
        pytest.param("def handler(a=1, req=None, b=2): return f'{a}{req.path}{b}'", "1/path2", id="defaults"),
        pytest.param("def handler(a=1, /, req=None): return f'{a}{req.path}'", "1/path", id="default-positional-only"),
        pytest.param("def handler(*, body, a=1): return body", "the body", id="keyword-only"),
        pytest.param("def handler(req, /): return req.path", "/path", id="positional-only"),
        pytest.param("def handler(*args, **kwargs): return f'{args}{kwargs}'", "(){}", id="variadic"),
        pytest.param("handler = lambda req: req.path", "/path", id="lambda"),
        pytest.param(
            "import functools\ndef f(a, req): return a + req.path\nhandler = functools.partial(f, 'x')",
            "x/path",
            id="partial",
        ),
        pytest.param(
            "import functools\ndef f(req, *, body): return body\nhandler = functools.partial(f, body='bound')",
            "bound",
            id="partial-keyword",
        ),
        pytest.param(
            "import functools\nasync def f(a, req): return a + req.path\nhandler = functools.partial(f, 'x')",
            "x/path",
            id="async-partial",
        ),
        pytest.param("class C:\n def __call__(self, req): return req.path\nhandler = C()", "/path", id="instance"),
        pytest.param(
            "class C:\n async def __call__(self, req): return req.path\nhandler = C()", "/path", id="async-instance"
        ),
        pytest.param(
            "import functools\ndef deco(f):\n @functools.wraps(f)\n def w(*a): return f(*a)\n return w\n"
            "@deco\nasync def handler(req): return req.path",
            "/path",
            id="plain-decorator-of-async",
        ),
        pytest.param(
            "import functools\ndef deco(f):\n @functools.wraps(f)\n def w(req): return f('db', req.path)\n return w\n"
            "@deco\ndef handler(db, path): return db + path",
            "db/path",
            id="decorator-with-parameters-of-its-own",
        ),
        pytest.param(
            "import functools\ndef deco(f):\n @functools.wraps(f)\n def w(*a, **k): return f(*a, **k)\n return w\n"
            "@deco\n@deco\ndef handler(body, *, req): return body.decode() + req.path",
            "the body/path",
            id="decorators-that-pass-on",
        ),
        pytest.param(
            "import functools\nclass Deco:\n def __init__(self, f): functools.update_wrapper(self, f)\n"
            " def __call__(self, req): return self.__wrapped__('db', req.path)\n"
            "@Deco\ndef handler(db, path): return db + path",
            "db/path",
            id="decorating-class",
        ),
        pytest.param("import functools\n@functools.lru_cache\ndef handler(a='x'): return a", "x", id="cached"),
        pytest.param(
            "import functools\ndef deco(f):\n @functools.wraps(f)\n def w(*a, **k): return f(*a, **k)\n return w\n"
            "class C:\n @deco\n def m(self, req): return req.path\nhandler = C().m",
            "/path",
            id="decorated-method",
        ),
        pytest.param("def handler(req):\n yield req.path\n yield 'x'", "/pathx", id="generator"),
        pytest.param("async def handler(req):\n yield req.path\n yield 'x'", "/pathx", id="async-generator"),
        pytest.param(
            "def handler(body):\n import flask\n return flask.request.path + flask.request.get_data(as_text=True)",
            "/paththe body",
            id="flask-imported-late",
        ),
        pytest.param(
            "import flask\nasync def handler():\n flask.g.a = 'g'\n return flask.g.a + flask.current_app.name",
            "ghandler",
            id="flask-globals",
        ),
        pytest.param("import flask\ndef handler(req): return str(flask.request == req)", "True", id="same-request"),
        pytest.param("import flask\ndef handler(req): return str(isinstance(req, flask.Request))", "True", id="class"),
        pytest.param(
            "import flask\ndef handler(req):\n"
            " @flask.stream_with_context\n def chunks():\n  yield flask.request.path\n return chunks()",
            "/path",
            id="stream-with-context",
        ),
        pytest.param(
            "import flask\ndef handler():\n"
            " return flask.session.get('x', 'none') + flask.render_template_string('{{ request.path }}')",
            "none/path",
            id="session-and-template",
        ),
    ],
)
def test_parameters_and_callables(serve: Serve, code: str, expected: str) -> None:
    answer = serve(code).request("POST", "/path?q=%C3%A4+b", {"x-thing": "1"}, b"the body")
    assert (answer.status, answer.text) == (200, expected)


def test_what_a_function_sets_on_its_request_stays(serve: Serve) -> None:
    client = serve(
        "def handler(req):\n req.method = 'PUT'\n req.user = 'ada'\n return [req.method, req.path, req.user]"
    )
    assert client.request(target="/a").json() == ["PUT", "/a", "ada"]


def test_request_is_read_in_threads_of_the_function(serve: Serve) -> None:
    client = serve("""
        from concurrent.futures import ThreadPoolExecutor

        def handler(req):
            with ThreadPoolExecutor(8) as pool:
                return list(pool.map(lambda _: req.path, range(8)))
    """)
    assert client.request(target="/a").json() == ["/a"] * 8


@pytest.mark.parametrize(
    "content_type", ["", "application/json", 'Text/HTML; charset=utf-8; a="b c"', "none of these", "a/b;" + "c" * 200]
)
def test_content_type_is_read_as_flask_reads_it(serve: Serve, content_type: str) -> None:
    client = serve("""
        import flask

        def handler(req):
            found = req.mimetype, req.mimetype_params.copy()
            req.mimetype_params["seen"] = "before"
            theirs = flask.Request(req.environ)
            return [found == (theirs.mimetype, theirs.mimetype_params), found]
    """)
    headers = {"content-type": content_type} if content_type else {}
    answers = [client.post(b"x", headers).json() for _ in range(2)]
    assert answers[0][0] is True
    assert answers[0] == answers[1]


@pytest.mark.parametrize(
    "code",
    [
        pytest.param("return [req.get_data(as_text=True), req.get_data(as_text=True)]", id="twice"),
        pytest.param(
            "return [req.stream.read().decode(), req.environ['wsgi.input'].read().decode() + 'abc']", id="stream"
        ),
        pytest.param("return [req.get_data(as_text=True), next(iter(req.form))]", id="form"),
        pytest.param("return [next(iter(req.form)), req.get_data(as_text=True) + 'abc']", id="after the form"),
        pytest.param("return [req.get_data(as_text=True), req.stream.read().decode() + 'abc']", id="stream after all"),
    ],
)
def test_body_is_read_as_flask_reads_it(serve: Serve, code: str) -> None:
    client = serve(f"def handler(req): {code}")
    assert client.post(b"abc", {"content-type": "application/x-www-form-urlencoded"}).json() == ["abc", "abc"]


@pytest.mark.skipif(vars(flask.Request)["max_content_length"].fset is None, reason="it is new in Flask 3.1")
@pytest.mark.parametrize("before", ["", "req.path; "])
def test_limit_of_a_request_holds(serve: Serve, before: str) -> None:
    client = serve(f"def handler(req): {before}req.max_content_length = 2; return req.get_data()")
    assert client.post(b"abc").status == 413


def test_request_can_be_copied(serve: Serve) -> None:
    assert serve("import copy\ndef handler(req): return copy.copy(req).path").request(target="/a").text == "/a"


def test_request_has_no_more_than_flask_s(serve: Serve) -> None:
    client = serve("def handler(req): return [hasattr(req, 'thing'), hasattr(req, 'thing'), req.path]")
    assert client.request(target="/a").json() == [False, False, "/a"]


@pytest.mark.parametrize("expression", ["'x'", "req.path", "flask.session.get('x', 'x')"])
def test_nothing_of_a_call_is_left_to_the_garbage_collector(serve: Serve, expression: str) -> None:
    client = serve(f"import flask\ndef handler(req): return {expression}")
    client.request()
    gc.collect()
    gc.disable()
    try:
        client.request()
        assert not [found for found in gc.get_objects() if isinstance(found, flask.Request)]
    finally:
        gc.enable()


def test_after_this_request_changes_the_response(serve: Serve) -> None:
    client = serve("""
        import flask

        def handler():
            @flask.after_this_request
            def mark(response):
                response.headers["X-Mark"] = "1"
                return response
            return {"a": 1}
    """)
    answer = client.request()
    assert (answer.json(), answer.header("x-mark")) == ({"a": 1}, "1")


def test_form_and_files(serve: Serve) -> None:
    client = serve("def handler(req): return req.form['a'] + req.files['f'].read().decode()")
    body = (
        b'--X\r\nContent-Disposition: form-data; name="a"\r\n\r\none\r\n'
        b'--X\r\nContent-Disposition: form-data; name="f"; filename="f.txt"\r\n\r\ntwo\r\n--X--\r\n'
    )
    assert client.post(body, {"content-type": "multipart/form-data; boundary=X"}).text == "onetwo"


@pytest.mark.parametrize(
    ("code", "headers", "status"),
    [
        pytest.param("def handler(req): return req.form['absent']", {}, 400, id="missing-form-field"),
        pytest.param("def handler(req): return req.get_json()", {}, 415, id="no-json-content-type"),
        pytest.param("def handler(req): return req.get_json()", {"content-type": JSON}, 400, id="no-json"),
    ],
)
def test_flask_refuses_what_the_client_did_wrong(serve: Serve, code: str, headers: dict[str, str], status: int) -> None:
    assert serve(code).post(b"{", headers).status == status


def test_sdk_event_is_a_reply_event(serve: Serve) -> None:
    client = serve("""
        from cloudevents.core.v1.event import CloudEvent

        def handler(req):
            return CloudEvent({"type": "t", "source": "/s", "id": "7"}, {"a": 1})
    """)
    answer = client.request()
    assert answer.attributes()["type"] == "t"
    assert answer.json() == {"a": 1}


def test_sdk_event_may_come_with_status_and_headers(serve: Serve) -> None:
    client = serve("""
        from cloudevents.core.v1.event import CloudEvent

        def handler(req):
            return CloudEvent({"type": "t", "source": "/s", "id": "7"}, {"a": 1}), 201, {"X-A": "b"}
    """)
    answer = client.request()
    assert (answer.status, answer.header("x-a"), answer.attributes()["type"]) == (201, "b", "t")
    assert answer.json() == {"a": 1}


@pytest.mark.parametrize(
    ("returned", "expected"),
    [
        pytest.param("('x', {'X-Request-Id': 'mine'})", "mine", id="the-function's-own"),
        pytest.param("'x'", "given", id="the-client's"),
    ],
)
def test_request_id_is_in_the_response(serve: Serve, returned: str, expected: str) -> None:
    client = serve(f"def handler(): return {returned}")
    assert client.request(headers={"x-request-id": "given"}).header("x-request-id") == expected


def test_framing_headers_are_the_servers(serve: Serve) -> None:
    client = serve("def handler(): return 'x', 200, {'Content-Length': '99', 'Transfer-Encoding': 'chunked'}")
    answer = client.request()
    assert (answer.header("content-length"), answer.header("transfer-encoding")) == ("1", None)


def test_header_given_several_times(serve: Serve) -> None:
    client = serve("def handler(): return 'x', {'Set-Cookie': ['a=1', 'b=2']}")
    assert [value for name, value in client.request().headers if name == b"set-cookie"] == [b"a=1", b"b=2"]


@pytest.mark.parametrize("returned", ["'hello'", "iter(['hello'])", "flask.Response('hello')"])
def test_head_has_no_body(serve: Serve, returned: str) -> None:
    answer = serve(f"import flask\ndef handler(): return {returned}").request("HEAD")
    assert (answer.status, answer.body, answer.complete) == (200, b"", True)


@pytest.mark.parametrize("definition", ["def", "async def"])
def test_context_variables_do_not_reach_the_next_request(serve: Serve, definition: str) -> None:
    client = serve(f"""
        import contextvars

        user = contextvars.ContextVar("user", default="nobody")

        {definition} handler():
            before = user.get()
            user.set("somebody")
            return before
    """)

    async def two_on_one_connection() -> list[str]:
        return [(await client.send()).text, (await client.send()).text]

    assert client.runner.run(two_on_one_connection()) == ["nobody", "nobody"]


@pytest.mark.parametrize(
    ("raised", "size", "status"),
    [
        pytest.param("pass", 400_000, 200, id="default"),
        pytest.param("pass", 600_000, 413, id="more than the default"),
        pytest.param("req.max_form_memory_size = 1_000_000", 600_000, 200, id="raised"),
        pytest.param("req.max_form_memory_size = 1_000_000", 1_200_000, 413, id="more than raised"),
    ],
)
def test_limit_of_forms_is_that_of_flask_unless_the_function_raises_it(
    serve: Serve, raised: str, size: int, status: int
) -> None:
    client = serve(f"def handler(req):\n {raised}\n return str(len(req.form['a']))")
    multipart = {"content-type": "multipart/form-data; boundary=b"}
    part = b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n' + b"x" * size + b"\r\n--b--\r\n"
    assert client.post(part, multipart).status == status
