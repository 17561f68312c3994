"""The service of Cloud Run that a configuration describes.

Its sections are parts of the API's resource: `cloudrun` of the service itself, `cloudrun_revision` of its template, and
`cloudrun_container` of the container in that. https://cloud.google.com/run/docs/reference/rest/v2/projects.locations.services
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from funcpack.deploy.google.revisions import STAGED
from funcpack.deploy.google.schemas import schema
from funcpack.deploy.settings.backends import CLOUD_RUN
from funcpack.deploy.settings.merging import by_name, merged
from funcpack.deploy.settings.schema import check, forbidden
from funcpack.deploy.settings.variables import check_names
from funcpack.deployment_errors import ConfigurationFieldError, InvalidField

if TYPE_CHECKING:
    from funcpack.deploy.plan.values import Value
    from funcpack.deploy.settings.configuration import Configuration

# The hash of the source from which the image of a service was built.
SOURCE_LABEL = "funcpack-source"

_LATEST_VERSION = "latest"
_EMAIL = re.compile(r"[^@/\s]+@[^@/\s]+")

_NOT_IN_SERVICE = {
    "name": "Use --name.",
    "template": "Use the sections cloudrun_revision and cloudrun_container.",
    f"labels.{SOURCE_LABEL}": "It is the hash of the source.",
    f"annotations.{STAGED}": "It names the revisions that have not served.",
}
_NOT_IN_REVISION = {"containers": "Use the section cloudrun_container."}
_NOT_IN_CONTAINER = {"image": "Use --image, or cloudbuild.artifact_registry for an image that is built."}


def check_sections(configuration: Configuration) -> None:
    """Check the sections of Cloud Run.

    Raises:
        ConfigurationFieldError: a field is unknown, has another type, or is set by Funcpack.

    """
    service = _without_traffic(configuration)
    sections = (
        ("cloudrun", service, "Service", _NOT_IN_SERVICE),
        ("cloudrun_revision", configuration.section("cloudrun_revision"), "RevisionTemplate", _NOT_IN_REVISION),
        ("cloudrun_container", configuration.section("cloudrun_container"), "Container", _NOT_IN_CONTAINER),
    )
    for name, section, resource, reasons in sections:
        forbidden(section, reasons, name, configuration.file)
        check(section, schema(resource), name, configuration.file)
    variables = by_name(configuration.section("cloudrun_container").get("env")) or {}
    check_names({f"cloudrun_container.env[{name}]": name for name in variables}, CLOUD_RUN, configuration.file)
    _check_service_account(configuration)
    share(configuration)


def share(configuration: Configuration) -> int:
    """Return the percentage of the traffic that the newest revision gets: `cloudrun.traffic`, or 100.

    Raises:
        ConfigurationFieldError: it is not an integer from 0 to 100.

    """
    value = configuration.section("cloudrun").get("traffic", 100)
    if type(value) is not int or not 0 <= value <= 100:
        problem = InvalidField("cloudrun.traffic", f"it must be an integer from 0 to 100, not {value!r}")
        raise ConfigurationFieldError(configuration.file, [problem])
    return value


def service_body(configuration: Configuration, image: str | Value, source: str | None) -> dict[str, Any]:
    """Return the service without its traffic. `source` is the hash of the source if the image is built from it."""
    container = merged(_container(configuration), configuration.section("cloudrun_container"))
    template = {**configuration.section("cloudrun_revision"), "containers": [{"image": image, **container}]}
    labels = {**configuration.section("labels"), **({SOURCE_LABEL: source} if source else {})}
    description = configuration.values.get("description")
    base = {
        **({"description": description} if description else {}),
        **({"labels": labels} if labels else {}),
        "template": template,
    }
    return merged(base, _without_traffic(configuration))


def _container(configuration: Configuration) -> dict[str, Any]:
    """Return the container with the variables of the configuration."""
    environment = [{"name": name, "value": value} for name, value in configuration.texts.items()]
    secrets = [_secret(name, reference) for name, reference in configuration.section("secrets").items()]
    variables = [*environment, *secrets]
    return {"env": variables} if variables else {}


def _secret(name: str, reference: str) -> dict[str, Any]:
    secret, _, version = reference.partition("/")
    key = {"secret": secret, "version": version or _LATEST_VERSION}
    return {"name": name, "valueSource": {"secretKeyRef": key}}


def _without_traffic(configuration: Configuration) -> dict[str, Any]:
    return {name: value for name, value in configuration.section("cloudrun").items() if name != "traffic"}


def _check_service_account(configuration: Configuration) -> None:
    account = configuration.section("cloudrun_revision").get("serviceAccount")
    if account is not None and not _EMAIL.fullmatch(account):
        message = f"it must be the email address of a service account, not '{account}'"
        raise ConfigurationFieldError(configuration.file, [InvalidField("cloudrun_revision.serviceAccount", message)])
