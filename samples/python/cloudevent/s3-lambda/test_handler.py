import json
from pathlib import Path
from typing import Any

import pytest
from handler import handler


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


@pytest.mark.parametrize(
    ("name", "words"), [("no-such-bucket", "NoSuchBucket"), ("no bucket's name", "Invalid bucket name")]
)
def test_bucket_that_is_not_there_is_refused_for_good(name: str, words: str) -> None:
    text, status = handler(removed(name, "cat.jpg"))

    assert status == 422
    assert words in text


def test_missing_credentials_are_refused_for_good(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")

    assert handler(removed(bucket, "cat.jpg")) == ("Unable to locate credentials", 422)


def test_wrong_credentials_are_refused_for_good(checked_credentials: None) -> None:
    text, status = handler(removed("pictures", "cat.jpg"))

    assert status == 422
    assert "InvalidAccessKeyId" in text


def test_server_that_cannot_be_reached_is_tried_again_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")

    text, status = handler(removed("pictures", "cat.jpg"))

    assert status == 503
    assert "Could not connect" in text


def test_sample_event_is_one_the_function_takes(s3: Any, bucket: str) -> None:
    event = json.loads(Path(__file__).with_name("event.json").read_text(encoding="utf-8"))

    _, data = handler(event["data"])

    assert event["type"] == "com.amazon.s3.objectremoved"
    assert tags(s3, bucket, data["key"]) == {"STATE": "DELETED", "FROM": bucket}
