"""Functions on Knative Serving: to zero and back, several pods, revisions and their traffic."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.cluster.knative import deploy, pods
from tests.cluster.kubectl import wait_until
from tests.cluster.manifests import changed, container, documented, knative_service

if TYPE_CHECKING:
    from tests.cluster.client import Client
    from tests.cluster.conftest import Figures
    from tests.cluster.kubectl import Kubectl

pytestmark = pytest.mark.usefixtures("serving")

# Kept so that a test does not wait for a new pod where it is not about that.
ALWAYS_ONE = {"autoscaling.knative.dev/min-scale": "1"}


def latest_revision(kubectl: Kubectl) -> str:
    """Return the name of the newest revision."""
    return str(kubectl.get("ksvc/greeter")["status"]["latestReadyRevisionName"])


def test_documented_manifest_answers(kubectl: Kubectl, client: Client, probe_image: str) -> None:
    (manifest,) = documented(probe_image, "serving.knative.dev/v1 Service")
    answer = client.get(deploy(kubectl, manifest))
    assert (answer["status"], answer["body"]) == (200, "Hello")


def test_to_zero_and_back(kubectl: Kubectl, client: Client, probe_image: str, record_figures: Figures) -> None:
    url = deploy(kubectl, knative_service("greeter", container(probe_image)))
    starts: list[dict[str, Any]] = []
    for _ in range(3):
        wait_until(lambda: not pods(kubectl), "scale to zero")
        answer = client.get(f"{url}/age")
        assert answer["status"] == 200
        starts.append({"seconds": round(answer["seconds"], 2), "of the function": float(answer["body"])})
    record_figures({"cold starts": starts})


@pytest.mark.parametrize("concurrency", [1, 50])
def test_container_concurrency(
    kubectl: Kubectl, client: Client, probe_image: str, concurrency: int, record_figures: Figures
) -> None:
    limits = {"autoscaling.knative.dev/max-scale": "2", **ALWAYS_ONE}
    manifest = knative_service("greeter", container(probe_image), limits, containerConcurrency=concurrency)
    url = deploy(kubectl, manifest)
    found = client.run("load.py", f"{url}/?sleep=0.02", "20", "600")
    record_figures(found)
    assert found["statuses"] == {"200": 600}, found["errors"]


def test_new_revisions_lose_no_request(
    kubectl: Kubectl, client: Client, probe_image: str, record_figures: Figures
) -> None:
    (manifest,) = documented(probe_image, "serving.knative.dev/v1 Service")
    load = client.start_load(f"{deploy(kubectl, manifest)}/?sleep=0.01", 4, "--pause", "0.02")
    for number in range(3):
        deploy(kubectl, changed(manifest, {"ANSWER": f"revision {number}"}))
    wait_until(
        lambda: client.get(deploy(kubectl, changed(manifest, {"ANSWER": "revision 2"})))["body"] == "revision 2", "new"
    )
    found = load.stop()
    record_figures(found)
    assert found["statuses"] == {"200": found["requests"]}, found["errors"]
    assert {"Hello", "revision 2"} <= set(found["bodies"])


def test_requests_wait_in_no_revision_that_is_starting(
    kubectl: Kubectl, client: Client, probe_image: str, record_figures: Figures
) -> None:
    """Knative's own probe is a TCP connection: it must fail until start() has finished."""
    manifest = knative_service("greeter", container(probe_image), ALWAYS_ONE)
    url = deploy(kubectl, manifest)
    load = client.start_load(url, 2, "--pause", "0.02")
    deploy(kubectl, changed(manifest, {"START_SECONDS": "5", "ANSWER": "started"}))
    wait_until(lambda: client.get(url)["body"] == "started", "new revision")
    found = load.stop()
    record_figures(found)
    assert found["statuses"] == {"200": found["requests"]}, found["errors"]
    assert found["slowest"] < 4


def test_traffic_is_split_and_a_tag_has_its_own_url(
    kubectl: Kubectl, client: Client, probe_image: str, record_figures: Figures
) -> None:
    manifest = knative_service("greeter", container(probe_image, {"ANSWER": "old"}), ALWAYS_ONE)
    url = deploy(kubectl, manifest)
    old = latest_revision(kubectl)
    manifest = knative_service("greeter", container(probe_image, {"ANSWER": "new"}), ALWAYS_ONE)
    deploy(kubectl, manifest)
    new = latest_revision(kubectl)
    manifest["spec"]["traffic"] = [
        {"revisionName": old, "percent": 75},
        {"revisionName": new, "percent": 25, "tag": "next"},
    ]
    deploy(kubectl, manifest)
    wait_until(lambda: client.get(f"http://next-greeter.{kubectl.namespace}/")["body"] == "new", "the tagged URL")

    found = client.run("load.py", url, "8", "2000", "--fresh")
    record_figures(found)
    assert found["statuses"] == {"200": 2000}, found["errors"]
    # Four standard deviations of 2,000 requests with a share of 25 %.
    assert abs(found["bodies"]["new"] - 500) < 78


def test_load_starts_pods_and_its_end_stops_them(
    kubectl: Kubectl, client: Client, probe_image: str, record_figures: Figures
) -> None:
    scale = {"autoscaling.knative.dev/target": "5", "autoscaling.knative.dev/max-scale": "4"}
    url = deploy(kubectl, knative_service("greeter", container(probe_image), scale))
    load = client.start_load(f"{url}/?sleep=0.2", 30)
    most = 0
    end = time.monotonic() + 60
    while most < 3 and time.monotonic() < end:
        most = max(most, len(pods(kubectl)))
    found = load.stop()
    record_figures({"pods": most, **found})
    assert most >= 3
    assert found["statuses"] == {"200": found["requests"]}, found["errors"]
    wait_until(lambda: not pods(kubectl), "scale to zero")
