"""Reads JSON strictly, and writes it like `json.dumps` with its defaults.

RFC 8259 does not allow NaN, and requires UTF-8 between systems (section 8.1). Python's defaults are more lenient.
"""

from __future__ import annotations

import codecs
import json
from datetime import date, time
from enum import Enum
from typing import Any, NoReturn


def _reject_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _plain(value: object) -> Any:
    """Convert a value that `json` does not support into one that it does; called at any depth.

    Dates and times become ISO 8601. Flask writes HTTP dates instead, which have no fractions of a second and no zone.
    """
    if hasattr(value, "model_dump") and not isinstance(value, type):
        return value.model_dump(mode="json")
    # These modules are slow to import, and only needed for a value of one of their types.
    from dataclasses import fields, is_dataclass  # noqa: PLC0415
    from decimal import Decimal  # noqa: PLC0415
    from uuid import UUID  # noqa: PLC0415

    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, UUID | Decimal):
        return str(value)
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")


_WHITE_SPACE = " \t\n\r"

_DECODER = json.JSONDecoder(parse_constant=_reject_constant)
_ENCODER = json.JSONEncoder(allow_nan=False, default=_plain)


def loads(body: bytes, codec: str = "utf-8") -> Any:
    """Parse JSON; a byte order mark is ignored (RFC 8259, section 8.1).

    Raises:
        ValueError: if the body is not JSON in `codec`, is nested too deeply, or has a number that Python rejects.

    """
    if body.startswith(codecs.BOM_UTF8):
        body = body.removeprefix(codecs.BOM_UTF8)
    # raw_decode is faster than decode, which looks for white space with regular expressions.
    text = body.decode(codec).strip(_WHITE_SPACE)
    try:
        value, end = _DECODER.raw_decode(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    except json.JSONDecodeError:
        raise
    except ValueError:
        raise ValueError("a number is not finite or has too many digits") from None
    if end != len(text):
        raise ValueError(f"extra text after the value at character {end}")
    return value


def dumps(value: object) -> str:
    """Return JSON text; dataclasses, pydantic models, dates, times, enums, UUIDs and decimals are supported too.

    Raises:
        ValueError: if the value cannot be written as JSON: unsupported type, NaN, circular reference, too deep nesting.

    """
    try:
        return _ENCODER.encode(value)
    except TypeError as exc:
        raise ValueError(str(exc)) from exc
    except RecursionError:
        raise ValueError("nested too deeply") from None
