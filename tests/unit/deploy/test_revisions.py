"""A rollback goes to the newest ready revision that is older than the one that serves, and has served itself."""

from __future__ import annotations

from typing import Any

import pytest

from funcpack.deploy.google.revisions import STAGED, previous, with_staged
from funcpack.deploy.google.traffic import LATEST, REVISION, SMOKE_TAG


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


@pytest.mark.parametrize(
    ("smoked", "noted", "expected"),
    [
        ("r1", "", "r2"),
        ("r2", "", "r1"),
        ("", "r2", "r1"),
        ("r2", "r1", None),
    ],
)
def test_revision_that_has_not_served_is_left_out(smoked: str, noted: str, expected: str | None) -> None:
    tagged = [{"type": REVISION, "revision": smoked, "tag": SMOKE_TAG}] if smoked else []
    serving = {"type": REVISION, "revision": "r3", "percent": 100}
    service = {"trafficStatuses": [serving, *tagged], "annotations": {STAGED: noted}}
    assert previous(service, [revision(1), revision(2), revision(3)]) == expected


def test_revision_that_serves_after_all_is_noted_no_longer() -> None:
    statuses = [{"type": LATEST, "percent": 100}, {"type": LATEST, "tag": SMOKE_TAG}]
    ready = "projects/p/services/hello/revisions/r3"
    service = {"trafficStatuses": statuses, "latestReadyRevision": ready, "annotations": {STAGED: "r2,r3"}}
    assert with_staged(service, {"team": "shop"}) == {"team": "shop", STAGED: "r2"}
