"""Sends the saved request of `--smoke` to a revision, by its address or through a pod of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from funcpack.deploy.kubernetes.calls import refusal
from funcpack.deployment_errors import (
    DeadlineError,
    NetworkError,
    UnansweredSmokeError,
    UnknownOutcomeError,
    UnreachableAddressError,
    UnsentSmokeError,
)

if TYPE_CHECKING:
    from funcpack.deploy.kubernetes.cluster import Cluster
    from funcpack.deploy.plan.smoke import Smoke
    from funcpack.deploy.plan.values import Received

SMOKE = "smoke"
THROUGH_POD = "Send it to a pod, as the address of the revision cannot be reached from here"


def check_revision(cluster: Cluster, smoke: Smoke, address: str | None, pod: str | None, *, is_first: bool) -> None:
    """Send the request to a revision, and compare the answer.

    `address` is that of the revision, and `pod` the path of a pod, for addresses that cannot be reached from here.

    Raises:
        SmokeError: The answer is another one.
        UnansweredSmokeError: There is no answer.
        UnsentSmokeError: There is no way to the revision.

    """
    file, traffic = str(smoke.saved.file), smoke.traffic(is_first=is_first)
    try:
        received = _answer(cluster, smoke, address, pod)
    except _NoWayError as exc:
        raise UnsentSmokeError(file, str(exc), traffic) from exc
    except (NetworkError, UnknownOutcomeError) as exc:
        raise UnansweredSmokeError(file, exc.reason, traffic) from exc
    except DeadlineError as exc:
        raise UnansweredSmokeError(file, f"no answer within {exc.seconds:g} seconds", traffic) from exc
    smoke.check(received, is_first=is_first)


class _NoWayError(Exception):
    """The revision cannot be reached, for the reason that is the text."""


def _answer(cluster: Cluster, smoke: Smoke, address: str | None, pod: str | None) -> Received:
    if address is None:
        return _answer_of_pod(cluster, smoke, pod, "the revision has no address")
    try:
        return cluster.run(smoke.step(SMOKE, f"{address}{smoke.path}"))[SMOKE]
    except UnreachableAddressError as exc:
        return _answer_of_pod(cluster, smoke, pod, exc.found.rstrip("."))


def _answer_of_pod(cluster: Cluster, smoke: Smoke, pod: str | None, reason: str) -> Received:
    if pod is None:
        raise _NoWayError(f"{reason}, and no ready pod was found")
    if smoke.has_credentials:
        # It would be the credentials for the API server.
        raise _NoWayError(f"{reason}, and the API server does not pass the header Authorization on to a pod")
    step = replace(
        smoke.step(SMOKE, f"{pod}/proxy{smoke.path}"),
        purpose=THROUGH_POD,
        is_authorized=True,
    )
    received = cluster.run(step)[SMOKE]
    if refused := refusal(received):
        raise _NoWayError(f"{reason}, and {refused}")
    return received
