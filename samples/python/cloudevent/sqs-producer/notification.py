"""Reading what S3 says about an object that was made or removed.

The form of the record: https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
"""

from typing import Any, NamedTuple
from urllib.parse import unquote_plus

from storage import EventError


class Location(NamedTuple):
    """Where an object is."""

    bucket: str
    key: str


def location(data: Any) -> Location:
    """Return which object a notification speaks of.

    Raises:
        EventError: if the data is no S3 notification.

    """
    match data:
        case {"s3": {"bucket": {"name": str(bucket)}, "object": {"key": str(key)}}} if bucket and key:
            return Location(bucket, _unquoted(key))
    raise EventError("this is no S3 notification: its data has no s3.bucket.name or no s3.object.key")


def _unquoted(key: str) -> str:
    # S3 writes keys into its notifications as forms do: a space is "+", everything beyond ASCII is %XX of its UTF-8.
    try:
        return unquote_plus(key, errors="strict")
    except UnicodeDecodeError as error:
        raise EventError(f"the key {key!r} of the notification is not quoted UTF-8") from error
