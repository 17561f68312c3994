"""Reads S3 notifications about objects that were created or removed.

Record format: https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
"""

from typing import Any
from urllib.parse import unquote_plus

from source import Location, admitted
from storage import EventError


def location(data: Any) -> Location:
    """Return the object that a notification is about.

    Raises:
        EventError: if the data is not an S3 notification, or the function may not work on the object.
        NotReadyError: if SOURCE_BUCKET is not set.

    """
    match data:
        case {"s3": {"bucket": {"name": str(bucket)}, "object": {"key": str(key)}}} if bucket and key:
            return admitted(bucket, _unquoted(key))
    raise EventError("no S3 notification in the event: s3.bucket.name or s3.object.key is missing")


def _unquoted(key: str) -> str:
    # S3 encodes keys in notifications the way HTML forms do: "+" for a space, %XX for each UTF-8 byte of other characters.
    try:
        return unquote_plus(key, errors="strict")
    except UnicodeDecodeError as error:
        raise EventError(f"the key {key!r} of the notification is not percent-encoded UTF-8") from error
