"""What each identity of a deployment needs: the permissions of the deployer, and the roles of the accounts that build and run.

`docs/deploy/permissions.md` shows these tables. See https://cloud.google.com/iam/docs/roles-permissions.
"""

from __future__ import annotations

from dataclasses import dataclass

CLOUD_RUN = ("run.services.get", "run.services.create", "run.services.update")
CLOUD_RUN_POLICY = ("run.services.getIamPolicy", "run.services.setIamPolicy")
CLOUD_FUNCTIONS = (
    "cloudfunctions.functions.get",
    "cloudfunctions.functions.create",
    "cloudfunctions.functions.update",
    "cloudfunctions.functions.sourceCodeSet",
)
CLOUD_FUNCTIONS_POLICY = ("cloudfunctions.functions.getIamPolicy", "cloudfunctions.functions.setIamPolicy")
BUILD = ("cloudbuild.builds.create", "cloudbuild.builds.get")
REPOSITORY = ("artifactregistry.repositories.get",)
NEW_REPOSITORY = ("artifactregistry.repositories.create",)
BUCKET = ("storage.buckets.get", "storage.objects.create")
NEW_BUCKET = ("storage.buckets.create",)
ACT_AS = "iam.serviceAccounts.actAs"

# The least predefined role that contains each permission of a deployer.
ROLE_OF = {
    **dict.fromkeys(CLOUD_RUN, "roles/run.developer"),
    **dict.fromkeys(CLOUD_RUN_POLICY, "roles/run.admin"),
    **dict.fromkeys(CLOUD_FUNCTIONS, "roles/cloudfunctions.developer"),
    **dict.fromkeys(CLOUD_FUNCTIONS_POLICY, "roles/cloudfunctions.admin"),
    **dict.fromkeys(BUILD, "roles/cloudbuild.builds.editor"),
    **dict.fromkeys(REPOSITORY, "roles/artifactregistry.reader"),
    **dict.fromkeys(NEW_REPOSITORY, "roles/artifactregistry.admin"),
    **dict.fromkeys((*BUCKET, *NEW_BUCKET), "roles/storage.admin"),
    ACT_AS: "roles/iam.serviceAccountUser",
}


@dataclass(frozen=True, slots=True)
class Role:
    """A role that a service account needs, and the roles that contain its permissions, too."""

    name: str
    larger: frozenset[str]
    on_repository: bool = False


_ALL = frozenset({"roles/owner", "roles/editor"})
_BUILDERS = _ALL | {"roles/cloudbuild.builds.builder", "roles/run.builder"}
_ARTIFACTS = frozenset(
    {"roles/artifactregistry.admin", "roles/artifactregistry.repoAdmin", "roles/artifactregistry.createOnPushWriter"}
)
_OBJECTS = frozenset({"roles/storage.admin", "roles/storage.objectAdmin", "roles/storage.objectUser"})

BUILDER_ROLES = (
    Role("roles/logging.logWriter", _BUILDERS | {"roles/logging.admin"}),
    Role("roles/storage.objectViewer", _BUILDERS | _OBJECTS),
    Role("roles/artifactregistry.writer", _BUILDERS | _ARTIFACTS, on_repository=True),
)
# Only for functions that read secrets.
SECRET_ROLES = (Role("roles/secretmanager.secretAccessor", frozenset({"roles/owner", "roles/secretmanager.admin"})),)
