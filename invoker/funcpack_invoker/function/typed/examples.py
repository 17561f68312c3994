"""Makes an example of the JSON data of a type, for tools in which a developer writes a request by hand.

A field has its default; otherwise a text is the name of its field, so that an example explains itself.
"""

from __future__ import annotations

import dataclasses
import enum
import typing
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import PurePath
from typing import TYPE_CHECKING, Any
from uuid import UUID

from funcpack_invoker.function.annotations import alternatives, is_anything, is_constrained, substitute, unwrap
from funcpack_invoker.function.typed.containers import COLLECTIONS, MAPPINGS
from funcpack_invoker.function.typed.models import is_model
from funcpack_invoker.function.typed.records import declared_fields, is_named_tuple, is_record, type_arguments
from funcpack_invoker.function.typed.schema_examples import schema_example
from funcpack_invoker.http import json_values

if TYPE_CHECKING:
    from collections.abc import Mapping

_SIMPLE: dict[Any, Any] = {
    bool: True,
    bytes: "Ynl0ZXM=",
    date: "2026-01-31",
    datetime: "2026-01-31T12:00:00Z",
    Decimal: 1,
    float: 1.5,
    int: 1,
    time: "12:00:00",
    timedelta: "PT1H",
    UUID: "00000000-0000-4000-8000-000000000000",
}

_QUALIFIERS = frozenset({"Final", "NotRequired", "ReadOnly", "Required"})


def example(annotation: Any, name: str = "text") -> Any:
    """Return JSON data that a type is read from, or data that resembles it; `name` is that of the field or the parameter.

    Raises:
        Exception: any exception from evaluating the annotation of a field, usually a NameError.

    """
    return _Example().of(annotation, name)


class _Example:
    """An example in the making: `_open` are the records around the field, because types can be recursive."""

    def __init__(self) -> None:
        self._open: list[Any] = []

    def of(self, annotation: Any, name: str) -> Any:
        members = [member for member in alternatives(annotation) if member is not type(None)]
        if not members:
            return None
        if len(members) < len(alternatives(annotation)) and any(member in self._open for member in members):
            return None
        return self._of_member(members[0], name)

    def _of_member(self, annotation: Any, name: str) -> Any:
        origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
        if is_anything(annotation):
            return {}
        if is_constrained(annotation):
            return schema_example(annotation, name)
        if origin is typing.Literal:
            return json_values.plain(arguments[0])
        if str(origin).rpartition(".")[2] in _QUALIFIERS:
            return self.of(arguments[0], name)
        declared = origin or unwrap(annotation)
        return self._of_class(annotation, declared, name) if isinstance(declared, type) else name

    def _of_class(self, annotation: Any, declared: type, name: str) -> Any:
        if declared in _SIMPLE:
            return _SIMPLE[declared]
        if is_model(declared):
            return schema_example(annotation, name)
        if is_record(declared):
            return self._of_record(annotation, declared)
        if issubclass(declared, enum.Enum):
            return next((json_values.plain(member.value) for member in declared), None)
        if issubclass(declared, PurePath):
            return f"{name}.txt"
        return self._of_container(declared, typing.get_args(annotation), name)

    def _of_record(self, annotation: Any, declared: Any) -> Any:
        if annotation in self._open:
            return {}
        self._open.append(annotation)
        values = type_arguments(declared, typing.get_args(annotation))
        defaults = _defaults(declared)
        members = {
            field: defaults[field] if field in defaults else self.of(substitute(hint, values), field)
            for field, hint, _ in declared_fields(declared)
        }
        self._open.pop()
        return members

    def _of_container(self, declared: type, arguments: tuple[Any, ...], name: str) -> Any:
        if declared is tuple and arguments and arguments[1:] != (...,):
            return [self.of(argument, name) for argument in arguments]
        if declared in COLLECTIONS:
            # The member of a list whose type contains the list, such as the children of a node, may be absent.
            is_recursive = arguments and arguments[0] in self._open
            return [self.of(arguments[0], name)] if arguments and not is_recursive else []
        if declared in MAPPINGS:
            key, value = arguments or (str, Any)
            return {} if is_anything(value) else {str(self.of(key, "name")): self.of(value, name)}
        return name


def _defaults(declared: Any) -> Mapping[str, Any]:
    """Return the defaults of a record's fields that JSON can have; the absence of a value, None, is no example."""
    if dataclasses.is_dataclass(declared):
        found = {field.name: _default(field) for field in dataclasses.fields(declared)}
    else:
        found = dict(declared._field_defaults) if is_named_tuple(declared) else {}
    return {name: json_values.plain(value) for name, value in found.items() if _is_shown(value)}


def _default(field: dataclasses.Field[Any]) -> Any:
    # A factory may do anything, such as ask a server; those of the builtin collections are empty.
    return None if field.default is dataclasses.MISSING else field.default


def _is_shown(value: Any) -> bool:
    return value is not None and (isinstance(value, str | int | float) or json_values.is_supported(value))
