"""The results of a benchmark: raw numbers, a table and a plot for the docs."""

from __future__ import annotations

import json
import os
import platform
import statistics
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(slots=True)
class Series:
    """Every measurement of one figure for one competitor, in the order of the rounds."""

    figure: str
    unit: str
    competitor: str
    values: list[float] = field(default_factory=list)
    better: str = "more"

    @property
    def median(self) -> float:
        """The median of the values."""
        return statistics.median(self.values)


@dataclass(slots=True)
class Results:
    """What one run measured; `reference` is the competitor that ratios are taken to."""

    title: str
    reference: str
    series: list[Series] = field(default_factory=list)
    loads: list[float] = field(default_factory=list)

    def add(self, series: Series, value: float) -> None:
        """Record one more value of a figure, with the machine's load beside it."""
        self.loads.append(os.getloadavg()[0])
        known = self.find(series.figure, series.competitor)
        if known is None:
            self.series.append(series)
            known = series
        known.values.append(value)

    def find(self, figure: str, competitor: str) -> Series | None:
        """Return the series of a figure and a competitor, or None where it was not measured."""
        return next((s for s in self.series if (s.figure, s.competitor) == (figure, competitor)), None)

    @property
    def figures(self) -> list[str]:
        """The figures in the order in which they were first measured."""
        return list(dict.fromkeys(series.figure for series in self.series))

    @property
    def competitors(self) -> list[str]:
        """The competitors in the order in which they were first measured."""
        return list(dict.fromkeys(series.competitor for series in self.series))


def write(results: Results, directory: Path, name: str) -> None:
    """Write NAME.json (raw), NAME.md (the table) and NAME.svg (the plot) to `directory`."""
    directory.mkdir(parents=True, exist_ok=True)
    raw = {"machine": _machine(), "load": results.loads, **asdict(results)}
    directory.joinpath(f"{name}.json").write_text(json.dumps(raw, indent=1) + "\n")
    directory.joinpath(f"{name}.md").write_text(table(results))
    _plot(results, directory / f"{name}.svg")


def table(results: Results) -> str:
    """Markdown: a row a figure, a column a competitor; median, range and ratio to the reference."""
    head = ["", *results.competitors]
    rows = [head, ["---"] * len(head)]
    for figure in results.figures:
        reference = results.find(figure, results.reference)
        unit = next(series.unit for series in results.series if series.figure == figure)
        cells = [_cell(results.find(figure, competitor), reference) for competitor in results.competitors]
        rows.append([f"{figure} ({unit})", *cells])
    lines = [f"| {' | '.join(row)} |" for row in rows]
    machine = _machine()
    lines.append("")
    lines.append(
        f"Medians (lowest to highest of {max(len(s.values) for s in results.series)} interleaved rounds), in brackets the "
        f"ratio to {results.reference}. {machine['cpus']} CPUs, Python {machine['python']}, "
        f"load {min(results.loads):.1f} to {max(results.loads):.1f}."
    )
    return "\n".join(lines) + "\n"


def _cell(series: Series | None, reference: Series | None) -> str:
    if series is None:
        return "not measured"
    cell = f"{_number(series.median)} ({_number(min(series.values))}-{_number(max(series.values))})"
    if reference is None or reference is series:
        return cell
    return f"{cell} [{series.median / reference.median:.2f}]"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _machine() -> dict[str, str | int]:
    return {"system": platform.platform(), "python": platform.python_version(), "cpus": os.cpu_count() or 1}


def _plot(results: Results, path: Path) -> None:
    """Small multiples, a panel a figure: bars for the medians, whiskers for the ranges."""
    import matplotlib as mpl  # noqa: PLC0415 - only this function needs it, and it is slow to import

    mpl.use("svg")
    mpl.rcParams.update(
        {"svg.hashsalt": "funcpack", "svg.fonttype": "none", "font.family": "sans-serif", "font.size": 8}
    )
    from matplotlib import pyplot as plt  # noqa: PLC0415

    columns = 2
    rows = -(-len(results.figures) // columns)
    figure, axes = plt.subplots(rows, columns, figsize=(9, 1.5 * rows + 0.6), squeeze=False, layout="constrained")
    for panel, title in zip(axes.flat, results.figures, strict=False):
        series = [s for s in (results.find(title, c) for c in results.competitors) if s]
        medians = [s.median for s in series]
        spread = [[s.median - min(s.values) for s in series], [max(s.values) - s.median for s in series]]
        colours = ["#0b6e99" if s.competitor == results.competitors[0] else "#b8c4cc" for s in series]
        panel.barh([s.competitor for s in series], medians, xerr=spread, color=colours, ecolor="#44515a", height=0.7)
        panel.invert_yaxis()
        panel.locator_params(axis="x", nbins=6)
        panel.set_title(f"{title}, {series[0].unit} ({series[0].better} is better)", loc="left", fontsize=8)
        panel.spines[["top", "right"]].set_visible(False)
    for panel in list(axes.flat)[len(results.figures) :]:
        panel.set_visible(False)
    figure.suptitle(results.title, x=0.01, ha="left", fontsize=10)
    figure.savefig(path, metadata={"Date": None})
