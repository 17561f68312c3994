from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from funcpack_invoker.settings import allowed_cpus, allowed_memory, max_body_within

if TYPE_CHECKING:
    from pathlib import Path

AVAILABLE = len(os.sched_getaffinity(0))


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        pytest.param({}, AVAILABLE, id="no-cgroup"),
        pytest.param({"cpu.max": "max 100000\n"}, AVAILABLE, id="v2-unlimited"),
        pytest.param({"cpu.max": "50000 100000\n"}, 1, id="v2-half"),
        pytest.param({"cpu.max": "640000000 100000\n"}, AVAILABLE, id="v2-more-than-there-are"),
        pytest.param({"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, AVAILABLE, id="v1-unlimited"),
        pytest.param({"cpu/cpu.cfs_quota_us": "20000", "cpu/cpu.cfs_period_us": "100000"}, 1, id="v1-fifth"),
    ],
)
def test_allowed_cpus(tmp_path: Path, files: dict[str, str], expected: int) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="ascii")
    assert allowed_cpus(tmp_path) == expected


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        pytest.param({}, None, id="no-cgroup"),
        pytest.param({"memory.max": "max\n"}, None, id="v2-unlimited"),
        pytest.param({"memory.max": "268435456\n"}, 256 << 20, id="v2"),
        pytest.param({"memory/memory.limit_in_bytes": "9223372036854771712"}, None, id="v1-unlimited"),
        pytest.param({"memory/memory.limit_in_bytes": "268435456"}, 256 << 20, id="v1"),
    ],
)
def test_allowed_memory(tmp_path: Path, files: dict[str, str], expected: int | None) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="ascii")
    assert allowed_memory(tmp_path) == expected


@pytest.mark.parametrize(
    ("memory", "expected"),
    [
        (None, "100MiB"),
        (16 << 20, "163KiB"),
        (1000, "1KiB"),
        (256 << 20, "2MiB"),
        (1 << 30, "10MiB"),
        (64 << 30, "100MiB"),
    ],
)
def test_default_limit_of_a_body_follows_the_memory(memory: int | None, expected: str) -> None:
    assert max_body_within(memory) == expected
