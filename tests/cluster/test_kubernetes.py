"""Functions on plain Kubernetes: the plainest manifests, and those of docs/deploy.md."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.cluster.deployer import Deployer
from tests.cluster.kubectl import wait_until
from tests.cluster.manifests import SECURITY, changed, container, deployment, documented

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cluster.client import Client
    from tests.cluster.conftest import Figures
    from tests.cluster.kubectl import Kubectl, Manifest

URL = "http://greeter/"
CONNECTIONS = [pytest.param((), id="keep-alive"), pytest.param(("--fresh",), id="new connections")]

# Prints the processes of the server in the order of their start: the first one of the container, then its worker. Kills
# them from the number on that it gets.
KILL = """
import os, signal, sys
from pathlib import Path

commands = {int(path.parent.name): path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline")}
servers = sorted(pid for pid, command in commands.items() if b"-m\\0funcpack_invoker" in command)
print(servers, flush=True)
for pid in servers[int(sys.argv[1]):]:
    os.kill(pid, signal.SIGKILL)
"""
KILL_ALL, KILL_WORKER, KILL_NONE = "0", "1", "2"


def deploy(kubectl: Kubectl, *manifests: Manifest) -> None:
    """Apply a Deployment called greeter with its Service, and wait for its pods."""
    kubectl.apply(*manifests)
    kubectl.rollout("greeter")


def deploy_first(kubectl: Kubectl, client: Client, *manifests: Manifest) -> None:
    """Deploy, and wait until requests reach the new Service, which the nodes have to learn of."""
    deploy(kubectl, *manifests)
    wait_until(lambda: client.get(URL)["status"] == 200, "answer of the Service")


def pods(kubectl: Kubectl) -> list[Manifest]:
    """Return the pods of the function, without the client."""
    return [pod for pod in kubectl.items("pods") if pod["metadata"]["name"].startswith("greeter-")]


def status_of(pod: Manifest) -> dict[str, Any]:
    """Return the status of the function's container; empty before there is one."""
    statuses = pod["status"].get("containerStatuses", [{}])
    return dict(statuses[0])


def restarts_of(kubectl: Kubectl, pod: str) -> int:
    """Return how often Kubernetes has restarted the function's container."""
    return int(status_of(kubectl.get(f"pod/{pod}"))["restartCount"])


def test_plainest_manifest_answers(kubectl: Kubectl, client: Client, probe_image: str) -> None:
    deploy_first(kubectl, client, *deployment("greeter", container(probe_image)))
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
    deploy_first(kubectl, client, *deployment("greeter", function, **of_pod))
    assert client.get(URL)["body"] == "Hello"


@pytest.mark.restricted
def test_documented_manifest_answers_from_three_pods(kubectl: Kubectl, client: Client, probe_image: str) -> None:
    manifest, service = documented(probe_image, "apps/v1 Deployment", "v1 Service")
    manifest["spec"]["replicas"] = 3
    deploy_first(kubectl, client, manifest, service)
    found = client.run("load.py", URL, "8", "400", "--fresh")
    assert found["statuses"] == {"200": 400}
    assert sum(status_of(pod)["ready"] for pod in pods(kubectl)) == 3


@pytest.mark.parametrize("fresh", CONNECTIONS)
def test_rolling_updates_lose_no_request(
    kubectl: Kubectl, client: Client, probe_image: str, fresh: tuple[str, ...], record_figures: Figures
) -> None:
    manifest, service = documented(probe_image, "apps/v1 Deployment", "v1 Service")
    manifest["spec"]["replicas"] = 3
    deploy_first(kubectl, client, manifest, service)
    load = client.start_load(f"{URL}?sleep=0.01", 4, "--pause", "0.02", *fresh)
    for number in range(10):
        deploy(kubectl, changed(manifest, {"ROLLOUT": str(number)}), service)
    found = load.stop()
    record_figures(found)
    assert found["statuses"] == {"200": found["requests"]}, found["errors"]


@pytest.mark.parametrize("fresh", CONNECTIONS)
def test_deployments_of_the_command_lose_no_request(
    kubectl: Kubectl,
    client: Client,
    probe_image: str,
    tmp_path: Path,
    fresh: tuple[str, ...],
    record_figures: Figures,
) -> None:
    directory = tmp_path / "greeter"
    directory.mkdir()
    (directory / "handler.py").write_text("def handler(req):\n    return None\n")
    deployer = Deployer(directory, "kubernetes", kubectl.namespace, kubectl.environment)
    options = ("--image", probe_image, "--set", "kubernetes.deployment.spec.replicas=3")
    assert deployer("deploy", *options).code == 0
    wait_until(lambda: client.get(URL)["status"] == 200, "answer of the Service")
    load = client.start_load(f"{URL}?sleep=0.01", 4, "--pause", "0.02", *fresh)
    for number in range(4):
        updated = deployer("deploy", *options, "--set", f"environment.ROLLOUT=number {number}")
        assert updated.code == 0, updated.notes
    assert deployer("rollback").code == 0
    found = load.stop()
    record_figures(found)
    assert found["statuses"] == {"200": found["requests"]}, found["errors"]


@pytest.mark.parametrize("fresh", CONNECTIONS)
def test_plainest_manifest_loses_only_connections_that_come_too_early(
    kubectl: Kubectl, client: Client, probe_image: str, fresh: tuple[str, ...], record_figures: Figures
) -> None:
    """Without a probe, Kubernetes sends requests as soon as the container runs, and Python needs a moment to listen."""
    manifest, service = deployment("greeter", container(probe_image), 2)
    deploy_first(kubectl, client, manifest, service)
    load = client.start_load(f"{URL}?sleep=0.01", 4, "--pause", "0.02", *fresh)
    for number in range(20):
        deploy(kubectl, changed(manifest, {"ROLLOUT": str(number)}), service)
    found = load.stop()
    record_figures(found)
    assert set(found["statuses"]) <= {"200", "ConnectionRefusedError"}, found["errors"]
    assert found["statuses"]["200"] > 0.99 * found["requests"], found["errors"]


def test_killed_pod_costs_only_what_was_in_flight(
    kubectl: Kubectl, client: Client, probe_image: str, record_figures: Figures
) -> None:
    manifest, service = documented(probe_image, "apps/v1 Deployment", "v1 Service")
    manifest["spec"]["replicas"] = 3
    deploy_first(kubectl, client, manifest, service)
    clients = 6
    load = client.start_load(f"{URL}?sleep=0.05", clients, "--fresh")
    victim = pods(kubectl)[0]["metadata"]["name"]
    kubectl("delete", "pod", victim, "--grace-period=0", "--force")
    kubectl.rollout("greeter")
    found = load.stop()
    record_figures(found)
    failed = found["requests"] - found["statuses"]["200"]
    assert failed <= clients, found["errors"]


def kill(kubectl: Kubectl, pod: str, processes: str) -> list[int]:
    """Kill processes of the server in a pod, and return all that there were; none if there is no container."""
    done = kubectl.ask("exec", pod, "--", "/usr/bin/python3", "-c", KILL, processes)
    return list(json.loads(done.partition("\n")[0])) if done.startswith("[") else []


@pytest.mark.parametrize(
    ("killed", "restarts", "not_in_flight"),
    [
        # The socket stays open, and connections wait in it for the next worker.
        pytest.param(KILL_WORKER, 0, set(), id="worker"),
        # Nothing listens until Kubernetes notices, and sends requests only to the other pods.
        pytest.param(KILL_ALL, 1, {"ConnectionRefusedError"}, id="container"),
    ],
)
def test_killed_process_costs_only_what_was_in_flight(
    kubectl: Kubectl,
    client: Client,
    probe_image: str,
    killed: str,
    restarts: int,
    not_in_flight: set[str],
    record_figures: Figures,
) -> None:
    """The pod's containers share their processes, since no process can kill the first one of its container."""
    manifest, service = documented(probe_image, "apps/v1 Deployment", "v1 Service")
    manifest["spec"]["replicas"] = 3
    manifest["spec"]["template"]["spec"]["shareProcessNamespace"] = True
    deploy_first(kubectl, client, manifest, service)
    clients = 6
    load = client.start_load(f"{URL}?sleep=0.05", clients, "--pause", "0.02", "--fresh")
    victim = pods(kubectl)[0]["metadata"]["name"]
    before = kill(kubectl, victim, killed)
    assert len(before) == 2

    def replaced() -> bool:
        now = kill(kubectl, victim, KILL_NONE)
        return len(now) == 2 and now != before

    wait_until(replaced, "processes instead of those that were killed")
    kubectl.rollout("greeter")
    found = load.stop()
    record_figures(found)
    assert restarts_of(kubectl, victim) == restarts
    lost = {status: count for status, count in found["statuses"].items() if status != "200"}
    assert sum(count for status, count in lost.items() if status not in not_in_flight) <= clients, found["errors"]


def test_computing_function_with_a_tenth_of_a_cpu_is_not_restarted(
    kubectl: Kubectl, client: Client, probe_image: str, record_figures: Figures
) -> None:
    manifest, service = documented(probe_image, "apps/v1 Deployment", "v1 Service")
    manifest["spec"]["replicas"] = 1
    manifest["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"]["cpu"] = "100m"
    deploy_first(kubectl, client, manifest, service)
    # About a call a second, so that it takes longer than the three liveness checks after which Kubernetes restarts.
    found = client.run("load.py", f"{URL}?compute=0.1", "20", "60")
    failed_checks = [event["message"] for event in kubectl.items("events") if event["reason"] == "Unhealthy"]
    record_figures({"failed checks": failed_checks, **found})
    (pod,) = pods(kubectl)
    assert status_of(pod)["restartCount"] == 0
    assert found["statuses"] == {"200": 60}, found["errors"]


def test_liveness_restarts_a_function_that_is_ill(kubectl: Kubectl, client: Client, probe_image: str) -> None:
    manifest, service = documented(probe_image, "apps/v1 Deployment", "v1 Service")
    manifest["spec"]["replicas"] = 1
    manifest["spec"]["template"]["spec"]["containers"][0]["livenessProbe"]["periodSeconds"] = 1
    deploy_first(kubectl, client, manifest, service)
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
