"""Makes Flask's world around a call: the request, and what `flask.request`, `current_app`, `g` and the like stand for.

No Flask application dispatches the request: an empty one is there because Flask's functions ask for it.
"""

from __future__ import annotations

import functools
import json
import threading
from typing import TYPE_CHECKING, Any

from funcpack_invoker.flask_bridge import environ
from funcpack_invoker.http.response import from_response
from funcpack_invoker.lazy_imports.libraries import import_library, path_without
from funcpack_invoker.lazy_imports.modules import FLASK_MODULES, deferring

if TYPE_CHECKING:
    from collections.abc import Callable

    from funcpack_invoker.function.call import Call
    from funcpack_invoker.http.asgi import Scope
    from funcpack_invoker.http.body import Body
    from funcpack_invoker.http.response import Reply


class FlaskContext:
    """Flask, as one function sees it.

    Raises:
        LibraryHiddenError: when Flask cannot be imported because of a file of the user.

    """

    def __init__(self, module: str, directories: list[str]) -> None:
        import_library("flask", directories)
        with deferring(FLASK_MODULES, path_without(directories)):
            wrappers = import_library("flask.wrappers", directories)
        self._app = _Application(module)
        self._request_class = _late_request(wrappers.Request, self._app)
        self._push = _pusher(self._app)

    def enter(self, call: Call) -> None:
        """Make `call.request`, and all of Flask's proxies stand for this call in the current context.

        There is nothing to leave: the context is the call's own, and goes away with it.
        """
        call.request = self._request_class(call.scope, call.body)
        call.flask = self._push(call.request)

    def finish(self, call: Call, reply: Reply) -> Reply:
        """Do what the function asked for by `flask.after_this_request`, and close its uploads (in the call's context)."""
        reply = self._change(call, reply)
        # Most requests have no files, and looking for them would read the body.
        if reply.chunks is None and "files" in call.request.__dict__:
            call.request.close()
        return reply

    def _change(self, call: Call, reply: Reply) -> Reply:
        functions = call.flask._after_request_functions  # noqa: SLF001 - Flask keeps them where it alone looks
        if not functions or hasattr(reply.chunks, "__anext__"):
            return reply
        app = self._app.made()
        response = app.response_class(reply.chunks or reply.body, reply.status)
        response.headers = type(response.headers)(
            (name.decode(), value.decode("latin-1")) for name, value in reply.headers
        )
        for function in functions:
            response = app.ensure_sync(function)(response)
        return from_response(response)


class _Application:
    """The empty application, made when somebody asks for it: importing all of Flask takes longer than half a start."""

    def __init__(self, module: str) -> None:
        self._module = module
        self._app: Any = None

    @property
    def is_made(self) -> bool:
        """Whether somebody has asked."""
        return self._app is not None

    def made(self) -> Any:
        """Give the application."""
        if not self.is_made:
            from flask import Flask  # noqa: PLC0415

            with _making:
                if not self.is_made:
                    # The module's name is what templates are found by.
                    self._app = Flask(self._module, static_folder=None)
        return self._app


def _late_request(base: Any, app: _Application) -> type[Any]:
    """Make Flask's requests put off being made of their environ, which many functions never look at."""

    class Request(base):  # type: ignore[misc]  # the class is Flask's, of whichever version
        """A request that is made when somebody looks for what it has."""

        @property
        def json_module(self) -> Any:
            """What reads JSON: the application's; that of an empty one reads it as Python does."""
            return app.made().json if app.is_made else json

        def __init__(self, scope: Scope, body: Body) -> None:
            self._funcpack_source = scope, body

        def __getattr__(self, name: str) -> Any:
            # Only for what the class does not have: the attributes of an instance, before they are there.
            with _making:
                source = self.__dict__.pop("_funcpack_source", None)
                if source is not None:
                    scope, body = source
                    said_before = self.__dict__.copy()
                    # Not among the environ's values: request and environ would be a circle, left to the collector.
                    super().__init__(environ.build(scope, body.stream()), populate_request=False)
                    self._remember_content_type()
                    self.__dict__.update(said_before)
            return self.__getattribute__(name)

        def _remember_content_type(self) -> None:
            """Put what Werkzeug would make of Content-Type where it would put it: most requests have one of a few."""
            content_type = self.environ.get("CONTENT_TYPE", "")
            if len(content_type) <= _LONGEST_REMEMBERED:
                kind, parameters = parsed(content_type)
                self._parsed_content_type = kind, dict(parameters)

        def _load_form_data(self) -> None:
            # Flask's own asks its application whether it debugs, which an empty one does not.
            above: Any = super() if app.is_made else super(base, self)
            above._load_form_data()  # noqa: SLF001 - its own, by inheritance

    from werkzeug.http import parse_options_header  # noqa: PLC0415 - not for functions that do without Flask

    parsed = functools.lru_cache(maxsize=64)(parse_options_header)
    for name in _LIMITS & vars(base).keys():
        setattr(Request, name, _limit(name, base, app))
    return Request


