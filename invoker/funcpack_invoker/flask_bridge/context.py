"""The contexts behind Flask's proxies (`flask.request`, `current_app`, `g`, `session`), created on first use.

Flask finds them in context variables. Creating and pushing them costs a third of a short call (it matches the URL
against no rules, and opens a session), and importing what they need costs more than the rest of a start. So at the
start of a call the variables get stubs. A stub answers `request` and `app` itself; for anything else it creates the
context with Flask's own class and pushes it. From then on Flask does everything: at the end of the call its
`process_response` runs the `after_this_request` functions and saves the session, and `pop` runs the teardown functions.

While the function's module is imported, there is a stub for an application context.
"""

from __future__ import annotations

import functools
import inspect
import logging
import threading
from contextlib import contextmanager, suppress
from contextvars import Context as ContextVars
from contextvars import ContextVar, copy_context
from typing import TYPE_CHECKING, Any

from funcpack_invoker.flask_bridge.application import has_other_views, route

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType

    from flask import Flask, Request, Response

    from funcpack_invoker.flask_bridge.application import Application

logger = logging.getLogger("funcpack")

# The first look at a stub may come from several threads of one function.
_creating = threading.RLock()


def context_variables(flask_globals: Any) -> tuple[ContextVar[Any], ...]:
    """Return the context variables of this release: two up to Flask 3.1, one from 3.2 on.

    There are none if a later release has renamed them: every call then gets its contexts at its start, by Flask's
    public methods alone, and the function's module is imported without a context.
    """
    app_variable = getattr(flask_globals, "_cv_app", None)
    request_variable = getattr(flask_globals, "_cv_request", None)
    if app_variable is None:
        return ()
    return (app_variable,) if request_variable is None else (app_variable, request_variable)


class LazyContext:
    """Contexts of Flask, one for each of its context variables. Subclasses decide which ones."""

    # Class attributes, since most calls never set them.
    _contexts: tuple[Any, ...] = ()
    _is_pushed = False
    _pushed_in: ContextVars | None = None

    def __init__(self, application: Application, variables: tuple[ContextVar[Any], ...]) -> None:
        self._application = application
        self._variables = variables

    @property
    def application(self) -> Application:
        """The application of the function."""
        return self._application

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

    def end(self, error: BaseException | None) -> None:
        """Pop the contexts, which runs teardown functions."""
        if not self._is_pushed:
            return
        self._is_pushed = False
        try:
            self._pop(error)
        except Exception:
            logger.exception("a Flask teardown function failed")
        finally:
            self._pushed_in = None

    def _push(self) -> Any:
        context = self._new_context(self._application.get())
        context.push()
        self._is_pushed = True
        return context

    def _new_context(self, app: Flask) -> Any:
        raise NotImplementedError

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


class CallContext(LazyContext):
    """The contexts of one call: of its request, and of the application."""

    def __init__(self, application: Application, variables: tuple[ContextVar[Any], ...], request: Request) -> None:
        super().__init__(application, variables)
        self._request = request

    @property
    def request(self) -> Request:
        """The request of the call."""
        return self._request

    def stand_for_call(self) -> None:
        """Make Flask's proxies stand for the contexts in the current context (contextvars)."""
        if self._contexts:
            for variable, context in zip(self._variables, self._contexts, strict=True):
                variable.set(context)
        else:
            for variable, stub in zip(self._variables, (CallStub, RequestStub), strict=False):
                variable.set(stub(self))

    def call(self, method: Callable[..., Any], *arguments: Any) -> Any:
        """Call a method of the application that needs a request; from Flask 3.2 on, these take the context."""
        return method(self._contexts[0], *arguments) if _has_merged_contexts() else method(*arguments)

    def process_response(self, response: Response) -> Response:
        """Let Flask run the `after_this_request` functions, and save the session."""
        from flask import request_finished  # noqa: PLC0415 - it needs all of Flask

        app = self._application.get()
        processed: Response = self.call(app.process_response, response)
        request_finished.send(app, response=processed)
        return processed

    def end(self, error: BaseException | None) -> None:
        """Pop the contexts, which runs teardown functions; close uploaded files."""
        # Only files that were parsed are open, and asking for them would parse the body.
        if not self._is_pushed and "files" in vars(self._request):
            self._request.close()
        super().end(error)

    def _new_context(self, app: Flask) -> Any:
        if _has_merged_contexts():
            return _request_context_class()(app, request=self._request)
        return _request_context_class()(app, self._request.environ, request=self._request)


