"""Reads objects into dataclasses, TypedDicts and NamedTuples."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from funcpack_invoker.function.annotations import UnreadableTypeError, substitute
from funcpack_invoker.function.typed.attempts import unwrapped
from funcpack_invoker.function.typed.errors import (
    DataError,
    InvalidRecordError,
    MissingFieldError,
)
from funcpack_invoker.function.typed.values import ChoiceCheck, instance

if TYPE_CHECKING:
    from funcpack_invoker.function.typed.attempts import Attempts, Check

# (annotation, the place that it is used in) -> its check
Choose = Callable[[Any, str], Any]


def is_record(annotation: type) -> bool:
    """Return whether a class has declared fields."""
    return dataclasses.is_dataclass(annotation) or is_typed_dict(annotation) or is_named_tuple(annotation)


def is_typed_dict(annotation: type) -> bool:
    """Return whether a class is a TypedDict, also that of typing_extensions, which `typing.is_typeddict` does not know."""
    return issubclass(annotation, dict) and hasattr(annotation, "__required_keys__")


def is_named_tuple(annotation: type) -> bool:
    """Return whether a class is a NamedTuple or a namedtuple."""
    return issubclass(annotation, tuple) and hasattr(annotation, "_fields")


class _Field(NamedTuple):
    name: str
    check: Check
    required: bool


class Record:
    """Reads an object into an instance of a class with declared fields; ignores unknown members.

    Attributes:
        names: of the fields.
        parts: the checks of the fields.

    """

    def __init__(self, wanted: Any) -> None:
        self._wanted = wanted
        self._fields: list[_Field] = []
        self.names: frozenset[str] = frozenset()
        self.parts: list[Check] = []
        self._required: list[str] = []
        self._choices: list[tuple[str, ChoiceCheck]] = []

    def choose(self, choose: Choose, arguments: tuple[Any, ...]) -> None:
        """Choose how the fields are read: later than the object is created, because types can be recursive.

        A field that cannot be read keeps its default.

        Raises:
            UnreadableTypeError: if the type of a required field cannot be read.

        """
        values = type_arguments(self._wanted, arguments)
        for name, hint, required in declared_fields(self._wanted):
            try:
                check = choose(substitute(hint, values), f"{self._wanted.__name__}.{name}")
            except UnreadableTypeError:
                if required:
                    raise
                continue
            self._fields.append(_Field(name, check, required))
        self.names = frozenset(field.name for field in self._fields)
        self.parts = [field.check for field in self._fields]
        self._required = [field.name for field in self._fields if field.required]
        choices = [(field.name, unwrapped(field.check)) for field in self._fields]
        # Only those of a Literal: the `_missing_` of an enumeration decides what else it accepts.
        self._choices = [(name, check) for name, check in choices if type(check) is ChoiceCheck]

    def suits(self, members: dict[str, Any]) -> bool:
        """Return whether an object has the required members, and the values that a Literal requires: a quick look."""
        for name in self._required:
            if name not in members:
                return False
        return all(check.accepts(members[name]) for name, check in self._choices if name in members)

    def __call__(self, value: Any, attempts: Attempts | None) -> Any:
        """Return the value of the type, or raise DataError."""
        members = instance(dict, value)
        values = {}
        name = ""
        try:
            for name, check, required in self._fields:
                if name in members:
                    values[name] = check(members[name], attempts)
                elif required:
                    raise MissingFieldError
        except DataError as exc:
            exc.prepend(name)
            raise
        try:
            return self._wanted(**values)
        except ValueError as exc:
            # Raised by the class's __post_init__, which checks more than the types.
            raise InvalidRecordError(self._wanted, exc) from exc


def declared_fields(wanted: Any) -> list[tuple[str, Any, bool]]:
    """Return the name, the type and whether it is required, of every field that the constructor takes."""
    hints = typing.get_type_hints(wanted, include_extras=True)
    if dataclasses.is_dataclass(wanted):
        taken = [
            (field.name, hints[field.name], _is_required(field)) for field in dataclasses.fields(wanted) if field.init
        ]
        arguments = [
            (name, hint.type, not hasattr(wanted, name))
            for name, hint in hints.items()
            if isinstance(hint, dataclasses.InitVar)
        ]
        return taken + arguments
    if is_named_tuple(wanted):
        return [(name, hints.get(name, Any), name not in wanted._field_defaults) for name in wanted._fields]
    required = _required_keys(wanted, hints)
    return [(name, hint, name in required) for name, hint in hints.items()]


def _is_required(field: dataclasses.Field[Any]) -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def _required_keys(wanted: Any, hints: dict[str, Any]) -> frozenset[str]:
    """Return the required keys of a TypedDict.

    `__required_keys__` ignores qualifiers in string annotations, which all annotations are with
    `from __future__ import annotations`.
    """
    qualifiers = {name: typing.get_origin(hint) for name, hint in hints.items()}
    optional = {name for name, qualifier in qualifiers.items() if qualifier is typing.NotRequired}
    required = {name for name, qualifier in qualifiers.items() if qualifier is typing.Required}
    keys: frozenset[str] = wanted.__required_keys__
    return keys - optional | required


def type_arguments(wanted: Any, arguments: tuple[Any, ...]) -> dict[Any, Any]:
    """Return the type of each type variable of a generic class and of its generic bases."""
    found = dict(zip(getattr(wanted, "__parameters__", ()), arguments, strict=False))
    for base in getattr(wanted, "__orig_bases__", ()):
        origin = typing.get_origin(base)
        if isinstance(origin, type) and origin is not typing.Generic:
            inner = tuple(substitute(argument, found) for argument in typing.get_args(base))
            found = type_arguments(origin, inner) | found
    return found
