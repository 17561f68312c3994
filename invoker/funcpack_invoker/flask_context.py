"""Makes Flask's world around a call: the request, and what `flask.request`, `current_app`, `g` and the like stand for.

No Flask application dispatches the request: an empty one is there because Flask's functions ask for it.
"""

from __future__ import annotations

import functools
import threading
from typing import TYPE_CHECKING, Any

from funcpack_invoker import environ
from funcpack_invoker.libraries import import_library
from funcpack_invoker.response import from_response

if TYPE_CHECKING:
    from collections.abc import Callable, MutableMapping

    from funcpack_invoker.body import Body
    from funcpack_invoker.call import Call
    from funcpack_invoker.response import Reply

    Scope = MutableMapping[str, Any]


class FlaskContext:
    """Flask, as one function sees it.

    Raises:
        LibraryHiddenError: when Flask cannot be imported because of a file of the user.

    """

    def __init__(self, module: str, directories: list[str]) -> None:
        flask = import_library("flask", directories)
        # The module's name is what templates are found by.
        self._app = flask.Flask(module, static_folder=None)
        self._request_class = _late_request(self._app)
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
        response = self._app.response_class(reply.chunks or reply.body, reply.status)
        response.headers = type(response.headers)(
            (name.decode(), value.decode("latin-1")) for name, value in reply.headers
        )
        for function in functions:
            response = self._app.ensure_sync(function)(response)
        return from_response(response)


def _late_request(app: Any) -> type[Any]:
    """Make Flask's requests put off being made of their environ, which many functions never look at."""
    base: Any = app.request_class

    class Request(base):  # type: ignore[misc]  # the class is Flask's, of whichever version
        """A request that is made when somebody looks for what it has."""

        json_module = app.json

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
                    self.__dict__.update(said_before)
            return self.__getattribute__(name)

    return Request


# A function may look at its request in threads of its own.
_making = threading.RLock()


def _pusher(app: Any) -> Callable[[Any], Any]:
    """Choose how a request becomes the current one.

    Flask's own way matches the URL against (no) rules and opens a session, which is a third of the time of a short
    call: up to Flask 3.1 the context can be made without, and does both when it is asked to.
    """
    try:
        from flask.ctx import AppContext, RequestContext  # noqa: PLC0415
        from flask.globals import _cv_app, _cv_request  # noqa: PLC0415
    except ImportError:
        return functools.partial(_push_whole, app)
    lean_app, lean_request = _lean_app_context(AppContext), _lean_request_context(RequestContext)

    def push(request: Any) -> Any:
        _cv_app.set(lean_app(app))
        context = lean_request(app, None, request)
        _cv_request.set(context)
        return context

    return push


def _push_whole(app: Any, request: Any) -> Any:
    context = app.request_context(request.environ)
    context.request = request
    context.push()
    return context


def _lean_app_context(base: type[Any]) -> type[Any]:
    """Make Flask's application context put off what costs time."""

    class LeanAppContext(base):  # type: ignore[misc]  # the class is Flask's, of whichever version
        """An application context whose URL adapter is made when it is asked for."""

        def __init__(self, app: Any) -> None:
            self.app = app
            self.g = app.app_ctx_globals_class()
            self._cv_tokens: list[Any] = []

        @property
        def url_adapter(self) -> Any:
            return self.app.create_url_adapter(None)

    return LeanAppContext


def _lean_request_context(base: type[Any]) -> type[Any]:
    """Make Flask's request context put off what costs time."""

    class LeanRequestContext(base):  # type: ignore[misc]  # the class is Flask's, of whichever version
        """A request context whose URL adapter and session are made when they are asked for."""

        def __init__(self, app: Any, environ: None, request: Any, session: Any = None) -> None:  # noqa: ARG002
            self.app = app
            self.request = request
            self.flashes = None
            self._session = session
            self._after_request_functions: list[Any] = []
            # Whoever enters this context once more, as `stream_with_context` does, is not the last to leave it. The real
            # token would make a circle.
            self._cv_tokens: list[Any] = [(None, None)]

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
