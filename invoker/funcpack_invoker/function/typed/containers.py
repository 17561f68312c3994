"""Reads lists and objects: collections, tuples, mappings, and values of one of several types."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import (
    Callable,
    Collection,
    Iterable,
    Mapping,
    MutableMapping,
    MutableSequence,
    MutableSet,
    Sequence,
)
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any

from funcpack_invoker.function.annotations import type_name
from funcpack_invoker.function.typed.attempts import Remembered, unwrapped
from funcpack_invoker.function.typed.collisions import check_hashes, unhashable
from funcpack_invoker.function.typed.errors import NAMES, DataError, InvalidKeyError, LengthError, MismatchError
from funcpack_invoker.function.typed.models import ModelCheck
from funcpack_invoker.function.typed.records import Record
from funcpack_invoker.function.typed.values import AnyCheck, instance
from funcpack_invoker.http import json_codec

if TYPE_CHECKING:
    from funcpack_invoker.function.typed.attempts import Attempts, Check

COLLECTIONS: dict[Any, Callable[[list[Any]], Any]] = {
    Collection: list,
    Iterable: list,
    MutableSequence: list,
    Sequence: list,
    list: list,
    deque: deque,
    AbstractSet: set,
    MutableSet: set,
    set: set,
    frozenset: frozenset,
    tuple: tuple,
}

MAPPINGS: dict[Any, Callable[[dict[Any, Any]], Any]] = {
    Mapping: dict,
    MutableMapping: dict,
    dict: dict,
    OrderedDict: OrderedDict,
}


class CollectionCheck:
    """Reads a list of items of one type into a collection of `kind`."""

    def __init__(self, kind: Any, check: Check) -> None:
        self._create = COLLECTIONS[kind]
        self._is_set = self._create in {set, frozenset}
        self.parts = [check]

    def __call__(self, value: Any, attempts: Attempts | None) -> Any:
        """Return the value of the type, or raise DataError."""
        [check] = self.parts
        given = instance(list, value)
        items: list[Any] = []
        try:
            for item in given:
                items.append(check(item, attempts))  # noqa: PERF401 - after an error, their number is the index
        except DataError as exc:
            exc.prepend(len(items))
            raise
        if self._is_set:
            try:
                check_hashes(items)
            except TypeError:  # lists and dicts are not hashable
                index = unhashable(items)
                error = MismatchError("a plain value", given[index])
                error.prepend(index)
                raise error from None
        return items if self._create is list else self._create(items)


class TupleCheck:
    """Reads a list of a fixed number of items into a tuple."""

    def __init__(self, checks: list[Check]) -> None:
        self.parts = checks

    def __call__(self, value: Any, attempts: Attempts | None) -> tuple[Any, ...]:
        """Return the value of the type, or raise DataError."""
        given = instance(list, value)
        if len(given) != len(self.parts):
            raise LengthError(len(self.parts), len(given))
        items: list[Any] = []
        try:
            for check, item in zip(self.parts, given, strict=True):
                items.append(check(item, attempts))
        except DataError as exc:
            exc.prepend(len(items))
            raise
        return tuple(items)


class MappingCheck:
    """Reads an object into a mapping of `kind`; without a check for the keys, they are text."""

    def __init__(self, kind: Any, check_key: Check | None, check: Check) -> None:
        self._create = MAPPINGS[kind]
        self._check_key = check_key
        self.parts = [check]

    def __call__(self, value: Any, attempts: Attempts | None) -> Any:
        """Return the value of the type, or raise DataError."""
        [check] = self.parts
        given = instance(dict, value)
        members: dict[Any, Any] = {}
        key = ""
        try:
            for key, member in given.items():
                members[key] = check(member, attempts)
        except DataError as exc:
            exc.prepend(key)
            raise
        if self._check_key is not None:
            keys = [_read_key(self._check_key, key) for key in members]
            try:
                check_hashes(keys)
            except TypeError:  # a model that is not hashable
                raise _invalid_key("a plain value", list(members)[unhashable(keys)]) from None
            members = dict(zip(keys, members.values(), strict=True))
        return members if self._create is dict else self._create(members)


def _read_key(check: Check, key: str) -> Any:
    """Read a key: its text is that of the value, or the JSON of a value that is not text, such as a number."""
    try:
        return check(key, None)
    except DataError as exc:
        expected = exc.expected
    try:
        return check(json_codec.loads_exact(key.encode()), None)
    except (DataError, ValueError):
        raise _invalid_key(expected, key) from None


def _invalid_key(expected: str, key: str) -> InvalidKeyError:
    error = InvalidKeyError(expected)
    error.prepend(key)
    return error


def is_hashable(check: Check) -> bool:
    """Return whether the values of a check can be keys of a mapping, and JSON can have them as such."""
    inner = unwrapped(check)
    if isinstance(inner, UnionCheck):
        return all(map(is_hashable, inner.checks))
    return inner is not None and not isinstance(inner, CollectionCheck | TupleCheck | MappingCheck | Record)


class UnionCheck:
    """Reads a value of the first type that it matches.

    An object with members that the first matching record does not have may belong to a later one, so that records that
    have all members come first.

    Attributes:
        checks: of the types; without None.

    """

    def __init__(self, members: list[tuple[Any, Check]], *, is_optional: bool) -> None:
        self.checks = [check for _, check in members]
        self._members = [(check, _record(check)) for check in self.checks]
        is_single = len(members) == 1
        self._has_records = not is_single and any(record for _, record in self._members)
        self._all = [(check, is_single) for check in self.checks]
        self._is_optional = is_optional
        self._expected = " or ".join([_shown(annotation) for annotation, _ in members] + ["null"] * is_optional)

    def __call__(self, value: Any, attempts: Attempts | None) -> Any:
        """Return the value of the type, or raise DataError."""
        if value is None and self._is_optional:
            return None
        problems = []
        for check, is_likely in self._candidates(value):
            try:
                return check(value, attempts)
            except DataError as exc:
                if is_likely:
                    problems.append(exc.problem)
        if len(problems) == 1:
            raise DataError(problems[0])
        raise MismatchError(self._expected, value)

    def _candidates(self, value: Any) -> list[tuple[Check, bool]]:
        """Return the checks of the types that may match, each with whether its problem is worth reporting."""
        if not (self._has_records and isinstance(value, dict)):
            return self._all
        first: list[tuple[Check, bool]] = []
        later: list[tuple[Check, bool]] = []
        for check, record in self._members:
            if record is None:
                first.append((check, False))
            elif record.suits(value):
                (first if record.names >= value.keys() else later).append((check, True))
        return first + later

    def is_ambiguous(self) -> bool:
        """Return whether more than one of the types may read the parts of the same value, which have parts themselves."""
        return any(sum(_is_deep(check, kind) for check in self.checks) > 1 for kind in (dict, list))


def _record(check: Check) -> Record | None:
    inner = unwrapped(check)
    return inner if isinstance(inner, Record) else None


def _is_deep(check: Check, kind: type) -> bool:
    """Return whether a check may read more than one level of values of a kind: dicts or lists."""
    if isinstance(check, Record | MappingCheck):
        return kind is dict and any(map(_has_parts, check.parts))
    if isinstance(check, CollectionCheck | TupleCheck):
        return kind is list and any(map(_has_parts, check.parts))
    return _has_parts(check)


def _has_parts(check: Check) -> bool:
    if isinstance(check, UnionCheck):
        return any(map(_has_parts, check.checks))
    return isinstance(check, Record | MappingCheck | CollectionCheck | TupleCheck | AnyCheck | Remembered | ModelCheck)


def _shown(annotation: Any) -> str:
    # Metadata may be unhashable.
    found = next((name for kind, name in NAMES.items() if kind is annotation), None)
    return found or getattr(annotation, "__name__", None) or type_name(annotation)
