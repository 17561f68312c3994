"""Merges a section of the configuration into a manifest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from funcpack.deploy.kubernetes.schemas import schema
from funcpack.deploy.settings.merging import merged
from funcpack.deploy.settings.schema import check, forbidden

if TYPE_CHECKING:
    from collections.abc import Sequence

    from funcpack.deploy.kubernetes.workload import Manifest
    from funcpack.deploy.settings.target import Target

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
    complete: Manifest = _without_nulls(merged(manifest, section))
    # The schema says what a whole resource requires, except that it could do without metadata.
    whole = {**schema(manifest["apiVersion"], manifest["kind"]), "required": ["metadata", "spec"]}
    check(complete, whole, f"{backend}.{name}", file)
    return complete


def has_section(target: Target, backend: str, name: str) -> bool:
    """Return whether the configuration has a section, which may be empty."""
    return name in target.section(backend)


def _without_nulls(value: Any) -> Any:
    """Return a manifest without the fields that are null: the API treats them like absent ones."""
    if isinstance(value, Mapping):
        return {key: _without_nulls(field) for key, field in value.items() if field is not None}
    if isinstance(value, list):
        return [_without_nulls(entry) for entry in value]
    return value
