"""What a deployment to Cloud Run may not lack: the permissions that are tested before the first upload."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from funcpack.deploy.google import cloud_build, roles, source_upload
from funcpack.deploy.google.built_image import REPOSITORY
from funcpack.deploy.google.permissions import Account, Preflight, Resource, needs, preflight
from funcpack.deploy.google.service import SERVICE
from funcpack.deploy.plan.steps import Condition, Plan, missing

if TYPE_CHECKING:
    from funcpack.deploy.google.image import Image
    from funcpack.deploy.google.permissions import Need
    from funcpack.deploy.google.service import Address
    from funcpack.deploy.plan.note import Note
    from funcpack.deploy.plan.steps import Step
    from funcpack.deploy.plan.values import Answers
    from funcpack.deploy.settings.target import Target


def permission_steps(target: Target, note: Note, address: Address, image: Image) -> tuple[Step, ...]:
    """Return the steps that test the permissions of everybody involved before an image is built.

    Nothing is tested if the service has the image already: then the only request that changes something is rejected as a whole.
    """
    if image.is_outdated is None:
        return ()
    steps = preflight(_preflight(target, note, address, image))
    if "artifact_bucket" not in target.section("deploy"):
        steps = (*steps[:-1], _with_owner(steps[-1], address))
    return tuple(replace(step, condition=step.condition or image.is_outdated) for step in steps)


def explanation(target: Target, note: Note, address: Address, image: Image) -> Plan:
    """Return the plan that shows, after a request was denied, all permissions that lack."""
    return Plan(preflight(replace(_preflight(target, note, address, image), resource=None, is_project_read=False)))


def _with_owner(step: Step, address: Address) -> Step:
    """Return the test of the permissions with that of the default bucket, which may deny what the permissions allow."""

    def review(answers: Answers) -> None:
        if step.review:
            step.review(answers)
        source_upload.check_owner(answers, address.place)

    return replace(step, review=review)


def _preflight(target: Target, note: Note, address: Address, image: Image) -> Preflight:
    builds = image.source is not None
    return Preflight(
        address.endpoints,
        address.place,
        tuple(_needs(target, address, builds=builds)),
        tuple(_accounts(target, builds=builds)),
        note,
        _repository(target, address) if builds else None,
        Resource(address.url, _on_service(target), _exists(image)),
        is_project_read=builds,
    )


def _needs(target: Target, address: Address, *, builds: bool) -> list[Need]:
    found = [*needs(_on_service(target))]
    if builds:
        found += needs((*roles.BUILD, *roles.BUCKET))
        found += needs(roles.NEW_BUCKET, missing(source_upload.BUCKET))
        if cloud_build.registry(target.configuration, address.place, address.name).is_default:
            found += needs(roles.REPOSITORY)
            found += needs(roles.NEW_REPOSITORY, missing(REPOSITORY))
    return found


def _on_service(target: Target) -> tuple[str, ...]:
    policy = roles.CLOUD_RUN_POLICY if target.configuration.values.get("bindings") else ()
    return (*roles.CLOUD_RUN, *policy)


def _accounts(target: Target, *, builds: bool) -> list[Account]:
    """Return the account that runs, and the one that builds."""
    reads_secrets = bool(target.section("secrets"))
    email = target.section("cloudrun_revision").get("serviceAccount")
    accounts = [Account("run", email, roles.SECRET_ROLES if reads_secrets else ())]
    if builds:
        accounts.append(Account("build", cloud_build.account_email(target.configuration), roles.BUILDER_ROLES))
    return accounts


def _repository(target: Target, address: Address) -> str:
    """Return the name of the repository, as Artifact Registry's API has it."""
    host, project, repository, *_ = cloud_build.registry(target.configuration, address.place, address.name).image.split(
        "/"
    )
    return f"projects/{project}/locations/{host.removesuffix('-docker.pkg.dev')}/repositories/{repository}"


def _exists(image: Image) -> Condition:
    """Return the condition that the service exists, and is tested at all."""
    outdated = image.is_outdated

    def holds(answers: Answers) -> bool:
        is_there = SERVICE in answers and answers[SERVICE].status != 404
        return is_there and (outdated is None or outdated.holds(answers))

    words = f"{{{SERVICE}}} is not 404"
    return Condition(words if outdated is None else f"{words} and has another source", holds)
