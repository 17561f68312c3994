"""The goals of the project for the command line tool, and the table that checks a run against them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks import report
from benchmarks.development import FASTAPI, FLASK
from benchmarks.servers import FUNCPACK, FUNCTIONS_FRAMEWORK

if TYPE_CHECKING:
    from benchmarks.report import Results

SAVE = "save to new answer"
SAVE_P90 = "save to new answer, 90th percentile"
ADDED = "time that the front adds to a request"
HELP = "`funcpack --help`"
CHECK = "`funcpack check`, ten modules"
IMPORT_CLICK = "`import click`"


@dataclass(frozen=True, slots=True)
class Goal:
    """The most that Funcpack's median may be: in the unit of the figure, or as a ratio to the best of `references`."""

    figure: str
    most: float
    references: tuple[str, ...] = ()


GOALS = (
    Goal(SAVE, 0.5, (FUNCTIONS_FRAMEWORK, FLASK, FASTAPI)),
    Goal(SAVE_P90, 1),
    Goal(ADDED, 0.4),
    Goal(HELP, 1.5, (IMPORT_CLICK,)),
    Goal(CHECK, 0.3),
)


def table(results: Results) -> str:
    """Return a Markdown table of the goals: Funcpack's median, what it is compared with, the ratio and the check."""
    head = ["", FUNCPACK, "compared with", "ratio", "goal", "check"]
    return report.markdown(head, [_row(results, goal) for goal in GOALS])


def _row(results: Results, goal: Goal) -> list[str]:
    own = results.find(goal.figure, FUNCPACK)
    found = [results.find(goal.figure, name) for name in goal.references]
    references = [series for series in found if series is not None]
    if own is None or len(references) < len(found):
        return [goal.figure, *[report.NOT_MEASURED] * 5]
    shown = f"{report.number(own.median)} {own.unit}"
    if not references:
        limit = f"<= {goal.most:g} {own.unit}"
        return [goal.figure, shown, "", "", limit, _check(own.median, goal.most)]
    best = min(references, key=lambda series: series.median)
    ratio = own.median / best.median
    compared = f"{best.competitor}: {report.number(best.median)} {best.unit}"
    return [goal.figure, shown, compared, report.number(ratio), f"<= {goal.most:g}", _check(ratio, goal.most)]


def _check(value: float, most: float) -> str:
    return "met" if value <= most else "missed"
