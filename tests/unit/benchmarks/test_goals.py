from __future__ import annotations

import pytest

from benchmarks import goals
from benchmarks.report import Results, Series

HELLO = "HTTP hello, `def`"
COLD_START = "HTTP hello, `def`: cold start"


def results(figure: str, better: str, **medians: float) -> Results:
    results = Results("Serving", "functions-framework")
    for competitor, median in medians.items():
        results.add(Series(figure, "u", competitor.replace("_", "-"), better=better), median)
    return results


def row(results: Results, figure: str) -> str:
    return next(line for line in goals.table(results).splitlines() if line.startswith(f"| {figure} |"))


@pytest.mark.parametrize(
    ("funcpack", "cells"),
    [
        pytest.param(12, "12 u | 12 | >= 12 | 0.8 | >= 0.8 | met", id="both-reached"),
        pytest.param(11, "11 u | 11 | >= 12 | 0.733 | >= 0.8 | missed", id="none-reached"),
    ],
)
def test_goal_where_more_is_better(funcpack: float, cells: str) -> None:
    measured = results(HELLO, "more", funcpack=funcpack, functions_framework=1, uvicorn=15)
    assert row(measured, HELLO) == f"| {HELLO} | {cells} |"


def test_goal_missed_for_one_reference() -> None:
    measured = results(HELLO, "more", funcpack=12, functions_framework=1, uvicorn=16)
    assert row(measured, HELLO) == f"| {HELLO} | 12 u | 12 | >= 12 | 0.75 | >= 0.8 | missed |"


@pytest.mark.parametrize(("funcpack", "check"), [(6, "met"), (6.1, "missed")])
def test_goal_where_less_is_better(funcpack: float, check: str) -> None:
    measured = results(COLD_START, "less", funcpack=funcpack, functions_framework=10, uvicorn=5)
    ratios = f"{funcpack / 10:.3g} | <= 0.6 | {funcpack / 5:.3g} | "
    assert row(measured, COLD_START) == f"| {COLD_START} | {funcpack} u | {ratios} | {check} |"


def test_goal_with_a_reference_that_was_not_measured() -> None:
    measured = results(HELLO, "more", funcpack=12, functions_framework=1)
    assert row(measured, HELLO) == f"| {HELLO} | 12 u | 12 | >= 12 | not measured | >= 0.8 | not measured |"


def test_goal_with_funcpack_not_measured() -> None:
    measured = results(HELLO, "more", functions_framework=1, uvicorn=15)
    assert row(measured, HELLO) == f"| {HELLO} |{' not measured |' * 6}"


def test_table_has_a_row_for_each_goal() -> None:
    lines = goals.table(Results("Serving", "functions-framework")).splitlines()
    assert lines[0] == "|  | funcpack | ratio to functions-framework | goal | ratio to uvicorn | goal | check |"
    assert [line.split(" | ")[0].removeprefix("| ") for line in lines[2:]] == [
        "HTTP hello, `def`",
        "HTTP hello, `async def`",
        "JSON in and out",
        "CloudEvent and reply, binary",
        "HTTP hello, `def`: p99 at equal load",
        "CloudEvent and reply, binary: p99 at equal load",
        "HTTP hello, `def`: cold start",
        "CloudEvent and reply, binary: cold start",
        "HTTP hello, `def`: idle memory",
        "CloudEvent and reply, binary: idle memory",
    ]
