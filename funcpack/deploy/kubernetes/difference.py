"""What a deployment would change: the fields that it sends, and those that it sent before and now leaves out.

Fields that the cluster or others fill in are no difference. See
https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from funcpack.deploy.kubernetes.ownership import NOTHING, field_of, owned_fields
from funcpack.deploy.plan.backend import Change
from funcpack.deploy.settings.merging import NAMES, by_name

if TYPE_CHECKING:
    from collections.abc import Iterator

# What Knative fills in where it is left out.
FILLED = frozenset(
    {"failureThreshold", "successThreshold", "periodSeconds", "timeoutSeconds", "port", "protocol", "resources"}
)

_QUANTITY = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:(m|k|Ki|[MGTPE]i?)|[eE]([0-9]+))?")
_UNITS = {"m": Decimal("0.001"), "k": Decimal(1000), "Ki": Decimal(1024)} | {
    name + suffix: Decimal(base ** (power + 2))
    for power, name in enumerate("MGTPE")
    for suffix, base in (("", 1000), ("i", 1024))
}


def changes(manifest: Mapping[str, Any], found: Mapping[str, Any] | None, prefix: str) -> Iterator[Change]:
    """Return the changes of one resource, or all its fields if it does not exist. `prefix` begins their paths."""
    for field in ("metadata", "spec"):
        path = f"{prefix}.{field}"
        yield from _sent(path, manifest[field], None if found is None else found.get(field))
        if found:
            yield from _left_out(
                path, owned_fields(found).get(f"f:{field}", NOTHING), manifest[field], found.get(field)
            )


def _sent(path: str, new: Any, old: Any) -> Iterator[Change]:
    """Return the changes of what is sent."""
    if isinstance(new, Mapping) and isinstance(old, Mapping | None):
        if not new and old is None:
            yield Change(path, None, {})
        for key, value in new.items():
            yield from _sent(f"{path}.{key}", value, (old or {}).get(key))
    elif (entries := by_name(new)) is not None and (old_entries := by_name(old or [])) is not None:
        for name, entry in entries.items():
            # The path has the name already.
            values = {key: value for key, value in entry.items() if key not in NAMES or value != name} or entry
            yield from _sent(f"{path}[{name}]", values, old_entries.get(name))
    elif isinstance(new, list) and isinstance(old, list) and len(new) == len(old):
        for index, (new_entry, old_entry) in enumerate(zip(new, old, strict=True)):
            yield from _sent(f"{path}[{index}]", new_entry, old_entry)
    elif not _is_same(new, old):
        yield Change(path, old, new)


def _left_out(path: str, owned: Mapping[str, Any], new: Any, old: Any) -> Iterator[Change]:
    """Return the changes of what Funcpack has applied before, and does not send any more."""
    if not owned:
        yield from _left_out_of_whole(path, new, old)
    for key, below in owned.items():
        shown, old_value = field_of(key, old)
        _, new_value = field_of(key, new)
        if old_value is not None and new_value is None:
            yield Change(f"{path}{shown}", old_value, None)
        elif old_value is not None:
            yield from _left_out(f"{path}{shown}", below, new_value, old_value)


def _left_out_of_whole(path: str, new: Any, old: Any) -> Iterator[Change]:
    """Return the changes of a value that is owned as a whole, as the containers of a Knative Service are."""
    old_entries, entries = by_name(old), by_name(new)
    if old_entries is not None and entries is not None:
        pairs = [(f"[{name}]", entry, entries.get(name)) for name, entry in old_entries.items()]
    elif isinstance(old, Mapping) and isinstance(new, Mapping):
        pairs = [(f".{key}", value, new.get(key)) for key, value in old.items() if key not in FILLED]
    else:
        return
    for shown, old_value, new_value in pairs:
        if new_value is None:
            yield Change(f"{path}{shown}", old_value, None)
        else:
            yield from _left_out_of_whole(f"{path}{shown}", new_value, old_value)


def _is_same(new: Any, old: Any) -> bool:
    """Return whether two values mean the same: the cluster writes `1000m` of CPU as `1`."""
    if isinstance(new, bool) or isinstance(old, bool):
        return new is old
    if new == old:
        return True
    amount = _amount(new)
    return amount is not None and amount == _amount(old)


def _amount(value: Any) -> Decimal | None:
    """Return the amount of a quantity. See https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/."""
    match = _QUANTITY.fullmatch(str(value)) if isinstance(value, str | int | float) else None
    if match is None:
        return None
    return Decimal(match[1]) * _UNITS.get(match[2] or "", Decimal(1)) * Decimal(10) ** int(match[3] or 0)
