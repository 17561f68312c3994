import json
from pathlib import Path
from typing import Any

import boto3
import pytest
from handler import handler, ready


@pytest.fixture
def sqs() -> Any:
    return boto3.Session().client("sqs")


@pytest.fixture
def queue(sqs: Any, monkeypatch: pytest.MonkeyPatch) -> str:
    url = sqs.create_queue(QueueName="secrets")["QueueUrl"]
    monkeypatch.setenv("QUEUE_URL", url)
    return url


def created(key: str) -> dict[str, Any]:
    return {"s3": {"bucket": {"name": "inbox"}, "object": {"key": key}}}


def messages(sqs: Any, queue: str) -> list[Any]:
    answer = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)
    return [json.loads(message["Body"]) for message in answer.get("Messages", [])]


@pytest.mark.parametrize(
    ("quoted", "key"),
    [("secret.txt", "secret.txt"), ("my+Secrets/%C3%A9t%C3%A9", "my Secrets/été")],
    ids=["plain", "quoted"],
)
def test_secret_is_queued_and_said_so(sqs: Any, queue: str, quoted: str, key: str) -> None:
    attributes, data = handler(created(quoted))

    assert messages(sqs, queue) == [{"bucket": "inbox", "key": key}]
    assert attributes["type"] == "com.example.secret.queued"
    assert (data["bucket"], data["key"]) == ("inbox", key)


def test_other_objects_are_none_of_its_business(sqs: Any, queue: str) -> None:
    assert handler(created("holidays.jpg")) is None
    assert messages(sqs, queue) == []


def test_data_of_another_shape_is_refused_for_good(queue: str) -> None:
    assert handler({"Body": "{}"})[1] == 422


def test_queue_that_is_not_there_is_refused_for_good(queue: str, sqs: Any) -> None:
    sqs.delete_queue(QueueUrl=queue)

    text, status = handler(created("secret.txt"))

    assert status == 422
    assert "NonExistentQueue" in text


def test_without_a_queue_it_is_not_ready_and_events_are_sent_again() -> None:
    text, status = handler(created("secret.txt"))

    assert status == 503
    assert "QUEUE_URL" in text
    assert ready() == (False, text)


def test_with_a_queue_it_is_ready(queue: str) -> None:
    assert ready()[0] is True


def test_sample_event_is_one_the_function_takes(sqs: Any, queue: str) -> None:
    event = json.loads(Path(__file__).with_name("event.json").read_text(encoding="utf-8"))

    handler(event["data"])

    assert messages(sqs, queue) == [{"bucket": "inbox", "key": "team/secret plans.txt"}]
