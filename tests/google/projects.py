"""Projects, service accounts, repositories of images and log entries."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.google.rejections import RejectionError
from tests.google.world import found, typed

if TYPE_CHECKING:
    from tests.google.world import Call, Resource, World

REPOSITORY = "google.devtools.artifactregistry.v1.Repository"


def get_v1(world: World, call: Call) -> Resource:
    """Answer `projects.get` of the first version."""
    project = world.project_id(call["projectId"])
    return {"projectId": project, "projectNumber": world.projects[project], "lifecycleState": "ACTIVE", "name": project}


def get_v3(world: World, call: Call) -> Resource:
    """Answer `projects.get` of the third version."""
    project = world.project_id(call["name"].partition("/")[2])
    return {
        "name": f"projects/{world.projects[project]}",
        "projectId": project,
        "state": "ACTIVE",
        "displayName": project,
    }


def get_account(world: World, call: Call) -> Resource:
    """Answer `serviceAccounts.get`."""
    account = call["name"].rpartition("/")[2]
    if account in world.missing_accounts:
        raise RejectionError(404, f"Unknown service account: {account}")
    return {"name": call["name"], "email": account, "uniqueId": "1"}


def get_repository(world: World, call: Call) -> Resource:
    """Answer `repositories.get`."""
    return found(world.repositories, world.canonical(call["name"]))


def list_repositories(world: World, call: Call) -> Resource:
    """Answer `repositories.list`."""
    prefix = f"{world.canonical(call['parent'])}/repositories/"
    return {"repositories": [item for name, item in world.repositories.items() if name.startswith(prefix)]}


def create_repository(world: World, call: Call) -> Resource:
    """Answer `repositories.create`."""
    identity = call.query.get("repositoryId", "")
    if not re.fullmatch(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?", identity):
        raise RejectionError(400, f"The repository ID '{identity}' is not valid.")
    parent = world.canonical(call["parent"])
    name = f"{parent}/repositories/{identity}"
    if name in world.repositories:
        raise RejectionError(409, "the repository already exists")
    if call.body.get("format", "FORMAT_UNSPECIFIED") == "FORMAT_UNSPECIFIED":
        raise RejectionError(400, "the repository format must be specified")
    repository = {"mode": "STANDARD_REPOSITORY", **call.body, "name": name, "createTime": world.now()}

    def finish() -> Resource:
        world.repositories[name] = repository
        return typed(REPOSITORY, repository)

    metadata = typed("google.devtools.artifactregistry.v1.OperationMetadata", {})
    return world.start(call, f"{parent}/operations/{world.unique()}", metadata, finish, name)


def delete_repository(world: World, call: Call) -> Resource:
    """Answer `repositories.delete`."""
    name = world.canonical(call["name"])
    found(world.repositories, name)

    def finish() -> Resource:
        world.repositories.pop(name, None)
        return typed("google.protobuf.Empty", {})

    metadata = typed("google.devtools.artifactregistry.v1.OperationMetadata", {})
    return world.start(
        call, f"{name.partition('/repositories/')[0]}/operations/{world.unique()}", metadata, finish, name
    )


def list_entries(world: World, call: Call) -> Resource:
    """Answer `entries.list`: in pages, the newest first if the request says so. Filters are not applied."""
    if not call.body.get("resourceNames"):
        raise RejectionError(400, "resource_names: at least one is required")
    entries = world.log_entries[::-1] if call.body.get("orderBy") == "timestamp desc" else world.log_entries
    size = int(call.body.get("pageSize", 50))
    first = int(call.body.get("pageToken") or "0")
    more = {"nextPageToken": str(first + size)} if first + size < len(entries) else {}
    return {"entries": entries[first : first + size], **more}