class ModuleContext(LazyContext):
    """The application context while the function's module is imported."""

    @classmethod
    @contextmanager
    def of(cls, application: Application, flask_globals: Any) -> Iterator[None]:
        """Make Flask's proxies stand for the application in the current context (contextvars), until the block ends."""
        variables = context_variables(flask_globals)[:1]
        if not variables:
            yield
            return
        context = cls(application, variables)
        token = variables[0].set(ContextStub(context))
        try:
            yield
        finally:
            # It is another context if the module has imported Flask in a task.
            with suppress(ValueError):
                variables[0].reset(token)
            context.end(None)

    def _new_context(self, app: Flask) -> Any:
        return app.app_context()


@functools.cache
def _has_merged_contexts() -> bool:
    """Whether this release has one context for application and request (3.2)."""
    from flask.ctx import AppContext  # noqa: PLC0415 - it needs all of Flask

    return "request" in inspect.signature(AppContext).parameters


class _WithRoute:
    """The function serves all URLs except those of the application's other views.

    Unless there are any, nothing is matched: that takes time, and the exception for no match refers to the request.
    """

    app: Flask
    request: Request

    def match_request(self) -> None:
        if self.request.url_rule is not None:
            return
        if has_other_views(self.app):
            above: Any = super()
            above.match_request()
        if self.request.url_rule is None:
            self.request.routing_exception = None
            route(self.app, self.request)


@functools.cache
def _request_context_class() -> type[Any]:
    """Return Flask's class for the context of a request."""
    from flask import ctx  # noqa: PLC0415 - it needs all of Flask

    base = ctx.AppContext if _has_merged_contexts() else ctx.RequestContext
    return type(base.__name__, (_WithRoute, base), {})


class LateContext:
    """The contexts of a call that has imported Flask itself: they are entered when a proxy is used."""

    def __init__(self, variables: tuple[ContextVar[Any], ...], enter: Callable[[], CallContext]) -> None:
        self._variables = variables
        self._enter = enter

    def stand_for_call(self) -> None:
        """Put stubs into Flask's context variables in the current context (contextvars)."""
        for variable, stub in zip(self._variables, (ContextStub, LateRequestStub), strict=False):
            variable.set(stub(self))

    def resolve(self, stub: ContextStub) -> Any:
        """Return what stands in the place of a stub in an ordinary call."""
        context = self._enter()
        variable = self._variables[stub.index]
        if variable.get() is stub:
            context.stand_for_call()
        return variable.get()


class ContextStub:
    """An object in Flask's first context variable, until somebody uses it."""

    __slots__ = ("_lazy_context",)

    _lazy_context: Any

    # Which of the variables it is in.
    index = 0

    def __init__(self, lazy_context: LazyContext | LateContext) -> None:
        _set_lazy_context(self, lazy_context)

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


class CallStub(ContextStub):
    """The one of a call."""

    __slots__ = ()

    _lazy_context: CallContext

    # Flask 3.2 asks for it before it uses `request`.
    has_request = True

    @property
    def app(self) -> Flask:
        """The application; creating the contexts is not necessary for it."""
        return self._lazy_context.application.get()

    @property
    def request(self) -> Request:
        """The request; creating the contexts is not necessary for it."""
        return self._lazy_context.request


class LateRequestStub(ContextStub):
    """The one in the second variable, of Flask up to 3.1, in a call that has imported Flask itself."""

    __slots__ = ()

    index = 1


class RequestStub(CallStub):
    """The one in the second variable, of Flask up to 3.1."""

    __slots__ = ()

    index = 1
