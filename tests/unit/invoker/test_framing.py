"""The Date header, against Python's own."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

import pytest

from funcpack_invoker.http.framing import date_line, date_line_at

DAY = 24 * 60 * 60


@pytest.mark.parametrize(
    "second", [0, 951_782_399, 951_782_400, 1_767_225_599, *range(1_767_225_600, 1_798_761_600, DAY)]
)
def test_line_is_that_of_the_standard_library(second: int) -> None:
    expected = format_datetime(datetime.fromtimestamp(second, UTC), usegmt=True)
    assert date_line_at(second) == f"Date: {expected}\r\n".encode()


def test_date_is_now() -> None:
    before = int(time.time())
    date = parsedate_to_datetime(date_line().decode().removeprefix("Date: "))
    assert before <= date.timestamp() <= time.time()
