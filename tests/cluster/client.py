"""The client of the tests: a pod in the namespace of the test, whose programs send requests and events."""

from __future__ import annotations

import json
import secrets
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.cluster.manifests import SECURITY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cluster.kubectl import Kubectl, Manifest

Result = dict[str, Any]

_NAME = "client"
_PYTHON = "/usr/bin/python3"
_PROGRAMS = Path(__file__).with_name("programs")


@dataclass(frozen=True, slots=True)
class Client:
    """A running pod that has the programs."""

    kubectl: Kubectl
    loads: list[Load] = field(default_factory=list)

    def run(self, program: str, *arguments: str) -> Result:
        """Run a program to its end and return what it prints."""
        found: Result = json.loads(self.kubectl(*_command(program, *arguments)))
        return found

    def get(self, url: str, *headers: str) -> Result:
        """Send one GET request; the result has the `status`, the `body` and the `seconds`."""
        return self.run("get.py", url, *headers)

    def start_load(self, url: str, clients: int, *options: str) -> Load:
        """Send requests to `url` from so many clients until the load is stopped; return after the first answer."""
        stop = f"/tmp/{secrets.token_hex(4)}"
        command = _command("load.py", url, str(clients), "0", "--stop", stop, *options)
        process = subprocess.Popen(
            ["kubectl", "--namespace", self.kubectl.namespace, *command],
            env=dict(self.kubectl.environment),
            stdout=subprocess.PIPE,
            text=True,
        )
        self.loads.append(Load(self.kubectl, process, stop))
        assert process.stdout
        process.stdout.readline()
        return self.loads[-1]

    def close(self) -> None:
        """End the loads of a test that failed before it stopped them."""
        for load in self.loads:
            with load.process as process:
                process.kill()


@dataclass(frozen=True, slots=True)
class Load:
    """Requests that are being sent."""

    kubectl: Kubectl
    process: subprocess.Popen[str]
    stop_file: str

    def stop(self) -> Result:
        """End the load and return what came back."""
        self.kubectl("exec", _NAME, "--", _PYTHON, "-c", f"open({self.stop_file!r}, 'w')")
        output, _ = self.process.communicate(timeout=90)
        found: Result = json.loads(output)
        return found


@contextmanager
def running(kubectl: Kubectl, image: str) -> Iterator[Client]:
    """Yield a client in the namespace, whose loads end with it."""
    kubectl.apply(*_pod_of(image))
    kubectl.wait("condition=Ready", f"pod/{_NAME}")
    client = Client(kubectl)
    try:
        yield client
    finally:
        client.close()


def _pod_of(image: str) -> tuple[Manifest, Manifest]:
    """Return the pod of the client, and the ConfigMap with its programs."""
    programs = {path.name: path.read_text() for path in _PROGRAMS.glob("*.py")}
    container = {
        "name": "client",
        "image": image,
        "command": [_PYTHON, "-c", "import signal; signal.sigwait({signal.SIGTERM})"],
        "volumeMounts": [{"name": "programs", "mountPath": "/programs"}],
        "securityContext": SECURITY,
    }
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": _NAME}, "data": programs}
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": _NAME},
        "spec": {"containers": [container], "volumes": [{"name": "programs", "configMap": {"name": _NAME}}]},
    }
    return config, pod


def _command(program: str, *arguments: str) -> list[str]:
    return ["exec", _NAME, "--", _PYTHON, f"/programs/{program}", *arguments]
