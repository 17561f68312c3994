"""Converts values that JSON does not have into those that it has, in the form in which typed data reads them.

`json_codec` imports it for the first such value: most functions return none.
"""

from __future__ import annotations

import base64
import os
import sys
from collections import UserString, deque
from collections.abc import Callable, Mapping, Sequence, ValuesView
from collections.abc import Set as AbstractSet
from enum import Enum
from functools import lru_cache
from typing import Any

from funcpack_invoker.http import durations

_AS_IT_IS = frozenset({str, int, float, bool, type(None)})

# NumPy's kinds of datetime64 and timedelta64
_TIMES = frozenset({"M", "m"})


def is_supported(value: object) -> bool:
    """Return whether a value can be converted, at its top level."""
    kind: type = type(value)
    return _converter(kind) is not None


def plain(value: Any) -> Any:
    """Convert a value at every depth, also the keys of dicts.

    Raises:
        TypeError: if it has a part that cannot be written as JSON.
        ValueError: if a Decimal is not finite, or a pydantic model cannot be written.

    """
    kind: type = type(value)
    if kind in _AS_IT_IS:
        return value
    if isinstance(value, dict):
        return _members(value)
    if isinstance(value, list) or (isinstance(value, tuple) and not hasattr(value, "_fields")):
        return _items(value)
    if isinstance(value, str | int | float):  # enumerations among them are written by their value
        return value
    convert = _converter(kind)
    if convert is None:
        raise TypeError(f"{kind.__name__} cannot be written as JSON")
    return convert(value)


def _key(key: Any) -> Any:
    """Return the key for `json`, which writes numbers, booleans and None as text."""
    converted = plain(key)
    if not isinstance(converted, str | int | float | None):
        raise TypeError(f"keys must be str, int, float, bool or None, not {type(key).__name__}")
    return converted


@lru_cache(maxsize=256)
def _converter(kind: type) -> Callable[[Any], Any] | None:
    """Choose how values of a class are converted, with all that they contain; None if they cannot be."""
    if hasattr(kind, "model_dump_json"):
        return _model_converter()
    if issubclass(kind, Enum):
        return lambda member: plain(member.value)
    if issubclass(kind, tuple):
        return _named_tuple if hasattr(kind, "_fields") else _items
    if _is_dataclass(kind):
        return _dataclass_converter(kind)
    for bases, convert in _BY_BASE:
        if issubclass(kind, bases):
            return convert
    by_name = (_BY_NAME[name] for name in map(_name, kind.__mro__) if name in _BY_NAME)
    return next(by_name, _structural_converter(kind))


def _structural_converter(kind: type) -> Callable[[Any], Any] | None:
    """Choose by the methods of a class, since importing the libraries that have such classes is slow."""
    if hasattr(kind, "_asdict"):  # rows of SQLAlchemy
        return lambda row: _members(row._asdict())
    if issubclass(kind, Sequence):
        # Rows of sqlite3 have the names of the columns.
        return (lambda row: _members(dict(row))) if hasattr(kind, "keys") else _items
    # Arrays and numbers of NumPy, series of pandas, tensors
    return _listed if hasattr(kind, "tolist") else None


def _is_dataclass(kind: type) -> bool:
    # If it was never imported, there cannot be an instance of one.
    dataclasses = sys.modules.get("dataclasses")
    return dataclasses is not None and dataclasses.is_dataclass(kind)


def _dataclass_converter(kind: type) -> Callable[[Any], Any]:
    from dataclasses import fields  # noqa: PLC0415 - see above

    pydantic = sys.modules.get("pydantic.dataclasses")
    if pydantic is not None and hasattr(pydantic, "is_pydantic_dataclass") and pydantic.is_pydantic_dataclass(kind):
        from pydantic import TypeAdapter  # noqa: PLC0415 - only its dataclasses need it

        return _model_converter(TypeAdapter(kind).dump_json)
    names = [field.name for field in fields(kind)]
    return lambda value: {name: plain(getattr(value, name)) for name in names}


def _model_converter(write: Callable[..., bytes] | None = None) -> Callable[[Any], Any]:
    """Return a function that converts what pydantic writes; `write` is None for the method of a model."""
    from pydantic_core import from_json  # noqa: PLC0415 - it is loaded already

    if write is None:
        return lambda value: from_json(value.model_dump_json(by_alias=True))
    return lambda value: from_json(write(value, by_alias=True))


def _named_tuple(value: Any) -> dict[str, Any]:
    return {name: plain(item) for name, item in zip(value._fields, value, strict=True)}


def _items(value: Any) -> list[Any]:
    return [plain(item) for item in value]


def _members(value: Any) -> dict[Any, Any]:
    return {_key(key): plain(member) for key, member in value.items()}


def _listed(value: Any) -> Any:
    kind = getattr(getattr(value, "dtype", None), "kind", "")
    # As nanoseconds, NumPy's times would become numbers.
    listed = (value.astype(f"{kind}8[us]") if kind in _TIMES else value).tolist()
    if type(listed) is type(value):
        raise TypeError(f"{type(value).__name__} cannot be written as JSON")
    return plain(listed)


def _decimal(value: Any) -> str:
    if not value.is_finite():
        raise ValueError(f"the Decimal {value} is not finite, and JSON has no such number")
    return str(value)


def _base64(value: Any) -> str:
    return base64.b64encode(value).decode()


def _iso(value: Any) -> str:
    # Flask writes HTTP dates instead, which have no fractions of a second and no zone.
    text: str = value.isoformat()
    return text


def _name(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


_BY_BASE: tuple[tuple[Any, Callable[[Any], Any]], ...] = (
    (Mapping, _members),
    ((AbstractSet, ValuesView, deque), _items),
    (UserString, str),
    ((bytes, bytearray, memoryview), _base64),
    (os.PathLike, os.fspath),
)

# By their names, because these modules are slow to import, and most functions need at most one of them.
_BY_NAME: dict[str, Callable[[Any], Any]] = {
    "datetime.date": _iso,
    "datetime.time": _iso,
    "datetime.timedelta": durations.write,
    "decimal.Decimal": _decimal,
    "uuid.UUID": str,
}
