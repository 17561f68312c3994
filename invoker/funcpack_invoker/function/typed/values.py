"""Reads single values. The check is strict for types that JSON has: `"1"` is not an int.

Other types have their usual text form: ISO 8601 for dates and durations, Base64 for bytes, the digits of a Decimal, the
value of an Enum. `http.json_values` writes the same forms.
"""

from __future__ import annotations

import base64
import enum
import math
from datetime import date, datetime, time, timedelta
from decimal import Decimal, DecimalException
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

from funcpack_invoker.errors import shown
from funcpack_invoker.function.typed.errors import NAMES, MismatchError
from funcpack_invoker.http import durations, json_codec
from funcpack_invoker.http.json_codec import ExactFloat

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from funcpack_invoker.function.typed.attempts import Attempts, Check

# Characters of the choices in an error.
_LONGEST_LIST = 100


def instance(wanted: type, value: Any, _attempts: Attempts | None = None) -> Any:
    """Return the value if it is an instance of a type that JSON has."""
    if not isinstance(value, wanted):
        raise MismatchError(NAMES[wanted], value)
    return value


def parsed(parse: Callable[[str], Any], expected: str, value: Any, _attempts: Attempts | None = None) -> Any:
    """Return the value of a text form; `parse` raises ValueError for text that is not in that form."""
    if not isinstance(value, str):
        raise MismatchError(expected, value)
    try:
        return parse(value)
    except ValueError:
        raise MismatchError(expected, value) from None


def anything(value: Any, _attempts: Attempts | None = None) -> Any:
    """Return any value as it is."""
    return value


class AnyCheck:
    """Reads any value of a kind, from data that was parsed with `loads_exact`."""

    def __init__(self, kind: type) -> None:
        self._kind = kind

    def __call__(self, value: Any, attempts: Attempts | None) -> Any:
        """Return the value with ordinary numbers, or raise DataError."""
        return json_codec.floats(instance(self._kind, value), None if attempts is None else attempts.plain)


class ChoiceCheck:
    """Reads one of several values, each by its JSON: the choices of a Literal."""

    def __init__(self, choices: Iterable[Any]) -> None:
        """Raise ValueError if JSON cannot have one of the values."""
        self._by_text = {json_codec.dumps(choice): choice for choice in choices}
        self._containers = [json_codec.loads(text.encode()) for text in self._by_text if text[0] in "[{"]
        values = (choice.value if isinstance(choice, enum.Enum) else choice for choice in self._by_text.values())
        self._expected = f"one of {_listed(values)}"

    def __call__(self, value: Any, _attempts: Attempts | None = None) -> Any:
        """Return the value of the type, or raise DataError."""
        choice = self._find(value)
        return self._other(value) if choice is self else choice

    def accepts(self, value: Any) -> bool:
        """Return whether a value is one of the choices."""
        return self._find(value) is not self

    def _find(self, value: Any) -> Any:
        """Return a choice; the check itself if there is none."""
        # A comparison ends soon; to write the JSON of a container takes as long as it is large.
        if isinstance(value, dict | list) and value not in self._containers:
            return self
        return self._by_text.get(_text(value), self)

    def _other(self, value: Any) -> Any:
        raise MismatchError(self._expected, value)


def _listed(values: Iterable[Any]) -> str:
    """Return the choices, or the first ones if they are many: the value that was found must fit in the same line."""
    text = ", ".join(map(shown, values))
    return text if len(text) <= _LONGEST_LIST else f"{text[:_LONGEST_LIST].rpartition(', ')[0]}, ..."


class EnumCheck(ChoiceCheck):
    """Reads a member of an enumeration: also a combination of flags, and what the class's `_missing_` accepts."""

    def __init__(self, wanted: type[enum.Enum]) -> None:
        super().__init__(wanted)
        self._wanted = wanted
        is_flag = issubclass(wanted, enum.Flag)
        # Each combination stays in memory. So that there are not too many, clients cannot invent flags.
        self._most_bits = (
            max((flag.value.bit_length() for flag in wanted.__members__.values()), default=0) if is_flag else None
        )

    def _other(self, value: Any) -> Any:
        try:
            member = self._wanted(value) if self._may_be_missing(value) else super()._other(value)
        except (ValueError, TypeError):
            return super()._other(value)
        # Python finds the member 1 for 1.0, which is not an integer elsewhere either.
        is_equal_only = type(member.value) is not type(value) and member.value == value
        return super()._other(value) if is_equal_only else member

    def _may_be_missing(self, value: Any) -> bool:
        if isinstance(value, bool | dict | list):
            return False
        return self._most_bits is None or not isinstance(value, int) or value.bit_length() <= self._most_bits


def _text(value: Any) -> str:
    try:
        return json_codec.dumps(value)
    except ValueError:  # a number that a float cannot hold
        return ""


def _integer(value: Any, _attempts: Attempts | None = None) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise MismatchError(NAMES[int], value)
    return value


def _number(value: Any, _attempts: Attempts | None = None) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise MismatchError(NAMES[float], value)
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if math.isinf(number):
        raise MismatchError("a number of at most 1.8e308", value)
    return number


def _decimal(value: Any, _attempts: Attempts | None = None) -> Decimal:
    if isinstance(value, int) and not isinstance(value, bool):
        return Decimal(value)
    text = value.text if isinstance(value, ExactFloat) else value
    number: Decimal = parsed(_finite_decimal, "a decimal number", text)
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
