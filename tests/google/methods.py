"""Which function answers each method."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.google import builds, functions, functions_v1, functions_v2, policies, projects, run, storage
from tests.google.rejections import RejectionError
from tests.google.world import Call, World

Answer = Callable[[World, Call], Any]


def operation(world: World, call: Call) -> Any:
    """Answer `operations.get`."""
    return world.operation(world.canonical(call["name"]))


_RUN = "run.projects.locations."
_V1 = "cloudfunctions.v1.projects.locations.functions."
_V2 = "cloudfunctions.v2.projects.locations.functions."
_BUILD = "cloudbuild.projects."
_REPOSITORY = "artifactregistry.projects.locations.repositories."

ANSWERS: dict[str, Answer] = {
    f"{_RUN}services.create": run.create,
    f"{_RUN}services.patch": run.patch,
    f"{_RUN}services.get": run.get,
    f"{_RUN}services.list": run.list_,
    f"{_RUN}services.delete": run.delete,
    f"{_RUN}services.revisions.get": run.get_revision,
    f"{_RUN}services.revisions.list": run.list_revisions,
    f"{_V1}create": functions_v1.create,
    f"{_V1}patch": functions_v1.patch,
    f"{_V1}get": functions.get,
    f"{_V1}list": functions.list_,
    f"{_V1}delete": functions_v1.delete,
    f"{_V1}generateUploadUrl": functions_v1.generate_upload_url,
    f"{_V1}generateDownloadUrl": functions_v1.generate_download_url,
    f"{_V2}create": functions_v2.create,
    f"{_V2}patch": functions_v2.patch,
    f"{_V2}get": functions.get,
    f"{_V2}list": functions.list_,
    f"{_V2}delete": functions_v2.delete,
    f"{_V2}generateUploadUrl": functions_v2.generate_upload_url,
    f"{_V2}generateDownloadUrl": functions_v2.generate_download_url,
    f"{_BUILD}builds.create": builds.create,
    f"{_BUILD}builds.get": builds.get,
    f"{_BUILD}builds.list": builds.list_,
    f"{_BUILD}builds.cancel": builds.cancel,
    f"{_BUILD}locations.builds.create": builds.create,
    f"{_BUILD}locations.builds.get": builds.get,
    f"{_BUILD}locations.builds.list": builds.list_,
    f"{_BUILD}locations.builds.cancel": builds.cancel,
    f"{_REPOSITORY}create": projects.create_repository,
    f"{_REPOSITORY}get": projects.get_repository,
    f"{_REPOSITORY}list": projects.list_repositories,
    f"{_REPOSITORY}delete": projects.delete_repository,
    "cloudresourcemanager.v1.projects.get": projects.get_v1,
    "cloudresourcemanager.v3.projects.get": projects.get_v3,
    "iam.projects.serviceAccounts.get": projects.get_account,
    "storage.buckets.get": storage.get_bucket,
    "storage.buckets.insert": storage.insert_bucket,
    "storage.buckets.delete": storage.delete_bucket,
    "storage.objects.insert": storage.insert_object,
    "storage.objects.get": storage.get_object,
    "storage.objects.list": storage.list_objects,
    "storage.objects.delete": storage.delete_object,
    "logging.entries.list": projects.list_entries,
}
_OF_ALL_RESOURCES: dict[str, Answer] = {
    "getIamPolicy": policies.get,
    "setIamPolicy": policies.set_,
    "testIamPermissions": policies.test,
}


def answer(world: World, call: Call) -> Any:
    """Return the JSON, or for objects the bytes, that a method answers.

    Raises:
        RejectionError: if the request is not one that succeeds.

    """
    policies.check(world, call)
    identity = call.method.id
    if identity.endswith(".operations.get"):
        return operation(world, call)
    found = ANSWERS.get(identity) or _OF_ALL_RESOURCES.get(identity.rpartition(".")[2])
    if found is None:
        raise RejectionError(501, f"The test server does not have {identity}.", is_mistake=True)
    return found(world, call)
