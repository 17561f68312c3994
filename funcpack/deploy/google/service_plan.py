"""The plan of a deployment to Cloud Run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from funcpack.deploy.google import bindings, operations, serving, traffic
from funcpack.deploy.google.revisions import STAGED, with_staged
from funcpack.deploy.google.service import CURRENT, EXISTS, IS_MISSING, SERVICE, SETTLED
from funcpack.deploy.google.service_body import service_body
from funcpack.deploy.google.service_changes import has_other_template
from funcpack.deploy.google.smoke import smoke_steps
from funcpack.deploy.plan.steps import Plan, Step
from funcpack.deploy.plan.values import Computed, Joined, answer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from funcpack.deploy.google.bindings import Binding
    from funcpack.deploy.google.image import Image
    from funcpack.deploy.google.service import Address
    from funcpack.deploy.plan.note import Note
    from funcpack.deploy.plan.smoke import Smoke
    from funcpack.deploy.plan.values import Received, Value
    from funcpack.deploy.settings.configuration import Configuration

CREATE = "create"
UPDATE = "update"
OPERATION = "operation"
PROMOTE = "promote"
PROMOTED = "promoted"

# A second rollback would go back further.
_RESUME_ROLLBACK = "Cloud Run goes on. To see which revision serves, run: funcpack describe"


@dataclass(frozen=True, slots=True)
class ServicePlan:
    """What is deployed, and how.

    `share` is the percentage of the traffic that the newest revision gets, and `health_path` the path that is called at the end, or
    None for a service without an address. `checks` are steps before the first that changes something.
    """

    address: Address
    configuration: Configuration
    image: Image
    share: int
    granted: Sequence[Binding]
    smoke: Smoke | None
    health_path: str | None
    is_awaited: bool
    note: Note
    checks: tuple[Step, ...] = ()

    def plan(self) -> Plan:
        """Return the steps, in order."""
        return Plan(
            (
                *self.image.before,
                self.address.read(self._note_new_service),
                self.address.settled(),
                *self.image.reads,
                *self.checks,
                *self.image.builds,
                *self._writes(),
                *(self._waits() if self.is_awaited or self.smoke or self.granted else ()),
                *(smoke_steps(self.smoke, self.address.url) if self.smoke else ()),
                *(self._promotion() if self.smoke else ()),
                *bindings.steps(self.address.url, self.granted),
                *(self._ends() if self.is_awaited else ()),
            )
        )

    def body(self, image: str | Value) -> dict[str, Any]:
        """Return the service without its traffic."""
        return service_body(self.configuration, image, self.image.source)

    def _writes(self) -> tuple[Step, Step]:
        updated = {
            **self.body(self.image.updated),
            "annotations": self._annotations(),
            "traffic": self._withheld() if self.smoke else self._scaled(),
        }
        create = f"{self.address.services}?serviceId={self.address.name}"
        return (
            Step(
                CREATE,
                f"Create the service {self.address.name}",
                "POST",
                create,
                self.body(self.image.created),
                condition=IS_MISSING,
                # Somebody has created it meanwhile: it is read again, and updated.
                on_conflict=SETTLED,
            ),
            Step(
                UPDATE,
                f"Update the service {self.address.name}",
                "PATCH",
                self.address.url,
                updated,
                condition=EXISTS,
            ),
        )

    def _waits(self) -> tuple[Step]:
        purpose = "Wait until the new revision is ready"
        return (operations.wait(OPERATION, (CREATE, UPDATE), self.address.api, purpose),)

    def _promotion(self) -> tuple[Step, Step]:
        """Return the steps that move the traffic after the request of --smoke."""
        body = {"traffic": self._scaled()}
        mask = f"{self.address.url}?updateMask=traffic"
        purpose = "Wait until the traffic has moved"
        return (
            Step(PROMOTE, "Move the traffic to the new revision", "PATCH", mask, body, condition=EXISTS),
            operations.wait(PROMOTED, PROMOTE, self.address.api, purpose, condition=EXISTS),
        )

    def _ends(self) -> list[Step]:
        operation = None if self.smoke else OPERATION
        return serving.steps(self.address, serving.newest(self.share), operation, self.health_path)

    def _annotations(self) -> Computed:
        configured = self.configuration.section("cloudrun").get("annotations", {})

        def compute(_: Any, service: Mapping[str, Any] | None) -> dict[str, str]:
            return with_staged(service or {}, configured)

        return Computed(answer(SERVICE, "annotations"), f"with {STAGED}", compute, (CURRENT,))

    def _scaled(self) -> Computed:
        def compute(_: Any, service: Mapping[str, Any] | None, image: str) -> list[dict[str, Any]]:
            return traffic.scaled(service or {}, self.share, is_new=self._is_new(service, image))

        return self._traffic(f"scaled to {100 - self.share}", compute)

    def _withheld(self) -> Computed:
        def compute(_: Any, service: Mapping[str, Any] | None, image: str) -> list[dict[str, Any]]:
            if not traffic.has_traffic(service or {}):
                return traffic.scaled(service or {}, 100, is_new=True)
            return traffic.withheld(service or {}, is_new=self._is_new(service, image))

        return self._traffic(f"and the tag {traffic.SMOKE_TAG}", compute)

    def _traffic(self, words: str, compute: Any) -> Computed:
        image = self.image.updated
        others = (CURRENT, Joined((image,)) if isinstance(image, str) else image)
        return Computed(answer(SERVICE, "trafficStatuses"), words, compute, others)

    def _is_new(self, service: Mapping[str, Any] | None, image: str) -> bool:
        """Return whether the update creates a revision. One that is not ready is not the newest yet."""
        service = service or {}
        ready, created = service.get("latestReadyRevision"), service.get("latestCreatedRevision")
        return ready != created or has_other_template(service, self.body(image))

    def _note_new_service(self, received: Received) -> None:
        if received.status != 404:
            return
        if self.share != 100:
            self.note("The service is new: its first revision gets 100 % of the traffic.")
        if self.smoke:
            self.note("The service is new: the request of --smoke is sent when the first revision serves already.")


def rollback_steps(address: Address, service: Mapping[str, Any], revision: str, path: str | None) -> Plan:
    """Return the plan that gives all traffic of a service to one of its revisions."""
    before = service.get("annotations") or {}
    annotations = with_staged(service, before)
    body = {
        "traffic": traffic.moved(service, revision),
        **({"annotations": annotations} if annotations != before else {}),
    }
    url = f"{address.url}?updateMask={','.join(body)}"
    return Plan(
        (
            Step(UPDATE, f"Move the traffic to {revision}", "PATCH", url, body),
            operations.wait(
                OPERATION, UPDATE, address.api, "Wait until the traffic has moved", resume=_RESUME_ROLLBACK
            ),
            *serving.steps(address, serving.only(revision), OPERATION, path),
        )
    )
