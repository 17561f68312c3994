"""Encrypts the objects that messages of a queue name, and moves them into another bucket."""

import json
import os
from contextlib import suppress
from typing import Any, NamedTuple

import storage
from cryptography.fernet import InvalidToken, MultiFernet
from encryption import fernet
from objects import find

MAX_BYTES = 64 * 2**20  # Fernet works in memory, on the whole object at once.


class Secret(NamedTuple):
    """An object that is to be encrypted."""

    bucket: str
    key: str


def handler(data: Any) -> Any:
    """Answer an event com.amazon.sqs.message: move the object its body names, and reply with an event that says so."""
    try:
        secret = named_in(data)
        state = move(secret, vault())
    except storage.FAULTS as fault:
        return storage.refusal(fault)
    attributes = {"type": "com.example.secret.encrypted", "source": "urn:example:sqs-lambda"}
    return attributes, {"bucket": vault(), "key": secret.key, "from": secret.bucket, "state": state}


def named_in(data: Any) -> Secret:
    """Return the object that a message of the queue names: its body is JSON with a bucket and a key.

    Raises:
        EventError: if the data is no such message.

    """
    body = data.get("Body") if isinstance(data, dict) else None
    if isinstance(body, str):
        with suppress(ValueError):
            match json.loads(body):
                case {"bucket": str(bucket), "key": str(key)} if bucket and key:
                    return Secret(bucket, key)
    raise storage.EventError('this is no message of the queue: its Body is not {"bucket": "...", "key": "..."}')


def move(secret: Secret, target: str) -> str:
    """Encrypt an object into the target bucket, under the same key, and only then delete it.

    Returns "encrypted", or "already encrypted" where a message delivered twice finds it done.
    """
    if target == secret.bucket:
        raise storage.EventError(f"{secret.key} is in {target} already: the bucket of the copies must be another one")
    cipher = fernet()
    copy = copy_of(secret, target)
    original = find(*secret)
    if original is None:
        if copy is None:
            raise storage.EventError(f"{secret.key} is not in {secret.bucket}, and no encrypted copy in {target}")
        return "already encrypted"
    if original["ContentLength"] > MAX_BYTES:
        raise storage.EventError(f"{secret.key} has {original['ContentLength']} bytes, more than {MAX_BYTES}")
    content = original["Body"].read()
    write(secret, target, original, cipher.encrypt(content), replaced=copy)
    if not holds(target, secret.key, content, cipher):
        raise storage.NotReadyError(f"the copy of {secret.key} in {target} is not the object: nothing was deleted")
    delete(secret, original["ETag"])
    return "encrypted"


def copy_of(secret: Secret, target: str) -> str | None:
    """Return the ETag of the encrypted copy, None if there is none.

    Raises:
        EventError: if something else is there under the key; it is not ours to replace.

    """
    found = find(target, secret.key)
    if found is None:
        return None
    found["Body"].close()
    if found["Metadata"].get("encrypted-from") != secret.bucket:
        raise storage.EventError(f"{secret.key} in {target} is no copy from {secret.bucket}: it is left as it is")
    return str(found["ETag"])


def write(secret: Secret, target: str, original: Any, token: bytes, *, replaced: str | None) -> None:
    """Put the encrypted copy there, unless somebody else changed it since it was looked at."""
    condition = {"IfMatch": replaced} if replaced else {"IfNoneMatch": "*"}
    metadata = {
        **original["Metadata"],
        "encrypted-from": secret.bucket,
        "original-content-type": original["ContentType"],
    }
    storage.client("s3").put_object(Bucket=target, Key=secret.key, Body=token, Metadata=metadata, **condition)


def holds(bucket: str, key: str, content: bytes, cipher: MultiFernet) -> bool:
    """Whether the object, as the server has it, decrypts to the content."""
    copy = find(bucket, key)
    try:
        return copy is not None and cipher.decrypt(copy["Body"].read()) == content
    except InvalidToken:
        return False


def delete(secret: Secret, etag: str) -> None:
    """Delete the object, unless it was replaced since it was read: then the event is answered 503 and sent again."""
    s3 = storage.client("s3")
    with suppress(s3.exceptions.NoSuchKey):  # the same message, delivered twice, may be handled twice at once
        s3.delete_object(Bucket=secret.bucket, Key=secret.key, IfMatch=etag)


def vault() -> str:
    """Return the bucket of the encrypted copies, from the variable AWS_S3_BUCKET_NAME."""
    bucket = os.environ.get("AWS_S3_BUCKET_NAME")
    if not bucket:
        raise storage.NotReadyError("AWS_S3_BUCKET_NAME is not set: it has to name the bucket of the encrypted copies")
    return bucket


def ready() -> tuple[bool, str]:
    """Take no events before bucket and key are known (GET /health/ready)."""
    try:
        vault()
        fernet()
    except storage.NotReadyError as error:
        return False, str(error)
    return True, ""
