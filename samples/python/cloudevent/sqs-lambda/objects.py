"""Reads objects from a bucket."""

from contextlib import closing
from typing import Any

import storage


def find(bucket: str, key: str) -> Any:
    """Return an object, or None if it does not exist. The caller reads or closes its "Body".

    This sends GET instead of HEAD, because a HEAD response has no body and therefore no error message.
    """
    s3 = storage.client("s3")
    try:
        return s3.get_object(Bucket=bucket, Key=key)
    except s3.exceptions.NoSuchKey:
        return None


def content(found: Any, key: str, limit: int) -> bytes:
    """Return the content of an object that was found.

    Raises:
        EventError: if it has more than `limit` bytes. They are not read.

    """
    with closing(found["Body"]) as body:
        if found["ContentLength"] > limit:
            raise storage.EventError(f"{key} has {found['ContentLength']} bytes, more than {limit}")
        return bytes(body.read())
