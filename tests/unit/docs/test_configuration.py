"""docs/configuration.md has the settings that the invoker has."""

from __future__ import annotations

import re
from fractions import Fraction

import pytest

from funcpack_invoker.events.decode import MOST_EVENTS
from funcpack_invoker.http.admission import Admission
from funcpack_invoker.server.limits import Limits
from funcpack_invoker.settings import VARIABLES
from tools import configuration_page
from tools.configuration_page import PAGE


def test_the_page_is_current() -> None:
    page = PAGE.read_text()

    assert page == configuration_page.updated(page), "run `.venv/bin/python -m tools.configuration_page`"


def test_the_page_has_a_row_for_every_variable() -> None:
    rows = [line for line in PAGE.read_text().splitlines() if line.startswith("| `")]

    assert [row.split("`")[1] for row in rows] == [variable.name for variable in VARIABLES]


def test_a_page_that_is_not_current_is_noticed() -> None:
    old = PAGE.read_text().replace("| `8080` |", "| `80` |")

    assert configuration_page.updated(old) != old


LIMITS = Limits()
WIRE = LIMITS.wire


@pytest.mark.parametrize(
    ("row", "default"),
    [
        ("number of header fields", f"{WIRE.fields}"),
        ("request line", f"{WIRE.request_line:,} bytes"),
        (
            "chunk extensions and trailers of a body",
            f"{WIRE.framing // 1024} KiB and 8 bytes for each byte of the body",
        ),
        (
            "connections of a worker",
            (
                f"{LIMITS.connections:,}, or three quarters of the open files that the process may have, "
                "or one for each 128 KiB of memory that the cgroup allows"
            ),
        ),
        ("time for the header of a request", f"{WIRE.header_timeout:.0f} seconds"),
        ("speed of a body", f"{WIRE.body_progress:,} bytes in {WIRE.body_timeout:.0f} seconds"),
        (
            "speed at which the client reads a response",
            f"{WIRE.write_progress:,} bytes in {WIRE.write_timeout:.0f} seconds",
        ),
        (
            "speed of a body of more than 1 MiB",
            f"{WIRE.upload_progress:,} bytes in {WIRE.body_timeout:.0f} seconds, after the first {WIRE.upload >> 20} MiB",
        ),
        ("time for a body", f"{WIRE.body_grace:.0f} seconds, and 1 second more for each {WIRE.body_rate:,} bytes"),
        ("events in a batch", f"{MOST_EVENTS:,}"),
        ("idle connection", f"{WIRE.keep_alive:.0f} seconds"),
        (
            "time for the rest of a call after the client has closed its side of the connection",
            f"{WIRE.half_close:.0f} second",
        ),
    ],
)
def test_the_table_of_limits_is_current(row: str, default: str) -> None:
    assert f"\n| {row} | {default} |" in PAGE.read_text()


def test_the_table_of_limits_has_the_defaults_of_the_settings() -> None:
    defaults = {variable.name: variable.default_text or variable.default for variable in VARIABLES}
    rows = re.findall(r"\n\| [^|`]+ \| ([^|]+) \| `(\w+)` \|", PAGE.read_text())

    assert len(rows) == 4
    assert [re.sub(r"[ ()0]", "", default) for default, _ in rows] == [
        re.sub(r"[ ()0]", "", defaults[name]) for _, name in rows
    ]


def test_the_shares_of_the_memory() -> None:
    memory = 256 << 20
    admission = Admission(memory, 1)
    limits = LIMITS.with_memory(2 * memory, 2)
    shares = [
        admission.large.size,
        admission.small.size,
        admission.arriving.size,
        limits.most_unfinished,
        limits.most_unsent,
    ]
    rows = [line for line in PAGE.read_text().splitlines() if re.match(r"\| [0-9]+/[0-9]+ \|", line)]

    assert [row.split(" | ")[1] for row in rows[:-1]] == [f"{share >> 20} MiB" for share in shares if share]
    assert sum(Fraction(row.split(" | ")[0].strip("| ")) for row in rows) == 1
