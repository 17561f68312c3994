"""Reads and writes durations in the form of ISO 8601, such as `P1DT2H30M`: no years and months, which have no fixed length."""

from __future__ import annotations

import re
from datetime import timedelta

_DURATION = re.compile(
    r"([+-]?)P(?=.)(?:(\d+)W)?(?:(\d+)D)?(?:T(?=.)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(?:[.,](\d+))?S)?)?", re.ASCII
)
_SECOND = 1_000_000  # in microseconds, the resolution of a timedelta
_MINUTE, _HOUR, _DAY = 60 * _SECOND, 3600 * _SECOND, 86_400 * _SECOND


def parse(text: str) -> timedelta:
    """Return the duration of a text; digits after the microseconds are dropped.

    Raises:
        ValueError: if the text is not a duration, or is longer than a `timedelta` can be.

    """
    match = _DURATION.fullmatch(text)
    if match is None:
        raise ValueError("not a duration")
    sign, *numbers, fraction = match.groups(default="0")
    weeks, days, hours, minutes, seconds = map(int, numbers)
    microseconds = int(f"{fraction:0<6.6}")
    total = (weeks * 7 + days) * _DAY + hours * _HOUR + minutes * _MINUTE + seconds * _SECOND + microseconds
    try:
        return timedelta(microseconds=-total if sign == "-" else total)
    except OverflowError:
        raise ValueError("the duration is too long") from None


def write(duration: timedelta) -> str:
    """Return the text of a duration: `parse` returns an equal one."""
    total = duration // timedelta(microseconds=1)
    days, rest = divmod(abs(total), _DAY)
    hours, rest = divmod(rest, _HOUR)
    minutes, rest = divmod(rest, _MINUTE)
    seconds, fraction = divmod(rest, _SECOND)
    text = f"{days}D" if days else ""
    parts = [f"{hours}H" if hours else "", f"{minutes}M" if minutes else ""]
    if fraction:
        parts.append(f"{seconds}.{fraction:06}".rstrip("0") + "S")
    elif seconds or not total:
        parts.append(f"{seconds}S")
    clock = "".join(parts)
    return f"{'-' if total < 0 else ''}P{text}{f'T{clock}' if clock else ''}"
