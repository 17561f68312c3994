"""A rollback goes to the newest ready revision that is older than the one that serves."""

from __future__ import annotations

from typing import Any

import pytest

from funcpack.deploy.google.revisions import previous
from funcpack.deploy.google.traffic import LATEST, REVISION


def revision(number: int, state: str = "CONDITION_SUCCEEDED") -> dict[str, Any]:
    name = f"projects/p/locations/l/services/hello/revisions/r{number}"
    conditions = [{"type": "ContainerHealthy", "state": "CONDITION_SUCCEEDED"}, {"type": "Ready", "state": state}]
    return {"name": name, "createTime": f"2026-11-0{number}T00:00:00.5Z", "conditions": conditions}


@pytest.mark.parametrize(
    ("traffic", "ready", "revisions", "expected"),
    [
        ([{"type": LATEST, "percent": 100}], "r2", [revision(1), revision(2)], "r1"),
        ([{"type": LATEST, "percent": 100}], "r2", [revision(2), revision(1)], "r1"),
        ([{"type": LATEST, "percent": 100}], "r1", [revision(1)], None),
        # A revision that was never ready is left out, also one that is newer than what serves.
        ([{"type": LATEST, "percent": 100}], "r3", [revision(1), revision(2, "CONDITION_FAILED"), revision(3)], "r1"),
        ([{"type": LATEST, "percent": 100}], "r2", [revision(1), revision(2), revision(3, "CONDITION_FAILED")], "r1"),
        # Of several that serve, the newest is what is taken back.
        (
            [{"type": LATEST, "percent": 5}, {"type": REVISION, "revision": "r2", "percent": 95}],
            "r3",
            [revision(1), revision(2), revision(3)],
            "r2",
        ),
        # After a rollback, the next one goes further back.
        ([{"type": REVISION, "revision": "r2", "percent": 100}], "r3", [revision(1), revision(2), revision(3)], "r1"),
    ],
)
def test_previous(traffic: list[Any], ready: str, revisions: list[Any], expected: str | None) -> None:
    service = {"trafficStatuses": traffic, "latestReadyRevision": f"projects/p/services/hello/revisions/{ready}"}
    assert previous(service, revisions) == expected
