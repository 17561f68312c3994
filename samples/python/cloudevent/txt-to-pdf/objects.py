"""Reads objects from a bucket."""

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
