import json
import os
import runpy
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import storage
from botocore.exceptions import ClientError
from cryptography.fernet import Fernet
from handler import handler, ready

KEY, OLD_KEY = Fernet.generate_key().decode(), Fernet.generate_key().decode()


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_BUCKET", "inbox")
    monkeypatch.setenv("AWS_S3_BUCKET_NAME", "vault")
    monkeypatch.setenv("ENCRYPTION_KEY", KEY)
    monkeypatch.delenv("ENCRYPTION_KEY_FILE", raising=False)


@pytest.fixture(autouse=True)
def buckets(s3: Any) -> None:
    s3.create_bucket(Bucket="inbox")
    s3.create_bucket(Bucket="vault")
    s3.put_object(Bucket="inbox", Key="secret.txt", Body=b"attack at dawn", Metadata={"owner": "ann"})


def message(bucket: str = "inbox", key: str = "secret.txt") -> dict[str, Any]:
    return {"MessageId": "1", "Body": json.dumps({"bucket": bucket, "key": key})}


def content(s3: Any, bucket: str, key: str = "secret.txt") -> bytes:
    return s3.get_object(Bucket=bucket, Key=key)["Body"].read()


def keys(s3: Any, bucket: str) -> list[str]:
    return [entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket).get("Contents", [])]


def test_secret_is_encrypted_and_moved(s3: Any) -> None:
    attributes, data = handler(message())

    assert Fernet(KEY).decrypt(content(s3, "vault")) == b"attack at dawn"
    assert keys(s3, "inbox") == []
    assert s3.head_object(Bucket="vault", Key="secret.txt")["Metadata"] == {
        "owner": "ann",
        "encrypted-from": "inbox",
        "original-content-type": "binary/octet-stream",
    }
    assert attributes["type"] == "com.example.secret.encrypted"
    assert data == {"bucket": "vault", "key": "secret.txt", "from": "inbox", "state": "encrypted"}


def test_message_delivered_twice_is_answered_well(s3: Any) -> None:
    handler(message())
    copy = content(s3, "vault")

    _, data = handler(message())

    assert data["state"] == "already encrypted"
    assert content(s3, "vault") == copy


def test_attempt_that_broke_off_before_the_delete_is_finished(s3: Any) -> None:
    handler(message())
    s3.put_object(Bucket="inbox", Key="secret.txt", Body=b"attack at dawn")

    _, data = handler(message())

    assert data["state"] == "encrypted"
    assert keys(s3, "inbox") == []


def test_object_replaced_while_it_is_encrypted_is_kept_and_encrypted_next(s3: Any) -> None:
    def replace(**_: Any) -> None:
        storage.client("s3").meta.events.unregister("before-call.s3.DeleteObject", replace)
        s3.put_object(Bucket="inbox", Key="secret.txt", Body=b"attack at noon")

    storage.client("s3").meta.events.register("before-call.s3.DeleteObject", replace)

    assert handler(message())[1] == 503
    assert content(s3, "inbox") == b"attack at noon"
    assert handler(message())[1]["state"] == "encrypted"
    assert Fernet(KEY).decrypt(content(s3, "vault")) == b"attack at noon"


def test_copy_put_by_another_meanwhile_is_not_overwritten(s3: Any) -> None:
    newer = Fernet(KEY).encrypt(b"attack at noon")

    def put(**_: Any) -> None:
        s3.put_object(Bucket="vault", Key="secret.txt", Body=newer, Metadata={"encrypted-from": "inbox"})

    storage.client("s3").meta.events.register_first("before-call.s3.PutObject", put)

    assert handler(message())[1] == 503
    assert content(s3, "vault") == newer
    assert content(s3, "inbox") == b"attack at dawn"


@pytest.mark.parametrize(
    "copy",
    [b"garbage", Fernet(KEY).encrypt(b"something else"), b"x" * 1000],
    ids=["garbage", "something else", "longer"],
)
def test_copy_that_is_not_the_object_deletes_nothing(s3: Any, copy: bytes) -> None:
    def spoil(**_: Any) -> None:
        s3.put_object(Bucket="vault", Key="secret.txt", Body=copy)

    storage.client("s3").meta.events.register("after-call.s3.PutObject", spoil)

    text, status = handler(message())

    assert status == 503
    assert "nothing was deleted" in text
    assert content(s3, "inbox") == b"attack at dawn"


