from __future__ import annotations

import pytest

from benchmarks import report
from benchmarks.report import Results, Series


@pytest.mark.parametrize(
    ("values", "p90"),
    [
        pytest.param([7.0], 7, id="one"),
        pytest.param([float(value) for value in range(10, 0, -1)], 9, id="ten"),
        pytest.param([float(value) for value in range(11)], 9, id="eleven"),
    ],
)
def test_90th_percentile(values: list[float], p90: float) -> None:
    assert Series("figure", "s", "funcpack", values).p90 == p90


def test_listing_has_a_row_for_each_series() -> None:
    results = Results("Tool", "funcpack", loads=[1.0, 2.0])
    results.series = [
        Series("save", "s", "funcpack", [2, 1, 3]),
        Series("failed", "requests", "funcpack", [0]),
        Series("save", "s", "flask", [8]),
        Series("failed", "requests", "flask", [5]),
        Series("start", "s", "pip", [4]),
    ]
    lines = report.listing(results).splitlines()
    assert lines[2:7] == [
        "| save (s) | funcpack | 2 (1-3) | 1 |",
        "| save (s) | flask | 8 (8-8) | 4 |",
        "| failed (requests) | funcpack | 0 (0-0) |  |",
        "| failed (requests) | flask | 5 (5-5) |  |",
        "| start (s) | pip | 4 (4-4) |  |",
    ]
    assert lines[-1].endswith("load 1.0 to 2.0.")
