"""The contexts behind Flask's proxies (`flask.request`, `current_app`, `g`, `session`), created on first use.

Flask finds them in context variables. Creating and pushing them costs a third of a short call (it matches the URL
against no rules, and opens a session), and importing what they need costs more than the rest of a start. So at the
start of a call the variables get stubs. A stub answers `request` and `app` itself; for anything else it creates the
context with Flask's own class and pushes it. From then on Flask does everything: at the end of the call its
`process_response` runs the `after_this_request` functions and saves the session, and `pop` runs the teardown functions.
"""

from __future__ import annotations

import functools
import inspect
import logging
import threading
from contextvars import Context as ContextVars
from contextvars import ContextVar, copy_context
from typing import TYPE_CHECKING, Any

from funcpack_invoker.flask_bridge.application import Application
from funcpack_invoker.flask_bridge.request import lazy_request_class
from funcpack_invoker.flask_bridge.response import at_end, process
from funcpack_invoker.http.response import Reply
from funcpack_invoker.lazy_imports.libraries import import_library
from funcpack_invoker.lazy_imports.modules import FLASK_MODULES, lazy_modules

if TYPE_CHECKING:
    from types import TracebackType

    from flask import Flask, Request, Response

    from funcpack_invoker.events.reply import AnyReply
    from funcpack_invoker.http.asgi import Scope
    from funcpack_invoker.http.body import Body

logger = logging.getLogger("funcpack")

# The first look at a stub may come from several threads of one function.
_creating = threading.RLock()


class FlaskBridge:
    """Flask, as one function uses it.

    Raises:
        LibraryShadowedError: if Flask cannot be imported because of a file of the user.

    """

    def __init__(self, module: str, directories: list[str]) -> None:
        """Import Flask for the function in `module`, ignoring files in the app's `directories`."""
        import_library("flask", directories)
        with lazy_modules(FLASK_MODULES):
            wrappers = import_library("flask.wrappers", directories)
        variables = _context_variables(import_library("flask.globals", directories))
        self._application = Application(module)
        self._variables = variables
        self._stubs = tuple(zip(variables, (ContextStub, RequestContextStub), strict=False))
        self._request_class = lazy_request_class(
            wrappers.Request, self._application, variables[0] if variables else None
        )

    def enter(self, scope: Scope, body: Body) -> LazyContext:
        """Return the context of a call, after making Flask's proxies stand for it in the current context (contextvars)."""
        context = LazyContext(self._application, self._variables, self._request_class(scope, body))
        if self._application.has_callbacks or not self._variables:
            context.create()
        else:
            for variable, stub in self._stubs:
                variable.set(stub(context))
        return context

    def finish(self, context: LazyContext, reply: AnyReply) -> AnyReply:
        """Complete the reply as Flask does, and end the call's contexts: for a stream, when the stream has ended.

        To be called in the call's context (contextvars).

        Raises:
            Exception: whatever an `after_this_request` function of the user raises.

        """
        if self._application.has_callbacks:
            context.create()
        if not isinstance(reply, Reply):
            context.end(None)
            return reply
        try:
            if context.is_created:
                reply = process(reply, self._application.get(), context.process_response)
        except BaseException as exc:
            if reply.close is not None:
                reply.close()
            context.end(exc)
            raise
        if reply.chunks is None:
            context.end(None)
        else:
            at_end(reply, functools.partial(context.end, None))
        return reply

    def fail(self, context: LazyContext, error: BaseException) -> None:
        """End the contexts of a call that raised an exception."""
        if self._application.has_callbacks:
            context.create()
        context.end(error)


def _context_variables(flask_globals: Any) -> tuple[ContextVar[Any], ...]:
    """Return the context variables of this release: two up to Flask 3.1, one from 3.2 on.

    There are none if a later release has renamed them: every call then gets its contexts at its start, by Flask's
    public methods alone.
    """
    app_variable = getattr(flask_globals, "_cv_app", None)
    request_variable = getattr(flask_globals, "_cv_request", None)
    if app_variable is None:
        return ()
    return (app_variable,) if request_variable is None else (app_variable, request_variable)


