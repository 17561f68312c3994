"""The request that functions get: Flask's own class, made lazy.

A request is created for every call, and many functions never look at it: its WSGI environ is built on first access.
Flask's class also asks its application for limits, for the JSON reader and whether it is in debug mode. The empty
application has Werkzeug's defaults, so as long as it does not exist the request answers without it. All overrides are
public attributes; Flask's own code does the rest.
"""

from __future__ import annotations

import functools
import json
import threading
from contextlib import contextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from funcpack_invoker.http import environ, json_codec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from contextvars import ContextVar

    from funcpack_invoker.flask_bridge.application import Application
    from funcpack_invoker.http.asgi import Scope
    from funcpack_invoker.http.body import Body

# Limits that Flask reads from the application's configuration.
_LIMITS = ("max_content_length", "max_form_memory_size", "max_form_parts")

# Attributes that parse the form, after which Flask asks the application whether it is in debug mode.
_FORM = ("data", "files", "form")

# Clients choose the content type, so only short ones are cached.
_LONGEST_CACHED = 100

# A function may use its request in threads that it starts.
_building = threading.RLock()


def lazy_request_class(base: type[Any], application: Application, app_variable: ContextVar[Any] | None) -> type[Any]:
    """Create the lazy subclass of Flask's request class.

    Args:
        base: `flask.Request`.
        application: the application, which the request does not create.
        app_variable: where Flask finds the current application; None if this release keeps it elsewhere.

    """
    without_app = functools.partial(_without_app, application, app_variable)
    members: dict[str, Any] = {name: _limit(name, base, application) for name in _LIMITS if name in vars(base)}
    members |= {name: _form_attribute(name, base, without_app) for name in _FORM}
    members["_funcpack_application"] = application
    members["_funcpack_without_app"] = staticmethod(without_app)
    return type("Request", (LazyRequest, base), members)


class LazyRequest:
    """The lazy part of the request class."""

    _funcpack_application: Application
    _funcpack_without_app: Callable[[], AbstractContextManager[None]]

    def __init__(self, scope: Scope, body: Body) -> None:
        self._funcpack_source = scope, body

    def __getattr__(self, name: str) -> Any:
        # Called only for attributes that are missing: those of the instance, until it is initialized.
        with _building:
            source = self.__dict__.pop("_funcpack_source", None)
            if source is not None:
                scope, body = source
                set_before = self.__dict__.copy()
                above: Any = super()
                # Not stored in the environ: request and environ would be a reference cycle.
                above.__init__(environ.build(scope, body.stream()), populate_request=False)
                self.__dict__.update(set_before)
        return self.__getattribute__(name)

    @property
    def json_module(self) -> Any:
        """What parses JSON: the application's provider; the one of an empty application does what `json` does."""
        application = self._funcpack_application
        return application.get().json if application.is_created else json

    @property
    def mimetype(self) -> str:
        """The content type without its parameters, in lower case."""
        kind, _ = self._funcpack_content_type()
        return kind.lower()

    @property
    def mimetype_params(self) -> dict[str, str]:
        """The parameters of the content type; what a function changes in them stays."""
        if "mimetype_params" not in self.__dict__:
            _, parameters = self._funcpack_content_type()
            self.__dict__["mimetype_params"] = dict(parameters)
        found: dict[str, str] = self.__dict__["mimetype_params"]
        return found

    def get_json(self, force: bool = False, silent: bool = False, cache: bool = True) -> Any:
        """Parse the body as JSON; Flask takes only a ValueError for an error of the client, who chose the nesting."""
        above: Any = super()
        try:
            return above.get_json(force=force, silent=silent, cache=cache)
        except RecursionError:
            return None if silent else self.on_json_loading_failed(json_codec.NestingError())

    def on_json_loading_failed(self, error: ValueError | None) -> Any:
        """Answer 400 or 415; in debug mode Flask's message has details."""
        above: Any = super()
        with self._funcpack_without_app():
            return above.on_json_loading_failed(error)

    def _funcpack_content_type(self) -> tuple[str, dict[str, str]]:
        variables: dict[str, Any] = self.environ
        text = variables.get("CONTENT_TYPE", "")
        return _parsed(text) if len(text) <= _LONGEST_CACHED else _parse(text)


def _parse(content_type: str) -> tuple[str, dict[str, str]]:
    from werkzeug.http import parse_options_header  # noqa: PLC0415 - Flask's request class has imported it

    return parse_options_header(content_type)


_parsed = functools.lru_cache(maxsize=64)(_parse)


@contextmanager
def _without_app(application: Application, variable: ContextVar[Any] | None) -> Iterator[None]:
    """Let Flask's code find no current application inside, unless the application exists."""
    if application.is_created or variable is None:
        yield
        return
    token = variable.set(_NO_APPLICATION)
    try:
        yield
    finally:
        variable.reset(token)


# In the context variable it makes `current_app` false.
_NO_APPLICATION = SimpleNamespace(app=None)


def _limit(name: str, base: type[Any], application: Application) -> property:
    """Create a limit: the request's own, else the application's, else Werkzeug's default."""
    of_flask: property = vars(base)[name]

    def get(request: Any) -> Any:
        own = request.__dict__.get(name)
        if own is not None:
            return own
        return of_flask.__get__(request) if application.is_created else getattr(super(base, request), name)

    def set_own(request: Any, value: int | None) -> None:
        request.__dict__[name] = value

    return property(get, set_own if of_flask.fset else None)


def _form_attribute(name: str, base: type[Any], without_app: Callable[[], AbstractContextManager[None]]) -> property:
    """Create an attribute that Flask's own code fills, without its question to the application."""
    of_flask: Any = getattr(base, name)

    def get(request: Any) -> Any:
        if name in request.__dict__:
            return request.__dict__[name]
        with without_app():
            return of_flask.__get__(request)

    def set_value(request: Any, value: Any) -> None:
        request.__dict__[name] = value

    return property(get, None if name == "data" else set_value)
