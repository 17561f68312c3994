"""Measure functions on a Kubernetes cluster with Knative: Funcpack next to functions-framework, in the same image.

Run it with `make bench-cluster`, or `python -m benchmarks.cluster --help` for shorter runs. docs/testing.md describes the
cluster and the variables that select it.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import cluster_image, report
from benchmarks.servers import FUNCPACK, FUNCTIONS_FRAMEWORK
from tests.cluster.client import Client, running
from tests.cluster.knative import SINK, broker_with, deploy, trigger
from tests.cluster.kubectl import Kubectl, wait_until
from tests.cluster.manifests import container, deployment, knative_service

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.cluster.kubectl import Manifest

TITLE = "Functions on one node: pods with 64 MiB and a tenth of a CPU, in the same run"
SERVERS = (FUNCPACK, FUNCTIONS_FRAMEWORK)
PODS = (1, 2, 4)
CLIENTS = 16
EVENTS = 1000
# The requests are so small that other pods on the node do not matter for where these run.
RESOURCES = {"requests": {"cpu": "5m", "memory": "32Mi"}, "limits": {"cpu": "100m", "memory": "64Mi"}}
# The startup probe of docs/deploy.md, but with the path of the function, since only Funcpack has one for probes.
PROBE = {"httpGet": {"path": "/", "port": 8080}, "periodSeconds": 1, "timeoutSeconds": 2, "failureThreshold": 60}
MEBIBYTE = 2**20


def main() -> None:
    """Build the image, measure in a new namespace, and write the report."""
    arguments = parse_arguments()
    results = report.Results(TITLE, FUNCTIONS_FRAMEWORK)
    with cluster_image.in_cluster(os.environ) as image, namespace() as kubectl, running(kubectl, image) as sender:
        comparison = Comparison(results, kubectl, sender, image, arguments.seconds)
        for number in range(arguments.rounds):
            order = SERVERS[number % 2 :] + SERVERS[: number % 2]
            comparison.measure_round(order)
            print(f"round {number + 1} of {arguments.rounds} done", file=sys.stderr)
    results.sort(list(SERVERS))
    text = report.table(results)
    report.write(results, text, arguments.output, "cluster")
    print(text)


def parse_arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3, help="number of rounds")
    parser.add_argument("--seconds", type=int, default=10, help="seconds of load for each measurement")
    parser.add_argument("--output", type=Path, default=report.OUTPUT, help="directory of the report")
    return parser.parse_args()


@contextmanager
def namespace() -> Iterator[Kubectl]:
    """Yield kubectl for a new namespace, which is deleted at the end."""
    name = f"funcpack-benchmark-{secrets.token_hex(4)}"
    kubectl = Kubectl(os.environ, name)
    kubectl("create", "namespace", name)
    try:
        yield kubectl
    finally:
        kubectl("delete", "namespace", name, "--wait=false")


@dataclass(frozen=True, slots=True)
class Comparison:
    """A run that adds what it measures to `results`, with `seconds` of load for each measurement."""

    results: report.Results
    kubectl: Kubectl
    client: Client
    image: str
    seconds: int

    def measure_round(self, servers: tuple[str, ...]) -> None:
        """Measure everything once, with the servers in this order."""
        for pods in PODS:
            for server in servers:
                self._measure_load(server, pods)
        for server in servers:
            self._measure_density(server)
        self._measure_events()

    def _measure_load(self, server: str, pods: int) -> None:
        """Measure requests through the ingress to so many pods of a Knative Service, and the memory of the pods after them."""
        scale = {f"autoscaling.knative.dev/{name}-scale": str(pods) for name in ("min", "max")}
        name = f"greeter-{secrets.token_hex(2)}"
        selector = f"serving.knative.dev/service={name}"
        # Knative's own container of the pod has no limit.
        url = deploy(self.kubectl, knative_service(name, self._function(server), scale))
        wait_until(lambda: len(self._ready_pods(selector)) == pods, f"{pods} ready pods")
        self.client.run("load.py", url, str(CLIENTS), "50")
        load = self.client.start_load(url, CLIENTS)
        time.sleep(self.seconds)
        found = load.stop()
        if set(found["statuses"]) != {"200"}:
            raise SystemExit(f"error: {server} with {pods} pods: {found['statuses']}, {found['errors']}")
        figure = f"{pods} pods" if pods > 1 else "1 pod"
        self._add(f"{figure}: requests", "1/s", server, found["rate"])
        self._add(f"{figure}: p99", "ms", server, found["p99"] * 1000, better="less")
        for size in self._memory({pod["metadata"]["name"] for pod in self._ready_pods(selector)}):
            self._add("memory of a pod after load", "MiB", server, size, better="less")
        self.kubectl("delete", "ksvc", name, "--wait=false")

    def _measure_density(self, server: str) -> None:
        """Start as many pods as the limits allow on the CPUs, all at the same time, and measure how many start in time."""
        # What the pods of the loads have requested of the CPUs is free when they have ended.
        self.kubectl("wait", "--for=delete", "pod", "--selector=serving.knative.dev/service", "--timeout=90s")
        function = self._function(server, startupProbe=PROBE)
        count = self._tenths_of_cpus()
        manifest, _ = deployment("dense", function, count, terminationGracePeriodSeconds=1)
        self.kubectl.apply(manifest)
        wait_until(lambda: len(self._ready_pods("app=dense")) == count, f"{count} ready pods")
        pods = self._ready_pods("app=dense")
        at_once = [pod for pod in pods if not restarts(pod)]
        self._add(f"pods of {count} that started within the probe", "pods", server, len(at_once))
        for pod in at_once:
            self._add("time until each of these pods was ready", "s", server, seconds_to_ready(pod), better="less")
        self.kubectl("delete", "deployment", "dense")
        self.kubectl("wait", "--for=delete", "pod", "--selector=app=dense", "--timeout=90s")

    def _measure_events(self) -> None:
        """Measure the events that reach a function through a broker and a trigger."""
        self.kubectl.apply(*deployment("sink", container(self.image, {"PYTHON_HANDLER": "sink.handler"})))
        self.kubectl.rollout("sink")
        broker = broker_with(self.kubectl, trigger("work", "com.example.todo", SINK))
        wait_until(lambda: self.client.get("http://sink/")["status"] == 200, "sink")
        began = time.monotonic()
        self.client.run("send.py", broker, str(EVENTS), "binary", "com.example.todo")
        wait_until(lambda: self._received() == EVENTS, "events at the sink")
        self._add("events through broker and trigger", "1/s", FUNCPACK, EVENTS / (time.monotonic() - began))
        self.kubectl("delete", "trigger/work", "broker/default", "deployment/sink", "service/sink")

    def _received(self) -> int:
        found = json.loads(self.client.get("http://sink/")["body"])
        return int(found.get("com.example.todo", {}).get("ids", 0))

    def _function(self, server: str, **fields: Any) -> Manifest:
        if server == FUNCTIONS_FRAMEWORK:
            fields = {"command": ["/cnb/lifecycle/launcher"], "args": list(cluster_image.FRAMEWORK), **fields}
        return container(self.image, resources=RESOURCES, **fields)

    def _add(self, figure: str, unit: str, server: str, value: float, better: str = "more") -> None:
        self.results.add(report.Series(figure, unit, server, better=better), value)

    def _ready_pods(self, selector: str) -> list[Manifest]:
        found = self.kubectl.items("pods", "--selector", selector)
        return [pod for pod in found if ready_since(pod) and "deletionTimestamp" not in pod["metadata"]]

    def _tenths_of_cpus(self) -> int:
        sizes = [str(node["status"]["allocatable"]["cpu"]) for node in self.kubectl.items("nodes")]
        return round(10 * sum(float(size[:-1]) / 1000 if size.endswith("m") else float(size) for size in sizes))

    def _memory(self, pods: set[str]) -> list[float]:
        """Return the MiB that the kubelet counts for the function in each of the pods, without files that it could drop."""
        found: list[float] = []
        for node in self.kubectl.items("nodes"):
            path = f"/api/v1/nodes/{node['metadata']['name']}/proxy/stats/summary"
            for pod in json.loads(self.kubectl("get", "--raw", path))["pods"]:
                if pod["podRef"]["name"] in pods:
                    sizes = {one["name"]: one["memory"]["workingSetBytes"] for one in pod["containers"]}
                    found.append(sizes["user-container"] / MEBIBYTE)
        return found


def ready_since(pod: Manifest) -> str | None:
    """Return the time since which a pod is ready; None if it is not."""
    for condition in pod["status"].get("conditions", []):
        if condition["type"] == "Ready" and condition["status"] == "True":
            return str(condition["lastTransitionTime"])
    return None


def restarts(pod: Manifest) -> int:
    """Return how often Kubernetes has restarted the pod's container."""
    return int(pod["status"]["containerStatuses"][0]["restartCount"])


def seconds_to_ready(pod: Manifest) -> float:
    """Return the time from the start of a pod's container until the pod was ready, in whole seconds."""
    began: Mapping[str, str] = pod["status"]["containerStatuses"][0]["state"]["running"]
    ready = datetime.fromisoformat(ready_since(pod) or "")
    return (ready - datetime.fromisoformat(began["startedAt"])).total_seconds()


if __name__ == "__main__":
    main()
