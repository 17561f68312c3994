"""Cloud Build."""

from __future__ import annotations

import base64
import copy
import hashlib
import re
from typing import TYPE_CHECKING

from tests.google import policies
from tests.google.failures import FailedBuild, NeverDone
from tests.google.rejections import RejectionError
from tests.google.world import found, typed

if TYPE_CHECKING:
    from tests.google.world import Call, Resource, World

BUILD = "google.devtools.cloudbuild.v1.Build"
METADATA = "google.devtools.cloudbuild.v1.BuildOperationMetadata"
NO_LOGS = (
    "if 'build.service_account' is specified, the build must either (a) specify 'build.logs_bucket', (b) use the "
    "REGIONAL_USER_OWNED_BUCKET build.options.default_logs_bucket_behavior option, or (c) use either CLOUD_LOGGING_ONLY / "
    "NONE logging options: invalid argument"
)


def create(world: World, call: Call) -> Resource:
    """Answer `builds.create`, in a region or without one."""
    parent = call.parameters.get("parent") or f"projects/{call['projectId']}/locations/global"
    _, project, _, location = world.canonical(parent).split("/")
    _check(world, call.body)
    identity = f"00000000-0000-4000-8000-{world.number():012}"
    build = {
        **copy.deepcopy(call.body),
        "id": identity,
        "name": f"projects/{world.projects[project]}/locations/{location}/builds/{identity}",
        "projectId": project,
        "status": "QUEUED",
        "createTime": world.now(),
        "timeout": call.body.get("timeout", "3600s"),
        "logUrl": (
            f"https://console.cloud.google.com/cloud-build/builds;region={location}/{identity}"
            f"?project={world.projects[project]}"
        ),
    }
    world.builds[identity] = build
    if isinstance(call.failure, NeverDone):
        build["status"] = "WORKING"

    def finish() -> Resource:
        return _finished(world, build, call)

    name = _operation(project, location, identity)
    return world.start(call, name, typed(METADATA, {"build": build}), finish, build["name"])


def get(world: World, call: Call) -> Resource:
    """Answer `builds.get`."""
    identity = call.parameters.get("id") or call["name"].rpartition("/")[2]
    build = found(world.builds, identity)
    world.touch(build["name"])
    return build


def list_(world: World, _call: Call) -> Resource:
    """Answer `builds.list`: the newest first."""
    return {"builds": list(world.builds.values())[::-1]}


def cancel(world: World, call: Call) -> Resource:
    """Answer `builds.cancel`."""
    build = get(world, call)
    build["status"] = "CANCELLED"
    return build


def _check(world: World, build: Resource) -> None:
    """Check what no schema says."""
    if not build.get("steps"):
        raise RejectionError(400, "invalid build: build must have at least one step")
    account = build.get("serviceAccount")
    if account and not re.fullmatch(r"projects/[^/]+/serviceAccounts/[^/]+", account):
        raise RejectionError(400, f"invalid value for 'build.service_account': {account}")
    options = build.get("options", {})
    has_logs = options.get("logging") in {"CLOUD_LOGGING_ONLY", "NONE"} or "defaultLogsBucketBehavior" in options
    if account and not has_logs and "logsBucket" not in build:
        raise RejectionError(400, NO_LOGS)
    if account:
        policies.check_act_as(world, account.rpartition("/")[2])


def _finished(world: World, build: Resource, call: Call) -> Resource:
    build["startTime"] = world.now()
    build["finishTime"] = world.now()
    failure = call.failure if isinstance(call.failure, FailedBuild) else _without_source(world, build)
    if failure:
        build["status"] = failure.status
        build["statusDetail"] = failure.message
        build["failureInfo"] = {"type": failure.type, "detail": failure.message}
        raise RejectionError(2, f"Build failed; check build logs for details: {failure.message}")
    build["status"] = "SUCCESS"
    build["results"] = {"images": _images(build), "buildStepImages": ["" for _ in build["steps"]]}
    for image in build["results"]["images"]:
        world.images[image["name"]] = image["digest"]
    return typed(BUILD, build)


def _without_source(world: World, build: Resource) -> FailedBuild | None:
    """Return the failure of a build whose source does not exist."""
    source = build.get("source", {}).get("storageSource")
    if source is None or (source.get("bucket"), source.get("object")) in world.objects:
        return None
    if world.uploads.get(source.get("object", "").removesuffix(".zip")) is not None:
        return None
    where = f"gs://{source.get('bucket')}/{source.get('object')}"
    return FailedBuild(f"failed to fetch storage source: {where}", "FAILURE", "FETCH_SOURCE_FAILED")


def _images(build: Resource) -> list[Resource]:
    """Return the images that a build pushed: each without its tag first, then with it."""
    digest = f"sha256:{hashlib.sha256(build['id'].encode()).hexdigest()}"
    images = []
    for image in build.get("images", []):
        untagged = re.sub(r":[^:/]+$", "", image)
        tag = image.removeprefix(untagged) or ":latest"
        images += [{"name": untagged, "digest": digest}, {"name": untagged + tag, "digest": digest}]
    return images


def _operation(project: str, location: str, identity: str) -> str:
    encoded = base64.b64encode(identity.encode()).decode()
    if location == "global":
        return f"operations/build/{project}/{encoded}"
    return f"projects/{project}/locations/{location}/operations/{encoded.rstrip('=')}"
