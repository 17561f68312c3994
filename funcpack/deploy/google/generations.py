"""What distinguishes the two generations of Cloud Functions: the places of the same values in their resources.

Sources:
    https://cloud.google.com/functions/docs/reference/rest/v1/projects.locations.functions
    https://cloud.google.com/functions/docs/reference/rest/v2/projects.locations.functions

"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from funcpack.deploy.google.schemas import FIRST_GENERATION_FIELDS
from funcpack.deploy.plan.values import answer
from funcpack.deploy.settings.backends import CLOUD_FUNCTION, CLOUD_FUNCTION_V2

if TYPE_CHECKING:
    from collections.abc import Mapping

    from funcpack.project.python_request import Version

UPLOAD_URL = "upload url"
SOURCE_LABEL = "funcpack-source"
REPLACED_LABEL = "funcpack-replaced-version"
SOURCE_VARIABLE = "GOOGLE_FUNCTION_SOURCE"

_ENTRY = "Cloud Functions calls the entry module of Funcpack, which calls your function. Name your function by PYTHON_HANDLER."
_SOURCE = "Cloud Functions builds the directory that you deploy."
_NAME = "Use the option --name, or the field 'name' at the top of the configuration."
LABEL_REASON = "The label tells whether a function was deployed from the same source."


@dataclass(frozen=True, slots=True)
class Generation:
    """A generation of Cloud Functions. All fields whose values are fields of the resource are paths, such as `buildConfig.runtime`.

    `parts` are the objects in the resource whose fields an update names one by one. `build` are the fields, or objects, that only
    a build puts into effect. `removed` are fields that an update empties if the configuration does not set them. `moved` says
    where fields of the first generation are in the second. `largest_source` is the limit of the archive in bytes, or None. `roles` are those that another role stands for. `has_service` says
    that a function is a service of Cloud Run, `has_versions` that its versions have numbers.
    """

    backend: str
    api: str
    schema: str
    sections: tuple[str, ...]
    runtimes: tuple[str, ...]
    minimum: Version
    fixed: Mapping[str, Any]
    source: Mapping[str, Any]
    upload_request: Mapping[str, Any]
    upload_headers: Mapping[str, str]
    largest_source: int | None
    entry_point: str
    runtime: str
    build_environment: str
    environment: str
    secrets: str
    account: str
    build_account: str
    parts: frozenset[str]
    build: frozenset[str]
    removed: tuple[str, ...]
    forbidden: Mapping[str, str]
    moved: Mapping[str, str]
    state: str
    changing: frozenset[str]
    revision: str
    urls: tuple[str, ...]
    roles: Mapping[str, str]
    has_service: bool
    has_versions: bool
    log_type: str
    log_name: str
    log_location: str

    def log_labels(self, name: str, location: str) -> dict[str, str]:
        """Return the fields of the log entries of a function, with their values."""
        labels = {self.log_name: name, self.log_location: location}
        return {
            "resource.type": self.log_type,
            **{f"resource.labels.{label}": value for label, value in labels.items()},
        }


# Fields that Funcpack sets in the first generation; a section for both generations may have them, too.
_FORBIDDEN = {
    "name": _NAME,
    "entryPoint": _ENTRY,
    "sourceArchiveUrl": _SOURCE,
    "sourceRepository": _SOURCE,
    "sourceUploadUrl": _SOURCE,
    "sourceToken": _SOURCE,
    f"buildEnvironmentVariables.{SOURCE_VARIABLE}": _ENTRY,
    f"labels.{SOURCE_LABEL}": LABEL_REASON,
    f"labels.{REPLACED_LABEL}": LABEL_REASON,
}

V1 = Generation(
    backend=CLOUD_FUNCTION,
    api="v1",
    schema="CloudFunction",
    sections=("cloudfunction",),
    runtimes=("runtime", "cloudfunction.runtime"),
    minimum=(3, 7),
    fixed={"httpsTrigger": {}},
    source={"sourceUploadUrl": answer(UPLOAD_URL, "uploadUrl")},
    upload_request={},
    upload_headers={"Content-Type": "application/zip", "x-goog-content-length-range": "0,104857600"},
    largest_source=104857600,
    entry_point="entryPoint",
    runtime="runtime",
    build_environment="buildEnvironmentVariables",
    environment="environmentVariables",
    secrets="secretEnvironmentVariables",
    account="serviceAccountEmail",
    build_account="buildServiceAccount",
    parts=frozenset(),
    build=frozenset(
        {
            "entryPoint",
            "runtime",
            "buildEnvironmentVariables",
            "buildServiceAccount",
            "buildWorkerPool",
            "dockerRegistry",
            "dockerRepository",
        }
    ),
    removed=("description", "environmentVariables", "secretEnvironmentVariables", "secretVolumes"),
    forbidden=_FORBIDDEN,
    moved={},
    state="status",
    changing=frozenset({"DEPLOY_IN_PROGRESS", "DELETE_IN_PROGRESS"}),
    revision="versionId",
    urls=("httpsTrigger.url",),
    roles={},
    has_service=False,
    has_versions=True,
    log_type="cloud_function",
    log_name="function_name",
    log_location="region",
)

V2 = Generation(
    backend=CLOUD_FUNCTION_V2,
    api="v2",
    schema="Function",
    sections=("cloudfunction", "cloudfunction_v2"),
    runtimes=(
        "runtime",
        "cloudfunction.runtime",
        "cloudfunction.buildConfig.runtime",
        "cloudfunction_v2.buildConfig.runtime",
    ),
    minimum=(3, 8),
    fixed={"environment": "GEN_2", "serviceConfig": {"allTrafficOnLatestRevision": True}},
    source={"buildConfig": {"source": {"storageSource": answer(UPLOAD_URL, "storageSource")}}},
    upload_request={"environment": "GEN_2"},
    # The signature of the URL does not cover another header.
    upload_headers={"Content-Type": "application/zip"},
    largest_source=None,
    entry_point="buildConfig.entryPoint",
    runtime="buildConfig.runtime",
    build_environment="buildConfig.environmentVariables",
    environment="serviceConfig.environmentVariables",
    secrets="serviceConfig.secretEnvironmentVariables",
    account="serviceConfig.serviceAccountEmail",
    build_account="buildConfig.serviceAccount",
    parts=frozenset({"buildConfig", "serviceConfig"}),
    build=frozenset({"buildConfig"}),
    removed=(
        "description",
        "serviceConfig.environmentVariables",
        "serviceConfig.secretEnvironmentVariables",
        "serviceConfig.secretVolumes",
    ),
    forbidden={
        **_FORBIDDEN,
        "environment": "The backend cloudfunctionv2 deploys to the second generation.",
        "buildConfig.entryPoint": _ENTRY,
        "buildConfig.source": _SOURCE,
        "buildConfig.sourceToken": _SOURCE,
        f"buildConfig.environmentVariables.{SOURCE_VARIABLE}": _ENTRY,
        "serviceConfig.allTrafficOnLatestRevision": "The newest revision gets all requests. To go back, run: funcpack rollback",
    },
    moved=FIRST_GENERATION_FIELDS,
    state="state",
    changing=frozenset({"DEPLOYING", "DELETING"}),
    revision="serviceConfig.revision",
    urls=("serviceConfig.uri", "url"),
    roles={"roles/cloudfunctions.invoker": "roles/run.invoker"},
    has_service=True,
    has_versions=False,
    log_type="cloud_run_revision",
    log_name="service_name",
    log_location="location",
)
