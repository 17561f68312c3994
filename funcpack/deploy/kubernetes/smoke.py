"""Sends the saved request of `--smoke` to a revision, by its address or through a pod of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import httpx

from funcpack.deploy.plan.values import Received

if TYPE_CHECKING:
    from funcpack.deploy.kubernetes.cluster import Cluster
    from funcpack.deploy.plan.smoke import Smoke

SMOKE = "smoke"
THROUGH_POD = "Send it to a pod, as the address of the revision cannot be reached from here"
SECONDS_TO_ANSWER = 60.0


def check_revision(cluster: Cluster, smoke: Smoke, address: str | None, pod: str | None, *, is_first: bool) -> None:
    """Send the request to a revision, and compare the answer.

    `address` is that of the revision, and `pod` the path of a pod, for addresses that do not resolve here.

    Raises:
        SmokeError: The answer is another one.

    """
    smoke.check(_sent(smoke, address) or _sent_to_pod(cluster, smoke, pod), is_first=is_first)


def _sent(smoke: Smoke, address: str | None) -> Received | None:
    request = smoke.saved.request
    headers, body = request.encoded()
    content = None if body is None else body.read()
    try:
        response = httpx.request(
            request.method,
            f"{address}{request.path}",
            headers=list(headers),
            content=content,
            timeout=SECONDS_TO_ANSWER,
        )
    except (httpx.ConnectError, httpx.UnsupportedProtocol):
        return None
    return Received(
        response.status_code, {key.lower(): value for key, value in response.headers.items()}, None, response.content
    )


def _sent_to_pod(cluster: Cluster, smoke: Smoke, pod: str | None) -> Received:
    if pod is None:
        return Received(503, {}, None)
    step = replace(smoke.step(SMOKE, f"{pod}/proxy{smoke.path}"), purpose=THROUGH_POD)
    return cluster.run(step)[SMOKE]
