"""The event samples answer the commands of their manuals as the manuals show, with the variables that they set.

The server of the S3 and SQS protocols is moto's, served as a function.
"""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import tomllib
from typing import TYPE_CHECKING, Any

import pytest

from tests import samples
from tests.unit.docs import transcript
from tests.unit.docs.markdown import blocks
from tools.places import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.conftest import Server, StartServer

FIXTURES = ROOT / "tests" / "images" / "fixtures"
EACH_SAMPLE = pytest.mark.parametrize("name", samples.EVENT_NAMES)

# What the `aws` commands of each manual make.
PREPARED: dict[str, list[tuple[str, str, dict[str, str]]]] = {
    "cloudevent/s3-lambda": [("s3", "create_bucket", {"Bucket": "pictures"})],
    "cloudevent/sqs-lambda": [
        ("s3", "create_bucket", {"Bucket": "inbox"}),
        ("s3", "create_bucket", {"Bucket": "vault"}),
        ("s3", "put_object", {"Bucket": "inbox", "Key": "team/secret plans.txt", "Body": "attack at dawn\n"}),
    ],
    "cloudevent/sqs-producer": [("sqs", "create_queue", {"QueueName": "secrets"})],
    "cloudevent/txt-to-pdf": [
        ("s3", "create_bucket", {"Bucket": "library"}),
        ("s3", "put_object", {"Bucket": "library", "Key": "story.txt", "Body": "Once upon a time\n"}),
    ],
}


@pytest.fixture(scope="module")
def packages() -> dict[str, str]:
    """Return the variable that lets the invoker import what the samples require."""
    (directory,) = samples.python().parent.parent.glob("lib/python*/site-packages")
    return {"PYTHONPATH": str(directory)}


@pytest.fixture(scope="module")
def cloud(start_shared_server: StartServer, packages: dict[str, str]) -> Server:
    return start_shared_server((FIXTURES / "aws" / "handler.py").read_text(), environment=packages)


@pytest.fixture
def variables(cloud: Server) -> dict[str, str]:
    """Return what the manuals export."""
    assert cloud.get("/moto-api/reset", "POST").status == 200
    endpoint = f"http://127.0.0.1:{cloud.port}"
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_S3_BUCKET_NAME": "vault",
        "ENCRYPTION_KEY": base64.urlsafe_b64encode(bytes(32)).decode(),
        "QUEUE_URL": f"{endpoint}/123456789012/secrets",
        "SOURCE_BUCKET": "inbox",
    }


def commands(name: str, start: str) -> list[transcript.Step]:
    terminals = blocks(samples.DIRECTORY / name / "README.md", "console")
    steps = [step for terminal in terminals for step in transcript.steps(terminal)]
    return [step for step in steps if step.command.startswith(start)]


def passed_on(name: str, exported: dict[str, str]) -> dict[str, str]:
    """Return the variables that the documented `docker run` gives to the function."""
    (start,) = commands(name, "docker run ")
    given = dict(re.findall(r"--env (\w+)(?:=(\S+))?", start.command))
    return {variable: value or exported[variable] for variable, value in given.items()}


def call_aws(service: str, operation: str, parameters: dict[str, str], variables: dict[str, str]) -> None:
    script = str(FIXTURES / "samples" / "call_aws.py")
    done = samples.run(script, service, operation, json.dumps(parameters), variables=variables)
    assert done.returncode == 0, done.stderr.decode()


def serve(name: str, app: Path, start_server: StartServer, environment: dict[str, str], **options: Any) -> Server:
    """Serve a copy of a sample, from the directory that the first server of a test uses."""
    shutil.copytree(samples.DIRECTORY / name, app)
    (handler,) = tomllib.loads((app / "project.toml").read_text())["io"]["buildpacks"]["build"]["env"]
    module = app / "handler.py"
    source = module.read_text() if module.exists() else ""
    return start_server(source, environment={**environment, handler["name"]: handler["value"]}, **options)


@EACH_SAMPLE
def test_a_sample_answers_as_its_manual_shows(
    name: str, start_server: StartServer, variables: dict[str, str], packages: dict[str, str], tmp_path: Path
) -> None:
    for service, operation, parameters in PREPARED[name]:
        call_aws(service, operation, parameters, variables)
    environment = {**passed_on(name, variables), **packages}
    server = serve(name, tmp_path / "app-0", start_server, environment)
    calls = commands(name, "curl ")

    assert calls
    for call in calls:
        transcript.run(call, server.app, {"PATH": os.environ["PATH"]}, address=f"127.0.0.1:{server.port}")


@EACH_SAMPLE
def test_without_a_source_bucket_no_event_is_handled(
    name: str, start_server: StartServer, variables: dict[str, str], packages: dict[str, str], tmp_path: Path
) -> None:
    environment = {**passed_on(name, variables), **packages}
    del environment["SOURCE_BUCKET"]
    server = serve(name, tmp_path / "app-0", start_server, environment, ready="/health/live")
    event = (server.app / "event.json").read_bytes()

    readiness = server.get("/health/ready")
    answer = server.get("/", "POST", event, content_type="application/cloudevents+json")

    assert (readiness.status, b"SOURCE_BUCKET is not set" in readiness.body) == (503, True)
    assert (answer.status, b"SOURCE_BUCKET is not set" in answer.body) == (503, True)
