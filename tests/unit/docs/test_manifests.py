"""The manifests that the documentation shows are ones that a cluster takes, and go with what the images do."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from funcpack_invoker.settings import Settings
from tests import samples
from tests.unit.deploy.kubernetes_targets import CREATE, manifests_of
from tests.unit.docs.markdown import PAGES, blocks
from tests.unit.docs.schemas import InvalidManifestError, validate
from tools.places import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.docs.schemas import Manifest

DEPLOY = ROOT / "docs" / "deploy.md"
ROLE_PAGES = [ROOT / "docs" / "deploy" / name for name in ("kubernetes.md", "knative.md")]


def manifests_of_page(page: Path) -> dict[str, Manifest]:
    documents = [document for block in blocks(page, "yaml") for document in yaml.safe_load_all(block.text)]
    return {f"{document['apiVersion']} {document['kind']}": document for document in documents}


SHOWN = manifests_of_page(DEPLOY)
ROLES = {f"{page.name} Role": manifests_of_page(page)["rbac.authorization.k8s.io/v1 Role"] for page in ROLE_PAGES}
SAMPLES = {
    f"{path.relative_to(ROOT)} {document['kind']} {document['metadata']['name']}": document
    for path in sorted(ROOT.glob("samples/python/**/deploy/*.yaml"))
    for document in yaml.safe_load_all(path.read_text())
}
MANIFESTS = {**SHOWN, **ROLES, **SAMPLES}


def pods(manifest: Manifest) -> list[dict[str, Any]]:
    """Return the pods of a Deployment or a Knative Service, as their specs."""
    template = manifest.get("spec", {}).get("template")
    return [template["spec"]] if template else []


def of(kinds: dict[str, Manifest]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("manifest", [pytest.param(one, id=name) for name, one in kinds.items()])


def test_the_page_shows_every_way_to_deploy() -> None:
    assert set(SHOWN) == {
        "apps/v1 Deployment",
        "eventing.knative.dev/v1 Broker",
        "eventing.knative.dev/v1 Trigger",
        "networking.k8s.io/v1 NetworkPolicy",
        "serving.knative.dev/v1 Service",
        "v1 Service",
    }


def test_no_manifest_is_left_out() -> None:
    files = {path for name in ("docs", "samples", "templates") for path in (ROOT / name).rglob("*.y*ml")}

    assert files == set(ROOT.glob("samples/python/**/deploy/*.yaml"))
    assert {page for page in PAGES if any("kind:" in block.text for block in blocks(page, "yaml"))} == {
        DEPLOY,
        *ROLE_PAGES,
    }


@of(MANIFESTS)
def test_a_manifest_is_valid(manifest: Manifest) -> None:
    validate(manifest)


@of({name: one for name, one in MANIFESTS.items() if pods(one)})
def test_a_pod_has_as_few_rights_as_it_needs(manifest: Manifest) -> None:
    (pod,) = pods(manifest)

    assert pod["automountServiceAccountToken"] is False
    for container in pod["containers"]:
        assert {**pod.get("securityContext", {}), **container["securityContext"]} == {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
            "runAsNonRoot": True,
            "seccompProfile": {"type": "RuntimeDefault"},
        }
        assert container["resources"]["limits"]["memory"]


def probe(path: str, *, port: str | None = None, **timing: int) -> dict[str, Any]:
    # A check can take more than the default of one second while a large body is parsed on less than one CPU.
    return {"httpGet": {"path": path, **({"port": port} if port else {})}, "timeoutSeconds": 2, **timing}


# The probes of every manifest that runs a function: those of the documentation, of the samples and of `funcpack deploy`.
PROBES = {
    "serving.knative.dev/v1": {
        # Without a period, the kubelet checks every ten seconds.
        "readinessProbe": probe("/health/ready", periodSeconds=1),
        # Three checks that fail, ten seconds apart, restart the container: at least 60 seconds after its start.
        "livenessProbe": probe("/health/live", initialDelaySeconds=40),
    },
    "apps/v1": {
        "startupProbe": probe("/health/ready", port="http", periodSeconds=1, failureThreshold=60),
        "readinessProbe": probe("/health/ready", port="http", periodSeconds=1),
        "livenessProbe": probe("/health/live", port="http", periodSeconds=10),
    },
}
# An image of Knative, which is no function, and has no health paths.
DISPLAY = {"readinessProbe": {"tcpSocket": {}, "periodSeconds": 1}}


def probes(manifest: Manifest) -> dict[str, Any]:
    """Return the probes of the only container of a manifest."""
    (container,) = pods(manifest)[0]["containers"]
    return {name: value for name, value in container.items() if name.endswith("Probe")}


@of({name: one for name, one in MANIFESTS.items() if pods(one)})
def test_the_documentation_and_the_samples_have_the_same_probes(manifest: Manifest) -> None:
    is_function = manifest["metadata"]["name"] != "dead-letters"

    assert probes(manifest) == (PROBES[manifest["apiVersion"]] if is_function else DISPLAY)


@pytest.mark.parametrize("backend", CREATE)
def test_a_deployment_has_the_probes_of_the_documentation(tmp_path: Path, backend: str) -> None:
    generated = [one for one in manifests_of(tmp_path, backend).values() if pods(one)]

    assert [probes(one) for one in generated] == [PROBES[one["apiVersion"]] for one in generated]
    assert len(generated) == 1


@of({name: one for name, one in MANIFESTS.items() if one["kind"] == "Deployment"})
def test_a_pod_that_failed_shows_its_log(manifest: Manifest) -> None:
    (container,) = pods(manifest)[0]["containers"]

    assert container["terminationMessagePolicy"] == "FallbackToLogsOnError"


@pytest.mark.parametrize("name", samples.EVENT_NAMES)
def test_only_knative_reaches_the_function_of_an_event_sample(name: str) -> None:
    files = (samples.DIRECTORY / name / "deploy").glob("*.yaml")
    documents = [one for file in files for one in yaml.safe_load_all(file.read_text())]
    (policy,) = (one for one in documents if one["kind"] == "NetworkPolicy")
    services = {
        one["metadata"]["name"]: one["metadata"].get("labels")
        for one in documents
        if one["apiVersion"] == "serving.knative.dev/v1"
    }
    (selected,) = policy["spec"]["podSelector"]["matchLabels"].items()
    ports = {(port["protocol"], port["port"]) for rule in policy["spec"]["egress"] for port in rule["ports"]}

    assert set(services) == {name.partition("/")[2], "dead-letters"}
    assert all(labels == {"networking.knative.dev/visibility": "cluster-local"} for labels in services.values())
    assert selected == ("serving.knative.dev/service", name.partition("/")[2])
    assert policy["spec"]["policyTypes"] == ["Ingress", "Egress"]
    assert ports == {("UDP", 53), ("TCP", 53), ("TCP", 443)}


def set_in(manifest: Manifest, path: str, value: Any) -> None:
    """Set the value at a path as `spec.ports.0.name`."""
    *parents, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    target: Any = manifest
    for part in parents:
        target = target[part]
    target[last] = value


@pytest.mark.parametrize(
    ("name", "path", "value"),
    [
        pytest.param("apps/v1 Deployment", "spec.replica", 2, id="deployment-unknown-field"),
        pytest.param("apps/v1 Deployment", "spec.replicas", "two", id="deployment-wrong-type"),
        pytest.param(
            "apps/v1 Deployment",
            "spec.template.spec.containers.0.readinessProbe.httpGet.url",
            "/",
            id="deployment-unknown-field-of-a-probe",
        ),
        pytest.param("v1 Service", "spec.ports.0.targetport", "http", id="service-unknown-field"),
        pytest.param("serving.knative.dev/v1 Service", "spec.templates", {}, id="knative-unknown-field"),
        pytest.param("serving.knative.dev/v1 Service", "metadata.anotations", {}, id="knative-unknown-metadata"),
        pytest.param(
            "serving.knative.dev/v1 Service",
            "spec.template.spec.containers.0.securityContext.readOnlyRoot",
            True,
            id="knative-unknown-field-of-a-container",
        ),
        pytest.param("serving.knative.dev/v1 Service", "spec.template.spec.containers", {}, id="knative-wrong-type"),
        pytest.param(
            "serving.knative.dev/v1 Service",
            "spec.template.spec.nodeSelector",
            {"disk": "ssd"},
            id="knative-feature-that-is-off-by-default",
        ),
        pytest.param("eventing.knative.dev/v1 Trigger", "spec.brokr", "default", id="trigger-unknown-field"),
        pytest.param("eventing.knative.dev/v1 Trigger", "spec.subscriber.ref.kind", 1, id="trigger-wrong-type"),
    ],
)
def test_a_broken_manifest_is_refused(name: str, path: str, value: Any) -> None:
    broken = copy.deepcopy(SHOWN[name])
    set_in(broken, path, value)

    with pytest.raises(InvalidManifestError, match=path.rpartition(".")[2]):
        validate(broken)


def test_a_version_that_knative_does_not_have_is_refused() -> None:
    with pytest.raises(InvalidManifestError, match=r"no Trigger of eventing\.knative\.dev/v9"):
        validate({**SHOWN["eventing.knative.dev/v1 Trigger"], "apiVersion": "eventing.knative.dev/v9"})


def test_the_pod_is_given_the_time_that_the_function_takes_to_stop() -> None:
    pod = SHOWN["apps/v1 Deployment"]["spec"]["template"]["spec"]
    settings = Settings.from_env({one["name"]: one["value"] for one in pod["containers"][0]["env"]})

    assert pod["terminationGracePeriodSeconds"] > settings.shutdown_delay + settings.grace_period
