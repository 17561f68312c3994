"""The results of a benchmark: raw numbers, a table and a plot for the docs."""

from __future__ import annotations

import importlib.util
import json
import math
import os
import platform
import statistics
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path

OUTPUT = Path(__file__).resolve().parents[1] / "dist" / "benchmarks" / "results"
NOT_MEASURED = "not measured"


@dataclass(slots=True)
class Series:
    """All measurements of one figure for one competitor, in the order of the rounds; `better` is `more` or `less`."""

    figure: str
    unit: str
    competitor: str
    values: list[float] = field(default_factory=list)
    better: str = "more"

    @property
    def median(self) -> float:
        """The median of the values."""
        return statistics.median(self.values)

    @property
    def p90(self) -> float:
        """The 90th percentile: the lowest value that at least 90% of the values do not exceed."""
        return sorted(self.values)[math.ceil(0.9 * len(self.values)) - 1]


@dataclass(slots=True)
class Results:
    """The measurements of one run; `reference` is the competitor that ratios are relative to."""

    title: str
    reference: str
    series: list[Series] = field(default_factory=list)
    loads: list[float] = field(default_factory=list)

    def add(self, series: Series, value: float) -> None:
        """Add a value to a figure, and record the machine's load with it."""
        self.loads.append(os.getloadavg()[0])
        known = self.find(series.figure, series.competitor)
        if known is None:
            self.series.append(series)
            known = series
        known.values.append(value)

    def find(self, figure: str, competitor: str) -> Series | None:
        """Return the series of a figure and a competitor, or None if it was not measured."""
        return next((s for s in self.series if (s.figure, s.competitor) == (figure, competitor)), None)

    def sort(self, competitors: list[str]) -> None:
        """Order the series by competitor, as `competitors` does."""
        self.series.sort(key=lambda series: competitors.index(series.competitor))

    @property
    def figures(self) -> list[str]:
        """The figures in the order in which they were first measured."""
        return list(dict.fromkeys(series.figure for series in self.series))

    @property
    def competitors(self) -> list[str]:
        """The competitors in the order in which they were first measured."""
        return list(dict.fromkeys(series.competitor for series in self.series))


def write(results: Results, text: str, directory: Path, name: str) -> None:
    """Write NAME.json (raw), NAME.md (`text`) and, if matplotlib is installed, NAME.svg (the plot) to `directory`."""
    directory.mkdir(parents=True, exist_ok=True)
    raw = {"machine": _machine(), "load": results.loads, **asdict(results)}
    directory.joinpath(f"{name}.json").write_text(json.dumps(raw, indent=1) + "\n")
    directory.joinpath(f"{name}.md").write_text(text)
    if importlib.util.find_spec("matplotlib"):
        _plot(results, directory / f"{name}.svg")
    else:
        print("No plot: matplotlib is not installed. `make bench` installs it.", file=sys.stderr)


def table(results: Results) -> str:
    """Return a Markdown table with a row a figure and a column a competitor: median, range and ratio to the reference."""
    rows = []
    for figure in results.figures:
        reference = results.find(figure, results.reference)
        unit = next(series.unit for series in results.series if series.figure == figure)
        cells = [_cell(results.find(figure, competitor), reference) for competitor in results.competitors]
        rows.append([f"{figure} ({unit})", *cells])
    return f"{markdown(['', *results.competitors], rows)}\n{_conditions(results, 'in brackets')}"


def listing(results: Results) -> str:
    """Return a Markdown table with a row for each series, for figures that have few competitors in common."""
    rows = []
    for figure in results.figures:
        reference = results.find(figure, results.reference)
        for series in (s for s in results.series if s.figure == figure):
            ratio = number(series.median / reference.median) if reference and reference.median else ""
            rows.append([f"{figure} ({series.unit})", series.competitor, _spread(series), ratio])
    head = ["", "", "median", f"ratio to {results.reference}"]
    return f"{markdown(head, rows)}\n{_conditions(results, 'and')}"


def markdown(head: list[str], rows: list[list[str]]) -> str:
    """Return a Markdown table."""
    return "".join(f"| {' | '.join(row)} |\n" for row in [head, ["---"] * len(head), *rows])


def number(value: float) -> str:
    """Return a number with at least three significant digits."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _cell(series: Series | None, reference: Series | None) -> str:
    if series is None:
        return NOT_MEASURED
    if reference is None or reference is series:
        return _spread(series)
    return f"{_spread(series)} [{series.median / reference.median:.2f}]"


def _spread(series: Series) -> str:
    return f"{number(series.median)} ({number(min(series.values))}-{number(max(series.values))})"


def _conditions(results: Results, place: str) -> str:
    """Return what a table has, and where it was measured; `place` is where the ratios are."""
    machine = _machine()
    return (
        f"Medians (lowest to highest of up to {max(len(s.values) for s in results.series)} interleaved measurements), {place} "
        f"the ratio to {results.reference}. {machine['cpus']} CPUs, Python {machine['python']}, "
        f"load {min(results.loads):.1f} to {max(results.loads):.1f}.\n"
    )


def _machine() -> dict[str, str | int]:
    return {"system": platform.platform(), "python": platform.python_version(), "cpus": os.cpu_count() or 1}


def _plot(results: Results, path: Path) -> None:
    """Draw a panel for each figure: bars for the medians, whiskers for the ranges."""
    import matplotlib as mpl  # noqa: PLC0415 - not always installed, and slow to import

    mpl.use("svg")
    mpl.rcParams.update(
        {"svg.hashsalt": "funcpack", "svg.fonttype": "none", "font.family": "sans-serif", "font.size": 8}
    )
    from matplotlib import pyplot as plt  # noqa: PLC0415

    columns = 2
    rows = -(-len(results.figures) // columns)
    most = max(sum(series.figure == title for series in results.series) for title in results.figures)
    height = max(1.5, 0.6 + 0.18 * most)
    figure, axes = plt.subplots(rows, columns, figsize=(9, height * rows + 0.6), squeeze=False, layout="constrained")
    for panel, title in zip(axes.flat, results.figures, strict=False):
        series = [s for s in (results.find(title, c) for c in results.competitors) if s]
        medians = [s.median for s in series]
        spread = [[s.median - min(s.values) for s in series], [max(s.values) - s.median for s in series]]
        colours = ["#0b6e99" if s.competitor == results.competitors[0] else "#b8c4cc" for s in series]
        panel.barh([s.competitor for s in series], medians, xerr=spread, color=colours, ecolor="#44515a", height=0.7)
        panel.invert_yaxis()
        panel.locator_params(axis="x", nbins=6)
        panel.set_title(f"{title}, {series[0].unit} ({series[0].better} is better)", loc="left", fontsize=7)
        panel.spines[["top", "right"]].set_visible(False)
    for panel in list(axes.flat)[len(results.figures) :]:
        panel.set_visible(False)
    figure.suptitle(results.title, x=0.01, ha="left", fontsize=10)
    figure.savefig(path, metadata={"Date": None})
