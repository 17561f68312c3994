"""Leaves a marker where an object was removed from a bucket."""

from typing import Any
from urllib.parse import urlencode

import storage
from botocore.exceptions import ClientError
from notification import Location, location


def handler(data: Any) -> Any:
    """Answer an event com.amazon.s3.objectremoved: put a marker under the key, and reply with an event that says so."""
    try:
        removed = location(data)
        marked = mark(removed)
    except storage.FAULTS as fault:
        return storage.refusal(fault)
    # Not the type that the trigger lets through: the reply must not come back to this function.
    attributes = {"type": "com.example.s3.objectmarked", "source": "urn:example:s3-lambda"}
    return attributes, {"bucket": removed.bucket, "key": removed.key, "marked": marked}


def mark(removed: Location) -> bool:
    """Put an empty object with the tags STATE=DELETED and FROM=<bucket> under the key, unless an object is there.

    An object that is there is the marker of the same event delivered twice, or somebody has put a new one meanwhile:
    neither may be overwritten. Returns whether a marker was put.
    """
    tags = urlencode({"STATE": "DELETED", "FROM": removed.bucket})
    try:
        storage.client("s3").put_object(Bucket=removed.bucket, Key=removed.key, Tagging=tags, IfNoneMatch="*")
    except ClientError as error:
        if storage.code(error) == "PreconditionFailed":
            return False
        raise
    return True
