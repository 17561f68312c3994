"""The image that Cloud Build makes from the source: the upload, the repository and the build, if the source is another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from funcpack.deploy.google import cloud_build, operations, source_upload
from funcpack.deploy.google.image import Image
from funcpack.deploy.google.permissions import project_step
from funcpack.deploy.google.service import SERVICE
from funcpack.deploy.google.service_body import SOURCE_LABEL
from funcpack.deploy.packing.archive import source_label
from funcpack.deploy.plan.steps import Condition, Step, missing
from funcpack.deploy.plan.values import Either, Joined, answer, at

if TYPE_CHECKING:
    from funcpack.deploy.google.service import Address
    from funcpack.deploy.packing.container import ContainerSource
    from funcpack.deploy.plan.steps import Upload
    from funcpack.deploy.plan.values import Answers
    from funcpack.deploy.settings.configuration import Configuration

REPOSITORY = "repository"
NEW_REPOSITORY = "new_repository"
NEW_REPOSITORY_DONE = "new_repository_done"


def built_image(configuration: Configuration, address: Address, container: ContainerSource, upload: Upload) -> Image:
    """Return the image that is built from an archive of the source.

    Raises:
        CommandError: the section `cloudbuild` or the registry is not valid.

    """
    cloud_build.check_section(configuration)
    registry = cloud_build.registry(configuration, address.place, address.name)
    label = source_label(upload)
    condition = _has_other_source(label, registry.untagged)
    bucket = configuration.section("deploy").get("artifact_bucket") or source_upload.default_bucket(address.place)
    name = f"{address.name}-{label}.zip"
    body = cloud_build.build_body(configuration, container, registry.image, (bucket, name), address.name)
    builds = f"{address.endpoints.cloudbuild}v1/{address.place.path}/builds"
    built = Joined((f"{registry.untagged}@", answer(cloud_build.BUILT, "results.images[0].digest")))
    return Image(
        created=built,
        updated=Either((built, answer(SERVICE, "template.containers[0].image"))),
        reads=(
            project_step(address.endpoints, address.place, condition),
            source_upload.read(address.endpoints, address.place, bucket, condition),
            *((_repository(address, condition),) if registry.is_default else ()),
        ),
        builds=(
            *source_upload.steps(address.endpoints, address.place, bucket, (name, upload), condition),
            *(_new_repository(address) if registry.is_default else ()),
            *cloud_build.steps(builds, body, condition),
        ),
        source=label,
        is_outdated=condition,
    )


def _has_other_source(label: str, image: str) -> Condition:
    """Return the condition that a service does not have the image of this source, or not from this registry."""

    def is_other(answers: Answers) -> bool:
        if SERVICE not in answers:
            return False
        service = answers[SERVICE].body
        current = at(service, "template.containers[0].image") or ""
        return bool(at(service, f"labels.{SOURCE_LABEL}") != label or not current.startswith(f"{image}@"))

    return Condition(f"{{{SERVICE}}} has another source", is_other)


def _repository(address: Address, condition: Condition) -> Step:
    return Step(
        REPOSITORY,
        "Look for the repository of images",
        "GET",
        f"{_repositories(address)}/{cloud_build.DEFAULT_REPOSITORY}",
        condition=condition,
        accepts=frozenset({403, 404}),
    )


def _new_repository(address: Address) -> tuple[Step, Step]:
    """Return the steps that create the default repository if it does not exist."""
    name = cloud_build.DEFAULT_REPOSITORY
    is_missing = missing(REPOSITORY)
    body = {"format": "DOCKER", "mode": "STANDARD_REPOSITORY"}
    url = f"{_repositories(address)}?repositoryId={name}"
    purpose = f"Wait for the repository {name}"
    return (
        Step(
            NEW_REPOSITORY,
            f"Create the repository {name}",
            "POST",
            url,
            body,
            condition=is_missing,
            on_conflict=REPOSITORY,
        ),
        operations.wait(NEW_REPOSITORY_DONE, NEW_REPOSITORY, _api(address), purpose, condition=is_missing),
    )


def _repositories(address: Address) -> str:
    return f"{_api(address)}{address.place.path}/repositories"


def _api(address: Address) -> str:
    return f"{address.endpoints.artifactregistry}v1/"
