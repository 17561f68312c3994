"""Makes Flask's world around a call: the request, and what `flask.request`, `current_app`, `g` and the like stand for.

No Flask application dispatches the request: an empty one is there because Flask's functions ask for it.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from funcpack_invoker import environ
from funcpack_invoker.libraries import import_library
from funcpack_invoker.response import from_response

if TYPE_CHECKING:
    from collections.abc import Callable

    from funcpack_invoker.call import Call
    from funcpack_invoker.response import Reply


class FlaskContext:
    """Flask, as one function sees it.

    Raises:
        LibraryHiddenError: when Flask cannot be imported because of a file of the user.

    """

    def __init__(self, module: str, directories: list[str]) -> None:
        flask = import_library("flask", directories)
        # The module's name is what templates are found by.
        self._app = flask.Flask(module, static_folder=None)
        self._request_class = self._app.request_class
        self._push = _pusher(self._app)

    def enter(self, call: Call) -> None:
        """Make `call.request`, and all of Flask's proxies stand for this call in the current context.

        There is nothing to leave: the context is the call's own, and goes away with it.
        """
        call.environ = environ.build(call.scope, call.body.stream())
        call.request = self._request_class(call.environ)
        call.flask = self._push(call.environ, call.request)

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


def _pusher(app: Any) -> Callable[[dict[str, Any], Any], Any]:
    """Choose how a request becomes the current one.

    Flask's own way matches the URL against (no) rules and opens a session, which is a third of the time of a short
    call: up to Flask 3.1 the context can be made without, and does both when it is asked to.
    """
    try:
        from flask.ctx import AppContext, RequestContext  # noqa: PLC0415
        from flask.globals import _cv_app, _cv_request  # noqa: PLC0415
    except ImportError:
        return functools.partial(_push_whole, app)
    lean = _lean_context(RequestContext)

    def push(environ: dict[str, Any], request: Any) -> Any:
        _cv_app.set(AppContext(app))
        context = lean(app, environ, request)
        context._cv_tokens.append((_cv_request.set(context), None))  # noqa: SLF001 - as its own push() does
        return context

    return push


def _push_whole(app: Any, environ: dict[str, Any], request: Any) -> Any:
    context = app.request_context(environ)
    context.request = request
    context.push()
    return context


def _lean_context(base: type[Any]) -> type[Any]:
    """Make Flask's request context put off what costs time."""

    class LeanRequestContext(base):  # type: ignore[misc]  # the class is Flask's, of whichever version
        """A request context whose URL adapter and session are made when they are asked for."""

        def __init__(self, app: Any, _environ: dict[str, Any], request: Any, session: Any = None) -> None:
            self.app = app
            self.request = request
            self.flashes = None
            self._session = session
            self._after_request_functions: list[Any] = []
            self._cv_tokens: list[Any] = []

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
