"""The commands of the pages about Kubernetes and Knative that need a cluster, in the order of the page, with the Role of the page."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.cluster.images import MISSING
from tests.unit.docs.markdown import blocks, table_commands
from tools.places import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.cluster.conftest import ImageOf
    from tests.cluster.kubectl import Kubectl, Manifest

DOCS = ROOT / "docs" / "deploy"
VERSIONS = ("1.0.0", "1.1.0")
BACKENDS = ("kubernetes", "knative")
DEADLINE = 600


@dataclass(frozen=True)
class Terminal:
    """An app, and a kubeconfig of a user who may do only what the Role of a page allows. `images` are those of the versions."""

    directory: Path
    environ: Mapping[str, str]
    images: Mapping[str, str]

    def run(self, command: str) -> str:
        """Run a command and return its output."""
        done = self._done(command)
        assert done.returncode == 0, f"$ {command}\n{done.stdout}{done.stderr}"
        return done.stdout

    def failed(self, command: str) -> str:
        """Run a command that fails, and return what it prints to standard error."""
        done = self._done(command)
        assert done.returncode == 1, f"$ {command}\n{done.stdout}{done.stderr}"
        return done.stderr

    def _done(self, command: str) -> subprocess.CompletedProcess[str]:
        for version, image in self.images.items():
            command = command.replace(f"registry.example.com/hello:{version}", image)
        return subprocess.run(
            shlex.split(command),
            cwd=self.directory,
            env=dict(self.environ),
            capture_output=True,
            text=True,
            timeout=DEADLINE,
            check=False,
        )


@pytest.fixture
def images(image_of: ImageOf) -> dict[str, str]:
    """Images of two versions of a function."""
    return {version: image_of({"handler.py": f"def handler(req):\n    return {version!r}\n"}) for version in VERSIONS}


@pytest.fixture
def terminal(request: pytest.FixtureRequest, tmp_path: Path, kubectl: Kubectl, images: Mapping[str, str]) -> Terminal:
    """Return the terminal of a deployer who has the Role of the page of a backend."""
    backend = request.param
    if backend == "knative":
        request.getfixturevalue("serving")
    (role,) = (yaml.safe_load(block.text) for block in blocks(DOCS / f"{backend}.md", "yaml"))
    kubectl.apply(*deployer(role, kubectl.namespace))
    kubeconfig = tmp_path / "kubeconfig.yaml"
    kubeconfig.write_text(yaml.safe_dump(config_of(kubectl)))
    app = tmp_path / "hello"
    app.mkdir()
    (app / "handler.py").write_text("def handler(req):\n    return 'hello'\n")
    (app / "config.json").write_text(f'{{"name": "hello", "backend": "{backend}"}}')
    (app / "tests" / "events").mkdir(parents=True)
    (app / "tests" / "events" / "ada.json").write_text('{"request": {"path": "/?name=Ada"}}')
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return Terminal(app, {**os.environ, "PATH": path, "KUBECONFIG": str(kubeconfig)}, images)


def deployer(role: Manifest, namespace: str) -> tuple[Manifest, ...]:
    """Return the Role in a namespace, and a user who has it."""
    account = {"kind": "ServiceAccount", "name": "deployer", "namespace": namespace}
    binding = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": {"name": "deployer", "namespace": namespace},
        "subjects": [account],
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": role["metadata"]["name"]},
    }
    user = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "deployer", "namespace": namespace}}
    return {**role, "metadata": {**role["metadata"], "namespace": namespace}}, user, binding


def config_of(kubectl: Kubectl) -> Manifest:
    """Return the kubeconfig of the user, whose context names the namespace."""
    current = yaml.safe_load(kubectl("config", "view", "--minify", "--flatten"))
    token = kubectl("create", "token", "deployer").strip()
    context = {"cluster": current["clusters"][0]["name"], "user": "deployer", "namespace": kubectl.namespace}
    return {
        **current,
        "users": [{"name": "deployer", "user": {"token": token}}],
        "contexts": [{"name": "deployer", "context": context}],
        "current-context": "deployer",
    }


@pytest.mark.parametrize("terminal", ["kubernetes"], indirect=True)
def test_commands_on_kubernetes(terminal: Terminal, kubectl: Kubectl) -> None:
    printed = {command: terminal.run(command) for command in table_commands(DOCS / "kubernetes.md", "funcpack")}
    assert_printed(printed)
    assert [kind for kind in ("deployments", "services") if kubectl.items(kind)] == []


@pytest.mark.parametrize("terminal", ["knative"], indirect=True)
def test_commands_on_knative(terminal: Terminal, kubectl: Kubectl) -> None:
    printed = {command: terminal.run(command) for command in table_commands(DOCS / "knative.md", "funcpack")}
    assert_printed(printed)
    assert kubectl.items("services.serving.knative.dev") == []


@pytest.mark.parametrize("terminal", ["knative"], indirect=True)
def test_a_saved_event_reaches_a_pod(terminal: Terminal) -> None:
    event = {"request": {"method": "POST", "path": "/", "text": "{}"}, "answer": {"status": 200, "text": "1.1.0"}}
    (terminal.directory / "event.json").write_text(json.dumps(event))
    terminal.run("funcpack deploy --image registry.example.com/hello:1.0.0")
    terminal.run("funcpack deploy --image registry.example.com/hello:1.1.0 --smoke event.json")


@pytest.mark.parametrize("terminal", BACKENDS, indirect=True)
def test_an_image_that_cannot_be_pulled_ends_a_deployment(terminal: Terminal) -> None:
    notes = terminal.failed(f"funcpack deploy --image {MISSING}")
    assert "ImagePullBackOff" in notes
    assert MISSING in notes


@pytest.mark.parametrize("terminal", BACKENDS, indirect=True)
def test_a_function_that_cannot_be_loaded_ends_a_deployment(terminal: Terminal, broken_image: str) -> None:
    terminal.run("funcpack deploy --image registry.example.com/hello:1.0.0")
    notes = terminal.failed(f"funcpack deploy --image {broken_image}")
    assert "the container 'function' ended with exit code 1" in notes
    assert "RuntimeError: the database is not configured" in notes
    assert "still serves" in notes


@pytest.mark.parametrize("terminal", ["kubernetes"], indirect=True)
def test_overlay_is_applied(terminal: Terminal, kubectl: Kubectl) -> None:
    page = DOCS / "gitops.md"
    base, overlay = (block.text for block in blocks(page, "yaml") if "resources:" in block.text)
    image = terminal.images["1.1.0"]
    name, _, tag = image.rpartition(":")
    overlay = overlay.replace("namespace: shop", f"namespace: {kubectl.namespace}")
    overlay = overlay.replace("name: registry.example.com/hello", f"name: {name}").replace(
        "newTag: 1.1.0", f"newTag: '{tag}'"
    )
    files = {
        "base/kustomization.yaml": base,
        "base/function.yaml": terminal.run(f"funcpack deploy --image {name}:0 --dry-run"),
        "prod/kustomization.yaml": overlay,
    }
    for file, text in files.items():
        path = terminal.directory / "deploy" / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    kustomize, apply, diff = table_commands(page, "kubectl")
    terminal.run(kustomize)
    terminal.run(apply)
    kubectl.rollout("hello")
    assert terminal.run(diff) == ""
    found = kubectl.get("deployment/hello")
    assert found["spec"]["replicas"] == 4
    assert found["spec"]["template"]["spec"]["containers"][0]["image"] == image
    assert terminal.run(f"funcpack deploy --image {image} --set kubernetes.deployment.spec.replicas=4 --plan") == (
        "no changes\nno build\n"
    )


def assert_printed(printed: Mapping[str, str]) -> None:
    """Check what the commands of a backend print, which end with a rollback and a deletion."""
    first, plan, *_ = printed.values()
    assert first.startswith("deployed hello at http")
    assert plan.count("\n") == 2
    assert ".spec.template.spec.containers[function].image: " in plan
    assert "ready:    yes" in printed["funcpack describe"]
    assert printed["funcpack rollback"].startswith("rolled back hello to hello-")
    assert printed["funcpack destroy"] == "destroyed hello\n"
