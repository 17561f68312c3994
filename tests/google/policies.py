"""IAM policies of all resources, and the permissions of the caller."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Any

from tests.google.rejections import RejectionError
from tests.google.world import found

if TYPE_CHECKING:
    from tests.google.discovery import Method
    from tests.google.world import Call, Resource, World

# The parts of permissions that differ from those of methods.
_PERMISSIONS = {
    "cloudresourcemanager": "resourcemanager",
    "entries": "logEntries",
    "generateUploadUrl": "sourceCodeSet",
    "patch": "update",
    "insert": "create",
}
_FREE = ("testIamPermissions", "generateDownloadUrl")
CONCURRENT = (
    "There were concurrent policy changes. Please retry the whole read-modify-write with exponential backoff. "
    "The request's ETag did not match the current policy's ETag."
)
# Resources that take each kind of role.
_FOREIGN_ROLES = {"run": "roles/cloudfunctions.", "cloudfunctions": "roles/run."}


def permission(method: Method) -> str | None:
    """Return the permission that a method needs, for example `run.services.create`, or None."""
    service, *_, collection, name = method.id.split(".")
    if collection == "operations" or name in _FREE:
        return None
    return ".".join(_PERMISSIONS.get(part, part) for part in (service, collection, name))


def check(world: World, call: Call) -> None:
    """Raise the rejection of a call if the caller lacks its permission."""
    needed = permission(call.method)
    if needed in world.denied:
        resource = next(iter(call.parameters.values()), "")
        raise RejectionError(403, f"Permission '{needed}' denied on resource '{resource}' (or resource may not exist).")


def check_act_as(world: World, account: str) -> None:
    """Raise the rejection of a deployment that runs as an account that the caller must not act as."""
    if "iam.serviceAccounts.actAs" in world.denied:
        raise RejectionError(
            403, f"Permission 'iam.serviceaccounts.actAs' denied on service account {account} (or it may not exist)."
        )
    if account in world.missing_accounts:
        raise RejectionError(404, f"Service account {account} does not exist.")


def policy(world: World, resource: str) -> Resource:
    """Return the policy of a resource, which is empty at first."""
    return world.policies.setdefault(resource, {"version": 1, "etag": _etag(world)})


def get(world: World, call: Call) -> Resource:
    """Answer `getIamPolicy`."""
    return policy(world, _resource(world, call))


def set_(world: World, call: Call) -> Resource:
    """Answer `setIamPolicy`: with the etag of another version, it is a conflict."""
    resource = _resource(world, call)
    wanted = call.body.get("policy", call.body) if call.body else {}
    if wanted.get("etag", policy(world, resource)["etag"]) != policy(world, resource)["etag"]:
        raise RejectionError(409, CONCURRENT, "ABORTED")
    for binding in wanted.get("bindings", []):
        _check_binding(call.method.id.partition(".")[0], binding)
    bindings = [binding for binding in wanted.get("bindings", []) if binding["members"]]
    world.policies[resource] = {"version": wanted.get("version", 1), "bindings": bindings, "etag": _etag(world)}
    return world.policies[resource]


def _check_binding(service: str, binding: Any) -> None:
    role = binding.get("role", "")
    if not re.fullmatch(r"(projects/[^/]+/|organizations/[^/]+/)?roles/[A-Za-z0-9_.]+", role):
        raise RejectionError(400, f"Role {role} is not valid.")
    if role.startswith(_FOREIGN_ROLES.get(service, "-")):
        raise RejectionError(400, f"Role {role} is not supported for this resource.")
    for member in binding.setdefault("members", []):
        if member not in {"allUsers", "allAuthenticatedUsers"} and ":" not in member:
            raise RejectionError(
                400, f"The member {member} is of an unknown type. Please set a valid type prefix for the member."
            )


def test(world: World, call: Call) -> Resource:
    """Answer `testIamPermissions`: with the permissions that the caller has."""
    asked = call.body["permissions"] if call.body else call.repeated.get("permissions", [])
    permissions = [name for name in asked if name not in world.denied]
    return {"permissions": permissions} if permissions else {}


def members(world: World, resource: str, role: str) -> list[str]:
    """Return the members that have a role on a resource."""
    bindings = policy(world, resource).get("bindings", [])
    return [member for binding in bindings if binding["role"] == role for member in binding["members"]]


def _resource(world: World, call: Call) -> str:
    """Return the key of the resource's policy, which must exist if it is one that a deployment creates."""
    if "bucket" in call.parameters:
        found(world.buckets, call["bucket"])
        return f"buckets/{call['bucket']}"
    name = call["resource"] if "/" in call["resource"] else f"projects/{call['resource']}"
    name = world.canonical(name)
    created = {"run": world.services, "cloudfunctions": world.functions, "artifactregistry": world.repositories}
    service = call.method.id.partition(".")[0]
    if service in created:
        found(created[service], name)
    return name


def _etag(world: World) -> str:
    return base64.b64encode(f"policy-{world.number():06}".encode()).decode()
