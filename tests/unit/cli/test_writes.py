"""What a process of the function has written, as it reports it: enough to know its own changes, in a bounded memory."""

from __future__ import annotations

import os
import tracemalloc
from itertools import count
from typing import TYPE_CHECKING

import pytest

from funcpack.dev_server.writes import Writes

if TYPE_CHECKING:
    from pathlib import Path


def test_written_files_are_known(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    writes = Writes()
    writes.note(b"W" + os.fsencode(tmp_path / "link" / "shop.db"))
    assert writes.contain(str(tmp_path / "shop.db"))
    assert writes.contain(str(tmp_path / "shop.db-journal"))
    assert not writes.contain(str(tmp_path / "other.db"))


def test_files_of_a_program_are_known_while_it_probably_writes_them() -> None:
    seconds = iter((0.0, 0.0, 1.9, 1.9, 2.1))
    writes = Writes(lambda: next(seconds))
    writes.note(b"P('/usr/bin/convert', ['convert', '/app/in.png'], None)")
    assert writes.contain("/app/in.png")
    assert not writes.contain("/app/out.png")
    assert not writes.contain("/app/in.png")


@pytest.mark.parametrize(
    ("command", "is_known"),
    [
        ("['convert', '/app/out.png']", True),
        ("['convert', '--output=out.png']", True),
        ("['sh', '-c', 'echo > out.png; ls']", True),
        ("['convert', 'layout.png']", False),
        ("['convert', 'out.png.old']", False),
        ("['convert', 'my-out.png']", False),
        ("['convert', 'outXpng']", False),
    ],
)
def test_name_of_a_file_is_compared_as_a_whole(command: str, is_known: bool) -> None:
    writes = Writes()
    writes.note(f"P('/usr/bin/convert', {command}, None)".encode())
    assert writes.contain("/app/out.png") == is_known


def test_the_last_files_are_known(tmp_path: Path) -> None:
    writes = Writes()
    names = [b"W" + os.fsencode(tmp_path / f"{number}.txt") for number in range(100_002)]
    for name in (*names[:-1], names[0], names[-1]):
        writes.note(name)
    known = [writes.contain(str(tmp_path / f"{number}.txt")) for number in (0, 1, 2, 3, 100_001)]
    assert known == [True, False, False, True, True]


def test_programs_are_forgotten() -> None:
    milliseconds = count()
    writes = Writes(lambda: next(milliseconds) / 1000)
    tracemalloc.start()
    for number in range(50_000):
        writes.note(f"P('/usr/bin/convert', ['convert', '/app/{number}.png'], None)".encode())
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # Those of two seconds; all of them would take more than 5 MB.
    assert size < 1_000_000
