"""Cloud Functions: what both generations have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.google.failures import FailedBuild, FailedRevision
from tests.google.rejections import RejectionError, mistake
from tests.google.world import found

if TYPE_CHECKING:
    from tests.google.world import Call, Resource, World

LARGEST = 104857600


def get(world: World, call: Call) -> Resource:
    """Answer `functions.get`, of both generations."""
    name = world.canonical(call["name"])
    world.touch(name)
    return found(world.functions, name)


def list_(world: World, call: Call) -> Resource:
    """Answer `functions.list`."""
    prefix = f"{world.canonical(call['parent'])}/functions/"
    return {"functions": [function for name, function in world.functions.items() if name.startswith(prefix)]}


def upload_url(world: World, generation: int) -> tuple[str, str]:
    """Return the id of a new upload and its signed URL."""
    identity = f"upload-{world.number():04}"
    world.uploads[identity] = None
    query = f"GoogleAccessId=service-{generation}&Expires=1900000000&Signature={signature(identity)}"
    return identity, f"{world.url}/signed/v{generation}/{identity}.zip?{query}"


def download_url(world: World, identity: str) -> Resource:
    """Return the answer to `generateDownloadUrl`."""
    return {"downloadUrl": f"{world.url}/signed/v1/{identity}.zip?Signature={signature(identity)}"}


def signature(identity: str) -> str:
    """Return the signature of an upload's URL, which no output may show."""
    return f"secret-signature-{identity}"


def put(world: World, path: str, query: str, headers: dict[str, str], content: bytes) -> None:
    """Accept an upload to a signed URL.

    Raises:
        RejectionError: if the request is not the one that was signed.

    """
    identity = uploaded(world, path, query)
    is_first = "/v1/" in path
    if "authorization" in headers:
        raise mistake("A signed URL was used together with the header Authorization.")
    if headers.get("content-type") != "application/zip":
        raise mistake("SignatureDoesNotMatch: the content type was not signed.", 403)
    if headers.get("x-goog-content-length-range") != (f"0,{LARGEST}" if is_first else None):
        raise mistake("SignatureDoesNotMatch: x-goog-content-length-range is not the one that was signed.", 403)
    if is_first and len(content) > LARGEST:
        raise RejectionError(400, "EntityTooLarge")
    world.uploads[identity] = content


def uploaded(world: World, path: str, query: str) -> str:
    """Return the id of the upload of a signed URL.

    Raises:
        RejectionError: if the URL is not complete.

    """
    identity = path.rpartition("/")[2].removesuffix(".zip")
    if identity not in world.uploads or f"Signature={signature(identity)}" not in query.split("&"):
        raise mistake("SignatureDoesNotMatch", 403)
    return identity


def check_failure(call: Call) -> None:
    """Raise the error of the operation if the build or the first start is to fail."""
    if isinstance(call.failure, FailedBuild):
        raise RejectionError(3, f"Build failed: {call.failure.message}; Error ID: d984523f")
    if isinstance(call.failure, FailedRevision):
        raise RejectionError(3, f"Function failed on loading user code. Error message: {call.failure.message}")
