"""Chooses how a type is read from JSON data: once, when the function is loaded."""

from __future__ import annotations

import enum
import operator
import types
import typing
from decimal import Decimal
from functools import partial, reduce
from typing import Any

from funcpack_invoker.function.annotations import UnreadableTypeError, is_alias, is_constrained, unwrap
from funcpack_invoker.function.typed.ambiguity import is_ambiguous
from funcpack_invoker.function.typed.attempts import Attempts, Check, Remembered
from funcpack_invoker.function.typed.containers import (
    COLLECTIONS,
    MAPPINGS,
    CollectionCheck,
    MappingCheck,
    TupleCheck,
    UnionCheck,
    is_hashable,
)
from funcpack_invoker.function.typed.errors import AmbiguousDataError, DataError, TooDeepError
from funcpack_invoker.function.typed.models import ModelCheck, is_model
from funcpack_invoker.function.typed.records import Record, is_record
from funcpack_invoker.function.typed.values import (
    SIMPLE,
    AnyCheck,
    ChoiceCheck,
    EnumCheck,
    anything,
    instance,
    text_form,
)

# Their names, because typing_extensions has its own for older releases of Python.
_QUALIFIERS = frozenset({"Final", "NotRequired", "ReadOnly", "Required"})


class Reader:
    """Creates values of a type from JSON data.

    Attributes:
        is_exact: whether the data is to be parsed with `loads_exact`, because the type has a Decimal somewhere.

    """

    def __init__(self, annotation: Any, name: str) -> None:
        """Choose how a type is read; `name` is that of the data, for errors.

        Raises:
            UnreadableTypeError: if JSON data cannot become a value of the type.
            Exception: any exception from evaluating the annotation of a field, usually a NameError.

        """
        # Some of what the checks need to know is known only after all are chosen: choose again, then.
        chosen = _Chosen()
        self._check = chosen.check(annotation, "")
        self.is_exact = chosen.has_decimals
        if self.is_exact:
            chosen = _Chosen(is_exact=True)
            self._check = chosen.check(annotation, "")
        self._is_ambiguous = any(union.is_ambiguous() for union in chosen.unions)
        if self._is_ambiguous:
            self._check = _Chosen(is_exact=self.is_exact, remembers=True).check(annotation, "")
        self._choices = chosen.choices
        self._name = name

    def read(self, value: Any) -> Any:
        """Return the value of the type.

        Raises:
            DataError: if the data does not match the type.

        """
        try:
            try:
                if self._choices > 1 and is_ambiguous(value, self._choices):
                    raise AmbiguousDataError
                return self._check(value, Attempts() if self._is_ambiguous else None)
            except RecursionError:
                raise TooDeepError from None
        except DataError as exc:
            exc.name = self._name
            raise


