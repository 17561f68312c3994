"""The schemas of Kubernetes' and Knative's resources. `tools.kubernetes_schemas` writes their files."""

from __future__ import annotations

import functools
import json
from importlib import resources
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


def schema(api_version: str, kind: str) -> Mapping[str, Any]:
    """Return the closed JSON Schema of a resource, for example of `apps/v1` and `Deployment`.

    Fields of Knative's features that are off by default are not in it. It says what a whole resource requires.
    """
    file, name = _place(api_version, kind)
    return {"$ref": f"#/$defs/{name}", **_definitions(file)}


def is_known(api_version: str, kind: str) -> bool:
    """Return whether there is a schema of a resource."""
    file, name = _place(api_version, kind)
    return name in _definitions(file)["$defs"]


def _place(api_version: str, kind: str) -> tuple[str, str]:
    """Return the file of a resource's schema, without its suffix, and the name of the definition in it."""
    group, _, version = api_version.rpartition("/")
    file = "knative" if group.endswith(".knative.dev") else "kubernetes"
    return file, f"{group.partition('.')[0] or 'core'}.{version}.{kind}"


@functools.cache
def _definitions(file: str) -> Mapping[str, Any]:
    path = resources.files("funcpack.deploy.kubernetes") / "schemas" / f"{file}.json"
    definitions: Mapping[str, Any] = json.loads(path.read_bytes())
    return definitions
