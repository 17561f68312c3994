"""The methods of Google's APIs as the discovery documents in google-api-python-client describe them."""

from __future__ import annotations

import functools
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import googleapiclient  # type: ignore[import-untyped] # it has no stubs

DOCUMENTS = Path(googleapiclient.__file__).parent / "discovery_cache" / "documents"

# The documents of each service. The services have prefixes, since several have `v1/operations/...`.
SERVICES = {
    "run": ("run.v2",),
    "cloudfunctions": ("cloudfunctions.v1", "cloudfunctions.v2"),
    "cloudbuild": ("cloudbuild.v1",),
    "artifactregistry": ("artifactregistry.v1",),
    "cloudresourcemanager": ("cloudresourcemanager.v1", "cloudresourcemanager.v3"),
    "iam": ("iam.v1",),
    "storage": ("storage.v1",),
    "logging": ("logging.v2",),
}

Schemas = dict[str, Any]


@dataclass(frozen=True)
class Method:
    """A method of an API. `path` matches the part of a URL after the service's prefix.

    `id` is that of the document, with the version where a service has two: `cloudfunctions.v2.projects.locations.functions.get`.
    """

    id: str
    verb: str
    path: re.Pattern[str]
    literal: int
    query: frozenset[str]
    request: str | None
    response: str | None
    is_upload: bool
    schemas: Schemas


@dataclass(frozen=True)
class Match:
    """A method with the parameters in the path."""

    method: Method
    parameters: dict[str, str]


def match(service: str, verb: str, path: str) -> Match | None:
    """Return the method that a request means. `path` is still quoted."""
    for method in _methods(service):
        found = method.path.fullmatch(path) if method.verb == verb else None
        if found:
            return Match(method, {name: unquote(value) for name, value in found.groupdict().items()})
    return None


def identities() -> set[str]:
    """Return the ids of all methods of all services."""
    return {method.id for service in SERVICES for method in _methods(service)}


@functools.cache
def _methods(service: str) -> list[Method]:
    """Return the methods of a service, those with the longest fixed parts of the path first, such as `:getIamPolicy`."""
    methods = [method for name in SERVICES[service] for method in _of_document(name)]
    return sorted(methods, key=lambda method: -method.literal)


def _of_document(name: str) -> list[Method]:
    document = json.loads((DOCUMENTS / f"{name}.json").read_bytes())
    prefix = document["servicePath"]
    shared = frozenset(document["parameters"])
    version = f"{name}." if len(SERVICES[name.partition(".")[0]]) > 1 else ""
    methods = []
    for described in _described(document):
        identity = version + described["id"].partition(".")[2] if version else described["id"]
        methods.append(_method(identity, prefix + described["path"], described, shared, document["schemas"]))
        if "mediaUpload" in described:
            upload = described["mediaUpload"]["protocols"]["simple"]["path"].removeprefix("/")
            methods.append(_method(identity, upload, described, shared, document["schemas"], is_upload=True))
    return methods


def _described(resource: dict[str, Any]) -> list[dict[str, Any]]:
    below = [method for child in resource.get("resources", {}).values() for method in _described(child)]
    return [*resource.get("methods", {}).values(), *below]


def _method(
    identity: str,
    template: str,
    described: dict[str, Any],
    shared: frozenset[str],
    schemas: Schemas,
    *,
    is_upload: bool = False,
) -> Method:
    parameters = described["parameters"]
    query = {name for name, parameter in parameters.items() if parameter["location"] == "query"}
    return Method(
        identity,
        described["httpMethod"],
        re.compile(_path_pattern(template, parameters)),
        len(re.sub(r"\{.*?\}", "", template)),
        shared | query,
        described.get("request", {}).get("$ref"),
        described.get("response", {}).get("$ref"),
        is_upload,
        schemas,
    )


def _path_pattern(template: str, parameters: dict[str, Any]) -> str:
    def of_parameter(name: str) -> str:
        # A colon begins a verb, unless it is quoted.
        pattern = parameters[name].get("pattern", "[^/]+").strip("^$").replace("[^/]", "[^/:]")
        return f"(?P<{name}>{pattern})"

    parts = re.split(r"\{\+?(\w+)\}", template)
    return "".join(of_parameter(part) if index % 2 else re.escape(part) for index, part in enumerate(parts))
