"""The rules for a handler's parameters: which names and annotations get which value.

The rules work on plain data, so that the invoker, which has the function, and the buildpack's static check, which has
only its source, decide alike. Standard library only.
"""

from __future__ import annotations

from enum import Enum, StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable


class Kind(StrEnum):
    """The kind of requests that a function takes: any HTTP requests, or only CloudEvents."""

    HTTP = "http"
    CLOUDEVENT = "cloudevent"


class Value(Enum):
    """The value that a parameter gets."""

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

# The releases of the SDK define the class in different modules (1.x: cloudevents.http, cloudevents.pydantic; 2.x:
# cloudevents.core.v1, cloudevents.v1.http ...), but all in this package and with one of these names.
_EVENT_CLASS_NAMES = frozenset({"CloudEvent", "AnyCloudEvent", "BaseCloudEvent", "BaseEvent"})


class Parameter(NamedTuple):
    """One parameter of a handler, read from its signature or its source.

    Attributes:
        name: of the parameter.
        annotation: the full dotted name of an annotated class (`flask.wrappers.Request`); "" for any other annotation.
        has_default: whether the parameter has a default.
        variadic: whether the parameter is `*args` or `**kwargs`.

    """

    name: str
    annotation: str = ""
    has_default: bool = False
    variadic: bool = False


class Signature(NamedTuple):
    """The kind of requests that a function takes, and the values of its parameters.

    Attributes:
        kind: of the requests.
        values: by the names of the parameters, in their order; parameters that keep their default are absent.

    """

    kind: Kind
    values: dict[str, Value]


class UnknownParameterError(Exception):
    """A parameter has neither a supported name nor a default.

    Attributes:
        name: of the parameter.
        nearest: the most similar supported name, or None.

    """

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name
        self.nearest = _nearest(name)


def bind(parameters: Iterable[Parameter]) -> Signature:
    """Decide which value every parameter gets; a name has precedence over an annotation.

    A function with at least one parameter for CloudEvents takes only CloudEvents. Any other function, even one without
    parameters, takes HTTP requests.

    Raises:
        UnknownParameterError: for the first parameter with neither a supported name nor a default.

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
    import difflib  # noqa: PLC0415 - only an error needs it

    matches = difflib.get_close_matches(name.lower(), ACCEPTED_NAMES, n=1)
    return matches[0] if matches else None
