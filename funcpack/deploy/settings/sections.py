"""The sections of a configuration, and the types of the values that all backends read, as a JSON Schema.

What the section of a resource contains is checked by the backend that reads it, against the schema of the resource.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from funcpack.deploy.settings.schema import check
from funcpack.deployment_errors import SecretReferenceError

if TYPE_CHECKING:
    from collections.abc import Mapping

_TEXT = {"type": "string"}
_NAME = {"type": "string", "minLength": 1}
_OBJECT = {"type": "object"}
_TEXTS = {"type": "object", "additionalProperties": _TEXT}

# A secret and a key in it; on Google a secret and a version, which may be left out.
_SECRET = re.compile(r"[^/\s]+(/[^/\s]+)?")

SECTIONS: Mapping[str, Any] = {
    "name": _NAME,
    "backend": _NAME,
    "description": _TEXT,
    "runtime": _NAME,
    "labels": _TEXTS,
    "environment": _TEXTS,
    "secrets": _TEXTS,
    "bindings": {"type": "array", "items": _OBJECT},
    "deploy": _OBJECT,
    "cloudfunction": _OBJECT,
    "cloudfunction_v2": _OBJECT,
    "cloudrun": _OBJECT,
    "cloudrun_revision": _OBJECT,
    "cloudrun_container": _OBJECT,
    "cloudbuild": _OBJECT,
    "kubernetes": _OBJECT,
    "knative": _OBJECT,
}
_STAGE = {"type": "object", "properties": SECTIONS, "additionalProperties": False}

_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {**SECTIONS, "stages": {"type": "object", "additionalProperties": _STAGE}},
    "additionalProperties": False,
}


def check_sections(values: Mapping[str, Any], origin: str | None) -> None:
    """Check a configuration, also in its stages. `origin` is what errors name.

    Raises:
        ConfigurationFieldError: A section is unknown, or a value has another type.
        SecretReferenceError: A value in `secrets` does not name a secret.

    """
    check(values, _SCHEMA, "", origin)
    for section in (values, *values.get("stages", {}).values()):
        for name, reference in section.get("secrets", {}).items():
            # Not a part of the schema, whose errors show the value: it may be the secret itself.
            if not _SECRET.fullmatch(reference):
                raise SecretReferenceError(origin, name)
