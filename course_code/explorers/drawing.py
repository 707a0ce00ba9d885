"""Small SVG drawings: axes with curves, dots and bars, a few hundred bytes each.

A drawing is as wide as the narrowest phone's column, 340 units, so that its text is legible there.
Colours are classes, `k0` to `k5`, the palette of :mod:`course_code.plots`; each has a dash of its
own besides. Text takes the colour of the page, light or dark. The classes are in `style.py`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

import numpy as np
from numpy.typing import ArrayLike

WIDTH, HEIGHT = 340, 250
LEFT, RIGHT, TOP, BOTTOM = 52, 10, 26, 44  # margins


def number(value: float) -> str:
    """Write a coordinate with one decimal at most."""
    text = f"{value:.1f}"
    return text.removesuffix(".0")


def svg(*parts: str, width: float = WIDTH, height: float = HEIGHT) -> str:
    """Return an ``<svg>`` element of these parts."""
    return f'<svg viewBox="0 0 {number(width)} {number(height)}">{"".join(parts)}</svg>'


def text(x: float, y: float, words: str, classes: str = "") -> str:
    """Return a text whose baseline starts at (x, y); class m centres it, e ends it there."""
    named = f' class="{classes}"' if classes else ""
    return f'<text x="{number(x)}" y="{number(y)}"{named}>{escape(words)}</text>'


def path(points: Sequence[tuple[float, float]], classes: str) -> str:
    """Return a line through points; it is broken where a coordinate is not finite."""
    pieces, pen = [], "M"
    for x, y in points:
        if math.isfinite(x) and math.isfinite(y):
            pieces.append(f"{pen}{number(x)} {number(y)}")
            pen = " "
        else:
            pen = "M"
    return f'<path class="{classes}" d="{"".join(pieces)}"/>'


class Axes:
    """A pair of axes: limits, scales and labels, and what is drawn on them.

    Parameters
    ----------
    x, y : (low, high)
        Limits; what is drawn beyond them is moved to the edge.
    x_label, y_label, title : str
        The y label stands above the axis, after the title.
    x_scale, y_scale : {"linear", "log"}
    x_ticks, y_ticks : sequence of float, default None
        Where to put ticks; None chooses.
    """

    def __init__(
        self,
        *,
        x: tuple[float, float],
        y: tuple[float, float],
        x_label: str,
        y_label: str,
        x_scale: str = "linear",
        y_scale: str = "linear",
        x_ticks: Sequence[float] | None = None,
        y_ticks: Sequence[float] | None = None,
        width: float = WIDTH,
        height: float = HEIGHT,
    ) -> None:
        self.width, self.height = width, height
        self._x, self._y = _Scale(*x, x_scale), _Scale(*y, y_scale)
        self._parts = [self._frame(x_label, y_label, x_ticks, y_ticks)]
        self._legend = 0.0

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Return where a point of the data is drawn."""
        across = LEFT + self._x(x) * (self.width - LEFT - RIGHT)
        return across, self.height - BOTTOM - self._y(y) * (self.height - TOP - BOTTOM)

    def _frame(
        self,
        x_label: str,
        y_label: str,
        x_ticks: Sequence[float] | None,
        y_ticks: Sequence[float] | None,
    ) -> str:
        left, right, top, bottom = LEFT, self.width - RIGHT, TOP, round(self.height - BOTTOM)
        across, up, grid = [], [], []
        for value in self._x.ticks() if x_ticks is None else x_ticks:
            x = round(self.at(value, self._y.low)[0])
            grid.append(f"M{x} {top}V{bottom}")
            across.append(text(x, bottom + 16, self._x.label(value)))
        for value in self._y.ticks() if y_ticks is None else y_ticks:
            y = round(self.at(self._x.low, value)[1])
            grid.append(f"M{left} {y}H{right}")
            up.append(text(left - 5, y + 4, self._y.label(value)))
        across.append(text((left + right) / 2, self.height - 8, x_label))
        return (
            f'<path class="g" d="{"".join(grid)}"/>'
            f'<path class="a" d="M{left} {top}V{bottom}H{right}"/>'
            f'<g class="m">{"".join(across)}</g><g class="e">{"".join(up)}</g>'
            + text(4, 14, y_label, "h")
        )

    def line(self, x: ArrayLike, y: ArrayLike, color: int = 0, dash: int | None = None) -> None:
        """Draw a curve in colour `color`, dashed with the dash of that number unless another."""
        dash = color if dash is None else dash
        points = [self.at(*point) for point in zip(np.asarray(x, float), np.asarray(y, float))]
        self._parts.append(path(points, f"l k{color}" + (f" d{dash}" if dash else "")))

    def dots(self, x: ArrayLike, y: ArrayLike, color: int = 0, radius: float = 3.5) -> None:
        """Draw a dot at each point whose coordinates are finite."""
        for point in zip(np.asarray(x, float), np.asarray(y, float)):
            a, b = self.at(*point)
            if math.isfinite(a) and math.isfinite(b):
                dot = f'<circle class="k{color}" cx="{number(a)}" cy="{number(b)}" r="{radius}"/>'
                self._parts.append(dot)

    def level(self, y: float, words: str = "") -> None:
        """Draw a thin horizontal line across, with words at its right end."""
        a, b = self.at(self._x.low, y)
        self._parts.append(
            f'<path class="a d3" d="M{number(a)} {number(b)}H{self.width - RIGHT}"/>'
        )
        if words:
            self._parts.append(text(self.width - RIGHT, b - 4, words, "e"))

    def upright(self, x: float) -> None:
        """Draw a thin vertical line, the present step for example."""
        a, b = self.at(x, self._y.low)
        self._parts.append(f'<path class="a" d="M{number(a)} {number(b)}V{TOP}"/>')

    def bars(self, edges: ArrayLike, heights: ArrayLike, color: int = 0) -> None:
        """Draw a histogram as one outline; `edges` has one entry more than `heights`."""
        edges, heights = np.asarray(edges, float), np.asarray(heights, float)
        points = [self.at(edges[0], self._y.low)]
        for left, right, height in zip(edges, edges[1:], heights):
            points += [self.at(left, height), self.at(right, height)]
        points.append(self.at(edges[-1], self._y.low))
        self._parts.append(path(points, f'k{color}" fill-opacity=".35'))

    def legend(self, words: str, color: int, dash: int | None = None, marker: bool = False) -> None:
        """Add a line or dot and its words to the legend, at the top right inside the axes."""
        dash = color if dash is None else dash
        y = TOP + 12 + self._legend
        x = self.width - RIGHT - 6
        classes = f"l k{color}" + (f" d{dash}" if dash else "")
        sample = (
            f'<circle class="k{color}" cx="{x - 12}" cy="{number(y - 4)}" r="3.5"/>'
            if marker
            else f'<path class="{classes}" d="M{x - 26} {number(y - 4)}H{x}"/>'
        )
        self._parts.append(sample + text(x - 31, y, words, "e"))
        self._legend += 16

    def words(self, x: float, y: float, words: str, classes: str = "") -> None:
        """Write words at a point of the data."""
        self._parts.append(text(*self.at(x, y), words, classes))

    def raw(self, part: str) -> None:
        """Add a piece of SVG as it is."""
        self._parts.append(part)

    @property
    def inner(self) -> str:
        """What is inside the ``<svg>`` element, to be put into another drawing."""
        return "".join(self._parts)

    def svg(self) -> str:
        """Return the drawing."""
        return svg(*self._parts, width=self.width, height=self.height)


