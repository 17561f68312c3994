"""The rules for context attributes of CloudEvents: names, types and values.

Sources: CloudEvents 1.0.2 (https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md), sections "Naming
Conventions", "Type System", "REQUIRED Attributes", "OPTIONAL Attributes", and the same of 0.3.

The syntax of the URIs in `source` and `dataschema` is not checked: the invoker does not resolve them, and rejecting the
event would only lose it.
"""

from __future__ import annotations

import re
from datetime import date
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING

from funcpack_invoker.errors import named, shown
from funcpack_invoker.http import media_types

if TYPE_CHECKING:
    from collections.abc import Mapping

AttributeValue = str | bool | int

VERSIONS = ("1.0", "0.3")

_REQUIRED = ("id", "source", "type")
_KNOWN = {
    "1.0": frozenset({*_REQUIRED, "subject", "time", "datacontenttype", "dataschema"}),
    "0.3": frozenset({*_REQUIRED, "subject", "time", "datacontenttype", "schemaurl", "datacontentencoding"}),
}

# RFC 3339 section 5.6; whether the month has that day is checked separately.
_TIME = re.compile(
    r"\d{4}-\d\d-\d\d[Tt](?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d+)?(?:[Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)",
    re.ASCII,
)

_NONE: Mapping[str, AttributeValue] = MappingProxyType({})

# Characters of an attribute that is parsed.
_LONGEST_PARSED = 8190

_SMALLEST, _LARGEST = -(2**31), 2**31 - 1


class InvalidAttributeError(ValueError):
    """An attribute violates the specification; the text is one line that names the attribute and the reason."""


def check_name(name: str) -> None:
    """Reject a name that no attribute can have: it is not only a-z and 0-9, or it is `data` (Naming Conventions)."""
    if not (name.isascii() and name.isalnum() and name == name.lower()):
        raise InvalidAttributeError(f"{shown(name)} is not an attribute name: only a-z and 0-9 are allowed")
    if name == "data":
        raise InvalidAttributeError("data is not allowed as an attribute name")


@cache
def _not_in_strings() -> re.Pattern[str]:
    """Match control characters, surrogates and the noncharacters of Unicode (Type System, String)."""
    noncharacters = "".join(f"{chr(n + 0xFFFE)}{chr(n + 0xFFFF)}" for n in range(0, 0x110000, 0x10000))
    return re.compile(f"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef{noncharacters}]")


def check_string(name: str, value: str) -> None:
    """Reject characters that a String must not contain (Type System)."""
    # None of these characters is printable to Python, and most values are printable throughout: check that first.
    if not value.isprintable() and _not_in_strings().search(value):
        raise InvalidAttributeError(f"{named(name)} contains a character that is not allowed: {shown(value)}")


def check_value(name: str, value: object) -> AttributeValue:
    """Return a Boolean, Integer or String as a plain value; reject any other value (Type System)."""
    if isinstance(value, str):
        check_string(name, value)
        return str.__str__(value)  # for an Enum of strings, str() can return the name of the member
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        if not _SMALLEST <= value <= _LARGEST:
            raise InvalidAttributeError(f"{named(name)} does not fit in 32 bits")
        return int(value)
    raise InvalidAttributeError(f"{named(name)} is a {type(value).__name__}; use a string, boolean or integer")


def check_event(attributes: dict[str, AttributeValue], known: Mapping[str, AttributeValue] = _NONE) -> None:
    """Reject attributes that are not a valid event: a required one is missing, or one is malformed.

    Attributes that are the same objects as in `known`, an event that was checked before, are not checked again.
    """
    version = attributes.get("specversion")
    if version not in VERSIONS:
        raise InvalidAttributeError(_version_problem(version))
    for name in _REQUIRED:
        if name not in attributes:
            raise InvalidAttributeError(f"{name} is missing")
    rules = _KNOWN[version]
    for name, value in attributes.items():
        if name not in rules or value is known.get(name):
            continue
        if not isinstance(value, str):
            raise InvalidAttributeError(f"{named(name)} is not a string")
        if not value:
            raise InvalidAttributeError(f"{named(name)} is empty")
        check = _CHECKS.get(name)
        if check:
            if len(value) > _LONGEST_PARSED:
                raise InvalidAttributeError(f"{name} is longer than {_LONGEST_PARSED} characters")
            check(value)


def _version_problem(version: AttributeValue | None) -> str:
    if version is None:
        return "specversion is missing"
    return f"specversion {shown(version)} is not supported; supported versions: {', '.join(VERSIONS)}"


def _check_time(value: str) -> None:
    # Year 0 is a leap year, but Python does not support it.
    day = value[:10].replace("0000-", "0004-")
    try:
        date.fromisoformat(day)
    except ValueError:
        day = ""
    if not (day and _TIME.fullmatch(value)):
        raise InvalidAttributeError(f"time is not an RFC 3339 timestamp: {shown(value)}")


def _check_media_type(value: str) -> None:
    try:
        media_types.parse(value)
    except ValueError as exc:
        raise InvalidAttributeError(f"datacontenttype {exc}") from None


_CHECKS = {"time": _check_time, "datacontenttype": _check_media_type}
