"""Evaluates the annotations of parameters, and says which classes they name."""

from __future__ import annotations

import functools
import inspect
import sys
import types
import typing
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

# The packages of the constraints that pydantic checks.
_PYDANTIC = frozenset({"annotated_types", "pydantic"})

_UNIONS = frozenset({typing.Union, types.UnionType})


class UnreadableTypeError(Exception):
    """A type cannot be read from JSON.

    Attributes:
        name: of the type.
        place: where the type is used, such as `Order.item`; "" for the annotation of the parameter itself.

    """

    def __init__(self, annotation: Any, place: str) -> None:
        super().__init__(annotation, place)
        self.name = type_name(annotation)
        self.place = place


def evaluate(annotation: Any, function: Callable[..., Any]) -> Any:
    """Return the value of a parameter's annotation; the exception if it cannot be evaluated."""
    try:
        found = _resolve(annotation, _scope(function))
        alternatives(found)  # evaluates aliases
    except Exception as exc:  # noqa: BLE001 - any exception from evaluating the user's annotation
        return exc
    return found


def _resolve(annotation: Any, scope: dict[str, Any]) -> Any:
    """Evaluate an annotation that is text, or a type that has text in it, with the variables of a module."""
    holder = types.FunctionType((lambda: None).__code__, scope)
    holder.__annotations__ = {"parameter": annotation}
    return typing.get_type_hints(holder, include_extras=True)["parameter"]


def _scope(function: Callable[..., Any]) -> dict[str, Any]:
    """Return the global variables of the module that declares a function."""
    inner = function.func if isinstance(function, functools.partial) else function
    if inspect.ismethod(inner) or isinstance(function, functools.partial):
        inner = inspect.unwrap(inner)
    scope: dict[str, Any] | None = getattr(inner, "__globals__", None)
    return getattr(type(inner).__call__, "__globals__", {}) if scope is None else scope


def unwrap(annotation: Any) -> Any:
    """Return the type itself: without the metadata of an `Annotated`, the value of a `type X = ...`, that of a NewType.

    An `Annotated` with constraints that pydantic checks stays.
    """
    origin = typing.get_origin(annotation)
    if annotation is None:
        return type(None)
    if origin is typing.Annotated:
        return annotation if is_constrained(annotation) else annotation.__origin__
    if isinstance(annotation, typing.NewType):
        return annotation.__supertype__
    if is_alias(annotation):
        return _value(annotation)
    if is_alias(origin):
        arguments = dict(zip(origin.__type_params__, typing.get_args(annotation), strict=False))
        return substitute(_value(origin), arguments)
    return annotation


def _value(alias: Any) -> Any:
    return _resolve(alias.__value__, vars(sys.modules[alias.__module__]))


def is_constrained(annotation: Any) -> bool:
    """Return whether an annotation is an `Annotated` with constraints that pydantic checks."""
    # If pydantic was never imported, there is none.
    return "pydantic" in sys.modules and any(
        hasattr(part, "__get_pydantic_core_schema__") or type(part).__module__.partition(".")[0] in _PYDANTIC
        for part in getattr(annotation, "__metadata__", ())
    )


def is_alias(annotation: Any) -> bool:
    """Return whether an annotation is a `type X = ...`: new in 3.12; typing_extensions has one for older releases."""
    return type(annotation).__name__ == "TypeAliasType"


def substitute(annotation: Any, values: dict[Any, Any]) -> Any:
    """Replace the type variables in a type."""
    if isinstance(annotation, typing.TypeVar):
        return values.get(annotation, annotation)
    if typing.get_origin(annotation) is None:
        return annotation
    parameters = getattr(annotation, "__parameters__", ())
    return annotation[tuple(values.get(name, name) for name in parameters)] if parameters else annotation


def alternatives(annotation: Any) -> list[Any]:
    """Return the members of a union, or the type itself."""
    while (inner := unwrap(annotation)) is not annotation:
        annotation = inner
    if typing.get_origin(annotation) in _UNIONS:
        return [one for member in typing.get_args(annotation) for one in alternatives(member)]
    return [annotation]


def is_anything(annotation: Any) -> bool:
    """Return whether an annotation allows any value: it is Any, object or a type variable."""
    return annotation is Any or annotation is object or isinstance(annotation, typing.TypeVar)


def class_names(annotation: Any) -> str:
    """Return the dotted names of the annotated classes, separated by ` | `; "" if any value is allowed, or it is not known.

    None does not count, and a class of the CloudEvents SDK counts for its subclasses.
    """
    if isinstance(annotation, Exception):
        return ""
    members = [member for member in alternatives(annotation) if member is not type(None)]
    if any(is_anything(member) or _is_protocol(member) for member in members):
        return ""
    return " | ".join(map(_class_name, members))


def _class_name(annotation: Any) -> str:
    declared = typing.get_origin(annotation) or annotation
    if not isinstance(declared, type):
        return str(declared)
    of_sdk = next((base for base in declared.__mro__ if base.__module__.startswith("cloudevents.")), declared)
    return _dotted(of_sdk)


def type_name(annotation: Any) -> str:
    """Return a type as its users write it."""
    if not isinstance(annotation, type) or typing.get_origin(annotation) is not None:
        return str(annotation)
    return _dotted(annotation).removeprefix("builtins.")


def _dotted(kind: type) -> str:
    # Some modules of the standard library are written in C: `io.BytesIO` is `_io.BytesIO`.
    module = kind.__module__.removeprefix("_") if kind.__module__ in sys.stdlib_module_names else kind.__module__
    return f"{module}.{kind.__qualname__}"


def _is_protocol(annotation: Any) -> bool:
    return isinstance(annotation, type) and typing.Protocol in annotation.__bases__
