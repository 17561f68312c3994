"""Writes the schemas of Kubernetes' and Knative's resources that the package contains: .venv/bin/python -m tools.kubernetes_schemas.

They come from the package kubernetes-validate and from the CRDs of Knative's releases, without the prose and without the resources
that no deployment has.
"""

from __future__ import annotations

import json
from importlib import resources
from typing import TYPE_CHECKING, Any

import kubernetes_validate  # type: ignore[import-untyped] # it has no stubs

from tools import custom_resources
from tools.google_schemas import text
from tools.places import ROOT

if TYPE_CHECKING:
    from pathlib import Path

SCHEMAS = ROOT / "funcpack" / "deploy" / "kubernetes" / "schemas"
KUBERNETES = (
    "apps.v1.Deployment",
    "autoscaling.v2.HorizontalPodAutoscaler",
    "core.v1.ConfigMap",
    "core.v1.PersistentVolumeClaim",
    "core.v1.Secret",
    "core.v1.Service",
    "policy.v1.PodDisruptionBudget",
)
KNATIVE = (
    ("eventing.knative.dev/v1", "Trigger"),
    ("serving.knative.dev/v1", "Service"),
    ("sources.knative.dev/v1", "ApiServerSource"),
    ("sources.knative.dev/v1", "ContainerSource"),
    ("sources.knative.dev/v1", "PingSource"),
    ("sources.knative.dev/v1", "SinkBinding"),
)
METADATA = "meta.v1.ObjectMeta"

# The API server alone sets them, though its schema does not say so.
_OUTPUTS = {
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "generation",
    "managedFields",
    "resourceVersion",
    "selfLink",
    "uid",
}
_KEPT = {
    "additionalProperties",
    "enum",
    "items",
    "maximum",
    "minimum",
    "oneOf",
    "pattern",
    "properties",
    "required",
    "type",
    "$ref",
    "format",
}
_FORMATS = {"int32", "int64"}
Schema = dict[str, Any]


def files() -> dict[Path, str]:
    """Return the text of each file."""
    kubernetes = _kubernetes_definitions()
    knative = {_name(*resource): _knative(*resource) for resource in KNATIVE}
    return {
        SCHEMAS / "kubernetes.json": text({"$defs": _closure(kubernetes, KUBERNETES)}),
        SCHEMAS / "knative.json": text({"$defs": {**_closure(kubernetes, (METADATA,)), **knative}}),
    }


def _kubernetes_definitions() -> Schema:
    version = kubernetes_validate.latest_version()
    directory = resources.files(kubernetes_validate) / "kubernetes-json-schema" / f"v{version}-local-strict"
    definitions = json.loads((directory / "_definitions.json").read_bytes())["$defs"]
    return {_short(name): definition for name, definition in definitions.items()}


def _knative(api_version: str, kind: str) -> Schema:
    schema: Schema = _trimmed(custom_resources.schemas()[api_version, kind])
    fixed = {"apiVersion": {"enum": [api_version]}, "kind": {"enum": [kind]}, "status": {"readOnly": True}}
    return {**schema, "properties": {**schema["properties"], **fixed, "metadata": {"$ref": f"#/$defs/{METADATA}"}}}


def _closure(definitions: Schema, roots: tuple[str, ...]) -> Schema:
    """Return definitions with those that they refer to."""
    found: Schema = {}
    names = list(roots)
    while names:
        name = names.pop()
        if name not in found:
            found[name] = _definition(name, definitions[name])
            names += _references(found[name])
    return found


def _definition(name: str, schema: Schema) -> Schema:
    trimmed: Schema = _trimmed(schema)
    properties = trimmed.get("properties", {})
    outputs = _OUTPUTS if name == METADATA else {"status"} if "apiVersion" in properties else set()
    for output in outputs & properties.keys():
        properties[output] = {"readOnly": True}
    return trimmed


def _trimmed(schema: Any) -> Any:
    """Return a schema without the keywords that nothing checks."""
    if not isinstance(schema, dict):
        return schema
    if schema.get("x-kubernetes-preserve-unknown-fields") and "properties" not in schema:
        return {"type": "object"}
    kept = {key: value for key, value in schema.items() if key in _KEPT}
    for key in kept.keys() & {"items", "additionalProperties"}:
        kept[key] = _trimmed(kept[key])
    if "properties" in kept:
        kept["properties"] = {name: _trimmed(value) for name, value in kept["properties"].items()}
    if "oneOf" in kept:
        # A number or a text.
        kept["type"] = [kind for one in kept.pop("oneOf") for kind in one["type"] if kind != "null"]
    if kept.get("format") not in _FORMATS:
        kept.pop("format", None)
    if "$ref" in kept:
        kept["$ref"] = f"#/$defs/{_short(kept['$ref'])}"
    return kept


def _references(schema: Any) -> list[str]:
    if isinstance(schema, list):
        return [name for item in schema for name in _references(item)]
    if not isinstance(schema, dict):
        return []
    own = [schema["$ref"].removeprefix("#/$defs/")] if isinstance(schema.get("$ref"), str) else []
    return own + [name for value in schema.values() for name in _references(value)]


def _short(name: str) -> str:
    """Return the end of a definition's name: the group, the version and the kind."""
    return ".".join(name.rpartition("/")[2].split(".")[-3:])


def _name(api_version: str, kind: str) -> str:
    group, _, version = api_version.rpartition("/")
    return f"{group.partition('.')[0]}.{version}.{kind}"


if __name__ == "__main__":
    SCHEMAS.mkdir(exist_ok=True)
    for path, content in files().items():
        path.write_text(content)