class _Scale:
    """From numbers to fractions of an axis, clipped to it."""

    def __init__(self, low: float, high: float, kind: str) -> None:
        if kind not in ("linear", "log"):
            raise ValueError(f"a scale must be linear or log; got {kind!r}")
        if not low < high or (kind == "log" and low <= 0):
            raise ValueError(f"a {kind} axis cannot go from {low} to {high}")
        self.low, self.high, self.log = low, high, kind == "log"

    def __call__(self, value: float) -> float:
        if not math.isfinite(value):
            return math.nan
        value = min(max(value, self.low), self.high)
        if self.log:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)

    def ticks(self) -> list[float]:
        if self.log:
            first = math.ceil(math.log10(self.low) - 1e-9)
            last = math.floor(math.log10(self.high) + 1e-9)
            stride = max(1, math.ceil((last - first) / 5))
            return [10.0**power for power in range(first, last + 1, stride)]
        raw = (self.high - self.low) / 5
        power = 10 ** math.floor(math.log10(raw))
        step = next(power * nice for nice in (1, 2, 5, 10) if power * nice >= raw * 0.999)
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        return [round(i * step, 12) for i in range(first, last + 1)]

    def label(self, value: float) -> str:
        if self.log and not 0.01 <= value <= 1000:
            return "10" + f"{round(math.log10(value)):d}".translate(_SUPERSCRIPTS)
        return f"{value:g}".replace("-", "−")


_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
