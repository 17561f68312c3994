"""The sample events: valid, and listed as documented."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from funcpack.calls import sample_events
from funcpack.cli.main import main
from funcpack_invoker.events import decode
from funcpack_invoker.events.event import STRUCTURED, Event

NAMES = ["s3", "sqs", "github", "pubsub", "storage", "cloudevents", "dapr", "eventbridge"]


@pytest.mark.parametrize("name", NAMES)
def test_sample_is_a_valid_event_with_data(name: str) -> None:
    sample = sample_events.load(name)
    event = decode.read([(b"content-type", STRUCTURED.encode())], sample.text.encode())
    assert isinstance(event, Event)
    assert event.attributes["type"] == sample.type
    assert isinstance(event.data, dict)


def test_every_file_is_listed() -> None:
    assert list(sample_events.TITLES) == NAMES
    files = Path(sample_events.__file__).with_name("samples").iterdir()
    assert sorted(file.stem for file in files) == sorted(NAMES)


def test_samples_prints_a_name_a_line(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["samples"]) == 0
    out, err = capfd.readouterr()
    assert [line.split()[0] for line in out.splitlines()] == NAMES
    assert err == ""


def test_samples_as_json(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["samples", "--output", "json"]) == 0
    listed = json.loads(capfd.readouterr().out)
    assert [sample["name"] for sample in listed] == NAMES
    assert all(list(sample) == ["name", "title", "type"] for sample in listed)
    assert listed[0]["type"] == "com.amazon.s3.objectcreated"


def test_sample_prints_its_event(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["samples", "dapr"]) == 0
    assert json.loads(capfd.readouterr().out)["topic"] == "orders"


def test_unknown_sample_is_wrong_usage(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["samples", "kafka"]) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert "'kafka' is not one of 's3', 'sqs'," in err
