"""What a service of Cloud Run says of itself: whether it is ready, and why not."""

from __future__ import annotations

from typing import Any

import pytest

from funcpack.deploy.google.serving import newest, not_ready
from funcpack.deploy.google.traffic import LATEST

READY = {"type": "Ready", "state": "CONDITION_SUCCEEDED"}
FAILED = {"type": "RoutesReady", "state": "CONDITION_FAILED", "message": "No route.", "reason": "ROUTE_MISSING"}
RECONCILING = {"type": "Ready", "state": "CONDITION_RECONCILING"}
TRAFFIC = {
    "latestReadyRevision": "r1",
    "latestCreatedRevision": "r1",
    "trafficStatuses": [{"type": LATEST, "percent": 100}],
}


@pytest.mark.parametrize(
    ("service", "expected"),
    [
        ({"terminalCondition": READY, "conditions": [FAILED]}, None),
        ({"terminalCondition": FAILED, "conditions": [READY]}, "No route (ROUTE_MISSING)."),
        ({"conditions": [READY, READY]}, None),
        ({"conditions": [READY, FAILED]}, "No route (ROUTE_MISSING)."),
        ({"conditions": [READY, RECONCILING]}, "Its state is not known yet."),
        ({"conditions": []}, "Its state is not known yet."),
        ({}, "Its state is not known yet."),
    ],
)
def test_condition(service: dict[str, Any], expected: str | None) -> None:
    failure = not_ready(service)
    assert (failure and failure.sentence) == expected
    assert newest(100)({**TRAFFIC, **service}) == failure
