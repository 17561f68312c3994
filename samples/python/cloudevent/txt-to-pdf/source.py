"""Limits a function to the objects in one bucket, because every client that can post an event chooses the bucket and the key.

Each sample has a copy of this file, so that you can copy the directory of a sample on its own.
"""

from typing import NamedTuple

from settings import setting
from storage import EventError


class Location(NamedTuple):
    """The bucket and the key of an object."""

    bucket: str
    key: str


def admitted(bucket: str, key: str) -> Location:
    """Return the object that an event names, if the function may work on it.

    Raises:
        EventError: if the bucket is not the one in SOURCE_BUCKET, or the key is a path that leads elsewhere.
        NotReadyError: if SOURCE_BUCKET is not set.

    """
    if bucket != source_bucket():
        raise EventError(f"events about the bucket {bucket!r} are not accepted")
    # To S3, a key is a name. A server or a proxy that takes it for a path resolves "../other-bucket/key".
    if {".", ".."} & set(key.split("/")):
        raise EventError(f'the key {key!r} contains "." or ".." as a part of a path')
    return Location(bucket, key)


def source_bucket() -> str:
    """Return the only bucket whose objects the function works on, from the variable SOURCE_BUCKET."""
    return setting("SOURCE_BUCKET", "the bucket of the objects")
