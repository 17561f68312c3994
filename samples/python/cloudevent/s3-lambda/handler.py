"""Puts a marker in place of an object that was removed from a bucket."""

from typing import Any
from urllib.parse import urlencode

import storage
from botocore.exceptions import ClientError
from notification import location
from settings import readiness
from source import Location, source_bucket


def handler(data: Any) -> Any:
    """Handle an event com.amazon.s3.objectremoved: put a marker under the key, and reply with an event."""
    try:
        removed = location(data)
        marked = mark(removed)
    except storage.FAULTS as fault:
        return storage.refusal(fault)
    # The trigger does not accept this type, so the reply is not delivered to this function.
    attributes = {"type": "com.example.s3.objectmarked", "source": "urn:example:s3-lambda"}
    return attributes, {"bucket": removed.bucket, "key": removed.key, "marked": marked}


def mark(removed: Location) -> bool:
    """Put an empty object with the tags STATE=DELETED and FROM=<bucket> under the key, unless an object exists there.

    An existing object is the marker from an earlier delivery of the same event, or a new object. This does not
    overwrite either. Return whether it put a marker.
    """
    tags = urlencode({"STATE": "DELETED", "FROM": removed.bucket})
    try:
        storage.client("s3").put_object(Bucket=removed.bucket, Key=removed.key, Tagging=tags, IfNoneMatch="*")
    except ClientError as error:
        if storage.code(error) == "PreconditionFailed":
            return False
        raise
    return True


def ready() -> tuple[bool, str]:
    """Return whether SOURCE_BUCKET is set, and the reason if not (GET /health/ready)."""
    return readiness(source_bucket)
