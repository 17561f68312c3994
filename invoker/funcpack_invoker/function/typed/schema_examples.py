"""Makes an example of what pydantic validates, from its JSON Schema."""

from __future__ import annotations

from typing import Any

_FORMATS = {
    "date": "2026-01-31",
    "date-time": "2026-01-31T12:00:00Z",
    "duration": "PT1H",
    "email": "ada@example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "time": "12:00:00Z",
    "uri": "https://example.com/",
    "uuid": "00000000-0000-4000-8000-000000000000",
}
_SCALARS = {"boolean": True, "integer": 1, "null": None, "number": 1.5}


def schema_example(annotation: Any, name: str) -> Any:
    """Return data that pydantic accepts for a type, or data that resembles it; `name` is that of the field."""
    from pydantic import TypeAdapter  # noqa: PLC0415 - it is loaded already

    schema = TypeAdapter(annotation).json_schema()
    return _Schema(schema.get("$defs", {})).example(schema, name)


class _Schema:
    def __init__(self, definitions: dict[str, Any]) -> None:
        self._definitions = definitions
        self._open: list[str] = []

    def example(self, schema: dict[str, Any], name: str) -> Any:
        """Return an example of a schema."""
        if schema.get("examples"):
            return schema["examples"][0]
        if schema.get("default") is not None:
            return schema["default"]
        if "const" in schema or "enum" in schema:
            return schema.get("const", schema.get("enum", [None])[0])
        if "$ref" in schema:
            return self._definition(schema["$ref"].rpartition("/")[2], name)
        choices = schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf")
        if choices:
            # The first that is not null; all are null only if pydantic was told so.
            return self.example(next((choice for choice in choices if choice.get("type") != "null"), choices[0]), name)
        return self._of_type(schema, name)

    def _definition(self, definition: str, name: str) -> Any:
        if definition in self._open:
            return None
        self._open.append(definition)
        found = self.example(self._definitions.get(definition, {}), name)
        self._open.pop()
        return found

    def _of_type(self, schema: dict[str, Any], name: str) -> Any:
        kind = schema.get("type")
        if kind == "object":
            return {member: self.example(inner, member) for member, inner in schema.get("properties", {}).items()}
        if kind == "array":
            return self._array(schema, name)
        if kind in {"integer", "number"}:
            return _number(schema, _SCALARS[kind])
        if kind == "string":
            return _text(schema, name)
        return _SCALARS.get(kind, {}) if isinstance(kind, str) else {}

    def _array(self, schema: dict[str, Any], name: str) -> list[Any]:
        if "prefixItems" in schema:
            return [self.example(item, name) for item in schema["prefixItems"]]
        items = schema.get("items", {})
        is_recursive = items.get("$ref", "").rpartition("/")[2] in self._open
        count = max(schema.get("minItems", 1), 1)
        return [] if not items or is_recursive else [self.example(items, name) for _ in range(min(count, 3))]


def _number(schema: dict[str, Any], usual: Any) -> Any:
    """Return a number within the limits, if one limit is enough to find it."""
    lowest = schema.get("minimum", schema.get("exclusiveMinimum"))
    highest = schema.get("maximum", schema.get("exclusiveMaximum"))
    if lowest is not None and usual <= lowest:
        return lowest if "minimum" in schema else lowest + 1
    if highest is not None and usual >= highest:
        return highest if "maximum" in schema else highest - 1
    return schema.get("multipleOf", usual)


def _text(schema: dict[str, Any], name: str) -> str:
    text = str(_FORMATS.get(schema.get("format", ""), name))
    shortest, longest = schema.get("minLength", 0), schema.get("maxLength", len(text))
    return text.ljust(min(shortest, 100), "x")[: max(longest, shortest)]
