"""Reads bodies by the schemas of the discovery documents, as strictly as Google's parser of JSON does."""

from __future__ import annotations

import re
from typing import Any

from tests.google.rejections import mistake

_TEXT_NUMBERS = {"int64", "uint64"}
_DURATION = re.compile(r"-?[0-9]+(\.[0-9]{1,9})?s")


def read(value: Any, name: str, schemas: dict[str, Any], path: str = "", *, is_answer: bool = False) -> Any:
    """Return a message without the fields that only the server sets, and with names for the numbers of enums.

    Raises:
        RejectionError: for unknown fields and wrong values, with Google's text.

    """
    return _Reader(schemas, is_answer).message(value, schemas[name], path or name[:1].lower() + name[1:])


class _Reader:
    def __init__(self, schemas: dict[str, Any], is_answer: bool) -> None:
        self._schemas = schemas
        self._is_answer = is_answer

    def message(self, value: Any, schema: dict[str, Any], path: str) -> Any:
        if not isinstance(value, dict):
            raise _invalid(path, schema.get("id", "object"), value)
        if "properties" not in schema and "additionalProperties" in schema:
            return {key: self.any(item, schema["additionalProperties"], f"{path}.{key}") for key, item in value.items()}
        properties = schema.get("properties", {})
        read = {}
        for key, item in value.items():
            if key not in properties and key != "@type":
                raise mistake(f"Invalid JSON payload received. Unknown name \"{key}\" at '{path}': Cannot find field.")
            is_ignored = not self._is_answer and properties.get(key, {}).get("readOnly")
            if item is not None and not is_ignored:
                read[key] = self.any(item, properties.get(key, {}), f"{path}.{key}")
        return read

    def any(self, value: Any, schema: dict[str, Any], path: str) -> Any:
        if "$ref" in schema:
            return self.message(value, self._schemas[schema["$ref"]], path)
        kind = schema.get("type", "any")
        if kind == "array":
            if not isinstance(value, list):
                raise _invalid(path, "list", value)
            return [self.any(item, schema["items"], f"{path}[{index}]") for index, item in enumerate(value)]
        if kind == "object":
            return self.message(value, schema, path)
        return value if kind == "any" else _scalar(value, kind, schema, path)


def _scalar(value: Any, kind: str, schema: dict[str, Any], path: str) -> Any:
    if "enum" in schema and isinstance(value, int) and not isinstance(value, bool):
        return schema["enum"][value]  # generated clients send numbers
    if not _fits(value, kind, schema):
        raise _invalid(path, str(schema.get("format", kind)), value)
    is_number = schema.get("format") in _TEXT_NUMBERS and not isinstance(value, str)
    return str(value) if is_number else value


def _fits(value: Any, kind: str, schema: dict[str, Any]) -> bool:
    if kind == "boolean":
        return isinstance(value, bool)
    if kind in {"integer", "number"} or schema.get("format") in _TEXT_NUMBERS:
        pattern = r"-?[0-9]+" if kind != "number" else r"-?[0-9]+(\.[0-9]+)?"
        return not isinstance(value, bool) and bool(re.fullmatch(pattern, str(value)))
    if not isinstance(value, str):
        return False
    if schema.get("format") == "google-duration":
        return bool(_DURATION.fullmatch(value))
    return "enum" not in schema or value in schema["enum"]


def _invalid(path: str, kind: str, value: Any) -> Exception:
    return mistake(f"Invalid value at '{path}' ({kind}), {value!r}")
