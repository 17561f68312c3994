"""The revisions of a Knative Service, and their traffic."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from funcpack.deploy.kubernetes.conditions import condition
from funcpack.deploy.kubernetes.live import applicable
from funcpack.deploy.kubernetes.staging import is_staged
from funcpack.deploy.plan.values import at

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from funcpack.deploy.kubernetes.workload import Manifest

SERVICE_LABEL = "serving.knative.dev/service"
REVISION_LABEL = "serving.knative.dev/revision"
GENERATION_LABEL = "serving.knative.dev/configurationGeneration"

Found = dict[str, Any]
Traffic = list[dict[str, Any]]


def traffic(service: Mapping[str, Any]) -> Traffic:
    """Return what each revision serves: entries with `revisionName`, `percent`, and `tag` and `url` if it has a tag."""
    return at(service, "status.traffic") or []


def serving_revision(service: Mapping[str, Any]) -> str | None:
    """Return the revision with the largest share of the traffic, or None."""
    shares: dict[str, int] = {}
    for entry in traffic(service):
        name = entry.get("revisionName", "")
        shares[name] = shares.get(name, 0) + (entry.get("percent") or 0)
    # Of two halves, the newer revision counts: a deployment appends it.
    largest = max(reversed(list(shares)), key=lambda name: shares[name], default=None)
    return largest if largest and shares[largest] else None


def latest(service: Mapping[str, Any]) -> str | None:
    """Return the newest revision that is ready, or None."""
    name: str | None = at(service, "status.latestReadyRevisionName")
    return name


def share(service: Mapping[str, Any], revision: str | None) -> int:
    """Return the percentage of the traffic that a revision has."""
    return sum(entry.get("percent") or 0 for entry in traffic(service) if entry.get("revisionName") == revision)


def is_pinned(service: Mapping[str, Any]) -> bool:
    """Return whether all traffic is that of named revisions, so that a new revision gets none."""
    entries = at(service, "spec.traffic") or [{"latestRevision": True}]
    return all("revisionName" in entry for entry in entries if entry.get("percent") != 0)


def earlier_ready(service: Mapping[str, Any], revisions: Iterable[Found]) -> str | None:
    """Return the newest ready revision that is older than the one that serves, and has served itself, or None."""
    ordered = sorted(revisions, key=_generation)
    names = [entry["metadata"]["name"] for entry in ordered]
    serving = serving_revision(service)
    older = ordered[: names.index(serving)] if serving in names else ordered
    ready = [entry for entry in older if condition(entry, "Ready").get("status") == "True" and not is_staged(entry)]
    name: str | None = ready[-1]["metadata"]["name"] if ready else None
    return name


def with_revision(service: Mapping[str, Any], revision: str) -> Manifest:
    """Return the service as a manifest that gives a revision all traffic. Tags stay."""
    tags = [
        {"revisionName": entry["revisionName"], "tag": entry["tag"], "percent": 0}
        for entry in traffic(service)
        if entry.get("tag")
    ]
    return applicable(service, {"traffic": [{"revisionName": revision, "percent": 100}, *tags]})


def held(service: Mapping[str, Any], tag: str | None) -> Traffic:
    """Return traffic of which every revision keeps its share, while a new one has none but what `tag` addresses."""
    kept: Traffic = [
        {key: entry[key] for key in ("revisionName", "percent", "tag") if key in entry}
        for entry in traffic(service)
        if tag is None or entry.get("tag") != tag
    ]
    new: Traffic = [{"latestRevision": True, "percent": 0, "tag": tag}] if tag else []
    return kept + new


def address_of(service: Mapping[str, Any], tag: str) -> str | None:
    """Return the address of a tag, or None."""
    return next((entry.get("url") for entry in traffic(service) if entry.get("tag") == tag), None)


def _generation(revision: Mapping[str, Any]) -> int:
    return int(revision["metadata"].get("labels", {}).get(GENERATION_LABEL, 0))
