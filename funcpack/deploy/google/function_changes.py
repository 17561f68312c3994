"""Compares a function on Cloud Functions with the resource that a deployment sends, and names the fields that an update sets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from funcpack.deploy.google.generations import REPLACED_LABEL, SOURCE_LABEL
from funcpack.deploy.plan.backend import Change
from funcpack.deploy.plan.values import at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from funcpack.deploy.google.generations import Generation

# Not fields of an update: the name, which identifies the function, and the generation, which cannot change.
_FIXED = {"name", "environment"}
# Empty, it only says that the function is called by HTTP: an update with it would reset the settings of the trigger.
_TRIGGER = "httpsTrigger"
# An update replaces these maps as a whole, so that what is only in the old one is removed.
_MAPS = ("nvironmentVariables", "labels")
# Google adds these to the maps, and each deployment the label of the version that it replaces.
_ADDED = {"LOG_EXECUTION_ID", REPLACED_LABEL}
_ADDED_PREFIX = "goog-"
_SOURCE = f"labels.{SOURCE_LABEL}"


@dataclass(frozen=True, slots=True)
class Changes:
    """What a deployment would change: fields that need a build, and others."""

    build: tuple[Change, ...]
    others: tuple[Change, ...]


def changes(generation: Generation, old: Mapping[str, Any], new: Mapping[str, Any]) -> Changes:
    """Return the fields of `new` that `old` has not, or has with another value, and those that an update empties."""
    found = [
        (needs_build(generation, field), change)
        for field in fields(generation, new)
        for change in _differences(field, at(old, field), at(new, field))
    ]
    return Changes(
        tuple(change for is_build, change in found if is_build or change.field == _SOURCE),
        tuple(change for is_build, change in found if not is_build and change.field != _SOURCE),
    )


def needs_build(generation: Generation, field: str) -> bool:
    """Check whether only a build puts a new value of a field into effect."""
    return field in generation.build or field.partition(".")[0] in generation.build


def fields(generation: Generation, resource: Mapping[str, Any]) -> list[str]:
    """Return the fields that an update sets to the values of a resource, those without a value included, in order."""
    found = set(generation.removed)
    for name, value in resource.items():
        found.update({f"{name}.{part}" for part in value} if name in generation.parts else {name})
    return sorted(field for field in found - _FIXED if field != _TRIGGER or resource[_TRIGGER])


def without_build(generation: Generation, resource: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an update sends that does not need a build."""
    return {name: value for name, value in resource.items() if name not in generation.build and name not in _FIXED}


def _differences(field: str, old: Any, new: Any) -> Iterator[Change]:
    if not old and not new:
        return
    if isinstance(new, Mapping) or (new is None and isinstance(old, Mapping)):
        before: Mapping[str, Any] = old if isinstance(old, Mapping) else {}
        wanted: Mapping[str, Any] = new or {}
        names = [*wanted, *_removed(before, wanted)] if field.endswith(_MAPS) else list(wanted)
        for name in sorted(names):
            yield from _differences(f"{field}.{name}", before.get(name), wanted.get(name))
    elif old != new:
        yield Change(field, old, new)


def _removed(before: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[str]:
    return [name for name in before if name not in wanted and name not in _ADDED and not name.startswith(_ADDED_PREFIX)]
