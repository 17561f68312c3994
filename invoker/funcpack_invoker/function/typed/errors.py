"""What can be wrong with data that does not match its type."""

from __future__ import annotations

from typing import Any


class DataError(Exception):
    """The data does not match its type; the text is one line that names the field.

    Attributes:
        expected: a description of the type.

    """

    expected = "another value"

    def __init__(self, where: str, expected: str, found: Any) -> None:
        super().__init__(f"{where}: expected {expected}, found {_kind(found)}")
        self.expected = expected


class MissingFieldError(DataError):
    """A required field is missing."""

    def __init__(self, where: str) -> None:
        Exception.__init__(self, f"{where}: missing")


class InvalidKeyError(DataError):
    """A key of an object does not match the type of the keys."""

    def __init__(self, where: str, expected: str) -> None:
        Exception.__init__(self, f"{where}: expected {expected} as the key")
        self.expected = expected


class TooDeepError(DataError):
    """The data of a recursive type exceeds Python's recursion limit."""

    def __init__(self, where: str) -> None:
        Exception.__init__(self, f"{where}: nested too deeply")


class ModelDataError(DataError):
    """Pydantic rejected the data: `cause` is its ValidationError."""

    def __init__(self, where: str, cause: Any) -> None:
        first = cause.errors(include_url=False, include_input=False)[0]
        path = "".join(f"[{step}]" if isinstance(step, int) else member_path("", step) for step in first["loc"])
        reason = " ".join(first["msg"].split())
        Exception.__init__(self, f"{where}{path}: {reason}")


_LONGEST_KEY = 80


def member_path(where: str, key: str) -> str:
    """Return the path of a member of an object, in one line: clients choose its key."""
    if len(key) > _LONGEST_KEY:
        key = f"{key[:_LONGEST_KEY]}..."
    return f"{where}.{key}" if key.isprintable() else f"{where}.{key!r}"


def _kind(value: Any) -> str:
    """Return a value's type in the terms of JSON; the value itself may be confidential."""
    return next((name for kind, name in NAMES.items() if isinstance(value, kind)), type(value).__name__)


# `bool` is a subclass of `int`, so that it comes first.
NAMES: dict[Any, str] = {
    type(None): "null",
    bool: "a boolean",
    bytes: "bytes that are not JSON",
    dict: "an object",
    float: "a number",
    int: "a whole number",
    list: "a list",
    str: "text",
}
