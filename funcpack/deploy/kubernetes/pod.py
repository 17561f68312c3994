"""The container of a function: what plain Deployments and Knative Services have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from funcpack.deploy.plan.values import at
from funcpack.deploy.settings.merging import by_name
from funcpack.deploy.settings.variables import check_names
from funcpack.deployment_errors import ConfigurationFieldError, MissingEntry

if TYPE_CHECKING:
    from collections.abc import Mapping

    from funcpack.deploy.kubernetes.workload import Manifest, Workload

# Lists of a configuration are merged by name, so that users reach the container under this name.
CONTAINER = "function"
PORT = 8080
READY_PATH = "/health/ready"
LIVE_PATH = "/health/live"

# A health check can take more than the default of one second while a large body is parsed on less than one CPU.
PROBE_TIMEOUT = 2

# How long a function and its hook `start()` may take, at least, before Kubernetes restarts the container.
START_SECONDS = 60


def probe(path: str, port: str | None, **timing: int) -> dict[str, Any]:
    """Return a probe of a health path. Knative requires probes without a port."""
    address = {"path": path, "port": port} if port else {"path": path}
    return {"httpGet": address, **timing, "timeoutSeconds": PROBE_TIMEOUT}


def container(workload: Workload, defaults: Mapping[str, str], ports: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the container without probes. The environment of the function replaces `defaults`."""
    described: dict[str, Any] = {
        "name": CONTAINER,
        "image": workload.image,
        # `kubectl describe pod` then shows the last lines of a function that failed to start.
        "terminationMessagePolicy": "FallbackToLogsOnError",
    }
    if environment := _environment(workload, defaults):
        described["env"] = environment
    return {
        **described,
        "ports": ports,
        # No limit of CPU: it would slow the function down even if the node is idle.
        "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "256Mi"}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
            "runAsNonRoot": True,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],  # noqa: S108 - the directory in the container
    }


def pod(container: Mapping[str, Any]) -> dict[str, Any]:
    """Return the specification of a pod with one container, which can write only to /tmp."""
    return {
        "automountServiceAccountToken": False,
        "containers": [dict(container)],
        "volumes": [{"name": "tmp", "emptyDir": {}}],
    }


def function_container(pod_spec: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the container of the function, next to which a configuration can add others, or None if it has replaced it."""
    return (by_name(pod_spec.get("containers")) or {}).get(CONTAINER)


def check_container(manifest: Manifest, backend: str, section: str, file: str | None) -> None:
    """Check that a section has not replaced the container of the function, nor set a variable of the platform.

    Raises:
        ConfigurationFieldError: It has.

    """
    path = f"{backend}.{section}.spec.template.spec.containers"
    described = function_container(at(manifest, "spec.template.spec") or {})
    if described is None:
        raise ConfigurationFieldError(file, [MissingEntry(path, "a container", CONTAINER)])
    variables = by_name(described.get("env")) or {}
    check_names({f"{path}[{CONTAINER}].env[{name}]": name for name in variables}, backend, file)


def _environment(workload: Workload, defaults: Mapping[str, str]) -> list[dict[str, Any]]:
    texts = [{"name": name, "value": value} for name, value in {**defaults, **workload.environment}.items()]
    secrets = [
        {"name": name, "valueFrom": {"secretKeyRef": {"name": reference.secret, "key": reference.key}}}
        for name, reference in workload.secrets.items()
    ]
    return [entry for entry in texts if entry["name"] not in workload.secrets] + secrets
