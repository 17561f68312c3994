"""A cluster of any kind, which KUBECONFIG selects: a namespace for each test, and images of functions in the cluster.

`make test-cluster` runs these tests, and `make test` does not. docs/testing.md describes how to run them.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from tests.cluster.client import Client, running
from tests.cluster.images import ClusterImages
from tests.cluster.kubectl import Kubectl
from tests.images.conftest import container_engine, make_app, workshop

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from tests.images.conftest import MakeApp, Workshop
    from tools.engine import Engine

__all__ = ["container_engine", "make_app", "workshop"]  # fixtures of these tests too

RESTRICTED = {"pod-security.kubernetes.io/enforce": "restricted"}


Figures = Callable[[Mapping[str, object]], None]

_FIGURES = pytest.StashKey[list[tuple[str, Mapping[str, object]]]]()


class ImageOf(Protocol):
    """Builds a function from its files and returns the name of its image in the cluster."""

    def __call__(self, files: Mapping[str, str]) -> str: ...


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "restricted: the namespace enforces the Pod Security Standard `restricted`")
    config.stash[_FIGURES] = []


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the pods, their logs and the events of the namespace to the report of a test that fails."""
    report = yield
    namespace = getattr(item, "funcargs", {}).get("kubectl")
    if report.failed and isinstance(namespace, Kubectl):
        report.sections.append((f"namespace {namespace.namespace}", namespace.diagnosis()))
    return report


@pytest.fixture(scope="session")
def cluster() -> Mapping[str, str]:
    """The variables for kubectl, if they select a cluster that answers. Otherwise, the run ends with the reason."""
    if not os.environ.get("KUBECONFIG"):
        pytest.exit(
            "KUBECONFIG is not set. Set it to the kubeconfig file of a cluster for tests: see docs/testing.md", 2
        )
    if not shutil.which("kubectl"):
        pytest.exit("kubectl is not on the PATH. Install it: see docs/testing.md", 2)
    answer = Kubectl(os.environ, "default").ask("get", "--raw", "/readyz")
    if answer != "ok":
        pytest.exit(f"the cluster in {os.environ['KUBECONFIG']} is not ready:\n{answer}", 2)
    return os.environ


@pytest.fixture
def namespace(request: pytest.FixtureRequest, cluster: Mapping[str, str]) -> Iterator[str]:
    """The name of a new namespace, which is deleted after the test."""
    name = f"funcpack-test-{secrets.token_hex(4)}"
    labels = RESTRICTED if request.node.get_closest_marker("restricted") else {}
    kubectl = Kubectl(cluster, name)
    kubectl.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})
    try:
        yield name
    finally:
        kubectl("delete", "namespace", name, "--wait=false")


@pytest.fixture
def kubectl(cluster: Mapping[str, str], namespace: str) -> Kubectl:
    """Kubectl for the namespace of the test."""
    return Kubectl(cluster, namespace)


@pytest.fixture(scope="session")
def cluster_images(cluster: Mapping[str, str], container_engine: Engine) -> Iterator[ClusterImages]:
    """The way into the cluster for images of the local engine."""
    registry, loader = cluster.get("FUNCPACK_TEST_REGISTRY"), cluster.get("FUNCPACK_TEST_IMAGE_LOADER")
    if not (registry or loader):
        pytest.exit(
            "The tests do not know how an image gets into the cluster. Set FUNCPACK_TEST_IMAGE_LOADER or "
            "FUNCPACK_TEST_REGISTRY: see docs/testing.md",
            2,
        )
    images = ClusterImages(container_engine, registry, loader)
    try:
        yield images
    finally:
        images.remove_all()


@pytest.fixture(scope="session")
def image_of(cluster_images: ClusterImages, workshop: Workshop, make_app: MakeApp) -> ImageOf:
    """Return a function that builds an image and brings it into the cluster. The same files are built once."""
    built: dict[Any, str] = {}

    def image(files: Mapping[str, str]) -> str:
        key = tuple(sorted(files.items()))
        if key not in built:
            built[key] = cluster_images.bring(workshop.build(make_app(files)).image)
        return built[key]

    return image


@pytest.fixture(scope="session")
def probe_image(image_of: ImageOf) -> str:
    """The image of an HTTP function that the tests observe; see functions/probe.py."""
    return image_of({"handler.py": _source("probe")})


@pytest.fixture(scope="session")
def relay_image(image_of: ImageOf) -> str:
    """The image of a function that replies to events; see functions/relay.py."""
    return image_of({"handler.py": _source("relay")})


@pytest.fixture(scope="session")
def sink_image(image_of: ImageOf) -> str:
    """The image of a function that counts events; see functions/sink.py."""
    return image_of({"handler.py": _source("sink")})


@pytest.fixture(scope="session")
def broken_image(image_of: ImageOf) -> str:
    """The image of a function that cannot be loaded in a pod; see functions/broken.py."""
    return image_of({"handler.py": _source("broken")})


@pytest.fixture(scope="session")
def serving(cluster: Mapping[str, str]) -> None:
    """Skip the test if the cluster does not have Knative Serving."""
    _require_api(cluster, "serving.knative.dev")


@pytest.fixture(scope="session")
def eventing(cluster: Mapping[str, str], serving: None) -> None:  # noqa: ARG001 - the functions are Knative Services
    """Skip the test if the cluster does not have Knative Eventing."""
    _require_api(cluster, "eventing.knative.dev")


def _require_api(cluster: Mapping[str, str], group: str) -> None:
    if not Kubectl(cluster, "default")("api-resources", f"--api-group={group}", "--output=name"):
        pytest.skip(f"the cluster does not have {group}")


@pytest.fixture
def client(kubectl: Kubectl, probe_image: str) -> Iterator[Client]:
    """A client in the namespace of the test."""
    with running(kubectl, probe_image) as client:
        yield client


@pytest.fixture
def record_figures(request: pytest.FixtureRequest) -> Figures:
    """Keep figures of the test for the end of the report."""

    def record(figures: Mapping[str, object]) -> None:
        request.config.stash[_FIGURES].append((request.node.name, figures))

    return record


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if config.stash[_FIGURES]:
        terminalreporter.section("figures")
        for name, figures in config.stash[_FIGURES]:
            terminalreporter.write_line(f"{name}: {json.dumps(figures)}")


def _source(name: str) -> str:
    return Path(__file__).with_name("functions").joinpath(f"{name}.py").read_text()
