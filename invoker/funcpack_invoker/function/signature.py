"""Reads a function's signature and decides which value each parameter gets, and how it is passed."""

from __future__ import annotations

import functools
import inspect
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

from funcpack_invoker import errors
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

    from funcpack_invoker.function.data_form import Form

_VARIADIC = frozenset({inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD})
_POSITIONAL = frozenset({inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD})


class Argument(NamedTuple):
    """One argument of every call.

    Attributes:
        name: of the parameter.
        value: that the parameter gets; None if it keeps its default.
        annotation: of the parameter, evaluated; None without one.
        default: of the parameter.
        form: of data whose annotation requires one; None for data as it is, and for other values.

    """

    name: str
    value: Value | None
    annotation: Any = None
    default: Any = None
    form: Form | None = None


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
    def reads_typed_data(self) -> bool:
        """Whether JSON becomes values of the types that an annotation names."""
        return any(argument.form is not None and argument.form.reader is not None for argument in self.arguments)

    @property
    def needs_exact_data(self) -> bool:
        """Whether the data of events is to be parsed with `loads_exact`."""
        return any(
            argument.value is Value.DATA and argument.form is not None and argument.form.is_exact
            for argument in self.arguments
        )

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
    try:
        parameters = _parameters(declaring)
    except (TypeError, ValueError):
        raise errors.NoSignatureError(handler) from None
    annotations = {parameter.name: _evaluate(parameter.annotation, declaring) for parameter in parameters}
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


def place_of(function: Callable[..., Any]) -> str:
    """Return the file and the line where the parameters of a function are declared; "" if they are not in Python."""
    declaring = _declaring(function)
    while isinstance(declaring, functools.partial):
        declaring = declaring.func
    declaring = inspect.unwrap(declaring) if inspect.isroutine(declaring) else type(declaring).__call__
    code = getattr(declaring, "__code__", None)
    return f"{code.co_filename}, line {code.co_firstlineno}" if code is not None else ""


def has_hidden_parameters(function: Callable[..., Any], signature: BoundSignature) -> bool:
    """Return whether a function gets no argument, but takes any: a decorator's wrapper hides the parameters like that."""
    return not signature.arguments and _is_variadic(_declaring(function))


def _has_bound_arguments(function: Callable[..., Any]) -> bool:
    return inspect.ismethod(function) or isinstance(function, functools.partial)


def _is_variadic(function: Callable[..., Any]) -> bool:
    try:
        parameters = _signature(function, follow_wrapped=False).parameters.values()
    except (TypeError, ValueError):
        return True
    return any(parameter.kind in _VARIADIC for parameter in parameters)


def parameters_of(function: Callable[..., Any]) -> list[inspect.Parameter]:
    """Return the parameters of a call, without variadic and bound ones.

    Raises:
        TypeError, ValueError: if Python does not know the parameters.

    """
    return _parameters(_declaring(function))


def _parameters(function: Callable[..., Any]) -> list[inspect.Parameter]:
    parameters = _signature(function, follow_wrapped=_has_bound_arguments(function)).parameters.values()
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


def _evaluate(annotation: Any, function: Callable[..., Any]) -> Any:
    """Return the value of an annotation: None without one, the exception if it cannot be evaluated."""
    if annotation is inspect.Parameter.empty:
        return None
    from funcpack_invoker.function.annotations import evaluate  # noqa: PLC0415 - many functions have no annotations

    return evaluate(annotation, function)


def _class_names(annotation: Any) -> str:
    if annotation is None:
        return ""
    from funcpack_invoker.function.annotations import class_names  # noqa: PLC0415 - as above

    return class_names(annotation)


def _bind(handler: str, parameters: list[inspect.Parameter], annotations: dict[str, Any]) -> Signature:
    try:
        return bind(
            Parameter(
                parameter.name,
                _class_names(annotations[parameter.name]),
                has_default=parameter.default is not inspect.Parameter.empty,
            )
            for parameter in parameters
        )
    except UnknownParameterError as exc:
        annotation = annotations[exc.name]
        if isinstance(annotation, Exception):
            raise errors.AnnotationError(handler, annotation) from None
        raise errors.ParameterError(handler, exc.name, exc.nearest, ACCEPTED_NAMES) from None
    except UnsuitableAnnotationError as exc:
        raise errors.UnsuitableAnnotationError(handler, exc.name, exc.annotation, exc.accepted) from None


def _argument(handler: str, parameter: inspect.Parameter, value: Value | None, annotation: Any) -> Argument:
    is_data = value is Value.DATA or value is Value.BODY
    form = _form(handler, parameter.name, annotation) if is_data and annotation is not None else None
    known = None if isinstance(annotation, Exception) else annotation
    return Argument(parameter.name, value, known, parameter.default, form)


def _form(handler: str, name: str, annotation: Any) -> Form | None:
    from funcpack_invoker.function.annotations import UnreadableTypeError  # noqa: PLC0415 - as above
    from funcpack_invoker.function.data_form import choose_form  # noqa: PLC0415

    if isinstance(annotation, Exception):
        raise errors.AnnotationError(handler, annotation)
    try:
        return choose_form(annotation, name)
    except UnreadableTypeError as exc:
        accepted = ACCEPTED_ANNOTATIONS[Value.DATA]
        raise errors.UnsuitableAnnotationError(handler, name, exc.name, accepted, exc.place) from None
    except Exception as exc:  # noqa: BLE001 - any exception from evaluating the user's annotations
        raise errors.AnnotationError(handler, exc) from None
