"""Cloud Functions of the first generation."""

from __future__ import annotations

import base64
import copy
import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tests.google import functions, policies, run
from tests.google.failures import FailedRevision
from tests.google.rejections import RejectionError
from tests.google.world import PROJECT, found, typed

if TYPE_CHECKING:
    from tests.google.world import Call, Resource, World

FUNCTION = "google.cloud.functions.v1.CloudFunction"
METADATA = "google.cloud.functions.v1.OperationMetadataV1"


def create(world: World, call: Call) -> Resource:
    """Answer `functions.create`."""
    name = world.canonical(call.body.get("name", ""))
    if not re.fullmatch(
        rf"{world.canonical(call['location'])}/functions/[A-Za-z]([A-Za-z0-9_-]{{0,61}}[A-Za-z0-9])?", name
    ):
        raise RejectionError(400, f"The name '{name}' of the function is not valid in this location.")
    if name in world.functions:
        raise RejectionError(409, f"Function {name} already exists.")
    return _apply(world, call, name, call.body, "CREATE_FUNCTION")


def patch(world: World, call: Call) -> Resource:
    """Answer `functions.patch`."""
    name = world.canonical(call["name"])
    old = found(world.functions, name)
    world.settle(name)
    body = run.masked(old, call.body, call.query.get("updateMask"))
    return _apply(world, call, name, body, "UPDATE_FUNCTION")


def delete(world: World, call: Call) -> Resource:
    """Answer `functions.delete`."""
    name = world.canonical(call["name"])
    found(world.functions, name)
    world.settle(name)

    def finish() -> Resource:
        world.functions.pop(name, None)
        for version in range(1, world.attempts.pop(name, 0) + 1):
            world.versions.pop((name, str(version)), None)
        world.policies.pop(name, None)
        return typed("google.protobuf.Empty", {})

    return world.start(call, _operation(world), _metadata(world, name, "DELETE_FUNCTION", "0"), finish, name)


def generate_upload_url(world: World, _call: Call) -> Resource:
    """Answer `functions.generateUploadUrl`."""
    return {"uploadUrl": functions.upload_url(world, 1)[1]}


def generate_download_url(world: World, call: Call) -> Resource:
    """Answer `functions.generateDownloadUrl`, of any version."""
    name = world.canonical(call["name"])
    version = (call.body or {}).get("versionId") or found(world.functions, name)["versionId"]
    if (name, version) not in world.versions:
        raise RejectionError(404, f"Version {version} of function {name} was not found.")
    return functions.download_url(world, world.versions[name, version]["upload"])


def _apply(world: World, call: Call, name: str, body: Resource, kind: str) -> Resource:
    _check(body)
    upload = _upload(world, name, body, is_masked="updateMask" in call.query)
    policies.check_act_as(world, body.get("serviceAccountEmail", f"{PROJECT}@appspot.gserviceaccount.com"))
    old = world.functions.get(name, {})
    world.attempts[name] += 1
    version = str(world.attempts[name])
    shown = {key: value for key, value in body.items() if key != "sourceUploadUrl" and value != ""}
    project, location, short = name.split("/")[1::2]
    function = {
        **copy.deepcopy(shown),
        "name": name,
        "status": "DEPLOY_IN_PROGRESS",
        "updateTime": world.now(),
        "availableMemoryMb": body.get("availableMemoryMb", 256),
        "timeout": body.get("timeout", "60s"),
        "ingressSettings": body.get("ingressSettings", "ALLOW_ALL"),
        "serviceAccountEmail": body.get("serviceAccountEmail", f"{project}@appspot.gserviceaccount.com"),
        "versionId": old.get("versionId", version),
    }
    if body.get("sourceUploadUrl"):
        function["buildName"] = f"projects/{project}/locations/{location}/builds/build-{version}"
    if "httpsTrigger" in body:
        function["httpsTrigger"] = {**body["httpsTrigger"], "url": f"{world.url}/serving/{short}"}
    world.functions[name] = function

    def fail(_message: str) -> None:
        # The version that served before still does, unless the new one was started.
        serves = (name, function["versionId"]) in world.versions and not isinstance(call.failure, FailedRevision)
        function["status"] = "ACTIVE" if serves else "OFFLINE"

    def finish() -> Resource:
        try:
            functions.check_failure(call)
        except RejectionError as rejection:
            fail(rejection.message)
            raise
        function["status"] = "ACTIVE"
        function["versionId"] = version
        if body.get("sourceUploadUrl"):
            # The latest build that succeeded.
            function["buildId"] = function["buildName"].rpartition("/")[2]
        world.versions[name, version] = {"upload": upload}
        return typed(FUNCTION, function)

    return world.start(call, _operation(world), _metadata(world, name, kind, version), finish, name, fail=fail)


def _check(body: Resource) -> None:
    """Check what no schema says."""
    for field in ("runtime", "entryPoint"):
        if not body.get(field):
            raise RejectionError(400, f"The request has errors: {field} is required.")
    if not re.fullmatch(r"(python|nodejs|go|java|ruby|php|dotnet)[0-9]+", body["runtime"]):
        raise RejectionError(400, f"The runtime {body['runtime']} is not supported on GCF Gen1.")
    if ("httpsTrigger" in body) == ("eventTrigger" in body):
        raise RejectionError(400, "The request has errors: exactly one of httpsTrigger and eventTrigger must be set.")


def _upload(world: World, name: str, body: Resource, *, is_masked: bool) -> str:
    """Return the id of the upload with the source: that of the body, or the one that serves if the mask leaves it."""
    serving = (name, world.functions.get(name, {}).get("versionId", ""))
    if is_masked and not body.get("sourceUploadUrl") and serving in world.versions:
        return str(world.versions[serving]["upload"])
    if not body.get("sourceUploadUrl"):
        raise RejectionError(400, "The request has errors: a source is required.")
    url = urlsplit(body["sourceUploadUrl"])
    identity = functions.uploaded(world, url.path, url.query)
    if world.uploads[identity] is None:
        raise RejectionError(400, "The source has not been uploaded to the URL.")
    return identity


def _operation(world: World) -> str:
    return "operations/" + base64.urlsafe_b64encode(
        f"{PROJECT}/us-central1/{world.number():08}".encode()
    ).decode().rstrip("=")


def _metadata(world: World, name: str, kind: str, version: str) -> Resource:
    return typed(METADATA, {"target": name, "type": kind, "versionId": version, "updateTime": world.now()})
