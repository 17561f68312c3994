"""What a handler's parameters ask for.

The rules work on plain data, so that the invoker (which has the function) and the buildpack's static check (which has
its source only) decide alike. Standard library only.
"""

from __future__ import annotations

from enum import Enum, StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable


class Kind(StrEnum):
    """What a function is called with: plain HTTP requests, or CloudEvents alone."""

    HTTP = "http"
    CLOUDEVENT = "cloudevent"


class Value(Enum):
    """What a parameter is filled with."""

    EVENT = "event"
    DATA = "data"
    ATTRIBUTES = "attributes"
    REQUEST = "request"
    BODY = "body"
    HEADERS = "headers"
    CONTEXT = "context"


VALUES_BY_NAME = {
    "event": Value.EVENT,
    "data": Value.DATA,
    "payload": Value.DATA,
    "attributes": Value.ATTRIBUTES,
    "req": Value.REQUEST,
    "request": Value.REQUEST,
    "body": Value.BODY,
    "headers": Value.HEADERS,
    "context": Value.CONTEXT,
}

ACCEPTED_NAMES = tuple(VALUES_BY_NAME)

_EVENT_VALUES = frozenset({Value.EVENT, Value.DATA, Value.ATTRIBUTES})

_REQUEST_CLASSES = frozenset(
    {
        "flask.Request",
        "flask.wrappers.Request",
        "werkzeug.Request",
        "werkzeug.wrappers.Request",
        "werkzeug.wrappers.request.Request",
    }
)

# Every release of the SDK has its own module for the class (1.x: cloudevents.http, cloudevents.pydantic; 2.x:
# cloudevents.core.v1, cloudevents.v1.http ...); what they share is the package and these names.
_EVENT_CLASS_NAMES = frozenset({"CloudEvent", "AnyCloudEvent", "BaseCloudEvent", "BaseEvent"})


class Parameter(NamedTuple):
    """One parameter of a handler, as its signature or its source shows it.

    `annotation` is the full dotted name of the class it is annotated with (`flask.wrappers.Request`), or "" where there
    is none or it is not a plain class. `variadic` is true of `*args` and `**kwargs`.
    """

    name: str
    annotation: str = ""
    has_default: bool = False
    variadic: bool = False


class Signature(NamedTuple):
    """What the function is called with, and what each parameter that is filled gets, in the order of the parameters."""

    kind: Kind
    values: dict[str, Value]


class UnknownParameterError(Exception):
    """A parameter that nobody can fill: its name means nothing here, and it has no default.

    `name` is the parameter's; `nearest` is the accepted name that looks most like it, or None.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name
        self.nearest = _nearest(name)


def bind(parameters: Iterable[Parameter]) -> Signature:
    """Decide what every parameter is filled with; a name says more than an annotation.

    A function with any parameter of a CloudEvent takes CloudEvents only; every other one, also one without parameters,
    takes HTTP requests.

    Raises:
        UnknownParameterError: for the first parameter that cannot be filled.

    """
    values = {}
    for parameter in parameters:
        value = _value(parameter)
        if value is not None:
            values[parameter.name] = value
        elif not (parameter.has_default or parameter.variadic):
            raise UnknownParameterError(parameter.name)
    kind = Kind.CLOUDEVENT if _EVENT_VALUES.intersection(values.values()) else Kind.HTTP
    return Signature(kind, values)


def _value(parameter: Parameter) -> Value | None:
    if parameter.variadic:
        return None
    return VALUES_BY_NAME.get(parameter.name) or _value_of_annotation(parameter.annotation)


def _value_of_annotation(annotation: str) -> Value | None:
    if annotation in _REQUEST_CLASSES:
        return Value.REQUEST
    package, _, rest = annotation.partition(".")
    if package == "cloudevents" and rest.rpartition(".")[2] in _EVENT_CLASS_NAMES:
        return Value.EVENT
    return None


def _nearest(name: str) -> str | None:
    import difflib  # noqa: PLC0415 - only a function that is refused pays for it

    matches = difflib.get_close_matches(name.lower(), ACCEPTED_NAMES, n=1)
    return matches[0] if matches else None
