"""Finds the hooks in the module of an application, which may have views and helpers with the same names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from funcpack_invoker.function.hooks import NAMES, Hooks
from funcpack_invoker.function.signature import parameters_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from funcpack_invoker.function.loader import LoadedApplication

# More layers of middleware than any application has.
_MOST_LAYERS = 32


def hooks_of(loaded: LoadedApplication) -> Hooks:
    """Return the hooks: functions without required parameters that are not views of the application."""
    named = [vars(loaded.module).get(name) for name in NAMES]
    others = [loaded.application, *filter(_requires_arguments, named)]
    for application in _with_inner(loaded.application):
        others += _views(application)
    return Hooks(loaded.module, others)


def _requires_arguments(value: Any) -> bool:
    try:
        return any(parameter.default is parameter.empty for parameter in parameters_of(value))
    except (TypeError, ValueError):
        return False


def _with_inner(application: Any) -> Iterator[Any]:
    """Return an application, and those inside it if it is middleware."""
    for _ in range(_MOST_LAYERS):
        yield application
        application = getattr(application, "app", None) or getattr(application, "application", None)


def _views(application: Any) -> Iterator[object]:
    """Return the views of an application, by the attributes of Flask and Starlette, which other frameworks have adopted."""
    views = getattr(application, "view_functions", None)
    if isinstance(views, dict):
        yield from views.values()
    routes = getattr(application, "routes", None)
    if isinstance(routes, list):
        for route in routes:
            yield getattr(route, "endpoint", None)
