"""Reads JSON strictly, and writes it like `json.dumps` with its defaults.

RFC 8259 does not allow NaN, and requires UTF-8 between systems (section 8.1). Python's defaults are more lenient.
"""

from __future__ import annotations

import codecs
import json
from contextlib import nullcontext
from gc import is_tracked
from typing import TYPE_CHECKING, Any, NoReturn

from funcpack_invoker.http.collector import collector

if TYPE_CHECKING:
    from collections.abc import Callable

    Loads = Callable[[bytes, str], Any]


# Characters. The garbage collector hardly notices what is parsed from fewer.
_SMALL = 1 << 16
_NOTHING = nullcontext()


class NestingError(ValueError):
    """A value has more levels than Python's recursion limit allows."""

    def __init__(self) -> None:
        super().__init__("nested too deeply")


def _reject_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _plain(value: object) -> Any:
    from funcpack_invoker.http.json_values import plain  # noqa: PLC0415 - only for values that JSON does not have

    return plain(value)


class ExactFloat(float):
    """A number that was read with `loads_exact`: also `text`, its digits, which `float` cannot always keep."""

    __slots__ = ("text",)
    text: str

    def __new__(cls, text: str) -> ExactFloat:  # noqa: PYI034 - it is not subclassed
        """Return the number of a text."""
        number = super().__new__(cls, text)
        number.text = text
        return number

    def __reduce__(self) -> tuple[Any, ...]:
        return float, (float(self),)

    def __repr__(self) -> str:
        """Return the digits."""
        return self.text


def _finite(text: str) -> float:
    value = float(text)
    if value in _INFINITE:
        raise ValueError(text)
    return value


class RepeatedMembers(dict[str, Any]):
    """An event in JSON with several members of one name, the last of which counts.

    Attributes:
        name: of the first such member.

    """

    name: str


def _members_of_event(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) == len(pairs) or "specversion" not in members:
        return members
    repeated = RepeatedMembers(members)
    seen: set[str] = set()
    repeated.name = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
    return repeated


_INFINITE = (float("inf"), float("-inf"))

_WHITE_SPACE = " \t\n\r"

_DECODER = json.JSONDecoder(parse_constant=_reject_constant, parse_float=_finite)
_EXACT_DECODER = json.JSONDecoder(parse_constant=_reject_constant, parse_float=ExactFloat)
_EVENT_DECODER = json.JSONDecoder(
    parse_constant=_reject_constant, parse_float=_finite, object_pairs_hook=_members_of_event
)
_EXACT_EVENT_DECODER = json.JSONDecoder(
    parse_constant=_reject_constant, parse_float=ExactFloat, object_pairs_hook=_members_of_event
)
_encode = json.JSONEncoder(allow_nan=False, default=_plain).encode

_ARRAYS = (list, tuple)


def loads(body: bytes, codec: str = "utf-8", decoder: json.JSONDecoder = _DECODER) -> Any:
    """Parse JSON; a byte order mark is ignored (RFC 8259, section 8.1).

    Raises:
        ValueError: if the body is not JSON in `codec`, is nested too deeply, or has a number that Python rejects.

    """
    if body.startswith(codecs.BOM_UTF8):
        body = body.removeprefix(codecs.BOM_UTF8)
    # raw_decode is faster than decode, which looks for white space with regular expressions.
    text = body.decode(codec).strip(_WHITE_SPACE)
    try:
        with _NOTHING if len(text) <= _SMALL else collector.paused():
            value, end = decoder.raw_decode(text)
    except RecursionError:
        raise NestingError from None
    except json.JSONDecodeError:
        raise
    except ValueError:
        raise ValueError("a number is not finite or has too many digits") from None
    if end != len(text):
        raise ValueError(f"extra text after the value at character {end}")
    return value


def loads_exact(body: bytes, codec: str = "utf-8") -> Any:
    """Parse JSON as `loads` does, but return numbers with a fraction or an exponent as `ExactFloat`."""
    return loads(body, codec, _EXACT_DECODER)


def loads_event(body: bytes, codec: str = "utf-8") -> Any:
    """Parse JSON as `loads` does; an event with several members of one name becomes `RepeatedMembers`."""
    return loads(body, codec, _EVENT_DECODER)


def loads_event_exact(body: bytes, codec: str = "utf-8") -> Any:
    """Parse JSON as `loads_exact` and `loads_event` do."""
    return loads(body, codec, _EXACT_EVENT_DECODER)


# What parses the JSON format of events, for what parses other JSON.
IN_EVENTS: dict[Loads, Loads] = {loads: loads_event, loads_exact: loads_event_exact}


def floats(value: Any, known: dict[int, Any] | None = None) -> Any:
    """Return a copy of a parsed value with a `float` for every `ExactFloat`.

    Args:
        value: nested as deeply as the parser accepts.
        known: the copies of lists and dicts by their ids; it keeps those that are made.

    """
    found = [value]
    waiting: list[Any] = [found]
    for container in waiting:  # it grows meanwhile
        for key, member in enumerate(container) if type(container) is list else container.items():
            kind = type(member)
            if kind is ExactFloat:
                container[key] = float(member)
            elif kind is not dict and kind is not list:
                continue
            elif known is not None and id(member) in known:
                container[key] = known[id(member)]
            else:
                container[key] = copy = member.copy()
                waiting.append(copy)
                if known is not None:
                    known[id(member)] = copy
    return found[0]


def is_supported(value: object) -> bool:
    """Return whether `dumps` converts a value that JSON does not have: it looks only at the value's type."""
    from funcpack_invoker.http import json_values  # noqa: PLC0415 - only for values that JSON does not have

    return json_values.is_supported(value)


def dumps(value: object) -> str:
    """Return JSON text. Values that JSON does not have are converted: `json_values` lists them.

    Raises:
        ValueError: if the value cannot be written as JSON: unsupported type, NaN, circular reference, too deep nesting.

    """
    try:
        text = _encode(value)
    except TypeError:  # a key that is not text, such as a UUID; or the value cannot be written
        return _dumps_converted(value)
    except RecursionError:
        raise NestingError from None
    # The encoder writes named tuples as arrays; they are objects. Without any array in the text, there is none.
    if "[" in text and _has_named_tuple(value, text.count("[")):
        return _dumps_converted(value)
    return text


def _dumps_converted(value: object) -> str:
    try:
        return _encode(_plain(value))
    except TypeError as exc:
        raise ValueError(str(exc)) from exc
    except RecursionError:
        raise NestingError from None


def _has_named_tuple(value: Any, arrays: int) -> bool:
    """Return whether a value contains a named tuple, outside of values that were converted.

    It looks no further once it has found as many lists as the text has arrays: usually, that is soon.
    """
    containers = [value if isinstance(value, dict) else (value,)]
    for container in containers:  # it grows meanwhile
        # Numbers and text are not tracked; see https://docs.python.org/3/library/gc.html#gc.is_tracked
        for member in filter(is_tracked, container.values() if isinstance(container, dict) else container):
            kind = type(member)
            if kind is not dict and (kind is list or isinstance(member, _ARRAYS)):
                if kind is not list and hasattr(member, "_fields"):
                    return True
                arrays -= 1
                if not arrays:
                    return False
            elif not isinstance(member, dict):
                continue
            containers.append(member)
    return False
