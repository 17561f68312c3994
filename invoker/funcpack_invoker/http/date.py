"""The Date header of responses (RFC 9110 sections 5.6.7 and 6.6.1)."""

from __future__ import annotations

import time
from functools import lru_cache

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def date_line() -> bytes:
    """Give the header's line for now."""
    return line_at(int(time.time()))


@lru_cache(maxsize=1)
def line_at(second: int) -> bytes:
    """Write the header's line for a second since 1970 (as `email.utils` does, which is slow to import)."""
    year, month, day, hour, minute, seconds, weekday, *_ = time.gmtime(second)
    date = f"{_DAYS[weekday]}, {day:02} {_MONTHS[month - 1]} {year:04} {hour:02}:{minute:02}:{seconds:02} GMT"
    return f"Date: {date}\r\n".encode()
