"""Merges what the user wrote into what Funcpack would send."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def merged(base: Mapping[str, Any], section: Mapping[str, Any]) -> dict[str, Any]:
    """Return `base` with `section` merged in.

    Objects are merged key by key. Lists of objects that all have a `name`, such as containers or variables, are merged by name, in
    the order of `base`. Everything else of `section` replaces what `base` has.
    """
    return {**base, **{key: _merged(base.get(key), value) for key, value in section.items()}}


def _merged(base: Any, value: Any) -> Any:
    if isinstance(base, Mapping) and isinstance(value, Mapping):
        return merged(base, value)
    if _is_named(base) and _is_named(value):
        ours, theirs = ({item["name"]: item for item in items} for items in (base, value))
        return list(merged(ours, theirs).values())
    return value


def _is_named(value: Any) -> bool:
    """Return whether a value is a list of objects, each with a name of its own."""
    if not isinstance(value, list) or not all(isinstance(item, Mapping) and "name" in item for item in value):
        return False
    names = [item["name"] for item in value]
    return bool(names) and all(isinstance(name, str) for name in names) and len(set(names)) == len(names)