# Strangers choose what is remembered.
_LONGEST_REMEMBERED = 100

_LIMITS = frozenset({"max_content_length", "max_form_memory_size", "max_form_parts"})


def _limit(name: str, base: Any, app: _Application) -> property:
    """Make a limit that Flask takes from its application, if the request has none: those of an empty one are werkzeug's."""
    from_app: property = vars(base)[name]

    def limit(request: Any) -> Any:
        is_its_own = getattr(request, f"_{name}", None) is not None
        if is_its_own or app.is_made:
            return from_app.__get__(request)
        return getattr(super(base, request), name)

    return property(limit, from_app.fset)


# A function may look at its request in threads of its own.
_making = threading.RLock()


def _pusher(app: _Application) -> Callable[[Any], Any]:
    """Choose how a request becomes the current one.

    Flask's own way matches the URL against (no) rules and opens a session, which is a third of the time of a short
    call: up to Flask 3.1 the context can be made without, and does both when it is asked to.
    """
    try:
        from flask.ctx import AppContext, RequestContext, _AppCtxGlobals  # noqa: PLC0415
        from flask.globals import _cv_app, _cv_request  # noqa: PLC0415
    except ImportError:
        return functools.partial(_push_whole, app.made())
    lean_app = _lean_app_context(AppContext, _AppCtxGlobals, app)
    lean_request = _lean_request_context(RequestContext, app)

    def push(request: Any) -> Any:
        _cv_app.set(lean_app())
        context = lean_request(None, None, request)
        _cv_request.set(context)
        return context

    return push


def _push_whole(app: Any, request: Any) -> Any:
    context = app.request_context(request.environ)
    context.request = request
    context.push()
    return context


def _lean_app_context(base: type[Any], g_class: type[Any], app: _Application) -> type[Any]:
    """Make Flask's application context put off what costs time."""

    class LeanAppContext(base):  # type: ignore[misc]  # the class is Flask's, of whichever version
        """An application context whose application and URL adapter are made when they are asked for."""

        def __init__(self) -> None:
            self.g = g_class()
            self._cv_tokens: list[Any] = []

        @property
        def app(self) -> Any:
            return app.made()

        @property
        def url_adapter(self) -> Any:
            return self.app.create_url_adapter(None)

    return LeanAppContext


def _lean_request_context(base: type[Any], app: _Application) -> type[Any]:
    """Make Flask's request context put off what costs time."""

    class LeanRequestContext(base):  # type: ignore[misc]  # the class is Flask's, of whichever version
        """A request context whose application, URL adapter and session are made when they are asked for."""

        def __init__(self, _app: Any, environ: None, request: Any, session: Any = None) -> None:  # noqa: ARG002
            self.request = request
            self.flashes = None
            self._session = session
            self._after_request_functions: list[Any] = []
            # Whoever enters this context once more, as `stream_with_context` does, is not the last to leave it. The real
            # token would make a circle.
            self._cv_tokens: list[Any] = [(None, None)]

        @property
        def app(self) -> Any:
            return app.made()

        @property
        def url_adapter(self) -> Any:
            return self.app.create_url_adapter(self.request)

        @property
        def session(self) -> Any:
            if self._session is None:
                interface = self.app.session_interface
                self._session = interface.open_session(self.app, self.request) or interface.make_null_session(self.app)
            return self._session

        def match_request(self) -> None:
            """There are no rules to match."""

    return LeanRequestContext