class LazyContext:
    """The contexts of one call, one for each of Flask's context variables."""

    # Class attributes, since most calls never set them.
    _contexts: tuple[Any, ...] = ()
    _is_pushed = False
    _pushed_in: ContextVars | None = None

    def __init__(self, application: Application, variables: tuple[ContextVar[Any], ...], request: Request) -> None:
        self._application = application
        self._variables = variables
        self._request = request

    @property
    def application(self) -> Application:
        """The application of the function."""
        return self._application

    @property
    def request(self) -> Request:
        """The request of the call."""
        return self._request

    @property
    def is_created(self) -> bool:
        """Whether Flask's contexts exist."""
        return bool(self._contexts)

    def create(self) -> None:
        """Create and push Flask's contexts, unless they exist, and make the proxies use them in the current context."""
        with _creating:
            if self._contexts:
                return
            if not self._variables:
                self._contexts = (self._push(),)
                return
            # A context can be popped only where it was pushed, and its first use may be in a task or a thread of the
            # function, whose context variables are a copy: so it is pushed in a copy that is kept.
            pushed_in = self._pushed_in = ContextVars()
            self._copy_variables(pushed_in)
            pushed_in.run(self._push)
            self._contexts = tuple(pushed_in[variable] for variable in self._variables)
        for variable, context in zip(self._variables, self._contexts, strict=True):
            variable.set(context)

    def resolve(self, stub: ContextStub) -> Any:
        """Return Flask's context for a stub, and replace the stub by it in the current context (contextvars)."""
        self.create()
        variable, context = self._variables[stub.index], self._contexts[stub.index]
        if variable.get(None) is stub:
            variable.set(context)
        return context

    def process_response(self, response: Response) -> Response:
        """Let Flask run the `after_this_request` functions, and save the session."""
        app = self._application.get()
        if _has_merged_contexts():
            with_context: Any = app.process_response
            processed: Response = with_context(self._contexts[0], response)
            return processed
        return app.process_response(response)

    def end(self, error: BaseException | None) -> None:
        """Pop the contexts, which runs teardown functions; closes uploaded files."""
        if not self._is_pushed:
            # Only files that were parsed are open, and asking for them would parse the body.
            if "files" in vars(self._request):
                self._request.close()
            return
        self._is_pushed = False
        try:
            self._pop(error)
        except Exception:
            logger.exception("a Flask teardown function failed")
        finally:
            self._pushed_in = None

    def _push(self) -> Any:
        app = self._application.get()
        if _has_merged_contexts():
            context = _context_class()(app, request=self._request)
        else:
            context = _context_class()(app, self._request.environ, request=self._request)
        context.push()
        self._is_pushed = True
        return context

    def _pop(self, error: BaseException | None) -> None:
        context = self._contexts[-1]
        if self._pushed_in is None:
            context.pop(error)
            return
        # Teardown functions see what the function has set since.
        self._copy_variables(self._pushed_in)
        self._pushed_in.run(context.pop, error)

    def _copy_variables(self, target: ContextVars) -> None:
        """Copy the context variables, except Flask's."""
        for variable, value in copy_context().items():
            if variable not in self._variables:
                target.run(variable.set, value)


@functools.cache
def _has_merged_contexts() -> bool:
    """Whether this release has one context for application and request (3.2)."""
    from flask.ctx import AppContext  # noqa: PLC0415 - it needs all of Flask

    return "request" in inspect.signature(AppContext).parameters


class _WithoutRouting:
    """The application has no URL rules: matching them takes time, and its exception refers to the request."""

    def match_request(self) -> None:
        pass


@functools.cache
def _context_class() -> type[Any]:
    """Return Flask's class for the context of a request."""
    from flask import ctx  # noqa: PLC0415 - it needs all of Flask

    base = ctx.AppContext if _has_merged_contexts() else ctx.RequestContext
    return type(base.__name__, (_WithoutRouting, base), {})


class ContextStub:
    """An object in Flask's first context variable, until somebody uses it."""

    __slots__ = ("_lazy_context",)

    _lazy_context: LazyContext

    # Which of the variables it is in.
    index = 0

    # Flask 3.2 asks for it before it uses `request`.
    has_request = True

    def __init__(self, lazy_context: LazyContext) -> None:
        _set_lazy_context(self, lazy_context)

    @property
    def app(self) -> Flask:
        """The application; creating the contexts is not necessary for it."""
        return self._lazy_context.application.get()

    @property
    def request(self) -> Request:
        """The request; creating the contexts is not necessary for it."""
        return self._lazy_context.request

    def __getattr__(self, name: str) -> Any:
        return getattr(self._resolve(), name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._resolve(), name, value)

    def __delattr__(self, name: str) -> None:
        delattr(self._resolve(), name)

    # `with` looks methods up in the class: `stream_with_context` uses it.
    def __enter__(self) -> Any:
        return self._resolve().__enter__()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._resolve().__exit__(kind, error, traceback)

    def _resolve(self) -> Any:
        return self._lazy_context.resolve(self)


# Two are created for every call, and this takes half the time of `object.__setattr__`.
_set_lazy_context = vars(ContextStub)["_lazy_context"].__set__


class RequestContextStub(ContextStub):
    """The one in the second variable, of Flask up to 3.1."""

    __slots__ = ()

    index = 1
