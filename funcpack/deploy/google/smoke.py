"""Sends the saved request of `--smoke` to the new revision of a service, by the address of its tag."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from funcpack.deploy.google import traffic
from funcpack.deploy.google.service import current
from funcpack.deploy.google.serving import PRIVATE
from funcpack.deploy.plan.steps import Step
from funcpack.deploy.plan.values import Computed, Joined, answer
from funcpack.deployment_errors import PrivateSmokeError, SmokeError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from funcpack.deploy.plan.smoke import Smoke
    from funcpack.deploy.plan.values import Answers

TAGGED = "tagged"
SMOKE = "smoke"

# Google's, until the address of the tag is known everywhere.
_NOT_ROUTED = frozenset({404, 503})


def smoke_steps(smoke: Smoke, url: str) -> list[Step]:
    """Return the steps that ask a service, by its URL, for the address of the tag, and send the request there."""

    def review(answers: Answers) -> None:
        received = answers[SMOKE]
        try:
            smoke.check(received, is_first=current(answers).status == 404)
        except SmokeError as exc:
            if received.status not in PRIVATE or smoke.has_credentials:
                raise
            raise PrivateSmokeError(exc.file, exc.lines, exc.traffic, received.status) from exc

    address = Computed(
        answer(TAGGED, "trafficStatuses"), f"uri of {traffic.SMOKE_TAG}", _address, (answer(TAGGED, "uri"),)
    )
    return [
        Step(TAGGED, "Ask for the address of the new revision", "GET", url),
        replace(
            smoke.step(SMOKE, Joined((address, smoke.path))),
            review=review,
            is_passing=lambda received: received.status in _NOT_ROUTED - {smoke.expected_status},
        ),
    ]


def _address(statuses: Sequence[dict[str, Any]] | None, uri: str | None) -> str:
    """Return the address of the tag, or that of a service that is new."""
    tagged = (entry.get("uri") for entry in statuses or () if entry.get("tag") == traffic.SMOKE_TAG)
    return (next(tagged, None) or uri or "").rstrip("/")
