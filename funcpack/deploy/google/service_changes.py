"""Compares a service of Cloud Run with the one that a deployment sends, without what only the platform sets."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from funcpack.deploy.google.schemas import schema
from funcpack.deploy.plan.backend import Change
from funcpack.deploy.settings.merging import NAMES, by_name

if TYPE_CHECKING:
    from collections.abc import Iterator

# What the server fills in if a request leaves it out: the path of a field, and its value as a pattern.
_FILLED = tuple(
    (re.compile(path), re.compile(value))
    for path, value in (
        (r"(template\.)?(client|clientVersion|annotations\..*)", ".*"),
        (r"name|etag|traffic(\[.*)?|urls.*|iapEnabled|satisfiesPzs", ".*"),
        (r"(template\.)?labels\.(goog-.*|.*/.*|client\..*)", ".*"),
        (r"ingress", "INGRESS_TRAFFIC_ALL"),
        (r"launchStage", "GA"),
        (r"scaling\..*", ".*"),
        (r"template\.timeout", "300s"),
        (r"template\.maxInstanceRequestConcurrency", "80"),
        (r"template\.serviceAccount", r"[0-9]+-compute@developer\.gserviceaccount\.com"),
        (r"template\.scaling\.maxInstanceCount", ".*"),
        (r"template\.executionEnvironment", ".*"),
        (r"template\.containers\[.*\]\.name", ".*"),
        (r"template\.containers\[.*\]\.resources\.limits\.cpu", "1|1000m"),
        (r"template\.containers\[.*\]\.resources\.limits\.memory", "512Mi"),
        (r"template\.containers\[.*\]\.resources\.(cpuIdle|startupCpuBoost)", "True"),
        (r"template\.containers\[.*\]\.ports\[.*\]\.(name|containerPort)", "http1|8080"),
        (r"template\.containers\[.*\]\.startupProbe\..*", "240|1|8080"),
    )
)


def changes(service: Mapping[str, Any], wanted: Mapping[str, Any]) -> tuple[Change, ...]:
    """Return the fields that differ, by their paths. The traffic is not compared."""
    definitions = schema("Service")["$defs"]
    read_only = {name for name, field in definitions["Service"]["properties"].items() if field.get("readOnly")}
    ours = {name: value for name, value in service.items() if name not in read_only and name != "traffic"}
    theirs = {name: value for name, value in wanted.items() if name != "traffic"}
    return tuple(change for change in _differences("", ours, theirs) if not _is_filled(change))


def has_other_template(service: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Return whether a service gets a new revision by a request."""
    return any(change.field.startswith("template") for change in changes(service, wanted))


def _differences(path: str, old: Any, new: Any) -> Iterator[Change]:
    before, after = _parts(path, old), _parts(path, new)
    if before is None and after is None:
        # Numbers of 64 bits are texts in answers, and may be numbers in a configuration.
        if old != new and str(old) != str(new):
            yield Change(path, old, new)
    elif (before is None and old is not None) or (after is None and new is not None):
        yield Change(path, old, new)
    else:
        before, after = before or {}, after or {}
        if path.endswith("]") and len({*before, *after}) > 1:
            # The path has the name already, if the entry has one.
            before, after = (
                {key: value for key, value in parts.items() if not _is_name(path, key, value)}
                for parts in (before, after)
            )
        for key in dict.fromkeys([*after, *before]):
            yield from _differences(key, before.get(key), after.get(key))


def _parts(path: str, value: Any) -> dict[str, Any] | None:
    """Return the fields of an object, or the items of a list, by their paths. Items with a name have that as their key."""
    if isinstance(value, Mapping):
        return {f"{path}.{key}".lstrip("."): item for key, item in value.items()}
    if isinstance(value, list):
        # Containers have a name only if the user has given one; there is one of them.
        named = None if path.endswith(("containers", "ports")) else by_name(value)
        items = enumerate(value) if named is None else named.items()
        return {f"{path}[{key}]": item for key, item in items}
    return None


def _is_name(path: str, key: str, value: Any) -> bool:
    return key in {f"{path}.{field}" for field in NAMES} and path.endswith(f"[{value}]")


def _is_filled(change: Change) -> bool:
    return change.new is None and any(
        path.fullmatch(change.field) and value.fullmatch(str(change.old)) for path, value in _FILLED
    )
