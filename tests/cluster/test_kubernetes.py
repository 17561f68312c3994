"""Functions on plain Kubernetes: the plainest manifests, and those of docs/deploy.md."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.cluster.kubectl import wait_until
from tests.cluster.manifests import SECURITY, changed, container, deployment, documented

if TYPE_CHECKING:
    from tests.cluster.client import Client
    from tests.cluster.conftest import Figures
    from tests.cluster.kubectl import Kubectl, Manifest

URL = "http://greeter/"


def deploy(kubectl: Kubectl, *manifests: Manifest) -> None:
    """Apply a Deployment called greeter with its Service, and wait for its pods."""
    kubectl.apply(*manifests)
    kubectl.rollout("greeter")


def pods(kubectl: Kubectl) -> list[Manifest]:
    """Return the pods of the function, without the client."""
    return [pod for pod in kubectl.items("pods") if pod["metadata"]["name"].startswith("greeter-")]


def status_of(pod: Manifest) -> dict[str, Any]:
    """Return the status of the function's container; empty before there is one."""
    statuses = pod["status"].get("containerStatuses", [{}])
    return dict(statuses[0])


def test_plainest_manifest_answers(kubectl: Kubectl, client: Client, probe_image: str) -> None:
    deploy(kubectl, *deployment("greeter", container(probe_image)))
    answer = client.get(URL)
    assert (answer["status"], answer["body"]) == (200, "Hello")


@pytest.mark.restricted
@pytest.mark.parametrize(
    ("of_pod", "of_container"),
    [
        pytest.param({}, {}, id="user of the image"),
        pytest.param({"securityContext": {"runAsUser": 1234567, "runAsGroup": 7654321}}, {}, id="any user"),
        pytest.param({}, {"readOnlyRootFilesystem": True}, id="nothing is writable"),
    ],
)
def test_restricted_pods_answer(
    kubectl: Kubectl, client: Client, probe_image: str, of_pod: Manifest, of_container: Manifest
) -> None:
    function = container(probe_image, securityContext={**SECURITY, **of_container})
    deploy(kubectl, *deployment("greeter", function, **of_pod))
    assert client.get(URL)["body"] == "Hello"


@pytest.mark.restricted
def test_documented_manifest_answers_from_three_pods(kubectl: Kubectl, client: Client, probe_image: str) -> None:
    manifest, service = documented(probe_image, "apps/v1 Deployment", "v1 Service")
    manifest["spec"]["replicas"] = 3
    deploy(kubectl, manifest, service)
    found = client.run("load.py", URL, "8", "400", "--fresh")
    assert found["statuses"] == {"200": 400}
    assert sum(status_of(pod)["ready"] for pod in pods(kubectl)) == 3


@pytest.mark.parametrize("fresh", [pytest.param((), id="keep-alive"), pytest.param(("--fresh",), id="new connections")])
def test_rolling_updates_lose_no_request(
    kubectl: Kubectl, client: Client, probe_image: str, fresh: tuple[str, ...], record_figures: Figures
) -> None:
    manifest, service = documented(probe_image, "apps/v1 Deployment", "v1 Service")
    manifest["spec"]["replicas"] = 3
    deploy(kubectl, manifest, service)
    load = client.start_load(f"{URL}?sleep=0.01", 4, "--pause", "0.02", *fresh)
    for number in range(10):
        deploy(kubectl, changed(manifest, {"ROLLOUT": str(number)}), service)
    found = load.stop()
    record_figures(found)
    assert found["statuses"] == {"200": found["requests"]}, found["errors"]


def test_plainest_manifest_loses_no_request_either(
    kubectl: Kubectl, client: Client, probe_image: str, record_figures: Figures
) -> None:
    manifest, service = deployment("greeter", container(probe_image), 2)
    deploy(kubectl, manifest, service)
    load = client.start_load(URL, 4, "--pause", "0.02", "--fresh")
    for number in range(3):
        deploy(kubectl, changed(manifest, {"ROLLOUT": str(number)}), service)
    found = load.stop()
    record_figures(found)
    assert found["statuses"] == {"200": found["requests"]}, found["errors"]


def test_killed_pod_costs_only_what_was_in_flight(
    kubectl: Kubectl, client: Client, probe_image: str, record_figures: Figures
) -> None:
    manifest, service = documented(probe_image, "apps/v1 Deployment", "v1 Service")
    manifest["spec"]["replicas"] = 3
    deploy(kubectl, manifest, service)
    clients = 6
    load = client.start_load(f"{URL}?sleep=0.05", clients, "--fresh")
    wait_until(lambda: load.process.poll() is None, "load")
    victim = pods(kubectl)[0]["metadata"]["name"]
    kubectl("delete", "pod", victim, "--grace-period=0", "--force")
    kubectl.rollout("greeter")
    found = load.stop()
    record_figures(found)
    failed = found["requests"] - found["statuses"]["200"]
    assert failed <= clients, found["errors"]


def test_liveness_restarts_a_function_that_is_ill(kubectl: Kubectl, client: Client, probe_image: str) -> None:
    manifest, service = documented(probe_image, "apps/v1 Deployment", "v1 Service")
    manifest["spec"]["replicas"] = 1
    manifest["spec"]["template"]["spec"]["containers"][0]["livenessProbe"]["periodSeconds"] = 1
    deploy(kubectl, manifest, service)
    assert client.get(f"{URL}ill")["status"] == 200

    wait_until(lambda: any(status_of(pod).get("restartCount") for pod in pods(kubectl)), "restart")
    kubectl.rollout("greeter")
    wait_until(lambda: client.get(URL)["status"] == 200, "answer after the restart")
    log = kubectl("logs", pods(kubectl)[0]["metadata"]["name"], "--previous")
    assert log.count("alive() reports a problem") == 1
    assert "the connection to the database is broken" in log


@pytest.mark.parametrize(
    ("fail", "reason"),
    [
        pytest.param("import", "LookupError: no model at /models/large", id="import"),
        pytest.param("start", "ConnectionError: no database at db:5432", id="start"),
    ],
)
def test_function_that_cannot_load_shows_why(kubectl: Kubectl, probe_image: str, fail: str, reason: str) -> None:
    manifest, _ = documented(probe_image, "apps/v1 Deployment", "v1 Service")
    manifest["spec"]["replicas"] = 1
    kubectl.apply(changed(manifest, {"FAIL": fail}))

    def ended() -> Manifest:
        (pod,) = pods(kubectl) or [{"status": {}}]
        state = status_of(pod)
        return dict(state.get("lastState", {}).get("terminated") or state.get("state", {}).get("terminated") or {})

    wait_until(lambda: bool(ended()), "end of the container")
    assert ended()["exitCode"] == 1
    assert reason in ended()["message"]
    (pod,) = pods(kubectl)
    wait_until(lambda: reason in kubectl.ask("logs", pod["metadata"]["name"], "--previous"), "reason in the log")


def test_service_gets_no_request_before_start_has_finished(kubectl: Kubectl, client: Client, probe_image: str) -> None:
    """A TCP probe is what Knative and many others use by default."""
    probe = {"tcpSocket": {"port": 8080}, "periodSeconds": 1}
    slow = container(probe_image, {"START_SECONDS": "4"}, readinessProbe=probe)
    deploy(kubectl, *deployment("greeter", slow))
    assert client.get(URL)["seconds"] < 3  # the request did not wait for start()
