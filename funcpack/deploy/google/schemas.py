"""The schemas of Google's resources. `tools.google_schemas` writes their files."""

from __future__ import annotations

import functools
import json
from importlib import resources
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_FILES = {
    "CloudFunction": "cloudfunctions.v1",
    "Function": "cloudfunctions.v2",
    "Service": "run.v2",
    "RevisionTemplate": "run.v2",
    "Container": "run.v2",
    "Policy": "run.v2",
    "Build": "cloudbuild.v1",
    "Repository": "artifactregistry.v1",
}

# Fields of a function of the first generation, and what they are in the second.
FIRST_GENERATION_FIELDS: Mapping[str, str] = {
    "availableMemoryMb": "serviceConfig.availableMemory",
    "buildEnvironmentVariables": "buildConfig.environmentVariables",
    "buildServiceAccount": "buildConfig.serviceAccount",
    "buildWorkerPool": "buildConfig.workerPool",
    "dockerRegistry": "buildConfig.dockerRegistry",
    "dockerRepository": "buildConfig.dockerRepository",
    "entryPoint": "buildConfig.entryPoint",
    "environmentVariables": "serviceConfig.environmentVariables",
    "ingressSettings": "serviceConfig.ingressSettings",
    "maxInstances": "serviceConfig.maxInstanceCount",
    "minInstances": "serviceConfig.minInstanceCount",
    "runtime": "buildConfig.runtime",
    "secretEnvironmentVariables": "serviceConfig.secretEnvironmentVariables",
    "secretVolumes": "serviceConfig.secretVolumes",
    "serviceAccountEmail": "serviceConfig.serviceAccountEmail",
    "sourceRepository": "buildConfig.source.repoSource",
    "sourceToken": "buildConfig.sourceToken",
    "timeout": "serviceConfig.timeoutSeconds",
    "vpcConnector": "serviceConfig.vpcConnector",
    "vpcConnectorEgressSettings": "serviceConfig.vpcConnectorEgressSettings",
}


def schema(resource: str) -> Mapping[str, Any]:
    """Return the JSON Schema of a resource: `CloudFunction` (first generation), `Function` (second), or one of Cloud Run's."""
    return {"$ref": f"#/$defs/{resource}", **_definitions(_FILES[resource])}


@functools.cache
def _definitions(file: str) -> Mapping[str, Any]:
    path = resources.files("funcpack.deploy.google") / "schemas" / f"{file}.json"
    definitions: Mapping[str, Any] = json.loads(path.read_bytes())
    return definitions
