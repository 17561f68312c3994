"""A resource as the cluster has it, as a manifest that can be applied again with a change.

A patch of one field would belong to another manager than what was applied, although both are Funcpack's: the next deployment
would neither change nor remove it. So the fields that Funcpack has applied are applied again, with the change among them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from funcpack.deploy.kubernetes.ownership import NOTHING, Owned, field_of, owned_fields

if TYPE_CHECKING:
    from funcpack.deploy.kubernetes.workload import Manifest


def applicable(resource: Mapping[str, Any], changes: Mapping[str, Any]) -> Manifest:
    """Return a manifest of a resource with other values of fields of its `spec`."""
    owned, found = owned_fields(resource), resource["metadata"]
    metadata = {"name": found["name"], "namespace": found["namespace"]}
    metadata |= _kept(found, found, owned.get("f:metadata", NOTHING))
    spec = _kept({**resource["spec"], **changes}, resource["spec"], owned.get("f:spec", NOTHING))
    return {"apiVersion": resource["apiVersion"], "kind": resource["kind"], "metadata": metadata, "spec": spec}


def _kept(value: Any, live: Any, owned: Owned) -> Any:
    """Return the part of a value that Funcpack has applied, or that the resource does not have. The rest are defaults."""
    if not owned:
        return value
    if isinstance(value, Mapping):
        of_live = live if isinstance(live, Mapping) else {}
        return {
            key: _kept(entry, of_live.get(key), owned.get(f"f:{key}", {}))
            for key, entry in value.items()
            if f"f:{key}" in owned or entry != of_live.get(key)
        }
    if isinstance(value, list):
        return [kept for item in value if (kept := _kept_item(item, live, owned)) is not None]
    return value


def _kept_item(item: Any, live: Any, owned: Owned) -> Any:
    """Return the part of an item of a list to keep, or None. The lists here are those whose items have keys."""
    key = next((key for key in owned if field_of(key, [item])[1] is not None), None)
    if key is None:
        return None if isinstance(live, list) and item in live else item
    return _kept(item, field_of(key, live)[1], owned[key])
