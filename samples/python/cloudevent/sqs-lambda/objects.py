"""Looking at objects of a bucket."""

from typing import Any

import storage


def find(bucket: str, key: str) -> Any:
    """Return an object, its "Body" still to be read or closed, or None if it is not there.

    With GET, although HEAD would do to look at it: the answer to HEAD has no body, and so no word on what is wrong.
    """
    s3 = storage.client("s3")
    try:
        return s3.get_object(Bucket=bucket, Key=key)
    except s3.exceptions.NoSuchKey:
        return None
