"""The schemas of custom resources, from the CRDs of Knative's and TriggerMesh's releases that tools/schemas pins.

They are closed: a field that no schema names is an error, as `kubectl apply --validate=strict` reports it. The fields of Knative's
features that are off by default are not among them.
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, Any

import yaml

from tools import schema_modules

if TYPE_CHECKING:
    from pathlib import Path

CRDS = {
    "knative.dev/serving": "config/core/300-resources/*.yaml",
    "knative.dev/eventing": "config/core/resources/*.yaml",
    "github.com/triggermesh/triggermesh": "config/300-aws*source.yaml",
}
FEATURES = "config/core/configmaps/features.yaml"  # of serving, whose CRDs name the flags in their descriptions

Schema = dict[str, Any]


@functools.cache
def schemas() -> dict[tuple[str, str], Schema]:
    """Return the closed schema of each custom resource, by apiVersion and kind. Of metadata they say nothing."""
    found = {}
    features = _features_on_by_default(schema_modules.directory("knative.dev/serving") / FEATURES)
    for module, pattern in CRDS.items():
        for path in schema_modules.directory(module).glob(pattern):
            crd = yaml.safe_load(path.read_text())["spec"]
            for version in crd["versions"]:
                schema = _closed(version["schema"]["openAPIV3Schema"], features)
                schema["properties"] |= {"metadata": True, "apiVersion": True, "kind": True}
                found[f"{crd['group']}/{version['name']}", crd["names"]["kind"]] = schema
    return found


def _features_on_by_default(config_map: Path) -> frozenset[str]:
    """Return the feature flags that a cluster has on unless its operator decided otherwise."""
    # A config map of Knative has no data but an example, which spells the defaults out.
    defaults = yaml.safe_load(yaml.safe_load(config_map.read_text())["data"]["_example"])
    return frozenset(name for name, value in defaults.items() if value == "enabled")


def _closed(schema: Any, features: frozenset[str]) -> Any:
    """Return an OpenAPI schema as a JSON schema that names all the fields that an object may have."""
    if not isinstance(schema, dict):
        return schema
    if schema.get("x-kubernetes-int-or-string"):
        return {"type": ["integer", "string"]}
    closed = {key: _closed(value, features) for key, value in schema.items() if key != "properties"}
    if "properties" in schema:
        closed["properties"] = {
            name: _closed(value, features)
            for name, value in schema["properties"].items()
            if _feature_of(value) in {None, *features}
        }
        closed.setdefault("additionalProperties", False)
    return closed


def _feature_of(schema: Any) -> str | None:
    match = re.search(r"behind a feature flag - (\S+)", schema.get("description", ""))
    return match[1] if match else None
