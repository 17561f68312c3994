"""Merges what the user wrote into what Funcpack would send."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# Of the fields of each of these sets, the APIs accept one in an object: in a probe, a variable, a volume, a disruption budget and a
# destination of events.
ALTERNATIVES = (
    frozenset({"httpGet", "exec", "tcpSocket", "grpc"}),
    frozenset({"value", "valueFrom", "valueSource"}),
    frozenset(
        {
            "emptyDir",
            "configMap",
            "secret",
            "persistentVolumeClaim",
            "ephemeral",
            "csi",
            "projected",
            "hostPath",
            "nfs",
            "gcs",
            "cloudSqlInstance",
        }
    ),
    frozenset({"minAvailable", "maxUnavailable"}),
    frozenset({"ref", "uri"}),
)

# The fields that identify an entry of a list. That of a mount is its path: its `name` is that of a volume, which can be mounted
# several times.
NAMES = ("mountPath", "name")


def merged(base: Mapping[str, Any], section: Mapping[str, Any]) -> dict[str, Any]:
    """Return `base` with `section` merged in.

    Objects are merged key by key. A field of `section` also replaces its alternatives. Lists whose entries have names, such as
    containers or variables, are merged by name, in the order of `base`. Everything else of `section` replaces what `base` has.
    """
    replaced = _alternatives(base, section)
    return _by_key({key: value for key, value in base.items() if key not in replaced}, section)


def by_name(value: Any) -> dict[str, Mapping[str, Any]] | None:
    """Return the entries of a list by their names, or None if the value is not a list of objects with different names."""
    if not isinstance(value, list):
        return None
    names = [name_of(entry) for entry in value]
    if not all(isinstance(name, str) for name in names) or len(set(names)) < len(names):
        return None
    return dict(zip(names, value, strict=True))


def name_of(entry: Any) -> Any:
    """Return what identifies an entry of a list, or None."""
    if not isinstance(entry, Mapping) or "name" not in entry:
        return None
    return next(entry[field] for field in NAMES if field in entry)


def _merged(base: Any, value: Any) -> Any:
    if isinstance(base, Mapping) and isinstance(value, Mapping):
        return merged(base, value)
    ours, theirs = by_name(base), by_name(value)
    if ours and theirs:
        return list(_by_key(ours, theirs).values())
    return value


def _by_key(base: Mapping[str, Any], section: Mapping[str, Any]) -> dict[str, Any]:
    return {**base, **{key: _merged(base.get(key), value) for key, value in section.items()}}


def _alternatives(base: Mapping[str, Any], section: Mapping[str, Any]) -> set[str]:
    """Return the fields that those of a section replace."""
    # The keys of an object of texts, such as labels or variables, are names that the user has chosen.
    if all(isinstance(value, str) for value in (*base.values(), *section.values())):
        return set()
    return {field for group in ALTERNATIVES if group & section.keys() for field in group - section.keys()}
