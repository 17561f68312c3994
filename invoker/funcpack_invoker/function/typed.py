"""Creates instances of annotated types from JSON data: dataclasses, TypedDicts, NamedTuples and pydantic models.

The check is strict for types that JSON has (`"1"` is not an int). Other types have their usual text form: ISO 8601 for
dates, the value of an Enum, the digits of a Decimal. pydantic models validate themselves.
"""

from __future__ import annotations

import dataclasses
import enum
import functools
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

# (value, its path in the data) -> the argument of the function
Check = Callable[[Any, str], Any]


class DataError(Exception):
    """The data does not match its type; the text is one line that names the field."""

    def __init__(self, where: str, expected: str, found: Any) -> None:
        super().__init__(f"{where}: expected {expected}, found {_kind(found)}")


class MissingFieldError(DataError):
    """A required field is missing."""

    def __init__(self, where: str) -> None:
        Exception.__init__(self, f"{where}: missing")


class TooDeepError(DataError):
    """The data of a recursive type exceeds Python's recursion limit."""

    def __init__(self, where: str) -> None:
        Exception.__init__(self, f"{where}: nested too deeply")


def is_structured(annotation: Any) -> bool:
    """Return whether a type has fields to check, also inside `list[...]`, `dict[...]` or `... | None`."""
    declared = typing.get_origin(annotation) or annotation  # the class of a generic type, without its parameters
    return _has_fields(declared) or any(is_structured(argument) for argument in typing.get_args(annotation))


def resolve(annotation: Any) -> None:
    """Evaluate the annotations of all fields in a type, so that an invalid one is found when the function is loaded.

    Raises:
        Exception: any exception from evaluating an annotation, usually a NameError.

    """
    _resolve(annotation, set())


def _resolve(annotation: Any, seen: set[Any]) -> None:
    declared = typing.get_origin(annotation) or annotation
    if _has_fields(declared) and not _is_pydantic(declared) and declared not in seen:
        seen.add(declared)
        for hint in typing.get_type_hints(declared).values():
            _resolve(hint, seen)
    for argument in typing.get_args(annotation):
        _resolve(argument, seen)


def checker(annotation: Any, name: str) -> Callable[[Any], Any]:
    """Return a function that creates a value of a type from JSON data, or raises DataError with `name` for the data."""
    check = _check(annotation)

    def checked(value: Any) -> Any:
        try:
            return check(value, name)
        except RecursionError:
            raise TooDeepError(name) from None

    return checked


def _has_fields(annotation: Any) -> bool:
    return isinstance(annotation, type) and (
        dataclasses.is_dataclass(annotation)
        or typing.is_typeddict(annotation)
        or _is_named_tuple(annotation)
        or _is_pydantic(annotation)
    )


def _is_named_tuple(annotation: type) -> bool:
    return issubclass(annotation, tuple) and hasattr(annotation, "_fields")


def _is_pydantic(annotation: type) -> bool:
    return hasattr(annotation, "model_validate")


@functools.cache
def _check(annotation: Any) -> Check:
    """Choose the check for a type; the fields of a class are read on first use, because types can be recursive."""
    origin = typing.get_origin(annotation)
    if origin is not None:
        return _check_generic(origin, typing.get_args(annotation), annotation)
    if annotation in _SIMPLE:
        return _SIMPLE[annotation]
    if isinstance(annotation, typing.NewType):
        return _check(annotation.__supertype__)
    if type(annotation).__name__ == "TypeAliasType":  # new in 3.12; typing_extensions has one for older releases
        return _check(annotation.__value__)
    if isinstance(annotation, type):
        return _check_class(annotation)
    return _anything


def _check_class(annotation: type) -> Check:
    if _is_pydantic(annotation):
        return functools.partial(_pydantic, annotation)
    if _has_fields(annotation):
        return functools.partial(_record, annotation)
    if issubclass(annotation, enum.Enum):
        return functools.partial(_enum, annotation)
    return functools.partial(_instance, annotation)


