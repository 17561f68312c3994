"""The commands of deployments: their output, exit codes, and what is wrong usage. The platform is a stub."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from funcpack.cli.main import main
from funcpack.deploy.plan.backend import Change
from tests.unit.deploy.stub_backend import READY, StubBackend

if TYPE_CHECKING:
    from collections.abc import Callable

    from funcpack.deploy.plan.backend import Description

    Run = Callable[..., tuple[int, str, str]]

COMMANDS = ("deploy", "describe", "logs", "rollback", "destroy")
NOT_READY = replace(READY, url=None, revision=None, ready=False, reason="the image was not found")
CHANGES = (
    Change("template.timeout", None, "60s"),
    Change("labels.team", "orders", None),
    Change("traffic[0].percent", 100, 25),
)


@pytest.fixture(autouse=True)
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    directory = tmp_path / "orders"
    directory.mkdir()
    monkeypatch.chdir(directory)
    (directory / "handler.py").write_text("def handler(request): ...\n")
    (directory / "config.json").write_text('{"backend": "cloudrun", "stages": {"dev": {"name": "orders-dev"}}}')
    return directory


@pytest.fixture
def platform(monkeypatch: pytest.MonkeyPatch) -> StubBackend:
    """The stub in the place of Cloud Run."""
    stub = StubBackend()
    monkeypatch.setitem(sys.modules, "funcpack.deploy.google.cloud_run", stub.module())
    return stub


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def run_command(*arguments: str) -> tuple[int, str, str]:
        code = main(arguments)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run_command


def test_deployment_names_the_address(platform: StubBackend, run: Run) -> None:
    assert run("deploy") == (0, "deployed orders at https://orders.example.com\n", "the target is orders\n")
    (target,) = platform.targets
    assert target.inspection


@pytest.mark.parametrize(("command", "done"), [("deploy", "deployed orders"), ("rollback", "rolled back orders to ")])
def test_result_says_that_what_is_ready_was_not_called(
    platform: StubBackend, run: Run, command: str, done: str
) -> None:
    platform.description = READY.uncalled("the address cannot be reached")
    code, out, _ = run(command)
    assert (code, out.startswith(done)) == (0, True)
    assert out.endswith(" at https://orders.example.com, not called: the address cannot be reached\n")


@pytest.mark.parametrize("command", ["deploy", "describe", "rollback"])
def test_description_as_json(platform: StubBackend, run: Run, command: str) -> None:
    code, out, _ = run(command, "--output", "json")
    assert (code, json.loads(out)) == (0, asdict(READY))
    assert list(json.loads(out)) == ["name", "backend", "url", "revision", "ready", "reason"]
    assert platform.targets


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        ([], 1, "orders is not ready: the image was not found\n"),
        (["--no-wait"], 0, "Started deploying orders. To see when it is ready, run: funcpack describe\n"),
    ],
)
def test_deployment_that_is_not_ready(
    platform: StubBackend, run: Run, arguments: list[str], code: int, text: str
) -> None:
    platform.description = NOT_READY
    assert run("deploy", *arguments)[:2] == (code, text)


@pytest.mark.parametrize("format_", ["text", "json"])
def test_dry_run_prints_the_plan(platform: StubBackend, run: Run, format_: str) -> None:
    assert run("deploy", "--dry-run", "--output", format_)[:2] == (0, f"the plan as {format_}\n")
    assert platform.targets


@pytest.mark.parametrize(
    ("changes", "needs_build", "text"),
    [
        ((), False, "no changes\nno build\n"),
        ((), True, "no changes\nbuild\n"),
        (
            CHANGES,
            False,
            '+ template.timeout: "60s"\n- labels.team: "orders"\n~ traffic[0].percent: 100 -> 25\nno build\n',
        ),
    ],
)
def test_plan_is_the_difference(
    platform: StubBackend, run: Run, changes: tuple[Change, ...], needs_build: bool, text: str
) -> None:
    platform.changes, platform.needs_build = changes, needs_build
    assert run("deploy", "--plan")[:2] == (0, text)
    code, out, _ = run("deploy", "--plan", "--output", "json")
    expected = {"exists": True, "build": needs_build, "changes": [asdict(change) for change in changes]}
    assert (code, json.loads(out)) == (0, expected)


@pytest.mark.parametrize(
    ("description", "text"),
    [
        (
            READY,
            "name:     orders\nbackend:  cloudrun\nurl:      https://orders.example.com\nrevision: orders-00002\nready:    yes\n",
        ),
        (NOT_READY, "name:     orders\nbackend:  cloudrun\nready:    no\nreason:   the image was not found\n"),
    ],
)
def test_description_as_text(platform: StubBackend, run: Run, description: Description, text: str) -> None:
    platform.description = description
    assert run("describe")[:2] == (0, text)


def test_what_is_not_there_cannot_be_described(platform: StubBackend, run: Run) -> None:
    platform.description = None
    code, out, err = run("describe", "--stage", "dev", "--output", "json")
    assert (code, out) == (1, "")
    assert "The backend 'cloudrun' has nothing with the name 'orders-dev'." in err


def test_logs(platform: StubBackend, run: Run) -> None:
    assert run("logs")[:2] == (0, "Hello Ada\nHello Grace\n")
    assert run("logs", "--output", "json")[1] == '{"line": "Hello Ada"}\n{"line": "Hello Grace"}\n'
    assert platform.targets


@pytest.mark.parametrize(("revision", "shown"), [("orders-00002", "orders-00002"), ("3", "version 3")])
def test_rollback_names_what_serves(platform: StubBackend, run: Run, revision: str, shown: str) -> None:
    platform.description = replace(READY, revision=revision)
    expected = f"rolled back orders to {shown} at https://orders.example.com\n"
    assert run("rollback")[:2] == (0, expected)
    assert platform.targets


@pytest.mark.parametrize(("is_there", "text"), [(True, "destroyed orders\n"), (False, "orders is not deployed\n")])
def test_destroying_succeeds_if_there_is_nothing(platform: StubBackend, run: Run, is_there: bool, text: str) -> None:
    platform.is_there = is_there
    assert run("destroy")[:2] == (0, text)
    code, out, _ = run("destroy", "--output", "json")
    assert (code, json.loads(out)) == (0, {"name": "orders", "backend": "cloudrun", "destroyed": is_there})


@pytest.mark.parametrize("command", ["describe", "logs", "rollback", "destroy"])
def test_only_a_deployment_needs_the_function(platform: StubBackend, run: Run, command: str) -> None:
    Path("handler.py").write_text("def handler(:\n")
    assert run(command)[0] == 0
    assert [target.inspection for target in platform.targets] == [None]
    code, _, err = run("deploy")
    assert code == 1
    assert "Invalid Python source code" in err


def test_options_come_to_the_backend(platform: StubBackend, run: Run) -> None:
    arguments = [
        "--name",
        "one",
        "--project",
        "two",
        "--location",
        "three",
        "--set",
        "cloudrun.traffic=5",
        "--timeout",
        "9",
        "--image",
        "four",
    ]
    assert run("deploy", *arguments)[0] == 0
    (target,) = platform.targets
    options = target.options
    assert (target.name, options.project, options.location, options.image, options.timeout) == (
        "one",
        "two",
        "three",
        "four",
        9.0,
    )
    assert target.section("cloudrun") == {"traffic": 5}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["deploy", "--dry-run", "--plan"], "--dry-run and --plan cannot be used together."),
        (["deploy", "--timeout", "0"], "--timeout '0' is not a positive number of seconds."),
        (["deploy", "--timeout", "nan"], "--timeout 'nan' is not a positive number of seconds."),
        (["deploy", "--smoke", "nowhere.json"], "File 'nowhere.json' does not exist."),
        (["deploy", "--set", "cloudrun"], "--set 'cloudrun' is not an assignment."),
        (["deploy", "--set", "cloudrunn.traffic=5"], "cloudrunn is not a known field. Did you mean 'cloudrun'?"),
        *(([command, "--backend", "lambda"], "cloudfunction, cloudfunctionv2, cloudrun") for command in COMMANDS),
        *(([command, "--stage", "prod"], "has no stage 'prod'. It has the stages: dev.") for command in COMMANDS),
        *(([command, "--name", "Orders_"], "does not accept the name 'Orders_' (--name)") for command in COMMANDS),
        *(([command, "--config", "other.json"], "other.json: No such file or directory.") for command in COMMANDS),
        *(([command, "nowhere"], "'nowhere' does not exist.") for command in COMMANDS),
        *(([command, "--output", "xml"], "'xml' is not one of 'text', 'json'") for command in COMMANDS),
    ],
)
def test_wrong_usage(run: Run, arguments: list[str], message: str) -> None:
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert message in err


def test_invalid_configuration_ends_the_process_with_its_place() -> None:
    Path("config.json").write_text('{\n  "name": "orders"\n  "backend": "cloudrun"\n}\n')
    command = [sys.executable, "-m", "funcpack", "deploy", "--dry-run"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: Invalid JSON\nconfig.json, line 3, column 3: expecting ',' delimiter.\n")
