"""Sends the kept request of `--smoke` to a revision, by its address or through a pod of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx

from funcpack.deploy.google.service import SERVICE
from funcpack.deploy.google.smoke import SMOKE, Smoke
from funcpack.deploy.plan.steps import Content, Step
from funcpack.deploy.plan.values import Received

if TYPE_CHECKING:
    from pathlib import Path

    from funcpack.deploy.kubernetes.cluster import Cluster

SECONDS_TO_ANSWER = 60.0
# Every status is an answer, which is compared.
STATUSES = frozenset(range(300, 600))


def check_revision(cluster: Cluster, file: Path, address: str | None, pod: str | None, *, is_first: bool) -> None:
    """Send the request in a file to a revision, and compare the answer.

    `address` is that of the revision, and `pod` the path of a pod, for addresses that do not resolve here.

    Raises:
        SmokeError: The answer is another one.

    """
    smoke = Smoke.read(file)
    received = _sent(smoke, address) or _sent_to_pod(cluster, smoke, pod)
    smoke.review({SMOKE: received, SERVICE: Received(404 if is_first else 200, {}, None)})


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
    request = smoke.saved.request
    headers, body = request.encoded()
    step = Step(
        SMOKE,
        f"send the request in {smoke.saved.file}",
        request.method,
        f"{pod}/proxy{request.path}",
        None if body is None else Content(body.read()),
        dict(headers),
        accepts=STATUSES,
    )
    return cluster.run(step)[SMOKE]
