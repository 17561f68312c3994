"""The revisions of a service, and which one a rollback gives the traffic to."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from funcpack.deploy.google import traffic
from funcpack.deploy.plan.steps import Plan, Step

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from funcpack.deploy.google.service import Address
    from funcpack.deploy.plan.values import Answers

REVISIONS = "revisions"

_PAGE = 100
_READY = "Ready"
_SUCCEEDED = "CONDITION_SUCCEEDED"

Revision = dict[str, Any]


def all_revisions(address: Address, run: Callable[[Plan], Answers]) -> list[Revision]:
    """Return all revisions of a service. `run` sends the requests."""
    revisions: list[Revision] = []
    token = ""
    while True:
        page = run(Plan((_page(address, token),)))[REVISIONS].body or {}
        revisions += page.get("revisions") or []
        token = page.get("nextPageToken") or ""
        if not token:
            return revisions


def previous(service: Mapping[str, Any], revisions: Sequence[Revision]) -> str | None:
    """Return the newest ready revision that is older than the newest one with traffic, or None."""
    ordered = sorted(revisions, key=_time, reverse=True)
    names = [traffic.short(revision.get("name", "")) for revision in ordered]
    shares = traffic.percentages(service)
    first = next((number for number, name in enumerate(names) if name in shares), len(names))
    older = zip(ordered[first + 1 :], names[first + 1 :], strict=True)
    return next((name for revision, name in older if _is_ready(revision)), None)


def _page(address: Address, token: str) -> Step:
    more = f"&pageToken={token}" if token else ""
    url = f"{address.url}/revisions?pageSize={_PAGE}{more}"
    return Step(REVISIONS, "Look for earlier revisions", "GET", url)


def _time(revision: Revision) -> datetime:
    return datetime.fromisoformat(revision.get("createTime") or "1970-01-01T00:00:00Z")


def _is_ready(revision: Revision) -> bool:
    conditions = revision.get("conditions") or ()
    return any(entry.get("type") == _READY and entry.get("state") == _SUCCEEDED for entry in conditions)
