"""The series of benchmarks/results.json as figures: cost against size, with the expected law."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from benchmark_text import Results, Row, capital, duration, escaped, unit_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

POWERS = {0: "constant", 1: "linear", 2: "quadratic"}
TAIL = 3  # points through which the law is drawn: those whose exponent is measured


def series_of(results: Results, name: str) -> dict[str, Row]:
    """Return the series of one figure: ``features`` has ``features, direct`` and another."""
    found = {key: series for key, series in results["scaling"].items() if key.split(",")[0] == name}
    if not found:
        raise ValueError(f"the file has no series {name!r}; it has {', '.join(results['scaling'])}")
    return found


def law(series: Row) -> Any:
    """Return the expected power of x, through the middle of the last points."""
    x = np.asarray(series["x"], float)
    seconds = np.array([times["median"] for times in series["seconds_a_step"]])
    power = x ** series["expected_exponent"]
    return power * np.exp(np.mean(np.log(seconds[-TAIL:] / power[-TAIL:])))


def draw(results: Results, name: str) -> Figure:
    """Draw the cost of a step: medians with their spread, and the expected law."""
    from course_code import plots

    found = series_of(results, name)
    data, lowest = {}, np.inf
    for key, series in found.items():
        label = key.partition(", ")[2] or "measured"
        spread = [[t["low"], t["median"], t["high"]] for t in series["seconds_a_step"]]
        data[label] = (series["x"], np.array(spread))
        lowest = min(lowest, np.min(spread))
    what = next(iter(found.values()))["x_label"]
    figure = plots.curves(
        data, x_label=what, y_label="time of a step", x_scale="log", y_scale="log", markers=True
    )
    (axes,) = figure.axes
    for series, color in zip(found.values(), plots.COLORS, strict=False):
        exponent = series["expected_exponent"]
        label = f"expected: {POWERS[exponent]}"
        axes.plot(series["x"], law(series), color="0.3" if len(found) == 1 else color,
                  linestyle=":", linewidth=1.5, label=label)  # fmt: skip
    axes.set_ylim(bottom=lowest / 2)
    label_axes(axes, next(iter(found.values()))["x"])
    axes.legend(fontsize=plots.FONT - 1, framealpha=0.85)
    return figure


def label_axes(axes: Axes, x: list[int]) -> None:
    """Mark the sizes that were measured, and times in their units."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, NullLocator

    axes.set_xticks(x, [f"{value:,}" for value in x])
    axes.xaxis.set_minor_locator(NullLocator())
    low, high = axes.get_ylim()
    subs = (1.0,) if high > 100 * low else (1.0, 2.0, 5.0)
    axes.yaxis.set_major_locator(LogLocator(subs=subs))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda seconds, _: tick(seconds)))
    axes.yaxis.set_minor_formatter(NullFormatter())


def tick(seconds: float) -> str:
    factor, unit = unit_of(seconds)
    return f"{seconds / factor:.3g} {unit}"


def described(results: Results, name: str) -> str:
    """Return a figure's alternative text: every point, and the exponents."""
    parts = []
    for key, series in series_of(results, name).items():
        points = ", ".join(
            f"{x:,}: {duration(times['median'])}"
            for x, times in zip(series["x"], series["seconds_a_step"], strict=True)
        )
        parts.append(
            f"Time of a step against {key} ({series['x_label']}), both axes logarithmic: {points}. "
            f"{exponents(series)}"
        )
    return " ".join(parts)


def exponents(series: Row) -> str:
    return (
        f"Over the last {TAIL} points the time grows with the power "
        f"{series['measured_exponent']:.2f}; expected {series['expected_exponent']}."
    )


def figure_lines(results: Results, name: str, picture: str) -> list[str]:
    lines = [f":::{{figure}} {picture}", f":name: benchmark-{name}"]
    lines += [f":alt: {described(results, name)}", ""]
    caption = [
        f"{capital(key)}: {escaped(series['law'])}. {exponents(series)}"
        for key, series in series_of(results, name).items()
    ]
    return [*lines, " ".join(caption), ":::", ""]
