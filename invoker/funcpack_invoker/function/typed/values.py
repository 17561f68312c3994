"""Reads single values. The check is strict for types that JSON has: `"1"` is not an int.

Other types have their usual text form: ISO 8601 for dates and durations, Base64 for bytes, the digits of a Decimal, the
value of an Enum. `http.json_values` writes the same forms.
"""

from __future__ import annotations

import base64
import enum
import math
from collections.abc import Callable, Iterable
from datetime import date, datetime, time, timedelta
from decimal import Decimal, DecimalException
from functools import partial
from typing import Any
from uuid import UUID

from funcpack_invoker.function.typed.errors import NAMES, DataError
from funcpack_invoker.http import durations, json_codec
from funcpack_invoker.http.json_codec import ExactFloat

# (value, its path in the data) -> the argument of the function
Check = Callable[[Any, str], Any]


def instance(wanted: type, value: Any, where: str) -> Any:
    """Return the value if it is an instance of a type that JSON has."""
    if not isinstance(value, wanted):
        raise DataError(where, NAMES[wanted], value)
    return value


def parsed(parse: Callable[[str], Any], expected: str, value: Any, where: str) -> Any:
    """Return the value of a text form; `parse` raises ValueError for text that is not in that form."""
    if not isinstance(value, str):
        raise DataError(where, expected, value)
    try:
        return parse(value)
    except ValueError:
        raise DataError(where, expected, value) from None


class ChoiceCheck:
    """Reads one of several values, each by its JSON: the choices of a Literal."""

    def __init__(self, choices: Iterable[Any]) -> None:
        """Raise ValueError if JSON cannot have one of the values."""
        self._by_text = {json_codec.dumps(choice): choice for choice in choices}

    def __call__(self, value: Any, where: str) -> Any:
        """Return the value of the type, or raise DataError."""
        choice = self._by_text.get(_text(value), self)
        return self._other(value, where) if choice is self else choice

    def _other(self, value: Any, where: str) -> Any:
        values = (choice.value if isinstance(choice, enum.Enum) else choice for choice in self._by_text.values())
        raise DataError(where, f"one of {', '.join(map(repr, values))}", value)


class EnumCheck(ChoiceCheck):
    """Reads a member of an enumeration: also a combination of flags, and what the class's `_missing_` accepts."""

    def __init__(self, wanted: type[enum.Enum]) -> None:
        super().__init__(wanted)
        self._wanted = wanted

    def _other(self, value: Any, where: str) -> Any:
        try:
            return super()._other(value, where) if isinstance(value, bool) else self._wanted(value)
        except (ValueError, TypeError):
            return super()._other(value, where)


def _text(value: Any) -> str:
    try:
        return json_codec.dumps(value)
    except ValueError:  # a number that a float cannot hold
        return ""


def _integer(value: Any, where: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise DataError(where, "a whole number", value)
    return value


def _number(value: Any, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise DataError(where, "a number", value)
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if math.isinf(number):
        raise DataError(where, "a number of at most 1.8e308", value)
    return number


def _decimal(value: Any, where: str) -> Decimal:
    if isinstance(value, int) and not isinstance(value, bool):
        return Decimal(value)
    text = value.text if isinstance(value, ExactFloat) else value
    number: Decimal = parsed(_finite_decimal, "a decimal number", text, where)
    return number


def _finite_decimal(text: str) -> Decimal:
    try:
        number = Decimal(text)
    except DecimalException:
        raise ValueError("not a number") from None
    if not number.is_finite():
        raise ValueError("not finite")
    return number


def _base64(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


def text_form(wanted: type) -> Check | None:
    """Return the check of a class whose text form its constructor reads: a path; None for any other class."""
    from pathlib import PurePath  # noqa: PLC0415 - slow to import; it is loaded already if a type names it

    return partial(parsed, wanted, "a path") if issubclass(wanted, PurePath) else None


SIMPLE: dict[Any, Check] = {
    None: partial(instance, type(None)),
    type(None): partial(instance, type(None)),
    bool: partial(instance, bool),
    bytes: partial(parsed, _base64, "Base64"),
    date: partial(parsed, date.fromisoformat, "a date"),
    datetime: partial(parsed, datetime.fromisoformat, "a date and time"),
    Decimal: _decimal,
    float: _number,
    int: _integer,
    str: partial(instance, str),
    time: partial(parsed, time.fromisoformat, "a time"),
    timedelta: partial(parsed, durations.parse, "a duration"),
    UUID: partial(parsed, UUID, "a UUID"),
}
