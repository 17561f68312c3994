"""Traffic of a Cloud Run service: the newest revision gets its share exactly, and nobody loses a tag or a percent."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funcpack.deploy.google import traffic

READY = "projects/p/locations/l/services/hello/revisions/r1"


def latest(percent: int | None = None, tag: str | None = None) -> dict[str, Any]:
    return entry({"type": traffic.LATEST}, percent, tag)


def revision(name: str, percent: int | None = None, tag: str | None = None) -> dict[str, Any]:
    return entry({"type": traffic.REVISION, "revision": name}, percent, tag)


def entry(target: dict[str, Any], percent: int | None, tag: str | None) -> dict[str, Any]:
    return target | ({} if percent is None else {"percent": percent}) | ({"tag": tag} if tag else {})


def service(*statuses: dict[str, Any], ready: str | None = READY) -> dict[str, Any]:
    return {"trafficStatuses": list(statuses), "latestReadyRevision": ready}


@pytest.mark.parametrize(
    ("statuses", "percent", "expected"),
    [
        ([latest(100)], 100, [latest(100)]),
        ([latest(100)], 25, [latest(25), revision("r1", 75)]),
        ([latest(100)], 0, [revision("r1", 100)]),
        ([latest(50), revision("r0", 50)], 25, [latest(25), revision("r1", 38), revision("r0", 37)]),
        ([latest(50), revision("r0", 50)], 0, [revision("r1", 50), revision("r0", 50)]),
        # The entries of a revision are one, and its tags stay.
        (
            [latest(40), revision("r1", 20, "a"), revision("r1", None, "b"), revision("r0", 40)],
            50,
            [latest(50), revision("r1", 30, "a"), revision("r1", None, "b"), revision("r0", 20)],
        ),
        ([latest(100), revision("r0", None, "old")], 30, [latest(30), revision("r1", 70), revision("r0", None, "old")]),
        # A tag of the newest revision follows it.
        ([latest(100, "live")], 25, [latest(25, "live"), revision("r1", 75)]),
        # A tag that a deployment with --smoke has left.
        ([revision("r1", 100), latest(None, traffic.SMOKE_TAG)], 10, [latest(10), revision("r1", 90)]),
        ([revision(f"r{number}", 10) for number in range(10)], 1, None),
        ([], 25, [latest(100)]),
        ([revision("r0", None, "old")], 25, [latest(100), revision("r0", None, "old")]),
    ],
)
def test_share_of_a_new_revision(statuses: list[Any], percent: int, expected: list[Any] | None) -> None:
    actual = traffic.scaled(service(*statuses), percent, is_new=True)
    assert sum(item.get("percent", 0) for item in actual) == 100
    assert expected is None or actual == expected


@pytest.mark.parametrize(
    ("statuses", "percent", "expected"),
    [
        ([latest(25), revision("r0", 75)], 50, [latest(50), revision("r0", 50)]),
        ([revision("r1", 25, "a"), revision("r0", 75)], 50, [latest(50, "a"), revision("r0", 50)]),
        ([latest(100)], 25, [latest(100)]),
        ([latest(25), revision("r0", 75)], 0, [revision("r0", 100)]),
    ],
)
def test_share_of_the_newest_revision_if_there_is_no_new_one(
    statuses: list[Any], percent: int, expected: list[Any]
) -> None:
    assert traffic.scaled(service(*statuses), percent, is_new=False) == expected


def test_smoke_withholds_traffic_from_a_new_revision_only() -> None:
    before = service(latest(30, "live"), revision("r0", 70))
    tagged = latest(None, traffic.SMOKE_TAG)
    assert traffic.withheld(before, is_new=True) == [
        latest(None, "live"),
        tagged,
        revision("r1", 30),
        revision("r0", 70),
    ]
    assert traffic.withheld(before, is_new=False) == [latest(30, "live"), tagged, revision("r0", 70)]


def test_rollback_gives_all_traffic_to_one_revision_and_keeps_tags() -> None:
    before = service(latest(60, "live"), revision("r0", 40), revision("r9", None, "old"))
    assert traffic.moved(before, "r0") == [latest(None, "live"), revision("r0", 100), revision("r9", None, "old")]
    assert traffic.moved(service(latest(100)), "r0") == [revision("r0", 100)]
    assert traffic.moved(service(latest(100)), "r1") == [revision("r1", 100)]


def test_percentages_are_by_name() -> None:
    before = service(latest(60), revision("r1", 10), revision("r0", 30), revision("r9", None, "old"))
    assert traffic.percentages(before) == {"r1": 70, "r0": 30}


NAMES = st.sampled_from([None, *(f"r{number}" for number in range(6))])


@st.composite
def statuses(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Entries of which the sum is 100, as the API reports them, some with tags."""
    names = draw(st.lists(NAMES, min_size=1, max_size=8))
    cuts = sorted(draw(st.lists(st.integers(0, 100), min_size=len(names) - 1, max_size=len(names) - 1)))
    percents = [end - start for start, end in zip([0, *cuts], [*cuts, 100], strict=True)]
    tagged = draw(st.lists(st.booleans(), min_size=len(names), max_size=len(names)))
    return [
        entry(latest() if name is None else revision(name), percent or None, f"tag-{number}" if has_tag else None)
        for number, (name, percent, has_tag) in enumerate(zip(names, percents, tagged, strict=True))
    ]


@given(statuses(), st.integers(0, 100))
def test_any_split(before: list[dict[str, Any]], percent: int) -> None:
    after = traffic.scaled(service(*before), percent, is_new=True)
    old = traffic.percentages(service(*before))
    new = dict.fromkeys(old, 0)
    for item in after:
        if item["type"] == traffic.REVISION:
            new[item["revision"]] = new.get(item["revision"], 0) + item.get("percent", 0)
    assert sum(item.get("percent", 0) for item in after) == 100
    assert sum(item.get("percent", 0) for item in after if item["type"] == traffic.LATEST) == percent
    assert all(new[name] <= old.get(name, 0) for name in new)
    assert all(abs(new[name] - old[name] * (100 - percent) / 100) < 1 for name in old)
    assert {(item["tag"], item.get("revision")) for item in after if "tag" in item} == {
        (item["tag"], item.get("revision")) for item in before if "tag" in item
    }
    assert len([item for item in after if item.get("percent")]) == len(
        {item.get("revision") for item in after if item.get("percent")}
    )
