from __future__ import annotations

import pytest

from benchmarks import cli, cli_goals
from benchmarks.report import Results, Series

SAVE = "save to new answer"
ADDED = "time that the front adds to a request"


def results(figure: str, **medians: float) -> Results:
    results = Results("Tool", "funcpack")
    for competitor, median in medians.items():
        results.add(Series(figure, "s", competitor.replace("_", "-"), better="less"), median)
    return results


def row(results: Results, figure: str) -> str:
    return next(line for line in cli_goals.table(results).splitlines() if line.startswith(f"| {figure} |"))


@pytest.mark.parametrize(
    ("funcpack", "cells"),
    [
        pytest.param(2, "2 s | flask: 4 s | 0.5 | <= 0.5 | met", id="reached"),
        pytest.param(3, "3 s | flask: 4 s | 0.75 | <= 0.5 | missed", id="not-reached"),
    ],
)
def test_goal_relative_to_the_best_reference(funcpack: float, cells: str) -> None:
    measured = results(SAVE, funcpack=funcpack, functions_framework=8, flask=4, fastapi=5)
    assert row(measured, SAVE) == f"| {SAVE} | {cells} |"


@pytest.mark.parametrize(("funcpack", "check"), [(0.4, "met"), (0.41, "missed")])
def test_goal_in_the_unit_of_the_figure(funcpack: float, check: str) -> None:
    assert row(results(ADDED, funcpack=funcpack), ADDED) == f"| {ADDED} | {funcpack} s |  |  | <= 0.4 s | {check} |"


@pytest.mark.parametrize("missing", ["funcpack", "fastapi"])
def test_goal_without_all_measurements(missing: str) -> None:
    medians = {"funcpack": 1.0, "functions_framework": 8.0, "flask": 4.0, "fastapi": 5.0}
    del medians[missing]
    assert row(results(SAVE, **medians), SAVE) == f"| {SAVE} |{' not measured |' * 5}"


def test_table_has_a_row_for_each_goal() -> None:
    lines = cli_goals.table(Results("Tool", "funcpack")).splitlines()
    assert [line.split(" | ")[0].removeprefix("| ") for line in lines[2:]] == [
        SAVE,
        "save to new answer, 90th percentile",
        ADDED,
        "`funcpack --help`",
        "`funcpack check`, ten modules",
    ]


def test_percentiles_of_the_saves_are_a_figure() -> None:
    measured = Results(
        "Tool", "funcpack", [Series(SAVE, "s", "flask", [1, 2, 3]), Series(ADDED, "ms", "funcpack", [4])]
    )
    cli.add_p90(measured)
    assert [(series.figure, series.values) for series in measured.series[2:]] == [(cli_goals.SAVE_P90, [3])]
