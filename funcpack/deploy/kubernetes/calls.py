"""Calls the function where it serves: by its address, or through the API server if the address is only known in the cluster."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx

from funcpack.deploy.kubernetes.answers import FAILURES
from funcpack.deploy.kubernetes.pod import READY_PATH
from funcpack.deploy.plan.steps import Poll, Step
from funcpack.deploy.plan.values import Received, at
from funcpack.deployment_errors import DeadlineError, UnansweredCallError

if TYPE_CHECKING:
    from funcpack.deploy.kubernetes.cluster import Cluster

SECONDS_TO_ANSWER = 5.0
ATTEMPTS = 10
UNAVAILABLE = frozenset({429, 502, 503, 504})
# A second request would add nothing: the proxy of the API server says itself that it does not reach the function.
NO_ROUTE = ("error trying to reach service", "no endpoints available")


@dataclass(frozen=True, slots=True)
class Call:
    """The result of a call. `status` is None if there was no answer, for the reason `text`."""

    status: int | None
    text: str = ""


def call_through_cluster(cluster: Cluster, path: str, url: str) -> Call:
    """Call the health path of a Service or a pod through the proxy of the API server, until it does not answer 5xx.

    `path` is that of the proxy, and `url` is what errors name.

    Raises:
        UnansweredCallError: Every answer of the function is a failure of the server.

    """
    attempts = 0

    def is_done(received: Received) -> bool:
        nonlocal attempts
        attempts += 1
        return received.status < 500 or attempts >= ATTEMPTS

    step = Step(
        "call",
        f"Call {url}",
        "GET",
        f"{path}/proxy{READY_PATH}",
        accepts=FAILURES | UNAVAILABLE | {401},
        poll=Poll(is_done, ""),
    )
    try:
        received = cluster.run(step)[step.key]
    except DeadlineError as exc:
        raise UnansweredCallError(url, f"no answer after {exc.seconds:g} seconds") from exc
    if reason := _refusal(received):
        return Call(None, reason)
    if received.status >= 500:
        raise UnansweredCallError(url, f"{READY_PATH} answers {received.status} {_text(received.body)}".rstrip())
    return Call(received.status)


def call_address(url: str) -> Call:
    """Call the health path of an address once. Names of the cluster do not resolve outside of it."""
    try:
        response = httpx.get(f"{url}{READY_PATH}", timeout=SECONDS_TO_ANSWER)
    except httpx.HTTPError as exc:
        return Call(None, str(exc) or type(exc).__name__)
    return Call(response.status_code, response.text)


def _refusal(received: Received) -> str | None:
    """Return why the API server itself does not pass a request on, or None if the function has answered."""
    if at(received.body, "kind") != "Status":
        return None
    message: str = at(received.body, "message") or ""
    is_refused = received.status in {403, 404} or any(text in message for text in NO_ROUTE)
    return " ".join(message.split()) if is_refused else None


def _text(body: Any) -> str:
    return " ".join(str(body or "").split())[:200]
