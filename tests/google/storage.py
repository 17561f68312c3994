"""Cloud Storage: buckets, and objects that are uploaded whole."""

from __future__ import annotations

import base64
import email
import hashlib
import json
from typing import TYPE_CHECKING, Any

from tests.google.rejections import RejectionError, mistake

if TYPE_CHECKING:
    from tests.google.world import Call, Resource, World


def get_bucket(world: World, call: Call) -> Resource:
    """Answer `buckets.get`."""
    if call["bucket"] not in world.buckets:
        raise RejectionError(404, "The specified bucket does not exist.")
    return world.buckets[call["bucket"]]


def insert_bucket(world: World, call: Call) -> Resource:
    """Answer `buckets.insert`. All projects share the names."""
    name = call.body.get("name", "")
    if name in world.buckets:
        raise RejectionError(
            409, "The requested bucket name is not available. Please select a different name and try again."
        )
    project = world.project_id(call.query.get("project", ""))
    now = world.now()
    defaults = {"location": "US", "storageClass": "STANDARD"}
    fixed = {"kind": "storage#bucket", "id": name, "projectNumber": world.projects[project], "timeCreated": now}
    world.buckets[name] = {**defaults, **call.body, **fixed}
    return world.buckets[name]


def delete_bucket(world: World, call: Call) -> None:
    """Answer `buckets.delete`."""
    get_bucket(world, call)
    if any(bucket == call["bucket"] for bucket, _ in world.objects):
        raise RejectionError(409, "The bucket you tried to delete is not empty.")
    del world.buckets[call["bucket"]]


def insert_object(world: World, call: Call) -> Resource:
    """Answer `objects.insert`, for the upload types `media` and `multipart`."""
    get_bucket(world, call)
    if not call.method.is_upload:
        raise mistake("Objects are inserted under /upload/storage/v1/.")
    name, content = call.query.get("name"), call.content
    if call.query.get("uploadType") == "multipart":
        metadata, content = _parts(call)
        name = metadata.get("name", name)
    elif call.query.get("uploadType") != "media":
        raise mistake("The upload type must be media or multipart.")
    if not name:
        raise RejectionError(400, "Required parameter: name")
    world.objects[call["bucket"], name] = content
    return _object(world, call["bucket"], name)


def get_object(world: World, call: Call) -> Resource | bytes:
    """Answer `objects.get`: what describes the object, or its content."""
    key = call["bucket"], call["object"]
    if key not in world.objects:
        raise RejectionError(404, f"No such object: {'/'.join(key)}")
    return world.objects[key] if call.query.get("alt") == "media" else _object(world, *key)


def list_objects(world: World, call: Call) -> Resource:
    """Answer `objects.list`."""
    get_bucket(world, call)
    prefix = call.query.get("prefix", "")
    names = [name for bucket, name in world.objects if bucket == call["bucket"] and name.startswith(prefix)]
    return {"kind": "storage#objects", "items": [_object(world, call["bucket"], name) for name in sorted(names)]}


def delete_object(world: World, call: Call) -> None:
    """Answer `objects.delete`."""
    get_object(world, call)
    del world.objects[call["bucket"], call["object"]]


def _object(world: World, bucket: str, name: str) -> Resource:
    content = world.objects[bucket, name]
    return {
        "kind": "storage#object",
        "id": f"{bucket}/{name}/1",
        "bucket": bucket,
        "name": name,
        "generation": "1",
        "size": str(len(content)),
        "md5Hash": base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode(),
    }


def _parts(call: Call) -> tuple[dict[str, Any], bytes]:
    """Return the two parts of a body of the type multipart/related."""
    head = f"content-type: {call.headers['content-type']}\r\n\r\n".encode()
    parts = email.message_from_bytes(head + call.content).get_payload()
    if not isinstance(parts, list) or len(parts) != 2:
        raise mistake("A multipart upload has two parts.")
    metadata, content = (part.get_payload(decode=True) for part in parts)  # type: ignore[union-attr] # messages, by the check
    return json.loads(metadata), content  # type: ignore[arg-type, return-value] # bytes, since they are not multipart
