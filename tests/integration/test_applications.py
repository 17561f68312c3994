"""Applications of the real frameworks as handlers, with the releases in requirements/applications.txt."""

from __future__ import annotations

import json
import signal
import subprocess
import textwrap
from contextlib import closing
from http.client import HTTPConnection
from typing import TYPE_CHECKING

import pytest

from tests.environments import INVOKER_LOCK, locked
from tests.integration.conftest import DEADLINE
from tools.places import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.conftest import Server, StartServer

FLASK = """
    from flask import Flask, Response, current_app, g, request, session

    handler = Flask(__name__)
    handler.secret_key = "key"

    @handler.get("/")
    def hello():
        return "hello"

    @handler.post("/echo")
    def echo():
        session["name"] = g.name = request.args["name"]
        return {"app": current_app.name, "body": request.get_json(), "name": g.name}, 201, {"X-Mark": "1"}

    @handler.get("/stream")
    def stream():
        return Response((f"part {number}\\n" for number in range(3)), content_type="text/plain")

    @handler.get("/fails")
    def fails():
        raise ValueError("the password is 12345")

    @handler.get("/health/own")
    def health():
        return "own"
"""

STARLETTE_VIEWS = """
    async def hello(request):
        return PlainTextResponse("hello")

    async def echo(request):
        body = {"app": "handler", "body": await request.json(), "name": request.query_params["name"]}
        response = JSONResponse(body, 201, {"X-Mark": "1"})
        response.set_cookie("session", "x")
        return response

    async def stream(request):
        async def parts():
            for number in range(3):
                yield f"part {number}\\n"
        return StreamingResponse(parts(), media_type="text/plain")

    async def fails(request):
        raise ValueError("the password is 12345")

    async def health(request):
        return PlainTextResponse("own")
"""

STARLETTE = (
    """
    from starlette.applications import Starlette
    from starlette.responses import JSONResponse, PlainTextResponse, StreamingResponse
    from starlette.routing import Route
"""
    + STARLETTE_VIEWS
    + """
    views = {"/": hello, "/echo": echo, "/stream": stream, "/fails": fails, "/health/own": health}
    handler = Starlette(routes=[Route(path, view, methods=["GET", "POST"]) for path, view in views.items()])
"""
)

FASTAPI = """
    from fastapi import FastAPI
    from fastapi.responses import JSONResponse, PlainTextResponse, StreamingResponse

    handler = FastAPI()

    @handler.get("/", response_class=PlainTextResponse)
    def hello():
        return "hello"

    @handler.post("/echo", status_code=201)
    async def echo(name: str, body: dict[str, int]):
        answer = JSONResponse({"app": "handler", "body": body, "name": name}, 201, {"X-Mark": "1"})
        answer.set_cookie("session", "x")
        return answer

    @handler.get("/stream")
    def stream():
        return StreamingResponse((f"part {number}\\n" for number in range(3)), media_type="text/plain")

    @handler.get("/fails")
    async def fails():
        raise ValueError("the password is 12345")

    @handler.get("/health/own", response_class=PlainTextResponse)
    async def health():
        return "own"
"""

QUART = """
    from quart import Quart, Response, current_app, g, request, session

    handler = Quart(__name__)
    handler.secret_key = "key"

    @handler.get("/")
    async def hello():
        return "hello"

    @handler.post("/echo")
    async def echo():
        session["name"] = g.name = request.args["name"]
        return {"app": current_app.name, "body": await request.get_json(), "name": g.name}, 201, {"X-Mark": "1"}

    @handler.get("/stream")
    async def stream():
        async def parts():
            for number in range(3):
                yield f"part {number}\\n"
        return Response(parts(), content_type="text/plain")

    @handler.get("/fails")
    async def fails():
        raise ValueError("the password is 12345")

    @handler.get("/health/own")
    async def health():
        return "own"
"""

DJANGO = """
    import json
    import sys

    import django
    from django.conf import settings
    from django.core.asgi import get_asgi_application
    from django.core.wsgi import get_wsgi_application
    from django.http import HttpResponse, JsonResponse, StreamingHttpResponse
    from django.urls import path

    settings.configure(
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF=__name__,
        SECRET_KEY="key",
        LOGGING={
            "version": 1,
            "handlers": {"errors": {"class": "logging.StreamHandler"}},
            "loggers": {"django.request": {"handlers": ["errors"], "propagate": False}},
        },
    )
    django.setup()

    def hello(request):
        return HttpResponse("hello")

    def echo(request):
        body = {"app": "handler", "body": json.loads(request.body), "name": request.GET["name"]}
        response = JsonResponse(body, status=201, headers={"X-Mark": "1"})
        response.set_cookie("session", "x")
        return response

    def stream(request):
        parts = (f"part {number}\\n" for number in range(3))
        return StreamingHttpResponse(parts, content_type="text/plain")

    async def stream_async(request):
        async def parts():
            for number in range(3):
                yield f"part {number}\\n"
        return StreamingHttpResponse(parts(), content_type="text/plain")

    def fails(request):
        raise ValueError("the password is 12345")

    def health(request):
        return HttpResponse("own")

    IS_ASYNC = %r
    views = {"": hello, "echo": echo, "stream": stream_async if IS_ASYNC else stream, "fails": fails, "health/own": health}
    urlpatterns = [path(name, view) for name, view in views.items()]
    handler = get_asgi_application() if IS_ASYNC else get_wsgi_application()
"""

