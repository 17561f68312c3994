"""Bounds the work of pydantic for recursive unions.

Pydantic tries every member of a union, unless it has a discriminator, and each reads the whole value. If the members are
recursive, the work is multiplied with each level of the data. JSON Schema tells how many members are tried.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

# Objects and lists that pydantic may read for one, and in addition for the whole data: some milliseconds.
_MOST_FOR_ONE = 32
_MOST = 8192


def is_ambiguous(value: Any, choices: int) -> bool:
    """Return whether pydantic may have too much work with JSON data, if `choices` members of a union read each object."""
    parts: list[tuple[Any, int]] = [(value, 1)] if isinstance(value, dict | list) else []
    work = 0
    for part, before in parts:  # it grows meanwhile
        readings = min(before * choices, _MOST) if isinstance(part, dict) else before
        work += readings
        members = part.values() if isinstance(part, dict) else part
        parts.extend((member, readings) for member in members if isinstance(member, dict | list))
    return work > _MOST + _MOST_FOR_ONE * len(parts)


def most_choices(schema: dict[str, Any]) -> int:
    """Return how many members of a recursive union may read the same value, by the JSON Schema of a type; at least 1."""
    definitions: dict[str, Any] = schema.get("$defs", {})
    most = 1
    for name, definition in definitions.items():
        for union in _unions(definition):
            recursive = [member for member in union if name in _reached(member, definitions)]
            kinds = [_kind(member, definitions) for member in recursive]
            most = max(most, kinds.count("object"), kinds.count("array"))
    return most


def _unions(node: Any) -> Iterator[list[Any]]:
    if isinstance(node, dict):
        if isinstance(node.get("anyOf"), list):
            yield node["anyOf"]
        node = list(node.values())
    if isinstance(node, list):
        for part in node:
            yield from _unions(part)


def _kind(member: dict[str, Any], definitions: dict[str, Any]) -> Any:
    """Return the JSON type that a member of a union reads; an object for a union, which may read one."""
    return definitions.get(_name(member), member).get("type", "object")


def _reached(node: Any, definitions: dict[str, Any]) -> set[str]:
    """Return the names of the definitions that a part of the schema leads to."""
    found: set[str] = set()
    waiting = [node]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            name = _name(part)
            if name in definitions and name not in found:
                found.add(name)
                waiting.append(definitions[name])
            waiting += part.values()
        elif isinstance(part, list):
            waiting += part
    return found


def _name(node: dict[str, Any]) -> str:
    return str(node.get("$ref", "")).rpartition("/")[2]
