"""Validates manifests against the real schemas: Kubernetes' own, and the CRDs of Knative's and TriggerMesh's releases in tools/schemas.

Both are closed: a field that no schema names is an error, as `kubectl apply --validate=strict` would have it.
"""

from __future__ import annotations

import functools
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate  # type: ignore[import-untyped] # it has no stubs
import yaml

from tools.places import ROOT

SCHEMAS_MODULE = ROOT / "tools" / "schemas"
CRDS = {
    "knative.dev/serving": "config/core/300-resources/*.yaml",
    "knative.dev/eventing": "config/core/resources/*.yaml",
    "github.com/triggermesh/triggermesh": "config/300-aws*source.yaml",
}
FEATURES = "config/core/configmaps/features.yaml"  # of serving, whose CRDs name the flags in their descriptions

Manifest = dict[str, Any]


class InvalidManifestError(Exception):
    """A manifest that a cluster would refuse, or would silently take something out of."""


def validate(manifest: Manifest) -> None:
    """Check one manifest.

    Raises:
        InvalidManifestError: when it has a field that does not exist, lacks one, or has one of another type.

    """
    group = manifest["apiVersion"].partition("/")[0]
    try:
        if group.endswith(("knative.dev", "triggermesh.io")):
            _validate_custom(manifest)
        else:
            _validate_core(manifest)
    except (jsonschema.ValidationError, kubernetes_validate.ValidationError) as exc:
        raise InvalidManifestError(f"{exc.json_path}: {exc.message}") from exc


def _validate_core(manifest: Manifest) -> None:
    kubernetes_validate.validate(manifest, kubernetes_validate.latest_version(), strict=True)


def _validate_custom(manifest: Manifest) -> None:
    # A CRD says of metadata only that it is an object; it is the same as that of any other resource.
    _validate_core({"apiVersion": "v1", "kind": "ConfigMap", "metadata": manifest["metadata"]})
    schema = _custom_schemas().get((manifest["apiVersion"], manifest["kind"]))
    if schema is None:
        raise InvalidManifestError(f"there is no {manifest['kind']} of {manifest['apiVersion']}")
    jsonschema.validate(manifest, schema)


@functools.cache
def _custom_schemas() -> dict[tuple[str, str], Any]:
    """Give the closed schema of every custom resource, by apiVersion and kind."""
    schemas = {}
    features = _features_on_by_default(_module_directory("knative.dev/serving") / FEATURES)
    for module, pattern in CRDS.items():
        for path in _module_directory(module).glob(pattern):
            crd = yaml.safe_load(path.read_text())["spec"]
            for version in crd["versions"]:
                schema = _closed(version["schema"]["openAPIV3Schema"], features)
                schema["properties"] |= {"metadata": True, "apiVersion": True, "kind": True}
                schemas[f"{crd['group']}/{version['name']}", crd["names"]["kind"]] = schema
    return schemas


def _module_directory(module: str) -> Path:
    command = ["go", "mod", "download", "-json", module]
    done = subprocess.run(command, cwd=SCHEMAS_MODULE, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return Path(json.loads(done.stdout)["Dir"])


def _features_on_by_default(config_map: Path) -> frozenset[str]:
    """Give the feature flags that a cluster has on unless its operator decided otherwise."""
    # A config map of Knative has no data but an example, which spells the defaults out.
    defaults = yaml.safe_load(yaml.safe_load(config_map.read_text())["data"]["_example"])
    return frozenset(name for name, value in defaults.items() if value == "enabled")


def _closed(schema: Any, features: frozenset[str]) -> Any:
    """Give an OpenAPI schema as a JSON schema that names all the fields that an object may have."""
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
