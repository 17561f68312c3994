"""The traffic of a Cloud Run service: which revision gets which share when there is a new one.

A service reports its traffic as `trafficStatuses` and takes it as `traffic`. An entry names a revision, or the newest by its
type. It may have a tag, which is an address that always serves that revision.
https://cloud.google.com/run/docs/reference/rest/v2/projects.locations.services#TrafficTarget
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

LATEST = "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST"
REVISION = "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION"

# Of the new revision, while only the saved request of --smoke reaches it.
SMOKE_TAG = "funcpack-smoke"

Entry = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Share:
    """The share of a revision. `revision` is None for the newest, `percent` is 0 to 100."""

    revision: str | None
    percent: int
    tags: tuple[str, ...] = ()

    def entries(self) -> list[Entry]:
        """Return the entries of the API: an entry has one tag at most."""
        target = {"type": LATEST} if self.revision is None else {"type": REVISION, "revision": self.revision}
        percent = {"percent": self.percent} if self.percent else {}
        if not self.tags:
            return [target | percent] if percent else []
        return [target | (percent if not number else {}) | {"tag": tag} for number, tag in enumerate(self.tags)]


def scaled(service: Mapping[str, Any], percent: int, *, is_new: bool) -> list[Entry]:
    """Return traffic of which the newest revision gets `percent`, and the others what remains, in proportion.

    `service` is what the API reports. If `is_new`, the request creates a revision: what the newest had belongs to its name then.
    The sum is 100, no other revision gains if the revision is new, and tags stay. If no other revision has traffic, the newest gets 100.
    """
    newest, *others = _shares(service, is_new=is_new)
    if not any(other.percent for other in others):
        percent = 100
    shares = [replace(newest, percent=percent), *_divided(others, 100 - percent)]
    return _entries(shares)


def withheld(service: Mapping[str, Any], *, is_new: bool) -> list[Entry]:
    """Return traffic of which every revision keeps its share, and the newest is reachable by the tag of --smoke."""
    newest, *others = _shares(service, is_new=is_new)
    return _entries([replace(newest, tags=(*newest.tags, SMOKE_TAG)), *others])


def moved(service: Mapping[str, Any], revision: str) -> list[Entry]:
    """Return traffic that a named revision gets alone; tags stay."""
    newest, *others = _shares(service, is_new=False, ready="")
    shares = [replace(share, percent=100 * (share.revision == revision)) for share in (newest, *others)]
    if revision not in {share.revision for share in shares}:
        shares.append(Share(revision, 100))
    return _entries(shares)


def percentages(service: Mapping[str, Any]) -> dict[str, int]:
    """Return the percentage of each revision by its name; what the newest gets belongs to the latest that is ready."""
    ready = ready_revision(service)
    shares = _shares(service, is_new=True)
    return {share.revision or ready: share.percent for share in shares if share.percent}


def has_traffic(service: Mapping[str, Any]) -> bool:
    """Return whether a revision of the service serves: only then can traffic be withheld from a new one."""
    return bool(ready_revision(service)) and bool(percentages(service))


def ready_revision(service: Mapping[str, Any]) -> str:
    """Return the name of the latest revision that is ready, or an empty text."""
    return short(service.get("latestReadyRevision") or "")


def smoked_revision(service: Mapping[str, Any]) -> str:
    """Return the name of the revision with the tag of --smoke, or an empty text."""
    tagged = [entry for entry in service.get("trafficStatuses") or () if entry.get("tag") == SMOKE_TAG]
    return short(tagged[0].get("revision") or ready_revision(service)) if tagged else ""


def short(name: str) -> str:
    """Return the last part of a resource name, such as `hello-00002-abc`."""
    return name.rpartition("/")[2]


def _shares(service: Mapping[str, Any], *, is_new: bool, ready: str | None = None) -> list[Share]:
    """Return the shares, the newest revision's first, one a revision.

    Without `is_new`, the latest revision that is ready (`ready`) is the newest, whether by its name or by its type.
    """
    ready = ready_revision(service) if ready is None else ready
    percents: dict[str | None, int] = {None: 0}
    tags: dict[str | None, list[str]] = {None: []}
    for entry in service.get("trafficStatuses") or ():
        is_latest = entry.get("type") == LATEST or not entry.get("revision")
        revision = None if is_latest else short(entry["revision"])
        owner = (ready or None) if is_latest else revision
        owner = None if owner == ready and not is_new else owner
        percents[owner] = percents.get(owner, 0) + int(entry.get("percent") or 0)
        # A tag of the newest revision follows it. That of --smoke may be left from a deployment that was cut.
        if entry.get("tag") and entry["tag"] != SMOKE_TAG:
            tags.setdefault(None if is_latest else owner, []).append(entry["tag"])
    owners = dict.fromkeys([*percents, *tags])
    return [Share(owner, percents.get(owner, 0), tuple(tags.get(owner, ()))) for owner in owners]


def _divided(shares: Sequence[Share], percent: int) -> list[Share]:
    """Divide a percentage in proportion to the shares, with whole numbers: by the largest remainder."""
    total = sum(share.percent for share in shares) or 1
    quotas = [divmod(share.percent * percent, total) for share in shares]
    rest = percent - sum(whole for whole, _ in quotas)
    by_remainder = sorted(range(len(shares)), key=lambda number: quotas[number][1], reverse=True)
    gets_one_more = set(by_remainder[:rest])
    return [
        replace(share, percent=quotas[number][0] + (number in gets_one_more)) for number, share in enumerate(shares)
    ]


def _entries(shares: Iterable[Share]) -> list[Entry]:
    return [entry for share in shares for entry in share.entries()]
