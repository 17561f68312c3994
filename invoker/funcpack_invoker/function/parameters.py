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

    @property
    def described(self) -> str:
        """What the function takes, in words."""
        return "CloudEvents" if self is Kind.CLOUDEVENT else "HTTP requests"


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

# What a parameter receives, in words.
MEANINGS = {
    Value.EVENT: "the event, as the CloudEvents SDK's class",
    Value.DATA: "the event's data",
    Value.ATTRIBUTES: "the event's attributes, a dict",
    Value.REQUEST: "the request, a flask.Request",
    Value.BODY: "the body",
    Value.HEADERS: "the headers, a case-insensitive mapping",
    Value.CONTEXT: "request id, trace, deadline and logger of the call",
}

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

# The base of these classes, and what the headers are.
_REQUEST_BASES = frozenset({"werkzeug.sansio.request.Request"})
_HEADERS_CLASSES = frozenset(
    {
        "werkzeug.datastructures.EnvironHeaders",
        "werkzeug.datastructures.Headers",
        "werkzeug.datastructures.headers.EnvironHeaders",
        "werkzeug.datastructures.headers.Headers",
    }
)
_MAPPINGS = frozenset({"collections.abc.Mapping", "typing.Mapping"})
_DICTS = _MAPPINGS | {"builtins.dict", "collections.abc.MutableMapping", "typing.Dict", "typing.MutableMapping"}

# The releases of the SDK define the class in different modules (1.x: cloudevents.http, cloudevents.pydantic; 2.x:
# cloudevents.core.v1, cloudevents.v1.http ...), but all in this package and with one of these names. `Event` is that of
# cloudevents.sdk.event.v1.
_EVENT_CLASS_NAMES = frozenset({"CloudEvent", "AnyCloudEvent", "BaseCloudEvent", "BaseEvent", "Event"})

# Classes of the standard library that annotate any value.
_ANY_VALUE = frozenset({"", "builtins.object", "typing.Any"})

# The builtin classes that can annotate data; `function.typed` reads more types.
_DATA_BUILTINS = frozenset(
    f"builtins.{name}" for name in ("bool", "bytes", "dict", "float", "frozenset", "int", "list", "set", "str", "tuple")
)

_DATA = (
    "bytes, str, dict, list, int, float, bool, dataclasses, TypedDicts, NamedTuples, enumerations, pydantic models, and the"
    " other types of typed data"
)

ACCEPTED_ANNOTATIONS = {
    Value.EVENT: "the event classes of the CloudEvents SDK",
    Value.DATA: _DATA,
    Value.ATTRIBUTES: "dict, collections.abc.Mapping",
    Value.REQUEST: "flask.Request",
    Value.BODY: _DATA,
    Value.HEADERS: "collections.abc.Mapping, werkzeug.datastructures.Headers",
    Value.CONTEXT: "funcpack_invoker.context.Context",
}


class Parameter(NamedTuple):
    """One parameter of a handler, read from its signature or its source.

    Attributes:
        name: of the parameter.
        annotation: the full dotted name of an annotated class (`flask.wrappers.Request`), or those of a union, separated by
            ` | `; "" if there is none, or it is not known.
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


class UnsuitableAnnotationError(Exception):
    """A parameter gets a value that its annotation does not allow.

    Attributes:
        name: of the parameter.
        annotation: the dotted name of the annotated class.
        accepted: a description of the annotations that the parameter can have.

    """

    def __init__(self, name: str, annotation: str, value: Value) -> None:
        super().__init__(name, annotation, value)
        self.name = name
        self.annotation = annotation.replace("builtins.", "")
        self.accepted = ACCEPTED_ANNOTATIONS[value]


def bind(parameters: Iterable[Parameter]) -> Signature:
    """Decide which value every parameter gets; a name has precedence over an annotation.

    A function with at least one parameter for CloudEvents takes only CloudEvents. Any other function, even one without
    parameters, takes HTTP requests.

    Raises:
        UnknownParameterError: for the first parameter with neither a supported name nor a default.
        UnsuitableAnnotationError: for the first parameter whose annotation does not allow its value.

    """
    values = {}
    for parameter in parameters:
        value = _value(parameter)
        if value is not None:
            if not any(_allows(annotation, value) for annotation in parameter.annotation.split(" | ")):
                raise UnsuitableAnnotationError(parameter.name, parameter.annotation, value)
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
    return Value.EVENT if _is_event_class(annotation) else None


def _is_event_class(annotation: str) -> bool:
    package, _, rest = annotation.partition(".")
    return package == "cloudevents" and rest.rpartition(".")[2] in _EVENT_CLASS_NAMES


def _allows(annotation: str, value: Value) -> bool:
    """Return whether a class can annotate a value. For data, most classes can: only reading their fields shows it."""
    if annotation in _ANY_VALUE:
        return True
    match value:
        case Value.DATA | Value.BODY:
            module = annotation.partition(".")[0]
            return module != "io" and (module != "builtins" or annotation in _DATA_BUILTINS)
        case Value.EVENT:
            return _is_event_class(annotation)
        case _:
            return annotation in _SUITABLE[value]


_SUITABLE = {
    Value.ATTRIBUTES: _DICTS,
    Value.REQUEST: _REQUEST_CLASSES | _REQUEST_BASES,
    Value.HEADERS: _HEADERS_CLASSES | _MAPPINGS,
    Value.CONTEXT: frozenset({"funcpack_invoker.context.Context"}),
}


def _nearest(name: str) -> str | None:
    import difflib  # noqa: PLC0415 - only an error needs it

    matches = difflib.get_close_matches(name.lower(), ACCEPTED_NAMES, n=1)
    return matches[0] if matches else None
