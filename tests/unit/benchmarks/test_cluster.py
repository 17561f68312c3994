"""What the benchmark on a cluster reads from pods."""

from __future__ import annotations

from typing import Any

from benchmarks.cluster import ready_since, restarts, seconds_to_ready


def pod(*, ready: str) -> dict[str, Any]:
    condition = {"type": "Ready", "status": ready, "lastTransitionTime": "2026-01-31T12:00:07Z"}
    container = {"restartCount": 2, "state": {"running": {"startedAt": "2026-01-31T12:00:03Z"}}}
    return {"status": {"conditions": [condition], "containerStatuses": [container]}}


def test_time_from_the_start_of_the_container_until_the_pod_is_ready() -> None:
    assert seconds_to_ready(pod(ready="True")) == 4
    assert restarts(pod(ready="True")) == 2


def test_pod_that_is_not_ready() -> None:
    assert ready_since(pod(ready="False")) is None
