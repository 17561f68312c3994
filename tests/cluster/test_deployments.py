"""The commands `deploy`, `describe`, `logs`, `rollback` and `destroy` on a real cluster."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.cluster.deployer import Deployer, Result, api_proxy, cluster_of, cut_at, kubeconfig
from tests.cluster.images import MISSING
from tests.cluster.kubectl import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.cluster.conftest import ImageOf
    from tests.cluster.kubectl import Kubectl

FUNCTION = """\
import os

def handler(req):
    return os.environ.get("GREETING", "hello")
"""
UNREADY = """\
def handler(req):
    return "hello"

def ready():
    return False, "the cache is empty"
"""
# It takes almost the minute that the manifests allow.
SLOW = """\
import time

def start():
    time.sleep(55)

def handler(req):
    return "hello"
"""
# Pods that also a busy node takes. With Knative, the last one stays, as its log is read.
POD = {"containers": [{"name": "function", "resources": {"requests": {"cpu": "10m"}}}]}
ONE = {"annotations": {"autoscaling.knative.dev/min-scale": "1"}}
SETTINGS = {
    "kubernetes": {"deployment": {"spec": {"template": {"spec": POD}}}},
    "knative": {"service": {"spec": {"template": {"metadata": ONE, "spec": POD}}}},
}
KINDS = {"kubernetes": "deployment", "knative": "services.serving.knative.dev"}


@pytest.fixture(scope="session")
def function_image(image_of: ImageOf) -> str:
    """The image of a function that works."""
    return image_of({"handler.py": FUNCTION})


@pytest.fixture(scope="session")
def unready_image(image_of: ImageOf) -> str:
    """The image of a function that is never ready."""
    return image_of({"handler.py": UNREADY})


@pytest.fixture(scope="session")
def slow_image(image_of: ImageOf) -> str:
    """The image of a function that takes long to start."""
    return image_of({"handler.py": SLOW})


@pytest.fixture(params=["kubernetes", "knative"])
def deployer(request: pytest.FixtureRequest, tmp_path: Path, namespace: str, cluster: Mapping[str, str]) -> Deployer:
    """The commands for a function called greeter."""
    if request.param == "knative":
        request.getfixturevalue("serving")
    directory = tmp_path / "greeter"
    directory.mkdir()
    (directory / "handler.py").write_text(FUNCTION)
    (directory / "config.json").write_text(json.dumps(SETTINGS))
    return Deployer(directory, request.param, namespace, cluster)


@pytest.fixture
def resource(deployer: Deployer) -> str:
    """The resource that runs the function, as kubectl names it."""
    return f"{KINDS[deployer.backend]}/greeter"


def generation(kubectl: Kubectl, resource: str) -> int:
    return int(kubectl.get(resource)["metadata"]["generation"])


def test_create_unchanged_update_and_rollback(
    deployer: Deployer, kubectl: Kubectl, resource: str, function_image: str
) -> None:
    assert deployer("describe", "--output", "json").code == 1
    created = deployer("deploy", "--image", function_image, "--output", "json")
    assert (created.code, created.description["ready"]) == (0, True), created.notes
    first = created.description["revision"]

    before = generation(kubectl, resource)
    assert deployer("deploy", "--image", function_image).code == 0
    assert generation(kubectl, resource) == before
    assert deployer("deploy", "--image", function_image, "--plan").output == "no changes\nno build\n"

    change = ("--image", function_image, "--set", "environment.GREETING=good evening")
    assert "GREETING" in deployer("deploy", *change, "--plan").output
    updated = deployer("deploy", *change, "--output", "json")
    assert (updated.code, updated.description["revision"] != first) == (0, True), updated.notes
    assert "listening on" in deployer("logs").output

    back = deployer("rollback", "--output", "json")
    assert (back.code, back.description["revision"]) == (0, first), back.notes
    assert deployer("describe", "--output", "json").description == back.description
    # The fields of the rolled back version are not the configuration's, so that a deployment brings the newest one back.
    assert deployer("deploy", *change).code == 0
    assert deployer("deploy", *change, "--plan").output == "no changes\nno build\n"


def test_a_dry_run_is_what_the_cluster_has_applied(deployer: Deployer, kubectl: Kubectl, function_image: str) -> None:
    shown = deployer("deploy", "--image", function_image, "--dry-run")
    kubectl("apply", "--server-side", "--field-manager=funcpack", "--filename", "-", stdin=shown.output)
    assert deployer("deploy", "--image", function_image, "--plan").output == "no changes\nno build\n"


def test_a_function_that_cannot_be_loaded(deployer: Deployer, function_image: str, broken_image: str) -> None:
    assert deployer("deploy", "--image", function_image).code == 0
    failed = deployer("deploy", "--image", broken_image)
    assert failed.code == 1
    assert "RuntimeError: the database is not configured" in failed.notes
    assert "still serves" in failed.notes
    assert deployer("describe", "--output", "json").description["ready"] is False
    assert "RuntimeError" in deployer("logs").output
    if deployer.backend == "kubernetes":  # the first revision of Knative still has the traffic
        assert deployer("rollback").code == 0


def test_an_image_that_does_not_exist(deployer: Deployer) -> None:
    failed = deployer("deploy", "--image", MISSING)
    assert failed.code == 1
    assert MISSING in failed.notes
    assert "still serves" not in failed.notes


def test_a_slow_start_is_not_restarted(deployer: Deployer, kubectl: Kubectl, slow_image: str) -> None:
    deployed = deployer("deploy", "--image", slow_image)
    assert deployed.code == 0, deployed.notes
    statuses = [status for pod in kubectl.items("pods") for status in pod["status"]["containerStatuses"]]
    restarts = {status["restartCount"] for status in statuses if status["name"] == "function"}
    assert restarts == {0}, deployed.notes


AUTOSCALER = "kubernetes.horizontalPodAutoscaler"
REPLICAS = "kubernetes.deployment.spec.replicas"


def managers_of_replicas(deployment: Mapping[str, Any]) -> set[tuple[str, str | None]]:
    """Return who has set the number of pods, with the subresource."""
    return {
        (entry["manager"], entry.get("subresource"))
        for entry in deployment["metadata"]["managedFields"]
        if "f:replicas" in entry["fieldsV1"].get("f:spec", {})
    }


@pytest.mark.parametrize("deployer", ["kubernetes"], indirect=True)
def test_an_autoscaler_is_added_and_removed(
    deployer: Deployer, kubectl: Kubectl, resource: str, function_image: str
) -> None:
    """The autoscaler has no metrics here. It enforces its least number of pods without them."""

    def deploy(*settings: str, plan: bool = False) -> Result:
        options = [option for setting in settings for option in ("--set", setting)]
        return deployer("deploy", "--image", function_image, *options, *(["--plan"] if plan else []))

    def live() -> dict[str, Any]:
        return kubectl.get(resource, "--show-managed-fields")

    assert deploy(f"{REPLICAS}=3").code == 0
    before = generation(kubectl, resource)

    # Funcpack has set the number, and goes on until the autoscaler sets another one.
    assert "Deployment.spec.replicas" not in deploy(f"{AUTOSCALER}={{}}", plan=True).output
    added = deploy(f"{AUTOSCALER}={{}}")
    assert added.code == 0, added.notes
    assert deploy(f"{AUTOSCALER}={{}}").code == 0
    assert deploy(f"{AUTOSCALER}={{}}", plan=True).output == "no changes\nno build\n"
    assert generation(kubectl, resource) == before
    assert live()["spec"]["replicas"] == 3
    assert managers_of_replicas(live()) == {("funcpack", None)}

    four = f"{AUTOSCALER}.spec.minReplicas=4"
    assert deploy(four).code == 0
    wait_until(lambda: live()["spec"]["replicas"] == 4, "fourth pod")
    assert managers_of_replicas(live()) == {("kube-controller-manager", "scale")}
    before = generation(kubectl, resource)
    updated = deploy(four)
    assert updated.code == 0, updated.notes
    assert generation(kubectl, resource) == before
    assert managers_of_replicas(live()) == {("kube-controller-manager", "scale")}

    # Without the section, the number is the configuration's again, but the autoscaler's is not changed unasked.
    kubectl("delete", "horizontalpodautoscaler", "greeter")
    for settings in ((), (f"{REPLICAS}=1",)):
        refused = deploy(*settings)
        assert refused.code == 1
        assert ".spec.replicas is set by kube-controller-manager" in refused.notes
    assert live()["spec"]["replicas"] == 4
    assert deploy(f"{REPLICAS}=4").code == 0
    shown = deployer("deploy", "--image", function_image, "--set", f"{REPLICAS}=1", "--dry-run")
    kubectl(
        "apply", "--server-side", "--field-manager=funcpack", "--force-conflicts", "--filename", "-", stdin=shown.output
    )
    assert managers_of_replicas(live()) == {("funcpack", None)}
    assert deploy(f"{REPLICAS}=2").code == 0
    assert live()["spec"]["replicas"] == 2


@pytest.mark.parametrize("deployer", ["kubernetes"], indirect=True)
def test_an_autoscaler_that_has_set_nothing_is_replaced_by_a_number(
    deployer: Deployer, kubectl: Kubectl, resource: str, function_image: str
) -> None:
    assert deployer("deploy", "--image", function_image).code == 0
    assert deployer("deploy", "--image", function_image, "--set", f"{AUTOSCALER}={{}}").code == 0
    kubectl("delete", "horizontalpodautoscaler", "greeter")
    reduced = deployer("deploy", "--image", function_image, "--set", f"{REPLICAS}=1")
    assert reduced.code == 0, reduced.notes
    assert kubectl.get(resource)["spec"]["replicas"] == 1


@pytest.mark.parametrize("deployer", ["kubernetes"], indirect=True)
def test_an_autoscaler_gets_a_deployment_without_pods_going(
    deployer: Deployer, kubectl: Kubectl, resource: str, function_image: str
) -> None:
    assert deployer("deploy", "--image", function_image, "--set", f"{REPLICAS}=0").code == 0
    assert deployer("deploy", "--image", function_image, "--set", f"{AUTOSCALER}={{}}").code == 0
    wait_until(lambda: kubectl.get(resource)["spec"]["replicas"] == 2, "second pod")


def test_a_deadline(deployer: Deployer, function_image: str, unready_image: str) -> None:
    late = deployer("deploy", "--image", unready_image, "--timeout", "8")
    assert late.code == 1
    assert "is not ready after 8 seconds: the container" in late.notes
    assert "run the same command again" in late.notes
    assert deployer("deploy", "--image", function_image).code == 0


def test_no_wait_returns_at_once(deployer: Deployer, kubectl: Kubectl, resource: str) -> None:
    assert deployer("deploy", "--image", MISSING, "--no-wait").code == 0
    assert kubectl.get(resource)["metadata"]["name"] == "greeter"


def test_a_field_of_another_manager(deployer: Deployer, kubectl: Kubectl, resource: str, function_image: str) -> None:
    assert deployer("deploy", "--image", function_image).code == 0
    labels = {"metadata": {"labels": {"app.kubernetes.io/managed-by": "alice"}}}
    kubectl("patch", resource, "--type=merge", "--field-manager=alice", f"--patch={json.dumps(labels)}")
    conflict = deployer("deploy", "--image", function_image)
    assert conflict.code == 1
    assert ".metadata.labels.app.kubernetes.io/managed-by is set by alice" in conflict.notes
    # What the remedy says.
    shown = deployer("deploy", "--image", function_image, "--dry-run")
    kubectl(
        "apply", "--server-side", "--field-manager=funcpack", "--force-conflicts", "--filename", "-", stdin=shown.output
    )
    assert deployer("deploy", "--image", function_image).code == 0


@pytest.mark.parametrize("deployer", ["knative"], indirect=True)
def test_a_rollback_leaves_out_a_revision_that_never_served(
    deployer: Deployer, function_image: str, tmp_path: Path
) -> None:
    smoke = tmp_path / "smoke.json"
    smoke.write_text(json.dumps({"request": {"path": "/"}, "answer": {"status": 200, "text": "good evening"}}))
    created = deployer("deploy", "--image", function_image, "--output", "json")
    assert created.code == 0, created.notes
    first = created.description["revision"]
    failing = ("--image", function_image, "--smoke", str(smoke), "--set")
    refused = deployer("deploy", *failing, "environment.GREETING=good morning")
    assert "The smoke request failed" in refused.notes
    passed = deployer("deploy", *failing, "environment.GREETING=good evening", "--output", "json")
    assert passed.code == 0, passed.notes
    newer = deployer("deploy", "--image", function_image, "--set", "environment.GREETING=good night")
    assert newer.code == 0, newer.notes
    # The revision that has passed has served since, and the one before it has not.
    expected = [passed.description["revision"], first]
    back = [deployer("rollback", "--output", "json") for _ in expected]
    assert [result.code for result in back] == [0, 0], [result.notes for result in back]
    assert [result.description["revision"] for result in back] == expected


@pytest.mark.usefixtures("eventing")
@pytest.mark.parametrize("deployer", ["knative"], indirect=True)
def test_sources_send_to_the_function(deployer: Deployer, kubectl: Kubectl, function_image: str) -> None:
    entries = [{"kind": "PingSource", "spec": {"schedule": "0 3 * * *"}}]
    entries += [{**entries[0], "name": "greeter-weekly"}]
    options = ("--image", function_image, "--set", f"knative.sources={json.dumps(entries)}")
    deployed = deployer("deploy", *options)
    assert deployed.code == 0, deployed.notes
    for name in ("greeter", "greeter-weekly"):
        kubectl.wait("jsonpath={.status.sinkUri}", f"pingsource/{name}")
    assert deployer("deploy", *options, "--plan").output == "no changes\nno build\n"
    (deployer.directory / "config.json").write_text(json.dumps({"knative": {"sources": entries}}))
    assert deployer("destroy").code == 0
    assert kubectl.items("pingsources.sources.knative.dev") == []


def test_destroy_twice(deployer: Deployer, kubectl: Kubectl, resource: str, function_image: str) -> None:
    assert deployer("deploy", "--image", function_image).code == 0
    kubectl("create", "configmap", "greeter")
    assert deployer("destroy").code == 0
    assert "NotFound" in kubectl.ask("get", resource)
    assert kubectl.get("configmap/greeter")["metadata"]["name"] == "greeter"
    assert deployer("destroy").code == 0


@pytest.mark.parametrize("deployer", ["kubernetes"], indirect=True)
def test_a_resource_of_others_is_not_destroyed(deployer: Deployer, kubectl: Kubectl, function_image: str) -> None:
    kubectl("create", "deployment", "greeter", f"--image={function_image}")
    refused = deployer("destroy")
    assert refused.code == 1
    assert "Nothing was deleted" in refused.notes
    assert kubectl.get("deployment/greeter")["metadata"]["name"] == "greeter"


@pytest.fixture
def stranger(kubectl: Kubectl, tmp_path: Path, cluster: Mapping[str, str]) -> Path:
    """The kubeconfig of a service account that may do nothing."""
    kubectl("create", "serviceaccount", "stranger")
    token = kubectl("create", "token", "stranger").strip()
    return kubeconfig(tmp_path / "stranger.yaml", cluster_of(cluster), {"token": token})


def test_missing_permissions_and_the_commands_that_grant_them(
    deployer: Deployer, kubectl: Kubectl, resource: str, function_image: str, stranger: Path
) -> None:
    refused = deployer("deploy", "--image", function_image, kubeconfig=stranger)
    assert refused.code == 1
    assert f"system:serviceaccount:{deployer.namespace}:stranger may not do this" in refused.notes
    assert "NotFound" in kubectl.ask("get", resource)
    for line in refused.notes.splitlines():
        if line.strip().startswith("kubectl "):
            kubectl(*line.split()[1:])
    granted = deployer("deploy", "--image", function_image, kubeconfig=stranger)
    assert granted.code == 0, granted.notes
    if deployer.backend == "kubernetes":  # the proxy of the API server is optional
        assert ', not called: services "http:greeter:80" is forbidden: ' in granted.output


def test_rejected_credentials(deployer: Deployer, cluster: Mapping[str, str], tmp_path: Path) -> None:
    expired = kubeconfig(tmp_path / "expired.yaml", cluster_of(cluster), {"token": "expired"})
    refused = deployer("deploy", "--image", MISSING, kubeconfig=expired)
    assert refused.code == 1
    assert "401 Unauthorized" in refused.notes
    assert "expired" not in refused.notes.replace(str(expired), "")


def test_a_namespace_that_does_not_exist(deployer: Deployer, cluster: Mapping[str, str]) -> None:
    elsewhere = Deployer(deployer.directory, deployer.backend, "funcpack-test-missing", cluster)
    refused = elsewhere("deploy", "--image", MISSING)
    assert refused.code == 1
    assert "kubectl create namespace funcpack-test-missing" in refused.notes


@pytest.fixture(scope="session")
def api(cluster: Mapping[str, str]) -> Iterator[int]:
    """The port of the cluster's API without encryption."""
    with api_proxy(cluster) as port:
        yield port


@pytest.mark.parametrize(
    ("method", "is_forwarded"),
    [("POST", False), ("PATCH", False), ("PATCH", True), ("GET", False)],
    ids=["permissions", "apply", "answer of apply", "rollout"],
)
def test_a_deployment_that_was_cut_can_be_run_again(
    deployer: Deployer, api: int, function_image: str, tmp_path: Path, method: str, is_forwarded: bool
) -> None:
    with cut_at(api, method, 1, is_forwarded=is_forwarded, directory=tmp_path) as cut:
        failed = deployer("deploy", "--image", function_image, "--timeout", "5", kubeconfig=cut)
    assert failed.code == 1
    assert "bug in Funcpack" not in failed.notes
    assert "again" in failed.notes
    resumed = deployer("deploy", "--image", function_image)
    assert resumed.code == 0, resumed.notes