FRAMEWORKS = {
    "flask": FLASK,
    "starlette": STARLETTE,
    "fastapi": FASTAPI,
    "quart": QUART,
    "django-wsgi": DJANGO % False,
    "django-asgi": DJANGO % True,
}
WSGI = {"flask", "django-wsgi"}


@pytest.fixture(scope="session")
def python() -> Path:
    """Return the Python of an environment with the frameworks."""
    return locked("applications", INVOKER_LOCK, ROOT / "requirements" / "applications.txt")


@pytest.fixture(scope="module", params=FRAMEWORKS)
def framework(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def served(start_shared_server: StartServer, framework: str, python: Path) -> Server:
    return start_shared_server(FRAMEWORKS[framework], python=python)


def test_application_is_recognized(served: Server, framework: str) -> None:
    protocol = "WSGI" if framework in WSGI else "ASGI"
    assert f"{protocol} application handler.handler" in served.log


def test_application_answers(served: Server) -> None:
    answer = served.get("/", X_Request_Id="4711")
    assert (answer.status, answer.body, answer.headers["x-request-id"]) == (200, b"hello", "4711")
    assert served.get("/nowhere").status == 404


def test_application_reads_bodies_and_keeps_its_own_contexts(served: Server) -> None:
    answer = served.get("/echo?name=Ada", "POST", b'{"a": 1}', Content_Type="application/json")
    assert (answer.status, answer.headers["x-mark"]) == (201, "1")
    assert json.loads(answer.body) == {"app": "handler", "body": {"a": 1}, "name": "Ada"}
    assert answer.headers["set-cookie"].startswith("session=")


def test_application_reads_chunked_bodies(served: Server) -> None:
    with closing(HTTPConnection("127.0.0.1", served.port, timeout=DEADLINE)) as connection:
        connection.request("POST", "/echo?name=Ada", iter([b'{"a"', b": 1}"]), {"Content-Type": "application/json"})
        response = connection.getresponse()
        assert (response.status, json.loads(response.read())["body"]) == (201, {"a": 1})


def test_application_streams(served: Server) -> None:
    answer = served.get("/stream")
    assert answer.headers["transfer-encoding"] == "chunked"
    assert answer.body == b"part 0\npart 1\npart 2\n"


def test_head_has_no_body(served: Server) -> None:
    received = served.exchange(b"HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert received.endswith(b"\r\n\r\n")
    assert received.count(b"\r\n\r\n") == 1


def test_exception_is_500_without_its_cause(served: Server) -> None:
    answer = served.get("/fails")
    assert answer.status == 500
    assert b"12345" not in answer.body
    served.wait_for_log("ValueError: the password is 12345")
    assert served.get().status == 200


def test_health_paths_belong_to_the_invoker(served: Server) -> None:
    assert served.get("/health/live").body == b"ok\n"
    assert served.get("/health/own").body == b"own"


def test_server_stops(start_server: StartServer, framework: str, python: Path) -> None:
    server = start_server(FRAMEWORKS[framework], python=python)
    assert server.get().status == 200
    assert server.stop(signal.SIGTERM) == 0


def check(python: Path, app: Path, handler: str) -> subprocess.CompletedProcess[str]:
    (app / "handler.py").write_text(textwrap.dedent(WRAPPED))
    command = [str(python), "-P", "-m", "funcpack_invoker", "check", handler, "--source", str(app)]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={})


WRAPPED = """
    from fastapi import FastAPI
    from flask import Flask
    from starlette.middleware.cors import CORSMiddleware
    from werkzeug.middleware.proxy_fix import ProxyFix

    flask = Flask(__name__)
    proxied = ProxyFix(flask)
    cors = CORSMiddleware(FastAPI())

    class Anything:
        def __init__(self, app):
            self.app = app

        def __call__(self, *arguments, **options):
            return self.app(*arguments, **options)

    anything = Anything(flask)

    def create_app(level=1):
        return Flask(__name__)

    def create_fastapi():
        return FastAPI()
"""


@pytest.mark.parametrize(
    ("handler", "described"),
    [
        ("handler:flask", "a WSGI application and runs on threads."),
        ("handler:flask.wsgi_app", "a WSGI application and runs on threads."),
        ("handler.proxied", "a WSGI application and runs on threads."),
        ("handler.cors", "an ASGI application and runs on the event loop."),
        ("handler.anything", "a WSGI application and runs on threads."),
        ("handler:create_app()", "a WSGI application and runs on threads."),
        ("handler:create_fastapi()", "an ASGI application and runs on the event loop."),
    ],
)
def test_check_describes_wrapped_applications(python: Path, tmp_path: Path, handler: str, described: str) -> None:
    done = check(python, tmp_path, handler)
    assert (done.stdout, done.returncode) == (f"{handler} ({tmp_path}/handler.py) is {described}\n", 0), done.stderr


@pytest.mark.parametrize(("handler", "used"), [("create_app", "Flask"), ("create_fastapi", "FastAPI")])
def test_factory_without_a_call_is_rejected(python: Path, tmp_path: Path, handler: str, used: str) -> None:
    done = check(python, tmp_path, f"handler.{handler}")
    assert done.returncode == 1
    assert f"uses `{used}`, the class of an application." in done.stderr
    assert f"Set PYTHON_HANDLER to `handler:{handler}()`" in done.stderr


BACKGROUND = """
    import asyncio

    from starlette.applications import Starlette
    from starlette.background import BackgroundTasks
    from starlette.responses import PlainTextResponse
    from starlette.routing import Route

    def in_thread():
        print("in a thread", flush=True)

    async def slowly():
        await asyncio.sleep(1)
        print("slow task done", flush=True)

    async def home(request):
        tasks = BackgroundTasks()
        tasks.add_task(in_thread)
        tasks.add_task(slowly)
        return PlainTextResponse("answered", background=tasks)

    handler = Starlette(routes=[Route("/", home)])
"""


def test_background_tasks_end_before_the_server(start_server: StartServer, python: Path) -> None:
    server = start_server(BACKGROUND, python=python)
    assert server.get().body == b"answered"
    server.wait_for_log("in a thread")
    assert "slow task done" not in server.log
    assert server.stop() == 0
    assert "slow task done" in server.log


LIFESPAN = """
    from contextlib import asynccontextmanager

    from fastapi import FastAPI, Request

    @asynccontextmanager
    async def lifespan(app):
        %s
        print("started", flush=True)
        yield {"name": "Ada"}
        print("stopped", flush=True)

    handler = FastAPI(lifespan=lifespan)

    @handler.get("/")
    async def hello(request: Request):
        return request.state.name
"""


def test_lifespan_surrounds_the_requests(start_server: StartServer, python: Path) -> None:
    server = start_server(LIFESPAN % "pass", python=python)
    assert server.get().body == b'"Ada"'
    assert server.stop() == 0
    assert server.log.index("started\n") < server.log.index("stopped\n")


def test_lifespan_that_fails_is_shown_with_its_traceback(start_server: StartServer, python: Path) -> None:
    server = start_server(LIFESPAN % 'raise ConnectionError("no database")', python=python, ready=None)
    assert server.process.wait(DEADLINE) == 1
    assert (
        "`handler.handler` reported that its startup failed.\nFix the cause that it reports:\n\nTraceback" in server.log
    )
    assert server.log.rstrip().endswith("ConnectionError: no database")


VIEWS = {
    "flask": """
        from flask import Flask, request
        from werkzeug.middleware.proxy_fix import ProxyFix

        app = Flask(__name__)
        handler = ProxyFix(app)

        @app.get("/start")
        def start():
            return f"view {request.path}"

        @app.get("/ready")
        def ready():
            return f"view {request.path}"
    """,
    "fastapi": """
        from fastapi import FastAPI

        handler = FastAPI()

        @handler.get("/start")
        async def start():
            raise RuntimeError("called as a hook")

        @handler.get("/ready")
        async def ready(number: int = 1):
            return False
    """,
}


@pytest.mark.parametrize("name", VIEWS)
def test_view_with_the_name_of_a_hook_is_not_one(start_server: StartServer, python: Path, name: str) -> None:
    server = start_server(VIEWS[name], python=python)
    assert server.get("/ready").body in {b"view /ready", b"false"}


FLASK_PROXIES = """
    import flask

    handler = flask.Flask(__name__)
    flask.appcontext_pushed.connect(lambda app: print("pushed", app is handler, flush=True), weak=False)

    @handler.teardown_request
    def teardown(error):
        print("teardown", flask.request.path, flush=True)

    @handler.get("/<name>")
    def hello(name):
        flask.after_this_request(lambda response: response.headers.add("X-After", name) or response)
        return type(flask.request._get_current_object()).__module__
"""


def test_flask_application_has_only_its_own_contexts(start_server: StartServer, python: Path) -> None:
    server = start_server(FLASK_PROXIES, python=python)
    answer = server.get("/Ada")
    assert (answer.body, answer.headers["x-after"]) == (b"flask.wrappers", "Ada")
    server.wait_for_log("teardown /Ada")
    assert server.log.count("pushed True\n") == 1
    assert "pushed False" not in server.log
