"""The resource of a function on Cloud Functions: what Funcpack sets, with the configuration merged in, without the source."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from funcpack.deploy.google.generations import LABEL_REASON, REPLACED_LABEL, SOURCE_LABEL, SOURCE_VARIABLE
from funcpack.deploy.google.schemas import schema
from funcpack.deploy.packing.entry_module import ENTRY_MODULE_FILE, ENTRY_POINT
from funcpack.deploy.plan.values import at
from funcpack.deploy.settings.merging import merged
from funcpack.deploy.settings.schema import check, forbidden
from funcpack.deployment_errors import FunctionEventTriggerError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from funcpack.deploy.google.generations import Generation
    from funcpack.deploy.settings.configuration import Configuration

_TRIGGER = "eventTrigger"


def resource(
    generation: Generation, configuration: Configuration, *, project: str, runtime: str, source: str
) -> dict[str, Any]:
    """Return the resource without its name and its source. `source` is the hash of the archive, which becomes a label.

    Raises:
        UserError: A section of the configuration does not fit the resource.

    """
    sections = list(_checked_sections(generation, configuration))
    values = {
        "description": configuration.values.get("description"),
        "labels": configuration.values.get("labels"),
        generation.entry_point: ENTRY_POINT,
        generation.runtime: runtime,
        generation.build_environment: {SOURCE_VARIABLE: ENTRY_MODULE_FILE},
        generation.environment: configuration.values.get("environment"),
    }
    body: dict[str, Any] = dict(generation.fixed)
    for path, value in values.items():
        body = merged(body, _placed(path, value)) if value else body
    for section in sections:
        body = merged(body, section)
    secrets = _secrets(configuration.section("secrets"), project, at(body, generation.secrets) or ())
    body = merged(body, _placed(generation.secrets, secrets)) if secrets else body
    return merged(body, {"labels": {SOURCE_LABEL: source}})


def _checked_sections(generation: Generation, configuration: Configuration) -> Iterator[Mapping[str, Any]]:
    """Return the sections of this generation, without `runtime`, which both generations accept in `cloudfunction`."""
    labels = {f"labels.{label}": LABEL_REASON for label in (SOURCE_LABEL, REPLACED_LABEL)}
    forbidden(configuration.values, labels, "", configuration.file)
    for name in generation.sections:
        section = dict(configuration.section(name))
        if name == generation.sections[0]:
            section.pop("runtime", None)
        if _TRIGGER in section:
            raise FunctionEventTriggerError(f"{name}.{_TRIGGER}")
        forbidden(section, generation.forbidden, name, configuration.file)
        check(section, schema(generation.schema), name, configuration.file, moved=generation.moved)
        yield section


def _placed(path: str, value: Any) -> dict[str, Any]:
    """Return a resource that has a value at a path and nothing else."""
    first, _, rest = path.partition(".")
    return {first: _placed(rest, value) if rest else value}


def _secrets(references: Mapping[str, str], project: str, others: Any) -> list[Mapping[str, Any]]:
    """Return `secrets` of the configuration, `{variable: "secret/version"}`, in the form of the API. Those of its section win."""
    variables = {name: _secret(name, reference, project) for name, reference in references.items()}
    return list({**variables, **{other["key"]: other for other in others}}.values())


def _secret(name: str, reference: str, project: str) -> Mapping[str, Any]:
    secret, _, version = reference.partition("/")
    return {"key": name, "projectId": project, "secret": secret, "version": version or "latest"}