def _check_generic(origin: Any, arguments: tuple[Any, ...], annotation: Any) -> Check:
    if origin in {typing.Union, types.UnionType}:
        return functools.partial(_union, arguments)
    if origin is typing.Literal:
        return functools.partial(_literal, arguments)
    if origin in {typing.Annotated, typing.Required, typing.NotRequired, typing.Final}:
        return _check(arguments[0])
    if not isinstance(origin, type):
        return _anything
    if _has_fields(origin):
        return _check_class(annotation if _is_pydantic(origin) else origin)
    return _check_container(origin, arguments)


def _check_container(origin: type, arguments: tuple[Any, ...]) -> Check:
    if issubclass(origin, tuple):
        return functools.partial(_tuple, arguments)
    if issubclass(origin, Mapping):
        return functools.partial(_mapping, arguments[-1])
    if issubclass(origin, AbstractSet | Sequence):
        return functools.partial(_collection, origin, arguments[0])
    return _anything


def _anything(value: Any, _where: str) -> Any:
    return value


def _instance(wanted: type, value: Any, where: str) -> Any:
    if not isinstance(value, wanted):
        raise DataError(where, _NAMES.get(wanted, wanted.__name__), value)
    return value


def _integer(value: Any, where: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise DataError(where, "a whole number", value)
    return value


def _number(value: Any, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise DataError(where, "a number", value)
    try:
        return float(value)
    except OverflowError:
        raise DataError(where, "a number of at most 1.8e308", value) from None


def _parsed(parse: Callable[[str], Any], expected: str, value: Any, where: str) -> Any:
    if not isinstance(value, str):
        raise DataError(where, expected, value)
    try:
        return parse(value)
    except (ValueError, InvalidOperation):
        raise DataError(where, expected, value) from None


def _decimal(value: Any, where: str) -> Decimal:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return Decimal(str(value))
    number: Decimal = _parsed(Decimal, "a decimal number", value, where)
    return number


def _enum(wanted: type[enum.Enum], value: Any, where: str) -> enum.Enum:
    try:
        return wanted(value)
    except ValueError:
        raise DataError(where, f"one of {', '.join(repr(member.value) for member in wanted)}", value) from None


def _literal(choices: tuple[Any, ...], value: Any, where: str) -> Any:
    for choice in choices:
        if type(choice) is type(value) and choice == value:
            return value
    raise DataError(where, f"one of {', '.join(map(repr, choices))}", value)


def _union(members: tuple[Any, ...], value: Any, where: str) -> Any:
    if value is None and type(None) in members:
        return None
    failures = []
    for member in members:
        if member is not type(None):
            try:
                return _check(member)(value, where)
            except DataError as exc:
                failures.append(exc)
    if len(failures) == 1:
        raise failures[0]
    names = [_NAMES.get(member, getattr(member, "__name__", str(member))) for member in members]
    raise DataError(where, " or ".join(names), value)


def _collection(origin: Any, item: Any, value: Any, where: str) -> Any:
    items = _instance(list, value, where)
    check = _check(item)
    checked = [check(entry, f"{where}[{index}]") for index, entry in enumerate(items)]
    if not issubclass(origin, AbstractSet):
        return checked
    try:
        return (frozenset if origin is frozenset else set)(checked)
    except TypeError:  # lists and dicts are not hashable
        raise DataError(where, "a list of plain values", value) from None


def _tuple(arguments: tuple[Any, ...], value: Any, where: str) -> tuple[Any, ...]:
    items = _instance(list, value, where)
    if len(arguments) == 2 and arguments[1] is Ellipsis:
        arguments = arguments[:1] * len(items)
    if len(items) != len(arguments):
        raise DataError(where, f"a list of {len(arguments)}", value)
    return tuple(
        _check(item)(entry, f"{where}[{index}]")
        for index, (item, entry) in enumerate(zip(arguments, items, strict=True))
    )


def _mapping(item: Any, value: Any, where: str) -> dict[str, Any]:
    check = _check(item)
    return {key: check(entry, f"{where}.{key}") for key, entry in _instance(dict, value, where).items()}


@dataclasses.dataclass(frozen=True, slots=True)
class _Field:
    name: str
    check: Check
    required: bool


@functools.cache
def _fields(wanted: Any) -> tuple[_Field, ...]:
    hints = typing.get_type_hints(wanted)
    if dataclasses.is_dataclass(wanted):
        return tuple(
            _Field(field.name, _check(hints[field.name]), required=_is_required(field))
            for field in dataclasses.fields(wanted)
            if field.init
        )
    if typing.is_typeddict(wanted):
        required = _required_keys(wanted)
        return tuple(_Field(name, _check(hint), required=name in required) for name, hint in hints.items())
    defaults = wanted._field_defaults
    return tuple(_Field(name, _check(hints.get(name, Any)), required=name not in defaults) for name in wanted._fields)


def _is_required(field: dataclasses.Field[Any]) -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def _required_keys(wanted: Any) -> frozenset[str]:
    """Return the required keys of a TypedDict.

    `__required_keys__` ignores qualifiers in string annotations, which all annotations are with
    `from __future__ import annotations`.
    """
    qualifiers = {
        name: typing.get_origin(hint) for name, hint in typing.get_type_hints(wanted, include_extras=True).items()
    }
    optional = {name for name, qualifier in qualifiers.items() if qualifier is typing.NotRequired}
    required = {name for name, qualifier in qualifiers.items() if qualifier is typing.Required}
    keys: frozenset[str] = wanted.__required_keys__
    return keys - optional | required


def _record(wanted: Any, value: Any, where: str) -> Any:
    """Create a dataclass, TypedDict or NamedTuple; ignore unknown members."""
    members = _instance(dict, value, where)
    values = {}
    for field in _fields(wanted):
        if field.name in members:
            values[field.name] = field.check(members[field.name], f"{where}.{field.name}")
        elif field.required:
            raise MissingFieldError(f"{where}.{field.name}")
    try:
        return wanted(**values)
    except ValueError as exc:
        # Raised by the class's __post_init__, which checks more than the types.
        reason = " ".join(str(exc).split())
        raise DataError(where, f"a valid {wanted.__name__} ({reason})", value) from exc


def _pydantic(wanted: Any, value: Any, where: str) -> Any:
    try:
        return wanted.model_validate(value)
    except ValueError as exc:
        raise PydanticDataError(where, exc) from exc


class PydanticDataError(DataError):
    """A pydantic model rejected the data."""

    def __init__(self, where: str, cause: Any) -> None:
        first = cause.errors(include_url=False, include_input=False)[0]
        path = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in first["loc"])
        Exception.__init__(self, f"{where}{path}: {first['msg']}")


def _kind(value: Any) -> str:
    """Return a value's type in the terms of JSON; the value itself may be confidential."""
    return _NAMES.get(type(value), type(value).__name__)


_NAMES: dict[Any, str] = {
    type(None): "null",
    bool: "a boolean",
    bytes: "bytes that are not JSON",
    dict: "an object",
    float: "a number",
    int: "a whole number",
    list: "a list",
    str: "text",
}

_SIMPLE: dict[Any, Check] = {
    Any: _anything,
    object: _anything,
    int: _integer,
    float: _number,
    None: functools.partial(_instance, type(None)),
    datetime: functools.partial(_parsed, datetime.fromisoformat, "a date and time"),
    date: functools.partial(_parsed, date.fromisoformat, "a date"),
    time: functools.partial(_parsed, time.fromisoformat, "a time"),
    UUID: functools.partial(_parsed, UUID, "a UUID"),
    Decimal: _decimal,
    tuple: functools.partial(_tuple, (Any, ...)),
    set: functools.partial(_collection, set, Any),
    frozenset: functools.partial(_collection, frozenset, Any),
}
