"""Reads a function's signature and decides which value each parameter gets, and how it is passed."""

from __future__ import annotations

import functools
import inspect
import sys
import typing
from typing import TYPE_CHECKING, Any, NamedTuple

from funcpack_invoker import errors
from funcpack_invoker.function.parameters import (
    ACCEPTED_NAMES,
    Kind,
    Parameter,
    Signature,
    UnknownParameterError,
    Value,
    bind,
)

if TYPE_CHECKING:
    from collections.abc import Callable

# Annotations of data that is passed without a check.
_UNCHECKED: tuple[Any, ...] = (None, bytes, str, dict, list, Any)

_VARIADIC = frozenset({inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD})
_POSITIONAL = frozenset({inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD})


class Argument(NamedTuple):
    """One argument of every call.

    Attributes:
        name: of the parameter.
        value: that the parameter gets; None if it keeps its default.
        annotation: of the parameter, evaluated; None without one.
        default: of the parameter.

    """

    name: str
    value: Value | None
    annotation: Any = None
    default: Any = None

    @property
    def may_be_structured(self) -> bool:
        """Whether the argument is data of a type that may have fields to check."""
        return self.value in {Value.DATA, Value.BODY} and self.annotation not in _UNCHECKED


class BoundSignature(NamedTuple):
    """The arguments of every call: positional ones in order, then keyword arguments."""

    kind: Kind
    positional: tuple[Argument, ...]
    keyword: tuple[Argument, ...]

    @property
    def arguments(self) -> tuple[Argument, ...]:
        """All arguments."""
        return self.positional + self.keyword

    def takes(self, *values: Value) -> bool:
        """Return whether the function takes any of the values."""
        return any(argument.value in values for argument in self.arguments)


def bind_signature(handler: str, function: Callable[..., Any]) -> BoundSignature:
    """Decide which value each parameter of a function gets.

    Raises:
        NoSignatureError: if Python does not know the parameters.
        ParameterError: if a parameter has an unsupported name and no default.
        AnnotationError: if an annotation that matters cannot be evaluated.

    """
    declaring = _declaring(function)
    parameters = _parameters(handler, declaring)
    annotations = {parameter.name: _evaluate(parameter.annotation, declaring) for parameter in parameters}
    signature = _bind(handler, parameters, annotations)
    positional: list[Argument] = []
    keyword: list[Argument] = []
    for parameter in parameters:
        argument = _argument(parameter, signature, annotations[parameter.name])
        _resolve_types(handler, argument)
        (positional if parameter.kind in _POSITIONAL else keyword).append(argument)
    # A default must be passed if a later positional parameter gets a value; otherwise Python fills it in.
    while positional and positional[-1].value is None:
        positional.pop()
    return BoundSignature(signature.kind, tuple(positional), tuple(argument for argument in keyword if argument.value))


def _resolve_types(handler: str, argument: Argument) -> None:
    if argument.may_be_structured:
        from funcpack_invoker.function import typed  # noqa: PLC0415 - only functions with typed data need it

        try:
            typed.resolve(argument.annotation)
        except Exception as exc:  # noqa: BLE001 - any exception from evaluating the user's annotations
            raise errors.AnnotationError(handler, exc) from None


def _declaring(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function whose parameters count: the wrapped one if a decorator's wrapper takes `*args` or `**kwargs`."""
    if _has_bound_arguments(function):
        return function
    declaring: Callable[..., Any] = inspect.unwrap(
        function, stop=lambda found: hasattr(found, "__signature__") or not _is_variadic(found)
    )
    return declaring


def _has_bound_arguments(function: Callable[..., Any]) -> bool:
    return inspect.ismethod(function) or isinstance(function, functools.partial)


def _is_variadic(function: Callable[..., Any]) -> bool:
    try:
        parameters = _signature(function, follow_wrapped=False).parameters.values()
    except (TypeError, ValueError):
        return True
    return any(parameter.kind in _VARIADIC for parameter in parameters)


def _parameters(handler: str, function: Callable[..., Any]) -> list[inspect.Parameter]:
    try:
        parameters = _signature(function, follow_wrapped=_has_bound_arguments(function)).parameters.values()
    except (TypeError, ValueError):
        raise errors.NoSignatureError(handler) from None
    # A keyword argument that functools.partial has bound stays bound, even if its name is a supported one.
    bound = function.keywords if isinstance(function, functools.partial) else {}
    return [parameter for parameter in parameters if parameter.kind not in _VARIADIC and parameter.name not in bound]


def _signature(function: Callable[..., Any], *, follow_wrapped: bool) -> inspect.Signature:
    if sys.version_info >= (3, 14):
        import annotationlib  # noqa: PLC0415 - new in 3.14

        return inspect.signature(
            function, follow_wrapped=follow_wrapped, annotation_format=annotationlib.Format.FORWARDREF
        )
    return inspect.signature(function, follow_wrapped=follow_wrapped)


class _Unknown(NamedTuple):
    """An annotation that cannot be evaluated, with the exception."""

    cause: Exception


def _evaluate(annotation: Any, function: Callable[..., Any]) -> Any:
    """Return the value of an annotation: None without one, `_Unknown` if it cannot be evaluated."""
    if annotation is inspect.Parameter.empty:
        return None
    if isinstance(annotation, typing.ForwardRef):
        annotation = annotation.__forward_arg__
    if not isinstance(annotation, str):
        return _plain(annotation)
    inner = function.func if isinstance(function, functools.partial) else function
    inner = inspect.unwrap(inner) if _has_bound_arguments(function) else inner
    scope = getattr(inner, "__globals__", None) or getattr(type(inner).__call__, "__globals__", {})
    try:
        return _plain(eval(annotation, scope))  # noqa: S307 - the user's own annotation, as typing.get_type_hints does
    except Exception as exc:  # noqa: BLE001 - any exception from evaluating the user's annotation
        return _Unknown(exc)


def _plain(annotation: Any) -> Any:
    """Return the type itself: without the metadata of `Annotated`, and the value of a `type X = ...` alias."""
    while True:
        if typing.get_origin(annotation) is typing.Annotated:
            annotation = annotation.__origin__
        elif type(annotation).__name__ == "TypeAliasType":
            annotation = annotation.__value__
        else:
            return annotation


def _bind(handler: str, parameters: list[inspect.Parameter], annotations: dict[str, Any]) -> Signature:
    try:
        return bind(
            Parameter(
                parameter.name,
                class_name(annotations[parameter.name]),
                has_default=parameter.default is not inspect.Parameter.empty,
            )
            for parameter in parameters
        )
    except UnknownParameterError as exc:
        annotation = annotations[exc.name]
        if isinstance(annotation, _Unknown):
            raise errors.AnnotationError(handler, annotation.cause) from None
        raise errors.ParameterError(handler, exc.name, exc.nearest, ACCEPTED_NAMES) from None


def class_name(annotation: Any) -> str:
    """Return the dotted name of an annotated class; "" for any other annotation. `X | None` counts as `X`."""
    annotation = _plain(annotation)
    members = [member for member in typing.get_args(annotation) if member is not type(None)]
    if len(members) == 1 and type(None) in typing.get_args(annotation):
        return class_name(members[0])
    if isinstance(annotation, type):
        return f"{annotation.__module__}.{annotation.__qualname__}"
    return ""


def _argument(parameter: inspect.Parameter, signature: Signature, annotation: Any) -> Argument:
    known = None if isinstance(annotation, _Unknown) else annotation
    return Argument(parameter.name, signature.values.get(parameter.name), known, parameter.default)
