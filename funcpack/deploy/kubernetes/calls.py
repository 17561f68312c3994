"""Calls the function where it serves: by its address, or through the API server if the address cannot be reached from here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from funcpack.deploy.kubernetes.answers import message
from funcpack.deploy.kubernetes.pod import READY_PATH
from funcpack.deploy.plan.steps import Step
from funcpack.deploy.plan.values import at
from funcpack.deployment_errors import DeadlineError, NetworkError, UnansweredCallError

if TYPE_CHECKING:
    from funcpack.deploy.kubernetes.cluster import Cluster
    from funcpack.deploy.plan.values import Received

# 401, 403, 404 and 405 are answers, too: of a function that is private, or not ours.
STATUSES = frozenset(range(300, 600))
# Of proxies on the way, for example until they know the new pods.
UNAVAILABLE = frozenset({429, 502, 503, 504})
# Of the API server, until it knows the new pods. If it has no route to them, each attempt may take half a minute.
NO_ENDPOINTS = "no endpoints available"


def call_address(cluster: Cluster, url: str) -> None:
    """Call the health path of an address.

    Raises:
        UnreachableAddressError: It cannot be reached from here. Names of the cluster do not resolve outside of it.
        UnansweredCallError: It does not answer, or with a failure of the server.

    """
    _check(url, _answer(cluster, url, f"{url}{READY_PATH}", is_authorized=False))


def call_through_cluster(cluster: Cluster, path: str, name: str) -> str | None:
    """Call the health path of a Service or a pod through the proxy of the API server. Return why that is not possible, or None.

    `path` is that of the resource, and `name` what errors name.

    Raises:
        UnansweredCallError: The function does not answer, or with a failure of the server.

    """
    received = _answer(cluster, name, f"{path}/proxy{READY_PATH}", is_authorized=True)
    reason = refusal(received)
    if reason is None:
        _check(name, received)
    return reason


def refusal(received: Received) -> str | None:
    """Return why the API server has not passed a request on, or None if the function has answered."""
    body = received.body
    is_own = (at(body, "kind"), at(body, "apiVersion"), at(body, "code")) == ("Status", "v1", received.status)
    return message(received) if is_own else None


def _answer(cluster: Cluster, name: str, url: str, *, is_authorized: bool) -> Received:
    step = Step(
        "call", f"Call {name}", "GET", url, accepts=STATUSES, is_passing=_is_passing, is_authorized=is_authorized
    )
    try:
        return cluster.run(step)[step.key]
    except NetworkError as exc:
        if not exc.is_sent:
            raise
        raise UnansweredCallError(name, exc.reason) from exc
    except DeadlineError as exc:
        raise UnansweredCallError(name, f"no success within {exc.seconds:g} seconds") from exc


def _is_passing(received: Received) -> bool:
    reason = refusal(received)
    return received.status in UNAVAILABLE and (reason is None or NO_ENDPOINTS in reason)


def _check(name: str, received: Received) -> None:
    if received.status >= 500:
        text = " ".join(received.content.decode(errors="replace").split())[:200]
        raise UnansweredCallError(name, f"{READY_PATH} answers {received.status} {text}".rstrip())
