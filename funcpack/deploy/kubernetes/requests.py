"""The requests of a deployment: one for each manifest, by server-side apply."""

from __future__ import annotations

from typing import TYPE_CHECKING

from funcpack.deploy.kubernetes.answers import FAILURES, applied
from funcpack.deploy.kubernetes.resources import resource_of
from funcpack.deploy.kubernetes.workload import MANAGER
from funcpack.deploy.plan.steps import Plan, Step

if TYPE_CHECKING:
    from collections.abc import Iterable

    from funcpack.deploy.kubernetes.workload import Manifest

APPLY = {"Content-Type": "application/apply-patch+yaml"}
# The namespace of a plan without `--namespace`: the kubeconfig decides.
CURRENT_NAMESPACE = "<namespace>"


def apply_plan(manifests: Iterable[Manifest], namespace: str | None) -> Plan:
    """Return the plan that applies manifests in their order."""
    return Plan(tuple(apply_step(manifest, namespace or CURRENT_NAMESPACE) for manifest in manifests))


def apply_step(manifest: Manifest, namespace: str, *, force: bool = False) -> Step:
    """Return the request that creates or updates a resource. With `force`, fields of other managers are taken over.

    The second of two such requests finds what the first has applied, so it may be sent again.
    """
    kind, name = resource_of(manifest), manifest["metadata"]["name"]
    query = f"?fieldManager={MANAGER}" + ("&force=true" if force else "")
    return Step(
        key=f"{kind.shown}/{name}",
        purpose=f"Apply {kind.kind} {name}",
        method="PATCH",
        url=kind.path(namespace, name) + query,
        body=manifest,
        headers=APPLY,
        accepts=FAILURES,
        verify=applied(kind, name, namespace),
        is_idempotent=True,
    )
