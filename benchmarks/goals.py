"""The goals of the project for serving, as ratios between medians of one run, and the table that checks a run against them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks import report
from benchmarks.cases import CASES, COLD_START, LATENCY, MEMORY
from benchmarks.servers import FUNCPACK, FUNCTIONS_FRAMEWORK, UVICORN

if TYPE_CHECKING:
    from benchmarks.report import Results, Series

REFERENCES = (FUNCTIONS_FRAMEWORK, UVICORN)
_HTTP, _JSON, _HTTP_ASYNC, _EVENT = (
    next(case for case in CASES if case.name == name) for name in ("hello", "json_echo", "hello_async", "reply")
)

# The ratio of Funcpack's median to a reference's, by figure: at least that if more is better, otherwise at most.
GOALS: dict[str, dict[str, float]] = {
    _HTTP.title: {FUNCTIONS_FRAMEWORK: 12, UVICORN: 0.8},
    _HTTP_ASYNC.title: {UVICORN: 0.9},
    _JSON.title: {FUNCTIONS_FRAMEWORK: 8},
    _EVENT.title: {FUNCTIONS_FRAMEWORK: 9, UVICORN: 0.6},
    **{
        case.figure(quantity): {FUNCTIONS_FRAMEWORK: ratio}
        for quantity, ratio in ((LATENCY, 0.1), (COLD_START, 0.6), (MEMORY, 0.75))
        for case in (_HTTP, _EVENT)
    },
}


def table(results: Results) -> str:
    """Return a Markdown table of each figure that has a goal: Funcpack's median, its ratios, the goals and the check."""
    head = ["", FUNCPACK]
    for reference in REFERENCES:
        head += [f"ratio to {reference}", "goal"]
    rows = [_row(results, figure) for figure in GOALS]
    return report.markdown([*head, "check"], rows)


def _row(results: Results, figure: str) -> list[str]:
    own = results.find(figure, FUNCPACK)
    if own is None:
        return [figure, *[report.NOT_MEASURED] * 6]
    cells = [figure, f"{report.number(own.median)} {own.unit}"]
    checks = []
    for name in REFERENCES:
        reference = results.find(figure, name)
        goal = GOALS[figure].get(name)
        cells.append(report.number(own.median / reference.median) if reference else report.NOT_MEASURED)
        cells.append(f"{'>=' if own.better == 'more' else '<='} {goal:g}" if goal else "")
        if goal:
            checks.append(_check(own, reference, goal))
    failing = [check for check in checks if check != "met"]
    return [*cells, failing[0] if failing else "met"]


def _check(own: Series, reference: Series | None, goal: float) -> str:
    if reference is None:
        return report.NOT_MEASURED
    ratio = own.median / reference.median
    return "met" if (ratio >= goal if own.better == "more" else ratio <= goal) else "missed"