class _Chosen:
    """The checks that were chosen for a type and for the types that it consists of.

    Attributes:
        unions: those among them.
        has_decimals: whether the type has a Decimal somewhere.
        choices: how many members of a recursive union pydantic tries for the same value.

    """

    def __init__(self, *, is_exact: bool = False, remembers: bool = False) -> None:
        """Choose checks for data that was parsed with `loads_exact`, or ones that remember their outcomes."""
        self._records: dict[tuple[Any, str], Check] = {}
        self._aliases: dict[tuple[Any, str], Remembered] = {}
        self._anything: Check = AnyCheck(object) if is_exact else anything
        self._is_exact = is_exact
        self._remembers = remembers
        self.unions: list[UnionCheck] = []
        self.has_decimals = False
        self.choices = 1

    def check(self, annotation: Any, place: str) -> Check:
        """Return the check for a type that is used in a place, such as `Order.item`.

        Raises:
            UnreadableTypeError: if JSON data cannot become a value of the type.

        """
        if is_constrained(annotation):
            return self._model(annotation)
        inner = unwrap(annotation)
        if inner is not annotation:
            may_be_recursive = is_alias(annotation) or is_alias(typing.get_origin(annotation))
            return self._alias(annotation, inner, place) if may_be_recursive else self.check(inner, place)
        if annotation is Any or annotation is object:
            return self._anything
        if isinstance(annotation, typing.TypeVar):
            return self.check(_bound(annotation), place)
        return self._check_generic(annotation, place)

    def _model(self, annotation: Any) -> Check:
        check = ModelCheck(annotation)
        self.choices = max(self.choices, check.choices)
        return check

    def _alias(self, alias: Any, inner: Any, place: str) -> Check:
        key = _key_of(alias)
        if key not in self._aliases:
            self._aliases[key] = Remembered()
            self._aliases[key].check = self.check(inner, place)
        return self._aliases[key]

    def _check_generic(self, annotation: Any, place: str) -> Check:
        origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
        if origin in {typing.Union, types.UnionType}:
            members = [(member, self.check(member, place)) for member in arguments if member is not type(None)]
            self.unions.append(UnionCheck(members, is_optional=type(None) in arguments))
            return self.unions[-1]
        if origin is typing.Literal:
            return ChoiceCheck(arguments)
        if str(origin).rpartition(".")[2] in _QUALIFIERS:
            return self.check(arguments[0], place)
        declared = origin or annotation
        if not isinstance(declared, type):
            raise UnreadableTypeError(annotation, place)
        return self._check_class(annotation, declared, place)

    def _check_class(self, annotation: Any, declared: type, place: str) -> Check:
        """Return the check for a class; `declared` is a generic one without its arguments."""
        if declared in SIMPLE:
            self.has_decimals |= declared is Decimal
            return SIMPLE[declared]
        if is_model(declared):
            return self._model(annotation)
        if is_record(declared):
            return self._record(annotation, declared)
        if issubclass(declared, enum.Enum):
            return _enum_check(declared, place)
        check = self._container(annotation, declared, place) or text_form(declared)
        if check is None:
            raise UnreadableTypeError(annotation, place)
        return check

    def _record(self, annotation: Any, declared: type) -> Check:
        key = _key_of(annotation)
        if key not in self._records:
            record = Record(declared)
            self._records[key] = Remembered(record) if self._remembers else record
            try:
                record.choose(self.check, typing.get_args(annotation))
            except UnreadableTypeError:
                del self._records[key]
                raise
        return self._records[key]

    def _container(self, annotation: Any, kind: Any, place: str) -> Check | None:
        arguments = typing.get_args(annotation)
        if kind is tuple and annotation is not tuple and arguments[1:] != (...,):
            return TupleCheck([self.check(argument, place) for argument in arguments])
        if kind in COLLECTIONS:
            item = self.check(arguments[0], place) if arguments else self._anything
            return self._unread(list) if kind is list and item is self._anything else CollectionCheck(kind, item)
        if kind in MAPPINGS:
            key, value = arguments or (Any, Any)
            check_key, check = self._key(key, place), self.check(value, place)
            is_unread = kind is dict and check_key is None and check is self._anything
            return self._unread(dict) if is_unread else MappingCheck(kind, check_key, check)
        return None

    def _key(self, annotation: Any, place: str) -> Check | None:
        check = self.check(annotation, place)
        if not is_hashable(check):
            raise UnreadableTypeError(annotation, f"{place}, as a key" if place else "a key")
        return None if check is self._anything or check is SIMPLE[str] else check

    def _unread(self, kind: type) -> Check:
        """Return the check for a list or dict of anything, which is not looked through."""
        return AnyCheck(kind) if self._is_exact else partial(instance, kind)


def _key_of(annotation: Any) -> tuple[Any, str]:
    """Return a key for a type: also its text, because types that differ only in the order of a union are equal."""
    return annotation, str(annotation)


def _enum_check(wanted: type[enum.Enum], place: str) -> Check:
    try:
        return EnumCheck(wanted)
    except ValueError:
        raise UnreadableTypeError(wanted, place) from None


def _bound(variable: typing.TypeVar) -> Any:
    """Return the type that a type variable stands for if it has no argument."""
    if variable.__constraints__:
        return reduce(operator.or_, variable.__constraints__)
    if getattr(variable, "has_default", bool)():  # new in 3.13
        return variable.__default__  # type: ignore[attr-defined] # new in 3.13
    return Any if variable.__bound__ is None else variable.__bound__