def test_largest_object_is_encrypted_and_a_larger_one_refused(s3: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("handler.MAX_BYTES", len(b"attack at dawn"))
    s3.put_object(Bucket="inbox", Key="larger.txt", Body=b"attack at dawn!")

    assert handler(message())[1]["state"] == "encrypted"
    assert handler(message(key="larger.txt")) == ("larger.txt has 15 bytes, more than 14", 422)
    assert content(s3, "inbox", "larger.txt") == b"attack at dawn!"


def test_copies_of_two_buckets_do_not_replace_each_other(s3: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    handler(message())
    monkeypatch.setenv("SOURCE_BUCKET", "outbox")
    s3.create_bucket(Bucket="outbox")
    s3.put_object(Bucket="outbox", Key="secret.txt", Body=b"retreat")

    assert handler(message(bucket="outbox"))[1] == 422
    assert content(s3, "outbox") == b"retreat"
    assert Fernet(KEY).decrypt(content(s3, "vault")) == b"attack at dawn"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        pytest.param(None, "no message of the queue", id="no data"),
        pytest.param({}, "no message of the queue", id="no body"),
        pytest.param({"Body": {"bucket": "inbox", "key": "secret.txt"}}, "no message of the queue", id="no text"),
        pytest.param({"Body": "secret.txt"}, "no message of the queue", id="no JSON"),
        pytest.param({"Body": "[" * 100_000}, "no message of the queue", id="nested too deeply"),
        pytest.param({"Body": '{"bucket": "inbox"}'}, "no message of the queue", id="no key"),
        pytest.param(message(key="lost.txt"), "lost.txt is not in inbox", id="missing object"),
        pytest.param(message(bucket="payroll"), "bucket 'payroll' are not accepted", id="another bucket"),
        pytest.param(message(bucket="vault"), "bucket 'vault' are not accepted", id="bucket of the copies"),
        pytest.param(message(key="../payroll/ann"), "part of a path", id="path"),
    ],
)
def test_what_no_attempt_can_do_is_refused_for_good(s3: Any, data: Any, words: str) -> None:
    text, status = handler(data)

    assert status == 422
    assert words in text
    assert content(s3, "inbox") == b"attack at dawn"


@pytest.mark.parametrize("variable", ["SOURCE_BUCKET", "AWS_S3_BUCKET_NAME"])
def test_missing_bucket_is_refused_for_good_and_nothing_is_lost(
    s3: Any, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, "nowhere")

    assert handler(message(bucket=os.environ["SOURCE_BUCKET"])) == ("GetObject failed: NoSuchBucket", 422)
    assert content(s3, "inbox") == b"attack at dawn"


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("ENCRYPTION_KEY", "", "no encryption key"),
        ("ENCRYPTION_KEY", "too short", "not 32 bytes"),
        ("ENCRYPTION_KEY_FILE", "/nowhere/key", "cannot be read: FileNotFoundError"),
        ("SOURCE_BUCKET", "", "SOURCE_BUCKET is not set"),
        ("AWS_S3_BUCKET_NAME", "", "AWS_S3_BUCKET_NAME is not set"),
        ("AWS_S3_BUCKET_NAME", "inbox", "the same as SOURCE_BUCKET"),
    ],
)
def test_missing_settings_make_it_not_ready_and_events_come_again(
    s3: Any, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, words: str
) -> None:
    monkeypatch.setenv(variable, value)

    text, status = handler(message())

    assert status == 503
    assert words in text
    assert ready() == (False, text)
    assert content(s3, "inbox") == b"attack at dawn"


def test_key_is_read_from_a_file(s3: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(f"{KEY}\n{OLD_KEY}\n")
    monkeypatch.setenv("ENCRYPTION_KEY", "")
    monkeypatch.setenv("ENCRYPTION_KEY_FILE", str(file))

    handler(message())

    assert ready() == (True, "")
    assert Fernet(KEY).decrypt(content(s3, "vault")) == b"attack at dawn"


@pytest.mark.parametrize("given", [KEY, f"{OLD_KEY} {KEY}"], ids=["same key", "new key before it"])
def test_command_prints_what_was_encrypted(
    monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes], given: str
) -> None:
    handler(message())
    monkeypatch.setenv("ENCRYPTION_KEY", given)

    decrypt(monkeypatch, "vault", "secret.txt")

    assert capfdbinary.readouterr().out == b"attack at dawn"


@pytest.mark.parametrize(
    ("key", "given", "words"),
    [
        ("secret.txt", OLD_KEY, "not encrypted with any of the keys"),
        ("secret.txt", "", "no encryption key"),
        ("lost.txt", KEY, "NoSuchKey"),
    ],
)
def test_command_says_in_one_line_what_is_wrong(
    monkeypatch: pytest.MonkeyPatch, key: str, given: str, words: str
) -> None:
    handler(message())
    monkeypatch.setenv("ENCRYPTION_KEY", given)

    with pytest.raises(SystemExit, match=words):
        decrypt(monkeypatch, "vault", key)


def decrypt(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", ["decrypt.py", *arguments])
    runpy.run_path("decrypt.py", run_name="__main__")


def test_policy_of_the_manual_suffices_and_does_not_let_it_change_an_original(
    s3: Any, least_privileges: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    least_privileges()

    assert handler(message())[1]["state"] == "encrypted"
    for bucket in ("inbox", "payroll"):
        with pytest.raises(ClientError, match="AccessDenied"):
            storage.client("s3").put_object(Bucket=bucket, Key="secret.txt", Body=b"replaced")


def test_sample_event_is_one_the_function_takes(s3: Any) -> None:
    event = json.loads(Path(__file__).with_name("event.json").read_text(encoding="utf-8"))
    s3.put_object(Bucket="inbox", Key="team/secret plans.txt", Body=b"attack at dawn")

    handler(event["data"])

    assert Fernet(KEY).decrypt(content(s3, "vault", "team/secret plans.txt")) == b"attack at dawn"
