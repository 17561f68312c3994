"""Writes the schemas of Google's resources that the package contains: .venv/bin/python -m tools.google_schemas.

They come from the discovery documents in google-api-python-client, without the prose and the resources that nobody configures.
"""

from __future__ import annotations

import functools
import json
import re
from pathlib import Path
from typing import Any

import googleapiclient  # type: ignore[import-untyped] # it has no stubs

from tools.places import ROOT

DOCUMENTS = Path(googleapiclient.__file__).parent / "discovery_cache" / "documents"
SCHEMAS = ROOT / "funcpack" / "deploy" / "google" / "schemas"

# The files, each with the API and version, and the resources in it. Messages of Cloud Run have long names.
FILES = {
    "cloudfunctions.v1.json": ("cloudfunctions.v1", ("CloudFunction",)),
    "cloudfunctions.v2.json": ("cloudfunctions.v2", ("Function",)),
    "run.v2.json": ("run.v2", ("GoogleCloudRunV2Service", "GoogleIamV1Policy")),
    "cloudbuild.v1.json": ("cloudbuild.v1", ("Build",)),
    "artifactregistry.v1.json": ("artifactregistry.v1", ("Repository",)),
}
_LONG_NAME = re.compile("GoogleCloudRunV2|GoogleIamV1|GoogleType|GoogleDevtoolsArtifactregistryV1")
_NUMBERS = {"integer", "number"}
_NUMERIC_FORMATS = {"int32", "int64", "uint32", "uint64"}


@functools.cache
def document(name: str) -> dict[str, Any]:
    """Return a discovery document, for example of `run.v2`."""
    loaded: dict[str, Any] = json.loads((DOCUMENTS / f"{name}.json").read_bytes())
    return loaded


def definitions(messages: dict[str, Any], roots: tuple[str, ...]) -> dict[str, Any]:
    """Return JSON Schemas of messages and of those that they refer to, by their short names."""
    found: dict[str, Any] = {}
    names = list(roots)
    while names:
        name = names.pop()
        if _short(name) not in found:
            found[_short(name)] = _schema(messages[name])
            names += _references(messages[name])
    return found


def _references(message: Any) -> list[str]:
    if isinstance(message, list):
        return [name for item in message for name in _references(item)]
    if not isinstance(message, dict) or message.get("readOnly"):
        return []
    own = [message["$ref"]] if isinstance(message.get("$ref"), str) else []
    return own + [name for value in message.values() for name in _references(value)]


def _schema(message: dict[str, Any]) -> dict[str, Any]:
    if message.get("readOnly"):
        return {"readOnly": True}
    if "$ref" in message:
        return {"$ref": f"#/$defs/{_short(message['$ref'])}"}
    if message.get("type") == "object":
        return {"type": "object", **_members(message)}
    if message.get("type") == "array":
        return {"type": "array", "items": _schema(message["items"])}
    return _scalar(message)


def _members(message: dict[str, Any]) -> dict[str, Any]:
    if "properties" not in message and "additionalProperties" in message:
        return {"additionalProperties": _schema(message["additionalProperties"])}
    properties = {name: _schema(value) for name, value in message.get("properties", {}).items()}
    return {"properties": properties, "additionalProperties": False}


def _scalar(message: dict[str, Any]) -> dict[str, Any]:
    kind = message.get("type")
    if kind == "any" or kind is None:
        return {}
    # JSON of protocol buffers: a number may be a number or a text.
    is_number = kind in _NUMBERS or message.get("format") in _NUMERIC_FORMATS
    types: Any = ["number" if kind == "number" else "integer", "string"] if is_number else kind
    kept: dict[str, Any] = {key: message[key] for key in ("enum", "format") if key in message}
    return {"type": types, **kept}


def _short(name: str) -> str:
    return _LONG_NAME.sub("", name)


def files() -> dict[Path, str]:
    """Return the text of each file."""
    return {
        SCHEMAS / file: text({"$defs": definitions(document(api)["schemas"], roots)})
        for file, (api, roots) in FILES.items()
    }


def text(schema: dict[str, Any]) -> str:
    """Return a schema as JSON, a definition a line, the same every time."""
    lines = (
        f"{json.dumps(name)}: {json.dumps(definition, separators=(',', ':'), sort_keys=True)}"
        for name, definition in sorted(schema["$defs"].items())
    )
    return '{"$defs": {\n' + ",\n".join(lines) + "\n}}\n"


if __name__ == "__main__":
    SCHEMAS.mkdir(exist_ok=True)
    for path, content in files().items():
        path.write_text(content)
