"""Merges a section of the configuration into a manifest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from funcpack.deploy.kubernetes.schemas import schema
from funcpack.deploy.settings.merging import merged
from funcpack.deploy.settings.schema import check, forbidden

if TYPE_CHECKING:
    from funcpack.deploy.kubernetes.workload import Manifest
    from funcpack.deploy.settings.target import Target

# Of the fields of each of these sets, the API accepts one. A field of the configuration replaces the others of its set.
ALTERNATIVES = (
    frozenset({"httpGet", "exec", "tcpSocket", "grpc"}),
    frozenset({"value", "valueFrom"}),
    frozenset(
        {"emptyDir", "configMap", "secret", "persistentVolumeClaim", "ephemeral", "csi", "projected", "hostPath", "nfs"}
    ),
    frozenset({"minAvailable", "maxUnavailable"}),
    frozenset({"ref", "uri"}),
)

MISSING: Any = object()

# What other options decide, and every command has to find again.
IDENTITY = {
    "apiVersion": "Funcpack sets it.",
    "kind": "Funcpack sets it.",
    "metadata.name": "Use --name, or `name` in the configuration.",
    "metadata.namespace": "Use --namespace.",
}


def check_names(target: Target, backend: str, names: Sequence[str]) -> None:
    """Check the names of the sections of a backend.

    Raises:
        ConfigurationFieldError: There is another section.

    """
    known = {"type": "object", "properties": {name: {} for name in names}, "additionalProperties": False}
    check(target.section(backend), known, backend, target.configuration.file)


def with_section(manifest: Manifest, target: Target, backend: str, name: str) -> Manifest:
    """Return a manifest with the section `name` of the configuration of a backend merged into it.

    Raises:
        ConfigurationFieldError: The section has a field that the resource does not have, or a value of another type.

    """
    section = target.section(backend).get(name, MISSING)
    if section is MISSING:
        return manifest
    check(section, {"type": "object"}, f"{backend}.{name}", target.configuration.file)
    file = target.configuration.file
    forbidden(section, IDENTITY, f"{backend}.{name}", file)
    complete = merged(_without_replaced(manifest, section), section)
    # The schema says what a whole resource requires.
    check(complete, schema(manifest["apiVersion"], manifest["kind"]), f"{backend}.{name}", file)
    return complete


def has_section(target: Target, backend: str, name: str) -> bool:
    """Return whether the configuration has a section, which may be empty."""
    return name in target.section(backend)


def _without_replaced(base: Any, section: Any) -> Any:
    """Return a manifest without the fields that a section replaces by an alternative."""
    if isinstance(base, Mapping) and isinstance(section, Mapping):
        replaced = {field for group in ALTERNATIVES if group & section.keys() for field in group - section.keys()}
        return {key: _without_replaced(value, section.get(key)) for key, value in base.items() if key not in replaced}
    if _is_named(base) and _is_named(section):
        by_name = {entry["name"]: entry for entry in section}
        return [_without_replaced(entry, by_name.get(entry["name"])) for entry in base]
    return base


def _is_named(value: Any) -> bool:
    is_list = isinstance(value, Sequence) and not isinstance(value, str)
    return is_list and all(isinstance(entry, Mapping) and "name" in entry for entry in value)
