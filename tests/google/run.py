"""Cloud Run: services and their revisions."""

from __future__ import annotations

import copy
import hashlib
import re
from typing import TYPE_CHECKING, Any

from tests.google import policies
from tests.google.failures import FailedOperation, FailedRevision
from tests.google.rejections import RejectionError
from tests.google.world import NUMBER, Call, Resource, World, found, typed

if TYPE_CHECKING:
    from collections.abc import Mapping

SERVICE = "google.cloud.run.v2.Service"
LATEST = "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST"
REVISION = "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION"
DEFAULT_ACCOUNT = f"{NUMBER}-compute@developer.gserviceaccount.com"


def create(world: World, call: Call) -> Resource:
    """Answer `services.create`."""
    identity = call.query.get("serviceId", "")
    if not re.fullmatch(r"[a-z]([a-z0-9-]{0,47}[a-z0-9])?", identity):
        raise RejectionError(
            400,
            "Invalid resource name: service ID must begin with a letter, use only lowercase letters, digits and hyphens, "
            f"not end with a hyphen, and contain fewer than 50 characters: '{identity}'.",
        )
    name = f"{world.canonical(call['parent'])}/services/{identity}"
    if name in world.services:
        raise RejectionError(409, f"Resource '{identity}' already exists.")
    check(world, name, call.body)
    if call.query.get("validateOnly") == "true":
        return {"name": f"{call['parent']}/operations/validate", "done": True, "response": typed(SERVICE, call.body)}
    return apply(world, call, name, call.body)


def patch(world: World, call: Call) -> Resource:
    """Answer `services.patch`: without a mask, the body replaces all fields."""
    name = world.canonical(call["name"])
    if name not in world.services and call.query.get("allowMissing") != "true":
        found(world.services, name)
    world.settle(name)
    old = world.services.get(name, {})
    if call.body.get("etag", old.get("etag")) != old.get("etag"):
        raise RejectionError(409, f"Conflict for resource '{name}': the etag does not match.", "ABORTED")
    body = masked(_configured(old), call.body, call.query.get("updateMask"))
    check(world, name, body)
    return apply(world, call, name, body, force="forceNewRevision" in call.query)


def get(world: World, call: Call) -> Resource:
    """Answer `services.get`."""
    name = world.canonical(call["name"])
    world.touch(name)
    return found(world.services, name)


def list_(world: World, call: Call) -> Resource:
    """Answer `services.list`."""
    prefix = f"{world.canonical(call['parent'])}/services/"
    return {"services": [service for name, service in world.services.items() if name.startswith(prefix)]}


def delete(world: World, call: Call) -> Resource:
    """Answer `services.delete`."""
    name = world.canonical(call["name"])
    service = found(world.services, name)
    world.settle(name)

    def finish() -> Resource:
        remove(world, name)
        return typed(SERVICE, service)

    return world.start(call, _operation(world, name), typed(SERVICE, {"name": name}), finish, name)


def remove(world: World, name: str) -> None:
    """Delete a service with what belongs to it."""
    world.services.pop(name, None)
    world.policies.pop(name, None)
    for revision in [revision for revision in world.revisions if revision.startswith(f"{name}/")]:
        del world.revisions[revision]


def get_revision(world: World, call: Call) -> Resource:
    """Answer `services.revisions.get`."""
    return found(world.revisions, world.canonical(call["name"]))


def list_revisions(world: World, call: Call) -> Resource:
    """Answer `services.revisions.list`: the newest first, in pages."""
    prefix = f"{world.canonical(call['parent'])}/revisions/"
    revisions = [revision for name, revision in world.revisions.items() if name.startswith(prefix)][::-1]
    size = int(call.query.get("pageSize", "100"))
    first = int(call.query.get("pageToken") or "0")
    more = {"nextPageToken": str(first + size)} if first + size < len(revisions) else {}
    return {"revisions": revisions[first : first + size], **more}


def masked(old: Resource, new: Resource, mask: str | None) -> Resource:
    """Return a resource with the fields of a mask replaced, or all fields without a mask."""
    if not mask or mask == "*":
        return copy.deepcopy(new)
    result = copy.deepcopy(old)
    for path in mask.split(","):
        *parents, last = (re.sub(r"_(\w)", lambda match: match[1].upper(), key) for key in path.split("."))
        target, source = result, new
        for key in parents:
            target, source = target.setdefault(key, {}), source.get(key, {})
        target.pop(last, None)
        if last in source:
            target[last] = copy.deepcopy(source[last])
    return result


