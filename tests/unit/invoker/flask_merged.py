"""Makes the installed Flask behave as 3.2 will: one context for application and request, in one context variable.

A plugin for pytest (`-p`), written after the development branch (https://github.com/pallets/flask/pull/5812), which the
package index does not have yet. It goes when the lock has Flask 3.2.
"""

from __future__ import annotations

import sys
from itertools import chain
from typing import Any

import flask
import flask.app
import flask.ctx
import flask.globals
import flask.helpers
import flask.sessions
import flask.templating
import flask.testing
from werkzeug.exceptions import HTTPException
from werkzeug.local import LocalProxy

VARIABLE: Any = flask.globals._cv_app  # noqa: SLF001 - this stands for Flask itself


class AppContext:
    """What 3.2 has in place of `AppContext` and `RequestContext`."""

    def __init__(self, app: Any, *, request: Any = None, session: Any = None) -> None:
        self.app = app
        self.g = app.app_ctx_globals_class()
        self.url_adapter: Any = None
        self.flashes = None
        self._request = request
        self._session = session
        self._after_request_functions: list[Any] = []
        self._token: Any = None
        self._pushes = 0
        try:
            self.url_adapter = app.create_url_adapter(request)
        except HTTPException as error:
            request.routing_exception = error

    @property
    def has_request(self) -> bool:
        return self._request is not None

    @property
    def request(self) -> Any:
        if self._request is None:
            raise RuntimeError("There is no request in this context.")
        return self._request

    @property
    def session(self) -> Any:
        self.open_session().accessed = True
        return self._session

    def open_session(self) -> Any:
        if self._session is None:
            interface = self.app.session_interface
            self._session = interface.open_session(self.app, self.request)
        if self._session is None:
            self._session = interface.make_null_session(self.app)
        return self._session

    def copy(self) -> Any:
        return type(self)(self.app, request=self._request, session=self._session)

    def match_request(self) -> None:
        try:
            self.request.url_rule, self.request.view_args = self.url_adapter.match(return_rule=True)
        except HTTPException as error:
            self.request.routing_exception = error

    def push(self) -> None:
        self._pushes += 1
        if self._token is not None:
            return
        self._token = VARIABLE.set(self)
        if self.has_request:
            self.open_session()
            if self.url_adapter is not None:
                self.match_request()

    def pop(self, exc: BaseException | None = None) -> None:
        if self._token is None or VARIABLE.get(None) is not self:
            raise RuntimeError("Cannot pop this context, it is not the active context.")
        self._pushes -= 1
        if self._pushes:
            return
        try:
            if self.has_request:
                self.app.do_teardown_request(self, exc)
                self.request.close()
            self.app.do_teardown_appcontext(self, exc)
        finally:
            VARIABLE.reset(self._token)
            self._token = None

    def __enter__(self) -> Any:
        self.push()
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        self.pop(error)


class Flask(flask.app.Flask):
    """The methods that 3.2 gives the context to."""

    def process_response(self, *arguments: Any, **_: Any) -> Any:
        ctx, response = arguments
        for function in ctx._after_request_functions:  # noqa: SLF001 - this stands for Flask itself
            response = self.ensure_sync(function)(response)
        for name in chain(ctx.request.blueprints, (None,)):
            for function in reversed(self.after_request_funcs.get(name, [])):
                response = self.ensure_sync(function)(response)
        session = ctx.open_session()
        if not self.session_interface.is_null_session(session):
            self.session_interface.save_session(self, session, response)
        return response

    def preprocess_request(self, *arguments: Any, **_: Any) -> Any:
        (_ctx,) = arguments
        return super().preprocess_request()

    def dispatch_request(self, *arguments: Any, **_: Any) -> Any:
        (_ctx,) = arguments
        return super().dispatch_request()

    def handle_user_exception(self, *arguments: Any, **_: Any) -> Any:
        _ctx, error = arguments
        return super().handle_user_exception(error)

    def handle_http_exception(self, *arguments: Any, **_: Any) -> Any:
        # 3.1 calls it without the context in `handle_user_exception`.
        return super().handle_http_exception(arguments[-1])

    def do_teardown_request(self, *arguments: Any, **_: Any) -> None:
        ctx, exc = arguments
        for name in chain(ctx.request.blueprints, (None,)):
            for function in reversed(self.teardown_request_funcs.get(name, [])):
                self.ensure_sync(function)(exc)

    def do_teardown_appcontext(self, *arguments: Any, **_: Any) -> None:
        _, exc = arguments
        for function in reversed(self.teardown_appcontext_funcs):
            self.ensure_sync(function)(exc)

    def app_context(self) -> Any:
        return AppContext(self)

    def request_context(self, environ: Any) -> Any:
        return AppContext(self, request=self.request_class(environ))


def merge() -> None:
    """Replace in all modules of Flask what 3.2 has not any more."""
    replaced: dict[int, Any] = {
        id(flask.globals._cv_request): VARIABLE,  # noqa: SLF001 - this stands for Flask itself
        id(flask.globals.request_ctx): flask.globals.app_ctx,
        id(flask.globals.request): LocalProxy(VARIABLE, "request"),
        id(flask.globals.session): LocalProxy(VARIABLE, "session"),
        id(flask.ctx.AppContext): AppContext,
        id(flask.app.Flask): Flask,
    }
    for module in [module for name, module in sys.modules.items() if name.partition(".")[0] == "flask"]:
        for name, value in list(vars(module).items()):
            if id(value) in replaced:
                setattr(module, name, replaced[id(value)])
    del flask.globals._cv_request, flask.globals.request_ctx, flask.ctx.RequestContext  # noqa: SLF001 - as above


merge()
