"""Cloud Functions of the second generation: each has a Cloud Run service."""

from __future__ import annotations

import copy
import hashlib
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from tests.google import functions, policies, run
from tests.google.rejections import RejectionError
from tests.google.world import found, typed

if TYPE_CHECKING:
    from tests.google.world import Call, Resource, World

FUNCTION = "google.cloud.functions.v2.Function"
METADATA = "google.cloud.functions.v2.OperationMetadata"


def create(world: World, call: Call) -> Resource:
    """Answer `functions.create`."""
    identity = call.query.get("functionId", "")
    if not re.fullmatch(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?", identity):
        raise RejectionError(400, f"Could not create Cloud Run service. Invalid function ID: '{identity}'.")
    name = f"{world.canonical(call['parent'])}/functions/{identity}"
    if name in world.functions:
        raise RejectionError(409, f"Could not create Cloud Functions function. Function {name} already exists.")
    if call.body.get("name", name) != name:
        raise RejectionError(400, "The name of the function does not match the parent and the function ID.")
    return _apply(world, call, name, call.body, "create")


def patch(world: World, call: Call) -> Resource:
    """Answer `functions.patch`."""
    name = world.canonical(call["name"])
    old = found(world.functions, name)
    world.settle(name)
    return _apply(world, call, name, run.masked(old, call.body, call.query.get("updateMask")), "update")


def delete(world: World, call: Call) -> Resource:
    """Answer `functions.delete`: the Cloud Run service goes with it."""
    name = world.canonical(call["name"])
    found(world.functions, name)
    world.settle(name)

    def finish() -> Resource:
        world.functions.pop(name, None)
        run.remove(world, _service(name))
        return typed("google.protobuf.Empty", {})

    return world.start(call, _operation(world, name), _metadata(world, name, "delete"), finish, name)


def generate_upload_url(world: World, call: Call) -> Resource:
    """Answer `functions.generateUploadUrl`."""
    identity, url = functions.upload_url(world, 2)
    project, location = world.canonical(call["parent"]).split("/")[1::2]
    bucket = f"gcf-v2-uploads-{world.projects[project]}.{location}.cloudfunctions.appspot.com"
    return {"uploadUrl": url, "storageSource": {"bucket": bucket, "object": f"{identity}.zip"}}


def generate_download_url(world: World, call: Call) -> Resource:
    """Answer `functions.generateDownloadUrl`."""
    function = found(world.functions, world.canonical(call["name"]))
    return functions.download_url(world, function["buildConfig"]["source"]["storageSource"]["object"][:-4])


def _apply(world: World, call: Call, name: str, body: Resource, verb: str) -> Resource:
    _check(world, body)
    service, service_config = _service(name), copy.deepcopy(body.get("serviceConfig", {}))
    account = service_config.setdefault("serviceAccountEmail", run.DEFAULT_ACCOUNT)
    policies.check_act_as(world, account)
    short = name.rpartition("/")[2]
    old = world.functions.get(name, {})
    function = {
        **copy.deepcopy(body),
        "name": name,
        "environment": "GEN_2",
        "state": "DEPLOYING",
        "createTime": old.get("createTime", world.now()),
        "updateTime": world.now(),
        "url": f"{world.url}/serving/{short}",
        "serviceConfig": {
            "availableMemory": "256M",
            "timeoutSeconds": 60,
            "ingressSettings": "ALLOW_ALL",
            "allTrafficOnLatestRevision": True,
            **{
                key: old["serviceConfig"][key]
                for key in ("service", "uri", "revision")
                if key in old.get("serviceConfig", {})
            },
            **service_config,
        },
    }
    build = f"projects/{name.split('/')[1]}/locations/{name.split('/')[3]}/builds/build-{world.number()}"
    function["buildConfig"] = {**function["buildConfig"], "build": build}
    # They are about the deployment before.
    function.pop("stateMessages", None)
    world.functions[name] = function

    def fail(message: str) -> None:
        function["state"] = "FAILED"
        function["stateMessages"] = [{"severity": "ERROR", "type": "CloudRunServiceFailed", "message": message}]

    def finish() -> Resource:
        try:
            functions.check_failure(call)
        except RejectionError as rejection:
            fail(rejection.message)
            raise
        _serve(world, call, function, service)
        return typed(FUNCTION, function)

    return world.start(call, _operation(world, name), _metadata(world, name, verb, build), finish, name, fail=fail)


def _serve(world: World, call: Call, function: Resource, service: str) -> None:
    """Let the service of a function serve its new version."""
    source = function["buildConfig"]["source"]["storageSource"]["object"]
    digest = hashlib.sha256(source.encode()).hexdigest()
    config = function["serviceConfig"]
    variables = [{"name": key, "value": value} for key, value in config.get("environmentVariables", {}).items()]
    location = service.split("/")[3]
    image = (
        f"{location}-docker.pkg.dev/{service.split('/')[1]}/gcf-artifacts/{service.rpartition('/')[2]}@sha256:{digest}"
    )
    template = {
        "containers": [{"image": image, "env": variables}],
        "serviceAccount": config["serviceAccountEmail"],
        # Each deployment has a build of its own.
        "annotations": {"cloudfunctions.googleapis.com/build": function["buildConfig"]["build"]},
    }
    labels = {"goog-managed-by": "cloudfunctions", **function.get("labels", {})}
    keeps_traffic = not config["allTrafficOnLatestRevision"] and service in world.services
    traffic = {"traffic": world.services[service]["traffic"]} if keeps_traffic else {}
    operation = run.apply(
        world, replace(call, failure=None), service, {"template": template, "labels": labels, **traffic}
    )
    world.operations[operation["name"]].end()
    serving = world.services[service]
    revision = serving["latestReadyRevision"].rpartition("/")[2]
    function["serviceConfig"] = {**config, "service": service, "uri": serving["uri"], "revision": revision}
    function["state"] = "ACTIVE"


def _check(world: World, body: Resource) -> None:
    """Check what no schema says."""
    config = body.get("buildConfig", {})
    for field in ("runtime", "entryPoint", "source"):
        if not config.get(field):
            raise RejectionError(400, f"build_config.{field} is required.")
    if not re.fullmatch(r"(python|nodejs|go|java|ruby|php|dotnet)[0-9]+", config["runtime"]):
        raise RejectionError(400, f"The runtime {config['runtime']} is not supported on GCF Gen2.")
    source = config["source"].get("storageSource", {}).get("object", "")
    if world.uploads.get(source.removesuffix(".zip")) is None:
        raise RejectionError(400, f"The source object '{source}' does not exist.")


def _service(function: str) -> str:
    return function.replace("/functions/", "/services/")


def _operation(world: World, name: str) -> str:
    return f"{name.partition('/functions/')[0]}/operations/{world.unique()}"


def _metadata(world: World, name: str, verb: str, build: str = "") -> Resource:
    metadata = {"target": name, "verb": verb, "apiVersion": "v2", "createTime": world.now(), "buildName": build}
    return typed(METADATA, metadata)
