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
from funcpack_invoker.function.typed.errors import NAMES, DataError, InvalidKeyError, member_path
from funcpack_invoker.function.typed.records import Record
from funcpack_invoker.function.typed.values import instance
from funcpack_invoker.http import json_codec

if TYPE_CHECKING:
    from funcpack_invoker.function.typed.values import Check

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
        self._check = check

    def __call__(self, value: Any, where: str) -> Any:
        """Return the value of the type, or raise DataError."""
        check = self._check
        items = [check(item, f"{where}[{index}]") for index, item in enumerate(instance(list, value, where))]
        try:
            return items if self._create is list else self._create(items)
        except TypeError:  # lists and dicts are not hashable
            raise DataError(where, "a list of plain values", value) from None


class TupleCheck:
    """Reads a list of a fixed number of items into a tuple."""

    def __init__(self, checks: list[Check]) -> None:
        self._checks = checks

    def __call__(self, value: Any, where: str) -> tuple[Any, ...]:
        """Return the value of the type, or raise DataError."""
        items = instance(list, value, where)
        if len(items) != len(self._checks):
            raise DataError(where, f"a list of {len(self._checks)}", value)
        pairs = enumerate(zip(self._checks, items, strict=True))
        return tuple(check(item, f"{where}[{index}]") for index, (check, item) in pairs)


class MappingCheck:
    """Reads an object into a mapping of `kind`; without a check for the keys, they are text."""

    def __init__(self, kind: Any, check_key: Check | None, check: Check) -> None:
        self._create = MAPPINGS[kind]
        self._check_key = check_key
        self._check = check

    def __call__(self, value: Any, where: str) -> Any:
        """Return the value of the type, or raise DataError."""
        check = self._check
        members = {key: check(member, member_path(where, key)) for key, member in instance(dict, value, where).items()}
        if self._check_key is not None:
            try:
                members = {_read_key(self._check_key, key, where): member for key, member in members.items()}
            except TypeError:  # a model that is not hashable
                raise DataError(where, "an object with plain keys", value) from None
        return members if self._create is dict else self._create(members)


def _read_key(check: Check, key: str, where: str) -> Any:
    """Read a key: its text is that of the value, or the JSON of a value that is not text, such as a number."""
    path = member_path(where, key)
    try:
        return check(key, path)
    except DataError as exc:
        expected = exc.expected
    try:
        return check(json_codec.loads_exact(key.encode()), path)
    except (DataError, ValueError):
        raise InvalidKeyError(path, expected) from None


def is_hashable(check: Check) -> bool:
    """Return whether the values of a check can be keys of a mapping, and JSON can have them as such."""
    if isinstance(check, UnionCheck):
        return all(is_hashable(member) for _, member in check.members)
    return not isinstance(check, CollectionCheck | TupleCheck | MappingCheck | Record)


class UnionCheck:
    """Reads a value of the first type that it matches.

    An object with members that the first matching record does not have may belong to a later one, so that records that
    have all members come first.

    Attributes:
        members: the types, each with its check; without None.

    """

    def __init__(self, members: list[tuple[Any, Check]], *, is_optional: bool) -> None:
        self.members = members
        self._is_optional = is_optional

    def __call__(self, value: Any, where: str) -> Any:
        """Return the value of the type, or raise DataError."""
        if value is None and self._is_optional:
            return None
        failures = []
        for _, check in self._candidates(value):
            try:
                return check(value, where)
            except DataError as exc:
                failures.append(exc)
        if len(failures) == 1:
            raise failures[0]
        names = [_shown(annotation) for annotation, _ in self.members] + ["null"] * self._is_optional
        raise DataError(where, " or ".join(names), value)

    def _candidates(self, value: Any) -> list[tuple[Any, Check]]:
        if not isinstance(value, dict):
            return self.members
        return sorted(
            self.members, key=lambda member: isinstance(member[1], Record) and not member[1].names >= value.keys()
        )


def _shown(annotation: Any) -> str:
    return NAMES.get(annotation, getattr(annotation, "__name__", None) or type_name(annotation))
