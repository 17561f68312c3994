"""The fields of a resource that Funcpack has applied.

See https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management and, for the format `fieldsV1`,
https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/object-meta/#System.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, TypeAlias

from funcpack.deploy.kubernetes.workload import MANAGER

# A tree with a key for each field. A field without keys below is owned as a whole.
Owned: TypeAlias = Mapping[str, Any]

# No field is owned, as in a resource that others have applied.
NOTHING: Owned = {".": {}}


def owned_fields(resource: Mapping[str, Any]) -> Owned:
    """Return the fields that Funcpack has applied, as `fieldsV1`."""
    entries = resource["metadata"].get("managedFields", ())
    applied = (entry for entry in entries if (entry["manager"], entry["operation"]) == (MANAGER, "Apply"))
    return next((entry.get("fieldsV1", {}) for entry in applied), {})


def field_of(key: str, value: Any) -> tuple[str, Any]:
    """Return what a key means in a value: a path such as `.spec` or `[function]`, and the field or the item there, or None."""
    kind, _, name = key.partition(":")
    if kind == "f":
        return f".{name}", value.get(name) if isinstance(value, Mapping) else None
    if kind == "k":
        keys: dict[str, Any] = json.loads(name)
        return f"[{next(iter(keys.values()))}]", _item(value, keys)
    return "", None


def _item(items: Any, keys: Mapping[str, Any]) -> Any:
    """Return the item of a list with these keys, of which a manifest may leave out those with a default."""
    matches = (item for item in items or () if all(item.get(key, value) == value for key, value in keys.items()))
    return next(matches, None)
