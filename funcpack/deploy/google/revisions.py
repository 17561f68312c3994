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

# An annotation of the service: the revisions that have answered the request of --smoke at most, separated by commas. A revision
# itself cannot be changed, and the API keeps no record of what has served.
STAGED = "funcpack-staged"

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
    """Return the newest ready revision that is older than the newest one with traffic, and has served itself, or None."""
    ordered = sorted(revisions, key=_time, reverse=True)
    names = [traffic.short(revision.get("name", "")) for revision in ordered]
    shares = traffic.percentages(service)
    first = next((number for number, name in enumerate(names) if name in shares), len(names))
    older = zip(ordered[first + 1 :], names[first + 1 :], strict=True)
    staged = _staged(service)
    return next((name for revision, name in older if _is_ready(revision) and name not in staged), None)


def with_staged(service: Mapping[str, Any], annotations: Mapping[str, str]) -> dict[str, str]:
    """Return annotations with the revisions of a service that have not served, before a request moves its tags."""
    others = {name: value for name, value in annotations.items() if name != STAGED}
    staged = _staged(service)
    return {**others, **({STAGED: ",".join(staged)} if staged else {})}


def _staged(service: Mapping[str, Any]) -> list[str]:
    """Return the revisions without traffic that have the tag of --smoke, or had it when the service was last written."""
    noted = (service.get("annotations") or {}).get(STAGED, "").split(",")
    serving = traffic.percentages(service)
    names = dict.fromkeys([*noted, traffic.smoked_revision(service)])
    return [name for name in names if name and name not in serving]


def _page(address: Address, token: str) -> Step:
    more = f"&pageToken={token}" if token else ""
    url = f"{address.url}/revisions?pageSize={_PAGE}{more}"
    return Step(REVISIONS, "Look for earlier revisions", "GET", url)


def _time(revision: Revision) -> datetime:
    return datetime.fromisoformat(revision.get("createTime") or "1970-01-01T00:00:00Z")


def _is_ready(revision: Revision) -> bool:
    conditions = revision.get("conditions") or ()
    return any(entry.get("type") == _READY and entry.get("state") == _SUCCEEDED for entry in conditions)
