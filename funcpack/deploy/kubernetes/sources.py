"""The sources that send events to a function, such as a PingSource: `knative.sources` of the configuration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from funcpack.deploy.kubernetes import schemas
from funcpack.deploy.kubernetes.knative_service import reference
from funcpack.deploy.kubernetes.resources import resource_of
from funcpack.deploy.settings.schema import check
from funcpack.deployment_errors import ConfigurationFieldError, DuplicateSource

if TYPE_CHECKING:
    from collections.abc import Mapping

    from funcpack.deploy.kubernetes.resources import Resource
    from funcpack.deploy.kubernetes.workload import Manifest, Workload
    from funcpack.deploy.settings.target import Target

SECTION = "sources"
API_VERSION = "sources.knative.dev/v1"

# They are parts of URLs.
ENTRIES = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {
            "kind": {"type": "string", "pattern": "^[A-Z][A-Za-z0-9]*$"},
            "apiVersion": {"type": "string", "pattern": "^[a-z0-9.-]+/v[a-z0-9]+$"},
            "name": {"type": "string", "pattern": "^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$"},
            "spec": {"type": "object"},
        },
        "required": ["kind", "spec"],
        "additionalProperties": False,
    },
}


@dataclass(frozen=True, slots=True)
class Source:
    """A source. `path` is that of its entry in the configuration."""

    path: str
    resource: Resource
    name: str
    spec: Mapping[str, Any]

    @property
    def is_known(self) -> bool:
        """Whether Funcpack knows the fields of the kind."""
        return schemas.is_known(self.resource.api_version, self.resource.kind)

    def manifest(self, workload: Workload) -> Manifest:
        """Return the manifest. Without a sink of its own, the source sends to the function."""
        spec = {**self.spec, "sink": self.spec.get("sink", reference(workload.name))}
        return workload.manifest(self.resource.api_version, self.resource.kind, spec, name=self.name)


def sources(target: Target, backend: str) -> tuple[Source, ...]:
    """Return the sources of a configuration. A source without a name has that of the function.

    Raises:
        ConfigurationFieldError: An entry is not a source, or two sources have the same kind and name.

    """
    path, file = f"{backend}.{SECTION}", target.configuration.file
    entries = target.section(backend).get(SECTION, [])
    check(entries, ENTRIES, path, file)
    found = tuple(_source(f"{path}[{index}]", entry, target.name) for index, entry in enumerate(entries))
    identities = [(source.resource, source.name) for source in found]
    problems = [
        DuplicateSource(source.path, source.resource.kind, source.name)
        for index, source in enumerate(found)
        if identities[index] in identities[:index]
    ]
    if problems:
        raise ConfigurationFieldError(file, problems)
    return found


def source_manifest(source: Source, workload: Workload, file: str | None) -> Manifest:
    """Return the manifest of a source, checked if its kind is known.

    Raises:
        ConfigurationFieldError: The source has a field that its kind does not have, or a value of another type.

    """
    manifest = source.manifest(workload)
    if source.is_known:
        check(manifest, schemas.schema(manifest["apiVersion"], manifest["kind"]), source.path, file)
    return manifest


def _source(path: str, entry: Mapping[str, Any], name: str) -> Source:
    resource = resource_of({"apiVersion": API_VERSION, **entry})
    return Source(path, resource, entry.get("name", name), entry["spec"])
