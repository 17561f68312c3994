import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import FailingServer
from handler import handler, ready


@pytest.fixture(autouse=True)
def source(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_BUCKET", "pictures")


@pytest.fixture
def bucket(s3: Any) -> str:
    s3.create_bucket(Bucket="pictures")
    return "pictures"


def removed(bucket: str, key: str) -> dict[str, Any]:
    return {"s3": {"bucket": {"name": bucket}, "object": {"key": key}}}


def tags(s3: Any, bucket: str, key: str) -> dict[str, str]:
    answer = s3.get_object_tagging(Bucket=bucket, Key=key)
    return {tag["Key"]: tag["Value"] for tag in answer["TagSet"]}


def test_removed_object_leaves_a_tagged_marker_and_a_reply(s3: Any, bucket: str) -> None:
    attributes, data = handler(removed(bucket, "holidays/summer+in+K%C3%B6ln.jpg"))

    key = "holidays/summer in Köln.jpg"
    assert tags(s3, bucket, key) == {"STATE": "DELETED", "FROM": bucket}
    assert attributes["type"] == "com.example.s3.objectmarked"
    assert data == {"bucket": bucket, "key": key, "marked": True}


def test_event_delivered_twice_is_answered_alike(s3: Any, bucket: str) -> None:
    first, second = handler(removed(bucket, "cat.jpg")), handler(removed(bucket, "cat.jpg"))

    assert (first[1]["marked"], second[1]["marked"]) == (True, False)
    assert tags(s3, bucket, "cat.jpg") == {"STATE": "DELETED", "FROM": bucket}


def test_object_that_came_back_meanwhile_is_left_alone(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="cat.jpg", Body=b"a new cat")

    _, data = handler(removed(bucket, "cat.jpg"))

    assert data["marked"] is False
    assert s3.get_object(Bucket=bucket, Key="cat.jpg")["Body"].read() == b"a new cat"


@pytest.mark.parametrize(
    "data",
    [None, "text", [], {}, {"s3": None}, {"s3": {"bucket": {"name": "b"}}}, removed("", "k"), removed("b", "")],
)
def test_data_of_another_shape_is_refused_for_good(data: Any) -> None:
    text, status = handler(data)

    assert status == 422
    assert "s3.bucket.name" in text


def test_key_that_is_no_quoted_text_is_refused_for_good(bucket: str) -> None:
    text, status = handler(removed(bucket, "%FF"))

    assert status == 422
    assert "'%FF'" in text


@pytest.mark.parametrize("name", ["payroll", "PICTURES", "pictures/..", "arn:aws:s3:::pictures"])
def test_another_bucket_is_refused_for_good_before_any_call(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")

    assert handler(removed(name, "cat.jpg")) == (f"events about the bucket {name!r} are not accepted", 422)


@pytest.mark.parametrize("key", ["../payroll/ann", "a/%2E%2E/b", "..%2Fpayroll%2Fann", "./a", "a/.."])
def test_key_that_leads_elsewhere_is_refused_for_good_before_any_call(
    monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")

    text, status = handler(removed("pictures", key))

    assert status == 422
    assert "part of a path" in text


@pytest.mark.parametrize("key", ["..cat.jpg", "a..b/c", "%252E%252E/a", "/a//b"])
def test_other_unusual_key_is_a_name_like_any(s3: Any, bucket: str, key: str) -> None:
    _, data = handler(removed(bucket, key))

    assert tags(s3, bucket, data["key"]) == {"STATE": "DELETED", "FROM": bucket}


def test_without_a_bucket_it_is_not_ready_and_events_are_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ready() == (True, "")
    monkeypatch.delenv("SOURCE_BUCKET")

    text, status = handler(removed("pictures", "cat.jpg"))

    assert status == 503
    assert "SOURCE_BUCKET is not set" in text
    assert ready() == (False, text)


def test_policy_of_the_manual_suffices_and_opens_no_other_bucket(
    s3: Any, bucket: str, least_privileges: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    s3.create_bucket(Bucket="payroll")
    least_privileges()

    assert handler(removed(bucket, "cat.jpg"))[1]["marked"] is True
    monkeypatch.setenv("SOURCE_BUCKET", "payroll")
    assert handler(removed("payroll", "ann")) == ("PutObject failed: AccessDenied", 422)


# What AWS says in such answers. None of it may get to whoever sent the event.
MESSAGE = "User: arn:aws:iam::123456789012:user/ann is not authorized to perform: s3:PutObject"


@pytest.mark.parametrize(
    ("code", "http_status", "status"),
    [
        ("AccessDenied", 403, 422),
        ("AllAccessDisabled", 403, 422),
        ("InvalidAccessKeyId", 403, 422),
        ("NoSuchBucket", 404, 422),
        ("NoSuchKey", 404, 422),
        ("PermanentRedirect", 301, 422),
        ("SignatureDoesNotMatch", 403, 422),
        ("ExpiredToken", 400, 503),
        ("OperationAborted", 409, 503),
        ("RequestTimeout", 400, 503),
        ("SlowDown", 503, 503),
        ("Throttling", 400, 503),
        ("TooManyRequests", 429, 503),
        ("InternalError", 500, 503),
    ],
)
def test_error_of_the_server_is_told_by_its_code_alone(
    failing: FailingServer, caplog: pytest.LogCaptureFixture, code: str, http_status: int, status: int
) -> None:
    failing.status = http_status
    text = MESSAGE.replace("is not", "\nis not")
    failing.body = f"<Error><Code>{code}</Code><Message>{text}</Message><HostId>eftixk72</HostId></Error>".encode()

    assert handler(removed("pictures", "cat.jpg")) == (f"PutObject failed: {code}", status)
    assert MESSAGE.replace("is not", " is not") in caplog.text
    assert failing.requests


@pytest.mark.parametrize("page", ["Blocked by proxy-7", "<html><body>Blocked by proxy-7</body></html>", ""])
def test_page_of_a_proxy_is_told_by_its_status(failing: FailingServer, page: str) -> None:
    failing.status, failing.body = 403, page.encode()

    assert handler(removed("pictures", "cat.jpg")) == ("PutObject failed: 403", 422)


def test_bucket_that_is_not_there_is_refused_for_good() -> None:
    assert handler(removed("pictures", "cat.jpg")) == ("PutObject failed: NoSuchBucket", 422)


def test_wrong_credentials_are_refused_for_good(checked_credentials: None) -> None:
    assert handler(removed("pictures", "cat.jpg")) == ("PutObject failed: InvalidAccessKeyId", 422)


def test_missing_credentials_are_refused_for_good(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")

    assert handler(removed(bucket, "cat.jpg")) == ("the request failed: NoCredentialsError", 422)


def test_server_that_cannot_be_reached_is_tried_again_later_and_its_address_is_not_told(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")

    assert handler(removed("pictures", "cat.jpg")) == ("the request failed: EndpointConnectionError", 503)
    assert "http://127.0.0.1:9" in caplog.text


def test_sample_event_is_one_the_function_takes(s3: Any, bucket: str) -> None:
    event = json.loads(Path(__file__).with_name("event.json").read_text(encoding="utf-8"))

    _, data = handler(event["data"])

    assert event["type"] == "com.amazon.s3.objectremoved"
    assert tags(s3, bucket, data["key"]) == {"STATE": "DELETED", "FROM": bucket}
