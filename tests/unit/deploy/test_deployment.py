"""Deployments from Python."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING, Any

import pytest

from funcpack.command_errors import NotADirectoryArgumentError
from funcpack.deploy import Deployment
from funcpack.deploy.settings.backends import BACKENDS
from funcpack.deployment_errors import SmokeFileError, UnknownBackendError
from tests.unit.deploy.stub_backend import READY, StubBackend

if TYPE_CHECKING:
    from pathlib import Path

MODULES = {
    "cloudfunction": "funcpack.deploy.google.cloud_functions_v1",
    "cloudfunctionv2": "funcpack.deploy.google.cloud_functions_v2",
    "cloudrun": "funcpack.deploy.google.cloud_run",
    "kubernetes": "funcpack.deploy.kubernetes.plain",
    "knative": "funcpack.deploy.kubernetes.knative",
}


@pytest.fixture
def app(tmp_path: Path) -> Path:
    (tmp_path / "handler.py").write_text("def handler(request): ...\n")
    return tmp_path


@pytest.fixture
def platforms(monkeypatch: pytest.MonkeyPatch) -> dict[str, StubBackend]:
    """A stub in the place of each backend."""
    stubs = {backend: StubBackend() for backend in BACKENDS}
    for backend, stub in stubs.items():
        monkeypatch.setitem(sys.modules, MODULES[backend], stub.module())
    return stubs


@pytest.mark.parametrize("backend", BACKENDS)
def test_backend_has_a_module(app: Path, platforms: dict[str, StubBackend], backend: str) -> None:
    assert Deployment(app, backend, environ={}).deploy() == READY
    assert [name for name, stub in platforms.items() if stub.targets] == [backend]


def test_default_backend_is_that_of_the_first_document(app: Path, platforms: dict[str, StubBackend]) -> None:
    deployment = Deployment(str(app), environ={})
    assert (deployment.backend, deployment.name) == ("cloudfunction", app.name.replace("_", "-")[:49])
    assert not platforms["cloudfunction"].targets


def test_plan_is_a_sequence_of_requests(app: Path, platforms: dict[str, StubBackend]) -> None:
    (request,) = Deployment(app, "cloudrun", environ={}).plan()
    assert (request.method, request.url, request.when) == ("GET", "https://run.example.com/v2/orders", None)
    assert platforms["cloudrun"].targets


def test_every_method_is_that_of_the_backend(app: Path, platforms: dict[str, StubBackend]) -> None:
    deployment = Deployment(app, "cloudrun", environ={})
    assert deployment.describe() == READY
    assert list(deployment.logs()) == ["Hello Ada", "Hello Grace"]
    assert deployment.rollback() == READY
    assert deployment.destroy()
    assert [target.inspection for target in platforms["cloudrun"].targets] == [None] * 4
    assert deployment.shown_plan("json") == "the plan as json\n"
    assert not deployment.difference().needs_build
    assert platforms["cloudrun"].targets[-1].inspection


@pytest.mark.parametrize(
    ("value", "expected"),
    [("cloudrun.traffic=5", 5), (["cloudrun.traffic=5", "cloudrun.traffic=6"], 6)],
)
def test_options_are_the_flags(
    app: Path, platforms: dict[str, StubBackend], tmp_path: Path, value: Any, expected: int
) -> None:
    (tmp_path / "other.json").write_text('{"name": "orders"}')
    config = str(tmp_path / "other.json")
    Deployment(app, "cloudrun", environ={}, config=config, set=value, no_wait=True, timeout=5).deploy()
    (target,) = platforms["cloudrun"].targets
    assert (target.name, target.section("cloudrun")) == ("orders", {"traffic": expected})
    assert (target.options.no_wait, target.options.timeout) == (True, 5)


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("no_wiat", "Deployment() has no option 'no_wiat'. Did you mean 'no_wait'?"),
        ("zzz", "Deployment() has no option 'zzz'."),
    ],
)
def test_unknown_option(app: Path, option: str, message: str) -> None:
    options: dict[str, Any] = {option: True}
    with pytest.raises(TypeError) as caught:
        Deployment(app, **options)
    assert str(caught.value) == message


def test_errors_are_raised_by_the_methods(app: Path) -> None:
    deployment = Deployment(app, "lambda")
    with pytest.raises(UnknownBackendError):
        deployment.plan()


def test_notes_go_to_the_given_function_or_the_log(
    app: Path, platforms: dict[str, StubBackend], caplog: pytest.LogCaptureFixture
) -> None:
    notes: list[str] = []
    Deployment(app, "cloudrun", name="orders", environ={}, note=notes.append).describe()
    assert notes == ["the target is orders"]
    with caplog.at_level(logging.INFO, "funcpack.deploy"):
        Deployment(app, "cloudrun", name="orders", environ={}).describe()
    assert caplog.messages == notes
    assert platforms["cloudrun"].targets


@pytest.mark.parametrize("backend", ["cloudrun", "knative"])
@pytest.mark.parametrize(("smoke", "reason"), [("missing.json", "No such file or directory"), (".", "Is a directory")])
def test_saved_request_that_cannot_be_read(app: Path, backend: str, smoke: str, reason: str) -> None:
    deployment = Deployment(
        app, backend, environ={"GOOGLE_CLOUD_PROJECT": "shop"}, image="example.com/orders:1", smoke=app / smoke
    )
    with pytest.raises(SmokeFileError) as caught:
        deployment.plan()
    assert (caught.value.file, caught.value.reason) == (str(app / smoke), reason)


@pytest.mark.parametrize("name", ["missing", "handler.py"])
def test_directory_that_is_none(app: Path, name: str) -> None:
    with pytest.raises(NotADirectoryArgumentError):
        Deployment(app / name, "knative", environ={}, image="orders").plan()
