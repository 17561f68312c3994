"""Drives a cluster with kubectl: the commands of one namespace, and what its pods and events tell if a test fails."""

from __future__ import annotations

import json
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

Manifest = dict[str, Any]

# Long enough for a node that is busy with other things. Nothing waits for it if all is well.
DEADLINE = 180.0


@dataclass(frozen=True, slots=True)
class Kubectl:
    """kubectl for one namespace of the cluster that `environment` selects with KUBECONFIG."""

    environment: Mapping[str, str]
    namespace: str

    def __call__(self, *arguments: str, stdin: str | None = None) -> str:
        """Run one command and return its output. Raises AssertionError with the error output if it fails."""
        done = self._run(arguments, stdin)
        assert done.returncode == 0, f"kubectl {' '.join(arguments)}: {done.stderr}"
        return done.stdout

    def ask(self, *arguments: str) -> str:
        """Run one command and return its output, with the error output if it fails."""
        done = self._run(arguments)
        return done.stdout if done.returncode == 0 else done.stdout + done.stderr

    def apply(self, *manifests: Manifest) -> None:
        """Create or change the resources of `manifests`."""
        self("apply", "--filename", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": manifests}))

    def get(self, resource: str, *arguments: str) -> Manifest:
        """Return a resource such as `deployment/greeter`, or all of a kind with the list's field `items`."""
        found: Manifest = json.loads(self("get", resource, *arguments, "--output", "json"))
        return found

    def items(self, kind: str, *arguments: str) -> list[Manifest]:
        """Return the resources of a kind, which `--selector` and others select."""
        return list(self.get(kind, *arguments)["items"])

    def wait(self, condition: str, resource: str, seconds: float = DEADLINE) -> None:
        """Wait for a condition such as `condition=Ready`, `delete` or `jsonpath={.status.phase}=Running`."""
        self("wait", f"--for={condition}", resource, f"--timeout={seconds:.0f}s")

    def rollout(self, deployment: str) -> None:
        """Wait until the newest pods of a deployment are ready and the others are gone from its status."""
        self("rollout", "status", f"deployment/{deployment}", f"--timeout={DEADLINE:.0f}s")

    def diagnosis(self) -> str:
        """Return the pods, their logs and the events of the namespace."""
        names = self.ask("get", "pods", "--output", "name").split()
        asked: list[Sequence[str]] = [("get", "all"), ("get", "events", "--sort-by=.lastTimestamp")]
        for name in names:
            asked.append(("logs", name, "--all-containers", "--prefix", "--tail=100"))
            asked.append(("logs", name, "--all-containers", "--prefix", "--tail=40", "--previous"))
        return "\n".join(f"$ kubectl {' '.join(arguments)}\n{self.ask(*arguments)}" for arguments in asked)

    def _run(self, arguments: Sequence[str], stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        command = ["kubectl", "--namespace", self.namespace, *arguments]
        environment = dict(self.environment)
        return subprocess.run(command, env=environment, input=stdin, capture_output=True, text=True, check=False)


def wait_until(condition: Callable[[], bool], what: str, seconds: float = DEADLINE) -> None:
    """Wait until `condition` is true. Raises AssertionError with `what` after `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"no {what} within {seconds:.0f} s"
        time.sleep(0.2)
