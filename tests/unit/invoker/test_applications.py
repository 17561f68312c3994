"""Applications are recognized by the parameters of their call."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

from funcpack_invoker import errors
from funcpack_invoker.function.description import describe
from funcpack_invoker.function.loader import LoadedApplication, LoadedFunction

if TYPE_CHECKING:
    from collections.abc import Callable

    Load = Callable[..., LoadedFunction | LoadedApplication]

WSGI_CLASS = "class App:\n    def __call__(self, environ, start_response): ...\n"
ASGI_CLASS = "class App:\n    async def __call__(self, scope, receive, send): ...\n"


@pytest.mark.parametrize(
    ("code", "protocol"),
    [
        pytest.param("def handler(environ, start_response): ...", "WSGI", id="wsgi"),
        pytest.param("def handler(env, start_resp, more=None): ...", "WSGI", id="wsgi-other-names"),
        pytest.param(f"{WSGI_CLASS}handler = App()", "WSGI", id="wsgi-instance"),
        pytest.param(f"{WSGI_CLASS}handler = App().__call__", "WSGI", id="wsgi-method"),
        pytest.param(
            "class handler:\n    def __init__(self, environ, start_response): ...\n    def __iter__(self): ...",
            "WSGI",
            id="wsgi-class",
        ),
        pytest.param("async def handler(scope, receive, send): ...", "ASGI", id="asgi"),
        pytest.param("def handler(scope, receive, send): ...", "ASGI", id="asgi-not-async"),
        pytest.param(f"{ASGI_CLASS}handler = App()", "ASGI", id="asgi-instance"),
        pytest.param(
            "class handler:\n    def __init__(self, scope, receive, send): ...\n    def __await__(self): ...",
            "ASGI",
            id="asgi-class",
        ),
        pytest.param(
            "from __future__ import annotations\nasync def handler(scope: Scope, receive: Receive, send: Send): ...",
            "ASGI",
            id="asgi-annotations-for-type-checkers",
        ),
        pytest.param(
            "import functools\ndef app(level, environ, start_response): ...\nhandler = functools.partial(app, 1)",
            "WSGI",
            id="partial",
        ),
        pytest.param(
            "import functools\n"
            "def wrap(app):\n"
            "    @functools.wraps(app)\n"
            "    def wrapper(*args, **kwargs): ...\n"
            "    return wrapper\n"
            "@wrap\n"
            "def handler(environ, start_response): ...",
            "WSGI",
            id="decorated",
        ),
        pytest.param(
            f"{ASGI_CLASS}class Wrapper:\n"
            "    def __init__(self, app): self.app = app\n"
            "    def __call__(self, *args, **kwargs): ...\n"
            "handler = Wrapper(App())",
            "ASGI",
            id="wrapper-that-passes-everything-on",
        ),
        pytest.param(
            "class App:\n"
            "    __slots__ = ('__call__',)\n"
            "    def __init__(self): self.__call__ = self.run\n"
            "    async def run(self, scope, receive, send): ...\n"
            "handler = App()",
            "ASGI",
            id="call-that-is-an-attribute",
        ),
    ],
)
def test_application_is_recognized(load_function: Load, code: str, protocol: str) -> None:
    loaded = load_function(code)
    assert isinstance(loaded, LoadedApplication)
    assert loaded.protocol == protocol
    assert loaded.application is loaded.module.handler
    where = (
        "a WSGI application and runs on threads"
        if protocol == "WSGI"
        else "an ASGI application and runs on the event loop"
    )
    assert describe(loaded) == f"handler.handler ({loaded.module.__file__}) is {where}."


@pytest.mark.parametrize(
    "code",
    [
        pytest.param("def handler(request, context): ...", id="function"),
        pytest.param("class F:\n    def __call__(self, data): ...\nhandler = F()", id="instance"),
        pytest.param(
            f"{WSGI_CLASS}class F:\n    app = None\n    def __call__(self, req): ...\nhandler = F()\nhandler.app = App()",
            id="instance-with-an-application",
        ),
        pytest.param("import functools\nhandler = functools.partial(lambda scope, req: 1, 1)", id="partial"),
        pytest.param("def handler(request, scope=None, receive=None, send=None): ...", id="defaults"),
        pytest.param("def handler(*args, **kwargs): ...", id="variadic"),
        pytest.param("import flask\ndef handler(scope: flask.Request): ...", id="annotation"),
        pytest.param("import flask\ndef handler(): return flask.Response('x')", id="response"),
        pytest.param("class Order: ...\ndef handler(): return Order()", id="uses-a-class"),
    ],
)
def test_function_stays_a_function(load_function: Load, code: str) -> None:
    assert isinstance(load_function(code), LoadedFunction)


@pytest.mark.parametrize(
    ("handler", "code"),
    [
        ("handler:create_app()", f"{WSGI_CLASS}def create_app(): return App()"),
        ("handler:create_app()", f"{WSGI_CLASS}def create_app(level=1): return App()"),
        ("handler:App()", WSGI_CLASS),
        ("handler:make.app()", f"{WSGI_CLASS}class make:\n    app = App"),
    ],
)
def test_factory_is_called(load_function: Load, handler: str, code: str) -> None:
    loaded = load_function(code, handler)
    assert isinstance(loaded, LoadedApplication)
    assert type(loaded.application).__name__ == "App"


def test_factory_can_create_a_function(load_function: Load) -> None:
    loaded = load_function("def make():\n    def function(req): ...\n    return function", "handler:make()")
    assert isinstance(loaded, LoadedFunction)


@pytest.mark.parametrize(
    ("handler", "code", "error", "words"),
    [
        pytest.param(
            "handler.handler", "def handler(scope): ...", errors.Asgi2Error, ["takes only `scope`"], id="asgi-2"
        ),
        pytest.param(
            "handler.handler",
            "class handler:\n    def __init__(self, scope): ...\n    async def __call__(self, receive, send): ...",
            errors.Asgi2Error,
            ["guarantee_single_callable"],
            id="asgi-2-class",
        ),
        pytest.param("handler.App", WSGI_CLASS, errors.ClassHandlerError, ["is a class"], id="class-of-applications"),
        pytest.param(
            "handler.create_app",
            f"{WSGI_CLASS}def create_app():\n    app = App()\n    return app",
            errors.FactoryError,
            ["uses `App`, the class of an application", "Set PYTHON_HANDLER to `handler:create_app()`"],
            id="factory",
        ),
        pytest.param(
            "handler:create_app()",
            "def create_app(): 1 / 0",
            errors.FactoryFailedError,
            ["`handler:create_app()` raised ZeroDivisionError", "line 1, in create_app"],
            id="factory-fails",
        ),
        pytest.param(
            "handler:create_app()",
            "def create_app(config): ...",
            errors.FactoryFailedError,
            ["raised TypeError", "missing 1 required positional argument: 'config'"],
            id="factory-with-parameters",
        ),
        pytest.param(
            "handler:create_app()",
            "def create_app(): ...",
            errors.NotCallableError,
            ["The value of `handler:create_app()` has the type `NoneType`"],
            id="factory-returns-nothing",
        ),
        pytest.param(
            "handler:app()",
            "app = 1",
            errors.NotCallableError,
            ["The value of `handler:app` has the type `int`"],
            id="factory-is-no-function",
        ),
        pytest.param(
            "handler.site",
            f"{WSGI_CLASS}class Site:\n    def __init__(self): self.server = App()\nsite = Site()",
            errors.NotCallableError,
            ["Set PYTHON_HANDLER to its application, `handler:site.server`."],
            id="application-inside",
        ),
        pytest.param(
            "handler.handler",
            "def handler(environ, respond): ...",
            errors.ParameterError,
            ["`environ`"],
            id="unknown-parameters",
        ),
    ],
)
def test_handler_that_is_neither(
    load_function: Load, handler: str, code: str, error: type[errors.FunctionError], words: list[str]
) -> None:
    with pytest.raises(error) as caught:
        load_function(code, handler)
    assert [word for word in words if word not in str(caught.value)] == []


@pytest.fixture
def foreign_framework(monkeypatch: pytest.MonkeyPatch) -> None:
    """Install a framework with its own server, as aiohttp is one: its applications can be called, but not for requests."""

    class Application:
        def __call__(self) -> Any:
            return self

    module = ModuleType("aiohttp.web")
    vars(module)["Application"] = Application
    monkeypatch.setitem(sys.modules, "aiohttp", ModuleType("aiohttp"))
    monkeypatch.setitem(sys.modules, "aiohttp.web", module)


@pytest.mark.usefixtures("foreign_framework")
def test_application_with_its_own_server_is_rejected(load_function: Load) -> None:
    with pytest.raises(errors.OwnServerError) as caught:
        load_function("import sys\nhandler = sys.modules['aiohttp.web'].Application()")
    assert "`handler.handler` is an application of aiohttp" in str(caught.value)
