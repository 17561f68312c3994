"""Functions behind brokers and triggers of Knative Eventing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests import samples
from tests.cluster.knative import SINK, broker_with, deploy, pods, trigger
from tests.cluster.kubectl import wait_until
from tests.cluster.manifests import container, deployment, knative_service

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.cluster.client import Client
    from tests.cluster.conftest import Figures
    from tests.cluster.kubectl import Kubectl, Manifest

pytestmark = pytest.mark.usefixtures("eventing")

FUNCTION = {"ref": {"apiVersion": "serving.knative.dev/v1", "kind": "Service", "name": "relay"}}
FEW_RETRIES = {"retry": 2, "backoffPolicy": "linear", "backoffDelay": "PT0.5S", "deadLetterSink": SINK}


def received(client: Client) -> dict[str, dict[str, Any]]:
    """Return what the sink has received, by the types of the events."""
    found: dict[str, dict[str, Any]] = json.loads(client.get("http://sink/")["body"])
    return found


@pytest.fixture
def sink(kubectl: Kubectl, sink_image: str) -> None:
    """A function that counts events."""
    kubectl.apply(*deployment("sink", container(sink_image)))
    kubectl.rollout("sink")


@pytest.mark.parametrize("mode", ["binary", "structured"])
@pytest.mark.usefixtures("sink")
def test_replies_reach_the_sink_once(
    kubectl: Kubectl, client: Client, relay_image: str, mode: str, record_figures: Figures
) -> None:
    deploy(kubectl, knative_service("relay", container(relay_image, {"REPLY_TYPE": "com.example.done"})))
    url = broker_with(kubectl, trigger("work", "com.example.todo", FUNCTION), trigger("done", "com.example.done", SINK))
    wait_until(lambda: not pods(kubectl), "scale to zero")

    assert client.run("send.py", url, "1000", mode, "com.example.todo") == {"202": 1000}
    wait_until(lambda: received(client).get("com.example.done", {}).get("ids") == 1000, "1,000 events at the sink")
    found = received(client)
    record_figures({name: one["deliveries"] for name, one in found.items()})
    assert set(found) == {"com.example.done"}
    assert found["com.example.done"]["deliveries"] == 1000


def test_function_at_zero_replies_to_a_batch_of_a_sender(kubectl: Kubectl, client: Client, relay_image: str) -> None:
    url = deploy(kubectl, knative_service("relay", container(relay_image, {"REPLY_TYPE": "com.example.done"})))
    wait_until(lambda: not pods(kubectl), "scale to zero")

    found = client.run("send_batch.py", url, "100", "com.example.todo")
    assert (found["status"], found["content type"]) == (200, "application/cloudevents-batch+json")
    assert {reply["type"] for reply in found["replies"]} == {"com.example.done"}
    assert [reply["data"]["number"] for reply in found["replies"]] == list(range(100))


def test_broker_rejects_a_batch(kubectl: Kubectl, client: Client) -> None:
    """A sender learns of it at once: no event of the batch is accepted and lost."""
    assert client.run("send_batch.py", broker_with(kubectl), "2", "com.example.todo")["status"] == 400


def dead_letters(client: Client, url: str, mode: str) -> dict[str, Any]:
    """Send one event, wait for it at the dead letter sink, and return what arrived there."""
    assert client.run("send.py", url, "1", mode, "com.example.todo") == {"202": 1}
    wait_until(lambda: "com.example.todo" in received(client), "dead letter")
    return received(client)["com.example.todo"]


def posts(kubectl: Kubectl) -> int:
    """Return the number of requests to the function that its access log has."""
    names = [pod["metadata"]["name"] for pod in pods(kubectl)]
    return sum(kubectl("logs", name, "--container", "user-container").count(" POST ") for name in names)


@pytest.mark.usefixtures("sink")
@pytest.mark.parametrize(
    ("environment", "mode", "calls", "status"),
    [
        pytest.param({"FAIL": "yes"}, "binary", 3, "500", id="function that raises"),
        pytest.param({}, "malformed", 1, "400", id="malformed event"),
    ],
)
def test_failed_event_reaches_the_dead_letter_sink(
    kubectl: Kubectl,
    client: Client,
    relay_image: str,
    environment: Mapping[str, str],
    mode: str,
    calls: int,
    status: str,
) -> None:
    variables = {"REPLY_TYPE": "com.example.done", "FUNCTION_ACCESS_LOG": "on", **environment}
    always = {"autoscaling.knative.dev/min-scale": "1", "autoscaling.knative.dev/max-scale": "1"}
    deploy(kubectl, knative_service("relay", container(relay_image, variables), always))
    url = broker_with(kubectl, trigger("work", "com.example.todo", FUNCTION, FEW_RETRIES))

    found = dead_letters(client, url, mode)
    assert found["deliveries"] == 1
    assert found["last"]["headers"]["ce-knativeerrorcode"] == status
    assert posts(kubectl) == calls


def manifests_of(sample: str, image: str) -> list[Manifest]:
    """Return the manifests of a sample without its source, and with one image for all of its Services."""
    paths = sorted((samples.DIRECTORY / sample / "deploy").glob("*.yaml"))
    found = [one for path in paths if path.name != "source.yaml" for one in yaml.safe_load_all(path.read_text())]
    for one in found:
        if one["kind"] == "Service":
            one["spec"]["template"]["spec"]["containers"][0]["image"] = image
    return found


@pytest.mark.restricted
@pytest.mark.parametrize("sample", samples.EVENT_NAMES)
def test_manifests_of_the_samples_deliver_events(
    kubectl: Kubectl, client: Client, sink_image: str, sample: str
) -> None:
    """The function counts events instead of working on them, since the samples need a cloud."""
    manifests = manifests_of(sample, sink_image)
    services = [one for one in manifests if one["kind"] == "Service"]
    (of_trigger,) = [one for one in manifests if one["kind"] == "Trigger"]
    name, kind = of_trigger["spec"]["subscriber"]["ref"]["name"], of_trigger["spec"]["filter"]["attributes"]["type"]
    kubectl.apply(*manifests)
    urls = {one["metadata"]["name"]: deploy(kubectl, one) for one in services}
    kubectl.wait("condition=Ready", f"trigger/{of_trigger['metadata']['name']}")
    broker: str = kubectl.get("broker/default")["status"]["address"]["url"]

    assert client.run("send.py", broker, "5", "binary", "com.example.other") == {"202": 5}
    assert client.run("send.py", broker, "5", "binary", kind) == {"202": 5}

    def delivered() -> dict[str, int]:
        counted = json.loads(client.get(urls[name])["body"])
        return {found: one["ids"] for found, one in counted.items()}

    wait_until(lambda: kind in delivered() and delivered()[kind] == 5, "5 events at the function")
    assert delivered() == {kind: 5}