def check(world: World, name: str, body: Resource) -> None:
    """Check what no schema says."""
    template = body.get("template", {})
    containers = template.get("containers", [])
    if not containers:
        raise RejectionError(
            400, "Violation in Service.template.containers: the service must have at least one container."
        )
    for index, container in enumerate(containers):
        if not container.get("image"):
            raise RejectionError(400, f"Violation in Service.template.containers[{index}].image: the image is missing.")
    if sum("ports" in container for container in containers) > 1:
        raise RejectionError(400, "Violation in Service.template.containers: more than one container has ports.")
    for index, container in enumerate(containers):
        if "PORT" in {variable.get("name") for variable in container.get("env", [])}:
            raise RejectionError(
                400,
                f"spec.template.spec.containers[{index}].env: The following reserved env names were provided: PORT.",
            )
    policies.check_act_as(world, template.get("serviceAccount", DEFAULT_ACCOUNT))
    _check_traffic(world, name, body.get("traffic", []))


def _check_traffic(world: World, name: str, traffic: list[Resource]) -> None:
    if traffic and sum(target.get("percent", 0) for target in traffic) != 100:
        raise RejectionError(400, "Traffic percentages must add up to 100.")
    tags = [target["tag"] for target in traffic if "tag" in target]
    if len(tags) != len(set(tags)):
        raise RejectionError(400, "Violation in Service.traffic: a tag is used more than once.")
    for target in traffic:
        is_revision = target.get("type", REVISION if "revision" in target else LATEST) == REVISION
        if is_revision and f"{name}/revisions/{target.get('revision')}" not in world.revisions:
            raise RejectionError(400, f"Revision '{target.get('revision')}' of the traffic target does not exist.")


def apply(world: World, call: Call, name: str, body: Resource, *, force: bool = False) -> Resource:
    """Set the fields of a service, and return the operation that makes it serve."""
    service = _reconciling(world, name, body)
    revision = _revision(world, service, force=force)
    world.services[name] = service
    if isinstance(call.failure, FailedOperation):
        _fail(service, call.failure.message, {"reason": "INTERNAL"})

    def finish() -> Resource:
        return _finished(world, service, revision, call)

    return world.start(call, _operation(world, name), typed(SERVICE, {"name": name}), finish, name)


def _reconciling(world: World, name: str, body: Resource) -> Resource:
    """Return a service that has new fields, which are not in effect yet."""
    old = world.services.get(name, {})
    kept = {key: old[key] for key in _KEPT if key in old}
    short = name.rpartition("/")[2]
    created = {
        "uid": f"uid-{world.number()}",
        "createTime": world.now(),
        "creator": "deployer@example.com",
        "uri": f"{world.url}/serving/{short}",
        "urls": [f"{world.url}/serving/{short}"],
    }
    if body.get("defaultUriDisabled"):
        for key in ("uri", "urls"):
            kept.pop(key, None)
            created.pop(key)
    now = world.now()
    return {
        **{key: copy.deepcopy(value) for key, value in body.items() if key != "etag"},
        **{key: kept.get(key, value) for key, value in created.items()},
        **{key: kept[key] for key in kept if key not in created},
        "name": name,
        "generation": str(int(old.get("generation", "0")) + 1),
        "updateTime": now,
        "lastModifier": "deployer@example.com",
        "ingress": body.get("ingress", "INGRESS_TRAFFIC_ALL"),
        "launchStage": body.get("launchStage", "GA"),
        "template": _with_defaults(body["template"]),
        "traffic": body.get("traffic") or [{"type": LATEST, "percent": 100}],
        "etag": f'"{hashlib.sha256(now.encode()).hexdigest()[:16]}"',
        "reconciling": True,
        "terminalCondition": {"type": "Ready", "state": "CONDITION_RECONCILING", "lastTransitionTime": now},
    }


_KEPT = (
    "uid",
    "createTime",
    "creator",
    "uri",
    "urls",
    "observedGeneration",
    "latestReadyRevision",
    "latestCreatedRevision",
    "trafficStatuses",
    "conditions",
)


def _configured(service: Resource) -> Resource:
    """Return the fields of a service that a caller sets."""
    outputs = {*_KEPT, "generation", "updateTime", "lastModifier", "reconciling", "terminalCondition", "name"}
    configured = {key: value for key, value in service.items() if key not in outputs}
    # The name of a revision names one alone.
    template = {key: value for key, value in service.get("template", {}).items() if key != "revision"}
    return {**configured, "template": template}


