"""Encrypts the objects that queue messages name, and moves them to another bucket."""

import json
from contextlib import suppress
from typing import Any

import storage
from cryptography.fernet import InvalidToken, MultiFernet
from encryption import fernet
from objects import content, find
from settings import NotReadyError, readiness, setting
from source import Location, admitted, source_bucket

MAX_BYTES = 16 * 2**20  # Fernet encrypts a whole object in memory, and needs about eight times its size.


def handler(data: Any) -> Any:
    """Handle an event com.amazon.sqs.message: move the object that its body names, and reply with an event."""
    try:
        secret = named_in(data)
        state = move(secret, vault())
    except storage.FAULTS as fault:
        return storage.refusal(fault)
    attributes = {"type": "com.example.secret.encrypted", "source": "urn:example:sqs-lambda"}
    return attributes, {"bucket": vault(), "key": secret.key, "from": secret.bucket, "state": state}


def named_in(data: Any) -> Location:
    """Return the object that a queue message names. The body of the message is JSON with a bucket and a key.

    Raises:
        EventError: if the data is not such a message, or the function may not work on the object.
        NotReadyError: if SOURCE_BUCKET is not set.

    """
    body = data.get("Body") if isinstance(data, dict) else None
    if isinstance(body, str):
        with suppress(ValueError, RecursionError):  # the latter for brackets nested too deeply
            match json.loads(body):
                case {"bucket": str(bucket), "key": str(key)} if bucket and key:
                    return admitted(bucket, key)
    raise storage.EventError('no message of the queue in the event: its Body must be {"bucket": "...", "key": "..."}')


def move(secret: Location, target: str) -> str:
    """Put the encrypted object under the same key into the target bucket, and then delete the original.

    Return "encrypted", or "already encrypted" if an earlier delivery of the same message was handled.
    """
    cipher = fernet()
    copy = copy_of(secret, target)
    original = find(*secret)
    if original is None:
        if copy is None:
            raise storage.EventError(f"{secret.key} is not in {secret.bucket}, and {target} has no encrypted copy")
        return "already encrypted"
    plain = content(original, secret.key, MAX_BYTES)
    token = cipher.encrypt(plain)
    write(secret, target, original, token, replaced=copy)
    if not holds(target, secret.key, plain, len(token), cipher):
        raise NotReadyError(f"the copy of {secret.key} in {target} does not match the original: nothing was deleted")
    delete(secret, original["ETag"])
    return "encrypted"


def copy_of(secret: Location, target: str) -> str | None:
    """Return the ETag of the encrypted copy, or None if there is no copy.

    Raises:
        EventError: if another object has the key. This function must not replace it.

    """
    found = find(target, secret.key)
    if found is None:
        return None
    found["Body"].close()
    if found["Metadata"].get("encrypted-from") != secret.bucket:
        raise storage.EventError(f"{secret.key} in {target} is not a copy from {secret.bucket}: it is left as it is")
    return str(found["ETag"])


def write(secret: Location, target: str, original: Any, token: bytes, *, replaced: str | None) -> None:
    """Put the encrypted copy into the target bucket, unless the copy has changed since it was read."""
    condition = {"IfMatch": replaced} if replaced else {"IfNoneMatch": "*"}
    metadata = {
        **original["Metadata"],
        "encrypted-from": secret.bucket,
        "original-content-type": original["ContentType"],
    }
    storage.client("s3").put_object(Bucket=target, Key=secret.key, Body=token, Metadata=metadata, **condition)


def holds(bucket: str, key: str, plain: bytes, size: int, cipher: MultiFernet) -> bool:
    """Return whether the object on the server has the size in bytes, and decrypts to the content."""
    copy = find(bucket, key)
    try:
        return copy is not None and cipher.decrypt(content(copy, key, size)) == plain
    except (InvalidToken, storage.EventError):
        return False


def delete(secret: Location, etag: str) -> None:
    """Delete the object, unless it has changed since it was read. In that case, the status is 503 and the broker retries."""
    s3 = storage.client("s3")
    with suppress(s3.exceptions.NoSuchKey):  # two deliveries of a message can be handled at the same time
        s3.delete_object(Bucket=secret.bucket, Key=secret.key, IfMatch=etag)


def vault() -> str:
    """Return the bucket of the encrypted copies, from the variable AWS_S3_BUCKET_NAME."""
    bucket = setting("AWS_S3_BUCKET_NAME", "the bucket for the encrypted copies")
    if bucket == source_bucket():
        raise NotReadyError("AWS_S3_BUCKET_NAME is the same as SOURCE_BUCKET; set it to a different bucket")
    return bucket


def ready() -> tuple[bool, str]:
    """Return whether the buckets and the key are set, and the reason if not (GET /health/ready)."""
    return readiness(source_bucket, vault, fernet)
