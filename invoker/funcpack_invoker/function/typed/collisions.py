"""Keeps the work of sets and dicts in proportion to their size.

Python's text has hashes that clients cannot foresee. The hash of a number is the number modulo 2**61 - 1: values with
the same hash, which are easy to find, are compared to each other one by one.
"""

from __future__ import annotations

from typing import Any

from funcpack_invoker.function.typed.errors import CollisionError

_MOST = 32


def check_hashes(values: list[Any]) -> None:
    """Reject values for a set or dict if more than a few different ones have the same hash.

    Raises:
        CollisionError: if there are too many.
        TypeError: if a value has no hash.

    """
    # Equal values have the same hash, too: only if there are many of either, they are told apart.
    if len(values) - len(set(map(hash, values))) < _MOST:
        return
    groups: dict[int, list[Any]] = {}
    for value in values:
        group = groups.setdefault(hash(value), [])
        if value not in group:
            group.append(value)
            if len(group) > _MOST:
                raise CollisionError(_MOST)
