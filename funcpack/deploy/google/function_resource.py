"""The resource of a function on Cloud Functions: what Funcpack sets, with the configuration merged in, without the source."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, Any

from funcpack.deploy.google.generations import LABEL_REASON, REPLACED_LABEL, SOURCE_LABEL, SOURCE_VARIABLE
from funcpack.deploy.google.schemas import schema
from funcpack.deploy.packing.entry_module import ENTRY_MODULE_FILE, ENTRY_POINT
from funcpack.deploy.plan.values import at
from funcpack.deploy.settings.merging import merged
from funcpack.deploy.settings.schema import check, forbidden
from funcpack.deploy.settings.variables import check_names
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
    section: Mapping[str, Any] = reduce(merged, _checked_sections(generation, configuration), {})
    texts, secrets = _variables(generation, configuration, section, project)
    values = {
        "description": configuration.values.get("description"),
        "labels": configuration.values.get("labels"),
        generation.entry_point: ENTRY_POINT,
        generation.runtime: runtime,
        generation.build_environment: {SOURCE_VARIABLE: ENTRY_MODULE_FILE},
        generation.environment: texts,
    }
    body: dict[str, Any] = dict(generation.fixed)
    for path, value in values.items():
        body = merged(body, _placed(path, value)) if value else body
    body = merged(body, section)
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
        check_names(_variable_names(generation, section, name), generation.backend, configuration.file)
        yield section


def _variable_names(generation: Generation, section: Mapping[str, Any], path: str) -> dict[str, str]:
    """Return the names of the variables of a section, by their paths."""
    texts = at(section, generation.environment) or ()
    secrets = [secret["key"] for secret in at(section, generation.secrets) or () if "key" in secret]
    return {
        **{f"{path}.{generation.environment}.{name}": name for name in texts},
        **{f"{path}.{generation.secrets}[{name}]": name for name in secrets},
    }


def _placed(path: str, value: Any) -> dict[str, Any]:
    """Return a resource that has a value at a path and nothing else."""
    first, _, rest = path.partition(".")
    return {first: _placed(rest, value) if rest else value}


def _variables(
    generation: Generation, configuration: Configuration, section: Mapping[str, Any], project: str
) -> tuple[dict[str, str], list[Mapping[str, Any]]]:
    """Return the texts that the section does not set as secrets, and all secrets in the form of the API. Those of the section win."""
    own_texts = at(section, generation.environment) or {}
    own_secrets = at(section, generation.secrets) or []
    replaced = {secret.get("key") for secret in own_secrets}
    texts = {name: value for name, value in configuration.texts.items() if name not in replaced}
    secrets = [
        _secret(name, reference, project)
        for name, reference in configuration.section("secrets").items()
        if name not in replaced and name not in own_texts
    ]
    return texts, [*secrets, *own_secrets]


def _secret(name: str, reference: str, project: str) -> Mapping[str, Any]:
    """Return one of `secrets` of the configuration in the form of the API."""
    secret, _, version = reference.partition("/")
    return {"key": name, "projectId": project, "secret": secret, "version": version or "latest"}
