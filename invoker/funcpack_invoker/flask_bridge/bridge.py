"""Flask, as one function uses it: from the start of a call to the end of its response.

What Flask does around a view in its own server, it does around the function here. The function takes the place of the
view.
"""

from __future__ import annotations

import functools
import logging
from typing import TYPE_CHECKING, Any

from funcpack_invoker.errors import RequestError
from funcpack_invoker.flask_bridge.application import ENDPOINT
from funcpack_invoker.flask_bridge.context import CallContext, context_variables
from funcpack_invoker.flask_bridge.request import lazy_request_class
from funcpack_invoker.flask_bridge.response import at_end, process, process_event
from funcpack_invoker.http.response import Reply, is_http_exception, server_error
from funcpack_invoker.lazy_imports.libraries import import_library
from funcpack_invoker.lazy_imports.modules import FLASK_MODULES, lazy_modules

if TYPE_CHECKING:
    from flask import Flask

    from funcpack_invoker.events.reply import AnyReply
    from funcpack_invoker.flask_bridge.application import Application
    from funcpack_invoker.http.asgi import Scope
    from funcpack_invoker.http.body import Body

logger = logging.getLogger("funcpack")


class FlaskBridge:
    """Flask, as one function uses it.

    Raises:
        LibraryShadowedError: if Flask cannot be imported because of a file of the user.

    """

    def __init__(self, application: Application, directories: list[str], *, has_views: bool = True) -> None:
        """Import Flask, ignoring files in the app's directories.

        Args:
            application: the application, which the function's module may have used.
            directories: the app's directories.
            has_views: whether requests go to the application's views, if the URL is the one of a view.

        """
        import_library("flask", directories)
        with lazy_modules(FLASK_MODULES):
            wrappers = import_library("flask.wrappers", directories)
        variables = context_variables(import_library("flask.globals", directories))
        application.create_if_observed()
        self._application = application
        self._has_views = has_views
        self._variables = variables
        self._request_class = lazy_request_class(
            wrappers.Request, self._application, variables[0] if variables else None
        )

    def enter(self, scope: Scope, body: Body) -> CallContext:
        """Return the context of a call, after making Flask's proxies stand for it in the current context (contextvars)."""
        context = CallContext(self._application, self._variables, self._request_class(scope, body))
        if self._application.takes_part or not self._variables:
            context.create()
        else:
            context.stand_for_call()
        return context

    def answer(self, context: CallContext) -> Any:
        """Return the response that Flask has for a request before the function is called; None if the function is called.

        The contexts must exist. The response comes from a `before_request` function, or from the view that the URL belongs to.

        Raises:
            Exception: any exception that a function of the user raises.

        """
        from flask import request_started  # noqa: PLC0415 - the context needs all of Flask

        app = self._application.get()
        request_started.send(app)
        value = context.call(app.preprocess_request)
        if value is None and self._has_views and context.request.endpoint != ENDPOINT:
            value = context.call(app.dispatch_request)
        return None if value is None else app.make_response(value)

    def answer_error(self, context: CallContext, error: BaseException) -> Any:
        """Return the response to an exception of the function: that of an error handler, or the exception itself.

        Raises:
            BaseException: the exception, if it is not a response and no error handler handles it.

        """
        if isinstance(error, Exception) and self._application.handles_errors:
            context.create()
            return self._handle(self._application.get(), context, error)
        if is_http_exception(error):
            return error
        raise error

    def to_response(self, value: Any) -> Any:
        """Return a value with the response in place of a dict or list, if the function changed how Flask writes JSON."""
        if not self._application.writes_json:
            return value
        body = value[0] if isinstance(value, tuple) and value else value
        if not isinstance(body, dict | list):
            return value
        response = self._application.get().json.response(body)
        return response if body is value else (response, *value[1:])

    def finish(self, context: CallContext, reply: AnyReply) -> AnyReply:
        """Complete the reply as Flask does, and end the call's contexts: for a stream, when the stream has ended.

        To be called in the call's context (contextvars).

        Raises:
            Exception: any exception that an `after_this_request` function of the user raises.

        """
        if self._application.takes_part:
            context.create()
        try:
            if context.is_created:
                reply = self._complete(reply, context)
        except BaseException as exc:
            if isinstance(reply, Reply) and reply.close is not None:
                reply.close()
            context.end(exc)
            raise
        if isinstance(reply, Reply) and reply.chunks is not None:
            at_end(reply, functools.partial(context.end, None))
        else:
            context.end(None)
        return reply

    def fail(self, context: CallContext, error: BaseException) -> Reply | None:
        """End the contexts of a call that raised an exception.

        Returns:
            the response with status 500, completed by Flask; None if Flask has nothing to add to it.

        """
        if self._application.takes_part:
            context.create()
        reply = None
        if context.is_created and isinstance(error, Exception) and not isinstance(error, RequestError):
            try:
                _report(self._application.get(), error)
                reply = process(server_error(), self._application.get(), context.process_response)
            except Exception:
                logger.exception("Flask could not complete the response to an error")
        context.end(error)
        return reply

    def _complete(self, reply: AnyReply, context: CallContext) -> AnyReply:
        app = self._application.get()
        if isinstance(reply, Reply):
            return process(reply, app, context.process_response)
        return process_event(reply, app, context.process_response)

    @staticmethod
    def _handle(app: Flask, context: CallContext, error: Exception) -> Any:
        """Return what the error handlers of the application make of an exception, those for status 500 included."""
        from werkzeug.exceptions import InternalServerError  # noqa: PLC0415 - all of Flask is imported

        try:
            answer = context.call(app.handle_user_exception, error)
        except Exception as unhandled:
            internal = InternalServerError(original_exception=unhandled)
            answer = context.call(app.handle_http_exception, internal)
            if answer is internal:
                raise
            logger.exception("the function failed")
            _report(app, unhandled)
        return answer if is_http_exception(answer) else app.make_response(answer)


def _report(app: Flask, error: Exception) -> None:
    from flask import got_request_exception  # noqa: PLC0415 - all of Flask is imported

    got_request_exception.send(app, exception=error)
