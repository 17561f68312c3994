"""Marks a revision that is ready, but has not served: a rollback does not choose it.

Knative keeps no record of that. A revision that only a tag has addressed looks like one that had traffic before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from funcpack.deploy.kubernetes.resources import REVISION
from funcpack.deploy.plan.steps import Step

if TYPE_CHECKING:
    from collections.abc import Mapping

STAGED = "funcpack-staged"
MERGE = {"Content-Type": "application/merge-patch+json"}


def is_staged(revision: Mapping[str, Any]) -> bool:
    """Return whether a revision has the mark."""
    return STAGED in revision["metadata"].get("annotations", {})


def staged_step(namespace: str, revision: str) -> Step:
    """Return the request that marks a revision."""
    return _step(f"Mark Revision {revision}, which has no traffic yet", namespace, revision, "true")


def served_step(namespace: str, revision: str) -> Step:
    """Return the request that removes the mark."""
    return _step(f"Remove the mark of Revision {revision}", namespace, revision, None)


def _step(purpose: str, namespace: str, revision: str, value: str | None) -> Step:
    return Step(
        "mark",
        purpose,
        "PATCH",
        REVISION.path(namespace, revision),
        {"metadata": {"annotations": {STAGED: value}}},
        MERGE,
        is_idempotent=True,
    )
