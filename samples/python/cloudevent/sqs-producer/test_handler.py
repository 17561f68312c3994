import json
from pathlib import Path
from typing import Any

import boto3
import pytest
from conftest import FailingServer
from handler import handler, ready


@pytest.fixture(autouse=True)
def source(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_BUCKET", "inbox")


@pytest.fixture
def sqs() -> Any:
    return boto3.Session().client("sqs")


@pytest.fixture
def queue(sqs: Any, monkeypatch: pytest.MonkeyPatch) -> str:
    url = sqs.create_queue(QueueName="secrets")["QueueUrl"]
    monkeypatch.setenv("QUEUE_URL", url)
    return url


def created(key: str, bucket: str = "inbox") -> dict[str, Any]:
    return {"s3": {"bucket": {"name": bucket}, "object": {"key": key}}}


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


@pytest.mark.parametrize(
    ("data", "words"),
    [
        pytest.param(created("secret.txt", bucket="payroll"), "bucket 'payroll' are not accepted", id="another bucket"),
        pytest.param(created("a.txt", bucket="payroll"), "bucket 'payroll' are not accepted", id="no secret"),
        pytest.param(created("..%2Fpayroll%2Fsecret"), "part of a path", id="path"),
    ],
)
def test_object_that_is_not_its_business_is_not_queued(sqs: Any, queue: str, data: Any, words: str) -> None:
    text, status = handler(data)

    assert status == 422
    assert words in text
    assert messages(sqs, queue) == []


def test_queue_that_is_not_there_is_refused_for_good(queue: str, sqs: Any) -> None:
    sqs.delete_queue(QueueUrl=queue)

    text, status = handler(created("secret.txt"))

    assert status == 422
    assert text == "SendMessage failed: AWS.SimpleQueueService.NonExistentQueue"


MESSAGE = "User: arn:aws:iam::123456789012:user/ann is not authorized to perform: sqs:sendmessage"


@pytest.mark.parametrize(
    ("code", "http_status", "status"),
    [
        ("AccessDeniedException", 400, 422),
        ("InvalidClientTokenId", 403, 422),
        ("QueueDoesNotExist", 400, 422),
        ("ExpiredTokenException", 400, 503),
        ("KmsThrottled", 400, 503),
        ("RequestThrottled", 400, 503),
        ("ServiceUnavailable", 503, 503),
    ],
)
def test_error_of_the_server_is_told_by_its_code_alone(
    failing: FailingServer,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    code: str,
    http_status: int,
    status: int,
) -> None:
    monkeypatch.setenv("QUEUE_URL", f"http://127.0.0.1:{failing.server_port}/123456789012/secrets")
    failing.status = http_status
    failing.body = json.dumps({"__type": f"com.amazonaws.sqs#{code}", "message": MESSAGE}).encode()

    assert handler(created("secret.txt")) == (f"SendMessage failed: {code}", status)
    assert MESSAGE in caplog.text
    assert failing.requests


@pytest.mark.parametrize("name", ["SOURCE_BUCKET", "QUEUE_URL"])
def test_without_a_setting_it_is_not_ready_and_events_are_sent_again(
    queue: str, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.delenv(name)

    text, status = handler(created("secret.txt"))

    assert status == 503
    assert f"{name} is not set" in text
    assert ready() == (False, text)


def test_policy_of_the_manual_is_for_the_queue_alone(policy: dict[str, Any]) -> None:
    # The server of the tests does not check which queue a policy is for.
    assert policy["Statement"] == [
        {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "arn:aws:sqs:us-east-1:123456789012:secrets"}
    ]


def test_with_a_queue_it_is_ready(queue: str) -> None:
    assert ready()[0] is True


def test_sample_event_is_one_the_function_takes(sqs: Any, queue: str) -> None:
    event = json.loads(Path(__file__).with_name("event.json").read_text(encoding="utf-8"))

    handler(event["data"])

    assert messages(sqs, queue) == [{"bucket": "inbox", "key": "team/secret plans.txt"}]
