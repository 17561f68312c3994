"""The build of an image in Cloud Build, from the source that a deployment uploads.

https://cloud.google.com/build/docs/api/reference/rest/v1/projects.builds
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from funcpack.deploy.google.failures import build_failure
from funcpack.deploy.google.schemas import schema
from funcpack.deploy.plan.steps import Poll, Step
from funcpack.deploy.plan.values import Joined, answer, at
from funcpack.deploy.settings.merging import merged
from funcpack.deploy.settings.schema import check, forbidden
from funcpack.deployment_errors import (
    ConfigurationFieldError,
    FailedBuildError,
    ForeignRegistryError,
    InvalidField,
    RegistryConflictError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from funcpack.deploy.google.place import Place
    from funcpack.deploy.packing.container import ContainerSource
    from funcpack.deploy.plan.steps import Condition
    from funcpack.deploy.plan.values import Received
    from funcpack.deploy.settings.configuration import Configuration

BUILD = "build"
BUILT = "built"

DEFAULT_REPOSITORY = "cloud-run-source-deploy"
BUILDER = "funcpack/builder"

_SECTIONS = ("cloudbuild", "deploy")
_DOCKER = "gcr.io/cloud-builders/docker"
_PACK = "gcr.io/k8s-skaffold/pack"
_FORM = "LOCATION-docker.pkg.dev/PROJECT/REPOSITORY/IMAGE"
_REGISTRY = re.compile(
    r"[a-z0-9-]+-docker\.pkg\.dev/(?P<project>[a-z0-9._:-]+)/[a-z0-9-]+(/[a-z0-9._-]+)+(:[\w][\w.-]*)?"
)
_ACCOUNT = re.compile(r"[^@/\s]+@(?P<project>[^@/\s.]+)(\.[^@/\s]+)?")
# Domains of Google's own service accounts, which do not name the project.
_PROJECTLESS = frozenset({"developer", "appspot", "cloudbuild"})

_NOT_IN_BUILD = {
    "source": "It is the uploaded source.",
    "images": "Use cloudbuild.artifact_registry.",
}


@dataclass(frozen=True, slots=True)
class Registry:
    """Where the image is pushed to. `image` is its name, `is_default` whether Funcpack creates the repository."""

    image: str
    is_default: bool

    @property
    def untagged(self) -> str:
        """The name without its tag, to which a digest is added."""
        return re.sub(r":[^:/]*$", "", self.image)


def registry(configuration: Configuration, place: Place, name: str) -> Registry:
    """Return the registry of the configuration, or the default one of `gcloud run deploy`.

    Raises:
        RegistryConflictError: two settings name different registries.
        ConfigurationFieldError: the value does not have the form of a name in Artifact Registry.
        ForeignRegistryError: the registry belongs to another project, and no service account is named.

    """
    fields = {
        f"{section}.artifact_registry": configuration.section(section).get("artifact_registry") for section in _SECTIONS
    }
    found = {field: value for field, value in fields.items() if value is not None}
    if not found:
        return Registry(f"{place.location}-docker.pkg.dev/{place.project}/{DEFAULT_REPOSITORY}/{name}", is_default=True)
    if len(set(map(str, found.values()))) > 1:
        raise RegistryConflictError(configuration.file, {field: str(value) for field, value in found.items()})
    field, value = next(iter(found.items()))
    parts = _REGISTRY.fullmatch(value) if isinstance(value, str) else None
    if not parts:
        raise ConfigurationFieldError(
            configuration.file, [InvalidField(field, f"it must have the form {_FORM}, not {value!r}")]
        )
    if parts["project"] != place.project and "serviceAccount" not in configuration.section("cloudbuild"):
        raise ForeignRegistryError(configuration.file, value, parts["project"], place.project)
    return Registry(value, is_default=False)


def check_section(configuration: Configuration) -> None:
    """Check the section `cloudbuild`.

    Raises:
        ConfigurationFieldError: a field is unknown, has another type, or is set by Funcpack.

    """
    section = _without_registry(configuration)
    forbidden(section, _NOT_IN_BUILD, "cloudbuild", configuration.file)
    check(section, schema("Build"), "cloudbuild", configuration.file)


def build_body(
    configuration: Configuration, container: ContainerSource, image: str, source: tuple[str, str], name: str
) -> dict[str, Any]:
    """Return the build of an image. `source` are the bucket and the object of the source, `name` is that of the service."""
    bucket, key = source
    base = {
        "source": {"storageSource": {"bucket": bucket, "object": key}},
        "steps": [_step(container, image)],
        "images": [image],
        "tags": [f"funcpack-{name}"],
    }
    section = _without_registry(configuration)
    # Steps have the name of their image, by which lists are merged: those of the user replace ours.
    return _with_account({**merged(base, section), **({"steps": section["steps"]} if "steps" in section else {})})


def steps(url: str, body: Mapping[str, Any], condition: Condition) -> list[Step]:
    """Return the steps that build. `url` is that of the builds in a location."""
    build = Joined((f"{url}/", answer(BUILD, "metadata.build.id")))
    return [
        Step(BUILD, "Start the build", "POST", url, body, condition=condition),
        Step(
            BUILT,
            "Build the image",
            "GET",
            build,
            condition=condition,
            poll=Poll(_is_done, _RESUME),
            verify=_check,
        ),
    ]


_RESUME = (
    "The build goes on in Cloud Build: gcloud builds list --ongoing\n"
    "Run the same command again with a longer --timeout; `options.machineType` in the section cloudbuild makes builds faster."
)


def account_email(configuration: Configuration) -> str | None:
    """Return the service account that builds, if the configuration names one."""
    account = configuration.section("cloudbuild").get("serviceAccount")
    return None if account is None else str(account).rpartition("/")[2]


def _is_done(received: Received) -> bool:
    return at(received.body, "status") == "SUCCESS" or build_failure(received.body) is not None


def _check(received: Received) -> None:
    failure = build_failure(received.body)
    if failure:
        raise FailedBuildError(str(at(received.body, "id")), *failure)


def _step(container: ContainerSource, image: str) -> dict[str, Any]:
    if container.kind == "procfile":
        arguments = ["build", image, "--builder", BUILDER, "--trust-builder", "--network=cloudbuild"]
        return {"name": _PACK, "entrypoint": "pack", "args": arguments}
    return {"name": _DOCKER, "args": ["build", "--network=cloudbuild", "-t", image, "."]}


def _with_account(build: dict[str, Any]) -> dict[str, Any]:
    """Return a build whose service account has the form of the API, and the logs that one requires.

    A build of a service account of the user's has no bucket for its logs:
    https://cloud.google.com/build/docs/securing-builds/configure-user-specified-service-accounts
    """
    account = build.get("serviceAccount")
    if not account:
        return build
    email = _ACCOUNT.fullmatch(account)
    if email:
        project = "-" if email["project"] in _PROJECTLESS else email["project"]
        build = {**build, "serviceAccount": f"projects/{project}/serviceAccounts/{account}"}
    options = build.get("options", {})
    if "logsBucket" in build or "logging" in options:
        return build
    return {**build, "options": {**options, "logging": "CLOUD_LOGGING_ONLY"}}


def _without_registry(configuration: Configuration) -> dict[str, Any]:
    return {name: value for name, value in configuration.section("cloudbuild").items() if name != "artifact_registry"}
