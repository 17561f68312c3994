"""Validates manifests against the real schemas: Kubernetes' own, and the CRDs of Knative's and TriggerMesh's releases in tools/schemas.

Both are closed: a field that no schema names is an error, as `kubectl apply --validate=strict` would have it.
"""

from __future__ import annotations

from typing import Any

import jsonschema
import kubernetes_validate  # type: ignore[import-untyped] # it has no stubs

from tools import custom_resources

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
    schema = custom_resources.schemas().get((manifest["apiVersion"], manifest["kind"]))
    if schema is None:
        raise InvalidManifestError(f"there is no {manifest['kind']} of {manifest['apiVersion']}")
    jsonschema.validate(manifest, schema)
