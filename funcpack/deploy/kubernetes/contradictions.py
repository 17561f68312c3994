"""Settings that contradict each other: each is valid, but together they do not do what the user asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from funcpack.deploy.kubernetes.deployment import GRACE_PERIOD, PORT_NAME, SHUTDOWN_DELAY, seconds
from funcpack.deploy.kubernetes.pod import PORT, function_container
from funcpack.deploy.settings.merging import by_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from funcpack.deploy.kubernetes.workload import Manifest

THREADS = "FUNCTION_THREADS"
CONCURRENCY = "FUNCTION_CONCURRENCY"
LISTENS = "PORT"


def contradictions(manifest: Manifest, *, scales: bool = False) -> Iterator[str]:
    """Return a line for each contradiction in a Deployment or a Knative Service."""
    spec = manifest["spec"]["template"]["spec"]
    settings = _settings(spec)
    yield from _concurrency(spec.get("containerConcurrency", 0), settings)
    yield from _time_to_stop(spec, settings)
    yield from _port(spec)
    if scales and "replicas" in manifest["spec"]:
        yield (
            "spec.replicas and the HorizontalPodAutoscaler both set the number of pods: "
            "each deployment resets it. Remove kubernetes.deployment.spec.replicas."
        )


def _concurrency(limit: int, settings: Mapping[str, str]) -> Iterator[str]:
    for name, effect in (
        (THREADS, "the rest waits for a thread in the pod, although another pod could take it"),
        (CONCURRENCY, "the function answers the rest with 503"),
    ):
        value = settings.get(name, "")
        if value.isdecimal() and 0 < int(value) < limit:
            yield f"containerConcurrency sends {limit} requests at a time to a pod, but {name} is {value}: {effect}."


def _time_to_stop(spec: Mapping[str, Any], settings: Mapping[str, str]) -> Iterator[str]:
    allowed = spec.get("terminationGracePeriodSeconds")
    needed = seconds(settings.get(SHUTDOWN_DELAY, "0")) + seconds(settings.get(GRACE_PERIOD, "0"))
    if allowed is not None and allowed < needed:
        yield (
            f"terminationGracePeriodSeconds is {allowed}, but {SHUTDOWN_DELAY} and {GRACE_PERIOD} need {needed} seconds: "
            "Kubernetes kills calls in flight."
        )


def _port(spec: Mapping[str, Any]) -> Iterator[str]:
    """Return a line if the function listens on another port than the one that has the name. Knative's ports have none."""
    container = function_container(spec) or {}
    port = (by_name(container.get("ports")) or {}).get(PORT_NAME, {}).get("containerPort")
    listens = (by_name(container.get("env")) or {}).get(LISTENS, {"value": str(PORT)}).get("value")
    if port is not None and listens is not None and listens.strip() != str(port):
        yield (
            f"the port '{PORT_NAME}' of the container is {port}, but the function listens on {listens}: "
            f"probes and requests do not reach it. Set {LISTENS} to the same port."
        )


def _settings(spec: Mapping[str, Any]) -> dict[str, str]:
    container = function_container(spec) or {}
    return {name: entry["value"] for name, entry in (by_name(container.get("env")) or {}).items() if "value" in entry}
