"""The playground's picture: decision surface, network and loss of a :class:`playground.Run`."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from ..checks import Array
from ..network import MLP
from ..plots import COLORS
from ..signals import n_distinct
from . import drawing
from .mechanism import Picture

if TYPE_CHECKING:
    from .playground import Run

REACH = 2.4  # the surface is shown for features from -2.4 to 2.4
PIXELS = 29  # on a side
SHADES = 15  # odd: the middle one is white
SIDE, LEFT, TOP = 268, 36, 22  # of the surface, in the drawing's units
GRID = 11  # units between rows of the network's drawing
COLUMNS = (1, 9, 18, 26)
CROSS = "m-.5-.5l1 1m0-1l-1 1"  # of a dead unit
WIDTHS = ((0.05, 0.1), (0.5, 0.1), (1.5, 0.2), (4.0, 0.34), (math.inf, 0.5))  # up to |w|: line
LOSSES = (1e-3, 10.0)  # the range of the loss axis; beyond it is drawn at the edge


def draw(run: Run, step: int, data: str, start: str, activation: str) -> Picture:
    """Return the picture of one step of a run."""
    network = run.networks[step]
    p = 1 / (1 + np.exp(-np.clip(network.logits(run.X)[:, 0], -500, 500)))
    right = float(((p > 0.5) == (run.y == 1)).mean())
    loss = float(run.losses[step, run.shown])
    units = distinct_units(network, run.X)
    dead = dead_units(network, run.X) if activation == "relu" else None
    logits = _plane(network)
    surface = _surface(logits, run, f"step {step}: loss {_short(loss)}, {right:.0%} right")
    lowest, highest = 1 / (1 + np.exp(-np.clip([logits.min(), logits.max()], -500, 500)))
    words = (
        f"{data}, start {start}, {activation}, step {step}: loss {_short(loss)} nats, {right:.0%} "
        f"of {len(run.y)} points right. Distinct hidden units: {units[0]} and {units[1]} of 6. "
        f"{_dead_words(dead)}{_weights(network)} Over the plane, the probability of class 1 goes "
        f"from {lowest:.2f} to {highest:.2f}."
    )
    if run.losses.shape[1] > 1:
        low, high = (_short(float(f(run.losses[step]))) for f in (np.min, np.max))
        words += f" Loss of {run.losses.shape[1]} draws at this step: {low} to {high}."
    return Picture(
        surface + drawing.svg(_network(network, units, dead), _loss(run, step), height=345), words
    )


def distinct_units(network: MLP, X: Array) -> list[int]:
    """Return how many hidden units of each layer differ from one another on the points X."""
    return [n_distinct(z) for z in network.forward(X).pre_activations[:-1]]


def dead_units(network: MLP, X: Array) -> list[Array]:
    """Return which hidden units of each layer are 0 on all of the points X, as boolean arrays."""
    return [(a == 0).all(axis=0) for a in network.forward(X).activations[:-1]]


def _dead_words(dead: list[Array] | None) -> str:
    if dead is None:
        return ""
    first, second = (int(layer.sum()) for layer in dead)
    return f"Dead hidden units, 0 on all points: {first} and {second} of 6. "


def _short(value: float) -> str:
    if value < 0.001:
        return f"{value:.1g}"
    return f"{value:.3f}" if value < 10 else f"{value:.0f}"


def _weights(network: MLP) -> str:
    largest = max(float(np.abs(W).max()) for W in network.weights)
    return f"Largest weight: {largest:.2g}."


# ---- the decision surface ---------------------------------------------------------------------


def _plane(network: MLP) -> Array:
    """Return the logits over the two features, (PIXELS, PIXELS), the uppermost row first."""
    ticks = np.linspace(-REACH, REACH, PIXELS)
    grid = np.stack(np.meshgrid(ticks, ticks[::-1]), axis=-1)
    return network.logits(grid.reshape(-1, 2)).reshape(PIXELS, PIXELS)


def _surface(logits: Array, run: Run, reading: str) -> str:
    inset = SIDE / PIXELS / 2  # a value belongs to the middle of its pixel
    zeros, ones = (_place(run.X[run.y == k]) for k in (0, 1))
    low, middle = TOP + SIDE + 18, LEFT + SIDE // 2
    return drawing.svg(
        drawing.text(LEFT, 15, "prediction, over the two features", "h"),
        f'<image x="{LEFT}" y="{TOP}" width="{SIDE}" height="{SIDE}" href="{_png(logits)}"/>',
        _boundary(logits, LEFT + inset, TOP + inset, (SIDE - 2 * inset) / (PIXELS - 1)),
        _marks("k0 r", "h0", [*zeros, (middle - 75, low + 14)]),
        _marks("k1", "l4 7h-8z", [*(ones - [0, 4]), (middle + 25, low + 10)]),
        f'<path class="a" d="M{LEFT} {TOP}h{SIDE}v{SIDE}h-{SIDE}z"/>',
        drawing.text(middle, low, reading, "m"),
        drawing.text(middle - 65, low + 19, "class 0"),
        drawing.text(middle + 35, low + 19, "class 1"),
        height=330,
    )


def _place(points: Array) -> Array:
    """Return where points of the feature plane are drawn."""
    scaled = (points * [1, -1] + REACH) / (2 * REACH) * SIDE
    return np.rint(np.add(scaled, (LEFT, TOP))).astype(int)


def _marks(classes: str, mark: str, places: Iterable[tuple[int, int]]) -> str:
    """Return a mark, a path from its place on, at several places."""
    return f'<path class="{classes}" d="{"".join(f"M{x} {y}{mark}" for x, y in places)}"/>'


def _png(logits: Array) -> str:
    """Return the probabilities as a small picture: blue for class 0, white, orange for class 1."""
    from PIL import Image

    p = 1 / (1 + np.exp(-np.clip(logits, -30, 30)))
    image = Image.fromarray(np.minimum((p * SHADES).astype(np.uint8), SHADES - 1))
    image.putpalette(b"".join(_shade((i + 0.5) / SHADES) for i in range(SHADES)))
    file = io.BytesIO()
    image.save(file, "png", bits=4, optimize=True)
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()


def _shade(p: float) -> bytes:
    color = bytes.fromhex(COLORS[int(p > 0.5)].removeprefix("#"))
    strength = 0.6 * abs(2 * p - 1)
    return bytes(round(255 + strength * (part - 255)) for part in color)


def _boundary(logits: Array, left: float, top: float, scale: float) -> str:
    """Return the line where the logit is 0, thinned to the points that its shape needs."""
    from contourpy import contour_generator

    if not logits.min() < 0 < logits.max():
        return ""
    pieces = []
    for line in contour_generator(z=logits).lines(0.0):
        points = np.rint(np.asarray(line) * scale + [left, top]).astype(int)
        before, after = np.diff(points, axis=0)[:-1], np.diff(points, axis=0)[1:]
        bends = before[:, 0] * after[:, 1] != before[:, 1] * after[:, 0]
        kept = points[np.concatenate([[True], bends, [True]])]
        pieces.append("M" + "L".join(f"{x} {y}" for x, y in kept))
    return f'<path fill="none" stroke="#222" stroke-width="2" d="{"".join(pieces)}"/>'


# ---- the network ------------------------------------------------------------------------------


def _network(network: MLP, units: list[int], dead: list[Array] | None) -> str:
    """Draw each weight as an edge, in a group whose unit is GRID: its width says the size.

    A unit is a dot, a dead one a cross. Only ReLU units are judged; for others `dead` is None.
    """
    columns = [_column(x, n) for x, n in zip(COLUMNS, network.sizes)]
    edges: dict[tuple[int, bool], list[str]] = {}
    for W, left, right in zip(network.weights, columns, columns[1:]):
        for (i, j), w in np.ndenumerate(W):
            size = next(k for k, (limit, _) in enumerate(WIDTHS) if abs(w) < limit)
            (a, b), (c, d) = left[i], right[j]
            key = size, bool(w < 0) and size > 0
            edges.setdefault(key, []).append(f"M{a} {b}L{c} {d}")
    paths = []
    for (size, negative), moves in sorted(edges.items()):
        color = f"k{int(negative)}" if size else "g"
        dash = ' stroke-dasharray=".7 .35"' if negative else ""
        width = f"{WIDTHS[size][1]:g}".removeprefix("0")
        paths.append(f'<path class="{color}" stroke-width="{width}"{dash} d="{"".join(moves)}"/>')
    crossed = [False] * 2 + ([False] * 12 if dead is None else [*dead[0], *dead[1]]) + [False]
    places = [place for column in columns for place in column]
    units_at = "".join(f"M{x} {y}h0" for (x, y), cross in zip(places, crossed) if not cross)
    nodes = f'<path style="stroke:currentColor" stroke-width="1" d="{units_at}"/>'
    if any(crossed):
        at = "".join(f"M{x} {y}{CROSS}" for (x, y), cross in zip(places, crossed) if cross)
        nodes += f'<path style="stroke:currentColor" stroke-width=".25" d="{at}"/>'
    return "".join(
        [
            drawing.text(4, 15, "weights (thick: large; dashed: negative)", "h"),
            f'<g transform="translate(15 32) scale({GRID})" stroke-linecap="round">',
            *paths,
            nodes,
            "</g>",
            drawing.text(17, 70, "x₁", "e"),
            drawing.text(17, 114, "x₂", "e"),
            drawing.text(311, 92, "p"),
            drawing.text(158, 163, f"distinct units: {units[0]} of 6, then {units[1]} of 6", "m"),
            _dead_legend(dead),
        ]
    )


def _dead_legend(dead: list[Array] | None) -> str:
    if dead is None:
        return ""
    first, second = (int(layer.sum()) for layer in dead)
    words = f"× dead, 0 on all points: {first} of 6, then {second} of 6"
    return drawing.text(158, 179, words, "m")


def _column(x: int, n: int) -> list[tuple[int, int]]:
    first, gap = {1: (5, 0), 2: (3, 4), 6: (0, 2)}[n]
    return [(x, first + gap * i) for i in range(n)]


# ---- the loss ---------------------------------------------------------------------------------


def _loss(run: Run, step: int) -> str:
    last = len(run.losses) - 1
    steps = np.unique(np.geomspace(1, max(last, 1), 25).astype(int))
    steps = np.union1d([0], steps[steps <= last])
    x = np.maximum(steps, 0.5)  # a logarithmic axis has no 0
    axes = drawing.Axes(
        x=(0.5, 1.3 * max(1000, last)),  # room for the last number
        y=LOSSES,
        x_label="step (0: left edge)",
        y_label="loss (nats)" if run.losses.max() <= LOSSES[1] else "loss (nats), cut at 10",
        x_scale="log",
        y_scale="log",
        x_ticks=[t for t in (1, 10, 100, 1000, 10_000) if t <= max(1000, last)],
        y_ticks=(0.001, 0.1, 10),
        height=158,
    )
    if run.losses.shape[1] > 1:
        some = np.union1d(steps[::2], steps[-1:])
        low, high = run.losses[some].min(axis=1), run.losses[some].max(axis=1)
        across = np.maximum(some, 0.5)
        band = [axes.at(*at) for at in [*zip(across, low), *zip(across[::-1], high[::-1])]]
        points = "".join(f"{a:.0f} {b:.0f}L" for a, b in band).rstrip("L")
        axes.raw(f'<path class="k0" style="stroke:none" fill-opacity=".2" d="M{points}z"/>')
    axes.level(math.log(2))
    axes.raw(drawing.text(drawing.LEFT - 8, axes.at(1, math.log(2))[1] + 4, "log 2", "e"))
    axes.line(x, run.losses[steps, run.shown], color=0)
    axes.upright(max(step, 0.5))
    axes.dots([max(step, 0.5)], [run.losses[step, run.shown]], color=1, radius=4)
    return f'<g transform="translate(0 187)">{axes.inner}</g>'
