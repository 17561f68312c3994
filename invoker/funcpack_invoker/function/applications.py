"""Recognizes applications: objects of web frameworks, which the invoker serves instead of a function.

Not by a list of frameworks, but by the parameters of their call, so that every framework and every middleware around an
application works. Loaded only for handlers that are not plain functions.
"""

from __future__ import annotations

import inspect
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from funcpack_invoker import errors
from funcpack_invoker.function.parameters import Parameter
from funcpack_invoker.function.protocols import Protocol, protocol_of
from funcpack_invoker.function.signature import parameters_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

# What the instances of a class must have if the class itself is the application (PEP 3333; Starlette's endpoints).
_RESULTS = {Protocol.WSGI: "__iter__", Protocol.ASGI: "__await__", Protocol.ASGI2: "__call__"}

# Modules with a class `Application` whose instances are callable, but are served only by the framework's own server.
_OWN_SERVERS = {"aiohttp.web": "aiohttp", "tornado.web": "Tornado"}


def application_protocol(handler: str, found: Any) -> Protocol | None:
    """Return the protocol of an application; None for any other object.

    Raises:
        Asgi2Error: for an application of ASGI 2.
        OwnServerError: for an application that speaks neither WSGI nor ASGI.

    """
    # Their frameworks are not imported for the check.
    for module_name, framework in _OWN_SERVERS.items():
        module = sys.modules.get(module_name)
        if module is not None and isinstance(found, module.Application):
            raise errors.OwnServerError(handler, framework)
    protocol = _protocol(found) or _protocol_of_wrapped(found)
    if protocol is Protocol.ASGI2:
        raise errors.Asgi2Error(handler)
    return protocol


def refuse_factory(handler: str, function: Callable[..., Any]) -> None:
    """Reject a function that takes nothing from a request and uses the class of an application: it creates one.

    Raises:
        FactoryError: if it is one.

    """
    code, scope = getattr(function, "__code__", None), getattr(function, "__globals__", {})
    for name in code.co_names if code is not None else ():
        if _is_class_of_applications(scope.get(name)):
            raise errors.FactoryError(handler, name)


def inner_application(found: Any) -> str | None:
    """Return the name of a public attribute that is an application; None if there is none."""
    for name, value in getattr(found, "__dict__", {}).items():
        if not name.startswith("_") and _protocol(value) in {Protocol.WSGI, Protocol.ASGI}:
            return str(name)
    return None


def _protocol(found: Any) -> Protocol | None:
    protocol = protocol_of(_call_parameters(found)) if callable(found) else None
    if protocol is None or not inspect.isclass(found):
        return protocol
    # Every class has a `__call__`, that of its metaclass; a method of its own is a function.
    result = _RESULTS[protocol]
    return protocol if inspect.isfunction(getattr(found, result, None)) else None


def _protocol_of_wrapped(found: Any) -> Protocol | None:
    """Return the protocol of an application that an object passes its arguments to, whatever they are."""
    if inspect.isclass(found) or inspect.isroutine(found) or not callable(found):
        return None
    call = getattr(type(found), "__call__", None)  # noqa: B004 - it is callable
    if not inspect.isfunction(call) or not call.__code__.co_flags & inspect.CO_VARARGS or _call_parameters(found):
        return None
    inner = inner_application(found)
    return _protocol(getattr(found, inner)) if inner else None


def _is_class_of_applications(found: Any) -> bool:
    """Check whether the instances of a class are applications, except for responses.

    The responses of Werkzeug, Starlette and WebOb are applications, too.
    """
    # Not isinstance(), which would ask a lazy object for its class.
    if not issubclass(type(found), type) or hasattr(found, "set_cookie"):
        return False
    call = getattr(found, "__call__", None)  # noqa: B004 - every class has one, see above
    return inspect.isfunction(call) and protocol_of(_call_parameters(call)[1:]) in {Protocol.WSGI, Protocol.ASGI}


def _call_parameters(found: Callable[..., Any]) -> list[Parameter]:
    """Return the parameters of a call; an empty list if Python does not know them."""
    # `inspect` does not find a `__call__` that each instance has as an attribute.
    with suppress(Exception):  # lazy objects, such as Flask's proxies, may raise anything
        return list(_plain(parameters_of(found)))
    with suppress(Exception):
        return list(_plain(parameters_of(getattr(found, "__call__"))))  # noqa: B004, B009 - mypy knows no such attribute
    return []


def _plain(parameters: Iterable[inspect.Parameter]) -> Iterable[Parameter]:
    for parameter in parameters:
        yield Parameter(parameter.name, has_default=parameter.default is not inspect.Parameter.empty)
