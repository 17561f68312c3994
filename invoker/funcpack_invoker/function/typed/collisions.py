"""Keeps the work of sets and dicts in proportion to their size.

Python's text has hashes that clients cannot foresee. The hash of a number is the number modulo 2**61 - 1: values with
the same hash, which are easy to find, are compared to each other one by one. Clients can also choose numbers with
different hashes so that Python finds a place for each only after it has looked at the places of most others.
"""

from __future__ import annotations

from typing import Any

from funcpack_invoker.function.typed.errors import CollisionError, TooManyMembersError

_MOST_ALIKE = 32

# The worst numbers take a few microseconds each in a dict of this size, about as long as it takes to read them.
_MOST_FORESEEN = 10_000


def check_hashes(values: list[Any]) -> None:
    """Reject values for a set or dict if there may be too many with hashes that collide.

    Raises:
        TooManyMembersError: if too many values have hashes that a client can foresee.
        CollisionError: if more than a few different ones have the same hash.
        TypeError: if a value has no hash.

    """
    if len(values) > _MOST_FORESEEN:
        foreseen = sum(type(value) is not str for value in values)
        if foreseen > _MOST_FORESEEN:
            raise TooManyMembersError(_MOST_FORESEEN, foreseen)
    # Equal values have the same hash, too: only if there are many of either, they are told apart.
    if len(values) - len(set(map(hash, values))) < _MOST_ALIKE:
        return
    groups: dict[int, list[Any]] = {}
    for value in values:
        group = groups.setdefault(hash(value), [])
        if value not in group:
            group.append(value)
            if len(group) > _MOST_ALIKE:
                raise CollisionError(_MOST_ALIKE)


def unhashable(values: list[Any]) -> int:
    """Return the index of the first value that has no hash."""
    for index, value in enumerate(values):
        try:
            hash(value)
        except TypeError:
            return index
    raise ValueError("all values have a hash")
