"""The image of a service: one that exists, or one that is built by the same plan."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from funcpack.deploy.plan.steps import Condition, Step
    from funcpack.deploy.plan.values import Value


@dataclass(frozen=True, slots=True)
class Image:
    """An image by its digest, and the steps that make it known.

    `created` is the image of a new service, `updated` that of an existing one, which may have it already. `before` are steps
    before the service is read; `reads` and `builds` come after it, and permissions are tested between them. If the image
    is built, `source` is the hash of its source, and `is_outdated` the condition that the service has another image.
    """

    created: str | Value
    updated: str | Value
    before: tuple[Step, ...] = ()
    reads: tuple[Step, ...] = ()
    builds: tuple[Step, ...] = ()
    source: str | None = None
    is_outdated: Condition | None = None