def _with_defaults(template: Resource) -> Resource:
    containers = copy.deepcopy(template["containers"])
    serving = next((container for container in containers if "ports" in container), containers[0])
    serving.setdefault("ports", [{"name": "http1", "containerPort": 8080}])
    for container in containers:
        container.setdefault("resources", {"limits": {"cpu": "1000m", "memory": "512Mi"}, "cpuIdle": True})
    defaults = {"timeout": "300s", "serviceAccount": DEFAULT_ACCOUNT, "maxInstanceRequestConcurrency": 80}
    return {**defaults, **copy.deepcopy(template), "containers": containers}


def _revision(world: World, service: Resource, *, force: bool) -> Resource | None:
    """Create the revision of a new template. Return None if the template is that of the latest revision."""
    name, template = service["name"], service["template"]
    latest = world.revisions.get(service.get("latestCreatedRevision", ""))
    wanted = {key: value for key, value in template.items() if key != "revision"}
    if latest and not force and world.templates[latest["name"]] == wanted and "revision" not in template:
        return None
    count = sum(1 for revision in world.revisions if revision.startswith(f"{name}/"))
    short = template.get(
        "revision", f"{name.rpartition('/')[2]}-{count + 1:05}-{'abcdefghij'[world.number() % 10] * 3}"
    )
    if not short.startswith(f"{name.rpartition('/')[2]}-"):
        raise RejectionError(
            400, "Violation in Service.template.revision: it must begin with the name of the service and a hyphen."
        )
    full = f"{name}/revisions/{short}"
    if full in world.revisions:
        raise RejectionError(409, f"Revision named '{short}' with different configuration already exists.")
    world.templates[full] = wanted
    created = {"name": full, "service": name.rpartition("/")[2], "createTime": world.now(), "reconciling": True}
    world.revisions[full] = {**copy.deepcopy(wanted), **created, "generation": "1"}
    service["latestCreatedRevision"] = full
    return world.revisions[full]


def _finished(world: World, service: Resource, revision: Resource | None, call: Call) -> Resource:
    service["reconciling"] = False
    service["observedGeneration"] = service["generation"]
    if revision:
        revision["reconciling"] = False
        if isinstance(call.failure, FailedRevision):
            return _failed_revision(service, revision, call.failure)
        revision["conditions"] = [_condition("Ready", world)]
        service["latestReadyRevision"] = revision["name"]
    service["terminalCondition"] = _condition("Ready", world)
    service["conditions"] = [_condition("RoutesReady", world), _condition("ConfigurationsReady", world)]
    service["trafficStatuses"] = [_status(world, service, target) for target in service["traffic"]]
    return typed(SERVICE, service)


def _failed_revision(service: Resource, revision: Resource, failure: FailedRevision) -> Resource:
    short = revision["name"].rpartition("/")[2]
    message = f"Revision '{short}' is not ready and cannot serve traffic. {failure.message}"
    condition = {"type": "Ready", "state": "CONDITION_FAILED", "message": failure.message, "severity": "ERROR"}
    revision["conditions"] = [{**condition, "revisionReason": failure.revision_reason}]
    _fail(service, message, {"revisionReason": failure.revision_reason})
    if not failure.is_silent:
        raise RejectionError(9, message)
    return typed(SERVICE, service)


def _fail(service: Resource, message: str, reason: Mapping[str, str]) -> None:
    service["reconciling"] = False
    service["terminalCondition"] = {"type": "Ready", "state": "CONDITION_FAILED", "message": message, **reason}
    service["conditions"] = [{"type": "ConfigurationsReady", "state": "CONDITION_FAILED", "message": message, **reason}]


def _condition(kind: str, world: World) -> Resource:
    return {"type": kind, "state": "CONDITION_SUCCEEDED", "lastTransitionTime": world.now()}


def _status(world: World, service: Resource, target: Resource) -> Resource:
    kind = target.get("type", REVISION if "revision" in target else LATEST)
    status: dict[str, Any] = {
        "type": kind,
        **{key: target[key] for key in ("revision", "percent", "tag") if target.get(key)},
    }
    if "tag" in target:
        status["uri"] = f"{world.url}/serving/{target['tag']}---{service['name'].rpartition('/')[2]}"
    return status


def _operation(world: World, name: str) -> str:
    return f"{name.partition('/services/')[0]}/operations/{world.unique()}"
