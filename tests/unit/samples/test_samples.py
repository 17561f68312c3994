"""What all samples have in common; what each does is in its own tests, which are run here as a newcomer runs them."""

from __future__ import annotations

import json
import re
import shutil
import tomllib
from typing import TYPE_CHECKING

import pytest
import yaml

from funcpack_invoker.events import cloudevent
from tests import samples
from tests.unit.docs.schemas import InvalidManifestError, validate

if TYPE_CHECKING:
    from pathlib import Path

# Samples are copied one by one, so that what several of them need stands in each.
SHARED_FILES = ("storage.py", "settings.py", "source.py", "notification.py", "objects.py", "conftest.py")

each_sample = pytest.mark.parametrize("name", samples.NAMES)
each_event_sample = pytest.mark.parametrize("name", samples.EVENT_NAMES)


def test_all_samples_that_are_promised_are_there() -> None:
    assert samples.NAMES == [
        "cloudevent/s3-lambda",
        "cloudevent/sqs-lambda",
        "cloudevent/sqs-producer",
        "cloudevent/txt-to-pdf",
        "http/adder",
        "http/fan-out",
        "http/hello",
        "http/stream",
        "http/typed-json",
        "http/webhook",
    ]


@each_sample
def test_a_sample_passes_its_tests_wherever_it_is_copied(name: str, tmp_path: Path) -> None:
    sample = shutil.copytree(samples.DIRECTORY / name, tmp_path / "copy")

    done = samples.run("-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider", cwd=sample)

    assert done.returncode == 0, done.stdout.decode()


@pytest.mark.parametrize("file", SHARED_FILES)
def test_files_of_one_name_are_one_file(file: str) -> None:
    copies = {path.read_text() for path in samples.DIRECTORY.glob(f"*/*/{file}")}

    assert len(copies) == 1


@each_sample
def test_every_requirement_is_pinned(name: str) -> None:
    lines = (samples.DIRECTORY / name / "requirements.txt").read_text().splitlines()

    assert all(re.fullmatch(r"[a-z0-9.-]+==[a-z0-9.]+", line) for line in lines if not line.startswith("#"))


@each_sample
def test_the_handler_is_named_and_there(name: str) -> None:
    directory = samples.DIRECTORY / name
    project = tomllib.loads((directory / "project.toml").read_text())
    (variable,) = project["io"]["buildpacks"]["build"]["env"]
    module, _, function = variable["value"].partition(".")

    assert project["_"] == {"schema-version": "0.2"}
    assert variable["name"] == "PYTHON_HANDLER"
    assert re.search(rf"^(async )?def {function}\(", (directory / f"{module}.py").read_text(), re.MULTILINE)


@each_sample
def test_the_manual_says_how_to_build_run_and_deploy_it(name: str) -> None:
    manual = (samples.DIRECTORY / name / "README.md").read_text()

    for words in ("pytest", "pack build", "docker run", "curl", "kubectl apply"):
        assert words in manual


@each_event_sample
def test_the_sample_event_is_what_the_trigger_lets_through(name: str) -> None:
    directory = samples.DIRECTORY / name
    body = (directory / "event.json").read_bytes()
    event = cloudevent.read([(b"content-type", b"application/cloudevents+json")], body)
    assert isinstance(event, cloudevent.Event)
    manifests = yaml.safe_load_all((directory / "deploy" / "trigger.yaml").read_text())
    (trigger,) = (manifest for manifest in manifests if manifest["kind"] == "Trigger")

    assert trigger["spec"]["filter"]["attributes"] == {"type": event.attributes["type"]}


@each_event_sample
def test_no_reply_comes_back_to_the_function(name: str) -> None:
    directory = samples.DIRECTORY / name
    event = json.loads((directory / "event.json").read_text())
    sources = "".join(path.read_text() for path in directory.glob("*.py") if not path.name.startswith("test_"))
    replies = re.findall(r'"type": f?"([^"]+)"', sources)

    assert replies
    assert event["type"] not in replies
    assert all(reply.startswith("com.example.") for reply in replies)


@pytest.mark.parametrize(
    ("field", "value"), [("arn", "pictures"), ("eventTypes", ["s3:Deleted"]), ("bucket", "pictures")]
)
def test_a_broken_event_source_is_refused(field: str, value: object) -> None:
    source, _ = yaml.safe_load_all((samples.DIRECTORY / "cloudevent/s3-lambda/deploy/source.yaml").read_text())
    source["spec"][field] = value

    with pytest.raises(InvalidManifestError):
        validate(source)
