"""Reads a function's signature and decides which value each parameter gets, and how it is passed."""

from __future__ import annotations

import functools
import inspect
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

from funcpack_invoker import errors
from funcpack_invoker.function.annotations import Unknown, UnreadableTypeError, class_names, evaluate
from funcpack_invoker.function.data_form import AS_IT_IS, Form, choose_form
from funcpack_invoker.function.parameters import (
    ACCEPTED_ANNOTATIONS,
    ACCEPTED_NAMES,
    Kind,
    Parameter,
    Signature,
    UnknownParameterError,
    UnsuitableAnnotationError,
    Value,
    bind,
)

if TYPE_CHECKING:
    from collections.abc import Callable

_VARIADIC = frozenset({inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD})
_POSITIONAL = frozenset({inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD})


class Argument(NamedTuple):
    """One argument of every call.

    Attributes:
        name: of the parameter.
        value: that the parameter gets; None if it keeps its default.
        annotation: of the parameter, evaluated; None without one.
        default: of the parameter.
        form: of the data, if the value is the data of an event or the body of a request.

    """

    name: str
    value: Value | None
    annotation: Any = None
    default: Any = None
    form: Form = AS_IT_IS


class BoundSignature(NamedTuple):
    """The arguments of every call: positional ones in order, then keyword arguments."""

    kind: Kind
    positional: tuple[Argument, ...]
    keyword: tuple[Argument, ...]

    @property
    def arguments(self) -> tuple[Argument, ...]:
        """All arguments."""
        return self.positional + self.keyword

    @property
    def needs_exact_data(self) -> bool:
        """Whether the data of events is to be parsed with `loads_exact`."""
        return any(argument.value is Value.DATA and argument.form.is_exact for argument in self.arguments)

    def takes(self, *values: Value) -> bool:
        """Return whether the function takes any of the values."""
        return any(argument.value in values for argument in self.arguments)


def bind_signature(handler: str, function: Callable[..., Any]) -> BoundSignature:
    """Decide which value each parameter of a function gets.

    Raises:
        NoSignatureError: if Python does not know the parameters.
        ParameterError: if a parameter has an unsupported name and no default.
        AnnotationError: if an annotation that matters cannot be evaluated.
        UnsuitableAnnotationError: if an annotation does not allow the value.

    """
    declaring = _declaring(function)
    parameters = _parameters(handler, declaring)
    annotations = {parameter.name: evaluate(parameter.annotation, declaring) for parameter in parameters}
    signature = _bind(handler, parameters, annotations)
    positional: list[Argument] = []
    keyword: list[Argument] = []
    for parameter in parameters:
        argument = _argument(handler, parameter, signature.values.get(parameter.name), annotations[parameter.name])
        (positional if parameter.kind in _POSITIONAL else keyword).append(argument)
    # A default must be passed if a later positional parameter gets a value; otherwise Python fills it in.
    while positional and positional[-1].value is None:
        positional.pop()
    return BoundSignature(signature.kind, tuple(positional), tuple(argument for argument in keyword if argument.value))


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


def _bind(handler: str, parameters: list[inspect.Parameter], annotations: dict[str, Any]) -> Signature:
    try:
        return bind(
            Parameter(
                parameter.name,
                class_names(annotations[parameter.name]),
                has_default=parameter.default is not inspect.Parameter.empty,
            )
            for parameter in parameters
        )
    except UnknownParameterError as exc:
        annotation = annotations[exc.name]
        if isinstance(annotation, Unknown):
            raise errors.AnnotationError(handler, annotation.cause) from None
        raise errors.ParameterError(handler, exc.name, exc.nearest, ACCEPTED_NAMES) from None
    except UnsuitableAnnotationError as exc:
        raise errors.UnsuitableAnnotationError(handler, exc.name, exc.annotation, exc.accepted) from None


def _argument(handler: str, parameter: inspect.Parameter, value: Value | None, annotation: Any) -> Argument:
    known = None if isinstance(annotation, Unknown) else annotation
    if value is not Value.DATA and value is not Value.BODY:
        return Argument(parameter.name, value, known, parameter.default)
    if isinstance(annotation, Unknown):
        raise errors.AnnotationError(handler, annotation.cause)
    try:
        form = choose_form(annotation, parameter.name)
    except UnreadableTypeError as exc:
        accepted = ACCEPTED_ANNOTATIONS[value]
        raise errors.UnsuitableAnnotationError(handler, parameter.name, exc.name, accepted, exc.place) from None
    except Exception as exc:  # noqa: BLE001 - any exception from evaluating the user's annotations
        raise errors.AnnotationError(handler, exc) from None
    return Argument(parameter.name, value, known, parameter.default, form)
