"""Reads the signature of a function: which parameter gets which value, and how it is passed."""

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

# The annotations of data that is handed over as it is.
_SHAPELESS: tuple[Any, ...] = (None, bytes, str, dict, list, Any)

_VARIADIC = frozenset({inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD})
_POSITIONAL = frozenset({inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD})


class Slot(NamedTuple):
    """One argument: the parameter's `name`, the `value` it gets, and the class it is annotated with (None: without).

    `value` is None where the parameter keeps its `default`.
    """

    name: str
    value: Value | None
    annotation: Any = None
    default: Any = None

    @property
    def may_be_structured(self) -> bool:
        """Whether the argument is data, of a type that may have fields to be checked."""
        return self.value in {Value.DATA, Value.BODY} and self.annotation not in _SHAPELESS


class Filling(NamedTuple):
    """What a function is called with: positional arguments in order, then arguments by keyword."""

    kind: Kind
    positional: tuple[Slot, ...]
    keyword: tuple[Slot, ...]

    @property
    def slots(self) -> tuple[Slot, ...]:
        """All the arguments."""
        return self.positional + self.keyword

    def takes(self, *values: Value) -> bool:
        """Tell whether any of the values is asked for."""
        return any(slot.value in values for slot in self.slots)


def fill(handler: str, function: Callable[..., Any]) -> Filling:
    """Decide what every parameter of a function is filled with.

    Raises:
        NoSignatureError, ParameterError, AnnotationError: when that cannot be decided.

    """
    declaring = _declaring(function)
    parameters = _parameters(handler, declaring)
    annotations = {parameter.name: _evaluate(parameter.annotation, declaring) for parameter in parameters}
    signature = _bind(handler, parameters, annotations)
    slots = [_slot(parameter, signature, annotations[parameter.name]) for parameter in parameters]
    _look_up_types(handler, slots)
    positional = [slot for slot, parameter in zip(slots, parameters, strict=True) if parameter.kind in _POSITIONAL]
    keyword = [slot for slot, parameter in zip(slots, parameters, strict=True) if parameter.kind not in _POSITIONAL]
    # Arguments in front of one that is filled have to be passed; the ones behind keep their defaults by themselves.
    while positional and positional[-1].value is None:
        positional.pop()
    return Filling(signature.kind, tuple(positional), tuple(slot for slot in keyword if slot.value))


def _look_up_types(handler: str, slots: list[Slot]) -> None:
    for slot in slots:
        if slot.may_be_structured:
            from funcpack_invoker.function import typed  # noqa: PLC0415 - only functions with typed data pay for it

            try:
                typed.look_up(slot.annotation)
            except Exception as exc:  # noqa: BLE001 - whatever evaluating the user's annotations raises
                raise errors.AnnotationError(handler, exc) from None


def _declaring(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give the function that says what a decorated one takes: the decorator's own, unless that passes on whatever comes."""
    if _holds_arguments(function):
        return function
    declaring: Callable[..., Any] = inspect.unwrap(
        function, stop=lambda found: hasattr(found, "__signature__") or not _passes_on(found)
    )
    return declaring


def _holds_arguments(function: Callable[..., Any]) -> bool:
    return inspect.ismethod(function) or isinstance(function, functools.partial)


def _passes_on(function: Callable[..., Any]) -> bool:
    try:
        parameters = _signature(function, follow_wrapped=False).parameters.values()
    except (TypeError, ValueError):
        return True
    return any(parameter.kind in _VARIADIC for parameter in parameters)


def _parameters(handler: str, function: Callable[..., Any]) -> list[inspect.Parameter]:
    try:
        parameters = _signature(function, follow_wrapped=_holds_arguments(function)).parameters.values()
    except (TypeError, ValueError):
        raise errors.NoSignatureError(handler) from None
    # What functools.partial has bound by keyword stays bound, also under a name that means something.
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
    """An annotation that cannot be evaluated, and why."""

    cause: Exception


def _evaluate(annotation: Any, function: Callable[..., Any]) -> Any:
    """Give what an annotation means: None where there is none, `_Unknown` where it names what is not there."""
    if annotation is inspect.Parameter.empty:
        return None
    if isinstance(annotation, typing.ForwardRef):
        annotation = annotation.__forward_arg__
    if not isinstance(annotation, str):
        return _plain(annotation)
    inner = function.func if isinstance(function, functools.partial) else function
    inner = inspect.unwrap(inner) if _holds_arguments(function) else inner
    scope = getattr(inner, "__globals__", None) or getattr(type(inner).__call__, "__globals__", {})
    try:
        return _plain(eval(annotation, scope))  # noqa: S307 - the user's own annotation, as typing.get_type_hints does
    except Exception as exc:  # noqa: BLE001 - whatever evaluating the user's annotation raises
        return _Unknown(exc)


def _plain(annotation: Any) -> Any:
    """Give the type itself: without what `Annotated` adds for others to read, and what `type X = ...` stands for."""
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
    """Name the class of an annotation with its module; "" for what is no class. `X | None` is taken as `X`."""
    annotation = _plain(annotation)
    members = [member for member in typing.get_args(annotation) if member is not type(None)]
    if len(members) == 1 and type(None) in typing.get_args(annotation):
        return class_name(members[0])
    if isinstance(annotation, type):
        return f"{annotation.__module__}.{annotation.__qualname__}"
    return ""


def _slot(parameter: inspect.Parameter, signature: Signature, annotation: Any) -> Slot:
    known = None if isinstance(annotation, _Unknown) else annotation
    return Slot(parameter.name, signature.values.get(parameter.name), known, parameter.default)
