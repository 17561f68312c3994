"""What a deployment would change: the fields that it sends, and those that it sent before and now leaves out.

Fields that the cluster or others fill in are no difference. See
https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from funcpack.deploy.kubernetes.workload import MANAGER
from funcpack.deploy.plan.backend import Change

if TYPE_CHECKING:
    from collections.abc import Iterator

_QUANTITY = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:(m|k|Ki|[MGTPE]i?)|[eE]([0-9]+))?")
_UNITS = {"m": Decimal("0.001"), "k": Decimal(1000), "Ki": Decimal(1024)} | {
    name + suffix: Decimal(base ** (power + 2))
    for power, name in enumerate("MGTPE")
    for suffix, base in (("", 1000), ("i", 1024))
}


def changes(manifest: Mapping[str, Any], found: Mapping[str, Any] | None) -> Iterator[Change]:
    """Return the changes of one resource, or all its fields if it does not exist."""
    prefix = manifest["kind"]
    for field in ("metadata", "spec"):
        path = f"{prefix}.{field}"
        yield from _sent(path, manifest[field], None if found is None else found.get(field))
        if found:
            yield from _left_out(path, _owned(found).get(f"f:{field}", {}), manifest[field], found.get(field))


def _sent(path: str, new: Any, old: Any) -> Iterator[Change]:
    """Return the changes of what is sent."""
    if isinstance(new, Mapping) and (new or old is None) and isinstance(old, Mapping | None):
        if not new:
            yield Change(path, None, {})
        for key, value in new.items():
            yield from _sent(f"{path}.{key}", value, (old or {}).get(key))
    elif _is_named(new) and (old is None or _is_named(old)):
        entries = {entry["name"]: entry for entry in old or ()}
        for entry in new:
            yield from _sent(f"{path}[{entry['name']}]", entry, entries.get(entry["name"]))
    elif isinstance(new, list) and isinstance(old, list) and len(new) == len(old):
        for index, (new_entry, old_entry) in enumerate(zip(new, old, strict=True)):
            yield from _sent(f"{path}[{index}]", new_entry, old_entry)
    elif not _is_same(new, old):
        yield Change(path, old, new)


def _left_out(path: str, owned: Mapping[str, Any], new: Any, old: Any) -> Iterator[Change]:
    """Return the changes of what Funcpack has applied before, and does not send any more."""
    if not owned and _is_named(old) and _is_named(new):  # a list that is replaced as a whole
        kept = {entry["name"] for entry in new}
        yield from (Change(f"{path}[{entry['name']}]", entry, None) for entry in old if entry["name"] not in kept)
    for key, below in owned.items():
        shown, old_value, new_value = _child(key, old, new)
        if old_value is not None and new_value is None:
            yield Change(f"{path}{shown}", old_value, None)
        elif old_value is not None:
            yield from _left_out(f"{path}{shown}", below, new_value, old_value)


def _child(key: str, old: Any, new: Any) -> tuple[str, Any, Any]:
    """Return the path and the values of an entry of `fieldsV1`: `f:` and a field, or `k:` and the keys of an item of a list."""
    kind, _, name = key.partition(":")
    if kind == "f":
        return f".{name}", _field(old, name), _field(new, name)
    if kind == "k":
        keys: dict[str, Any] = json.loads(name)
        return f"[{next(iter(keys.values()))}]", _item(old, keys), _item(new, keys)
    return "", None, None


def _field(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, Mapping) else None


def _item(items: Any, keys: Mapping[str, Any]) -> Any:
    """Return the item of a list with these keys, of which a manifest may leave out those with a default."""
    matches = (item for item in items or () if all(item.get(key, value) == value for key, value in keys.items()))
    return next(matches, None)


def _owned(found: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the fields that Funcpack has applied, as `fieldsV1`."""
    entries = found["metadata"].get("managedFields", ())
    applied = (entry for entry in entries if (entry["manager"], entry["operation"]) == (MANAGER, "Apply"))
    return next((entry.get("fieldsV1", {}) for entry in applied), {})


def _is_named(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(entry, Mapping) and "name" in entry for entry in value)


def _is_same(new: Any, old: Any) -> bool:
    """Return whether two values mean the same: the cluster writes `1000m` of CPU as `1`."""
    if new == old:
        return True
    if isinstance(new, bool) or isinstance(old, bool) or new is None or old is None:
        return False
    amount = _amount(new)
    return amount is not None and amount == _amount(old)


def _amount(value: Any) -> Decimal | None:
    """Return the amount of a quantity. See https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/."""
    match = _QUANTITY.fullmatch(str(value)) if isinstance(value, str | int | float) else None
    if match is None:
        return None
    return Decimal(match[1]) * _UNITS.get(match[2] or "", Decimal(1)) * Decimal(10) ** int(match[3] or 0)
