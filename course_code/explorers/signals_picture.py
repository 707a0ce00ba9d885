"""The picture of :class:`signals.Signals`: sizes by layer, and histograms of five layers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..checks import Array
from . import drawing
from .mechanism import Picture

if TYPE_CHECKING:
    from .signals import Signals

SMALLEST, LARGEST = float(np.finfo(np.float32).tiny), float(np.finfo(np.float32).max)
RANGES = (1e3, 1e10, 1e20, 1e48)  # of the sizes by layer: the first that holds the theory
N_BINS = 15


def draw(signals: Signals, activation: str, scale: float) -> Picture:
    """Return the picture of one scale and depth."""
    return Picture(
        _sizes(signals) + _histograms(signals, activation, scale),
        describe(signals, activation, scale),
    )


def describe(signals: Signals, activation: str, scale: float) -> str:
    """Return the numbers of a picture in words."""
    depth = signals.forward.shape[1]
    forward, backward = signals.last_alive()
    words = (
        f"{activation}, weights of standard deviation {scale:.3g} / √fan_in, {depth} layers. "
        f"Pre-activations: root mean square {_short(signals.forward[0, 0])} in layer 1, "
        f"{_short(signals.forward[0, -1])} in layer {depth} "
        f"(theory {_short(signals.forward_theory[-1])}). Gradient: 1 in layer {depth}, "
        f"{_short(signals.backward[0, 0])} in layer 1 "
        f"(theory {_short(signals.backward_theory[0])}). "
    )
    ends = []
    if forward < depth:
        ends.append(f"pre-activations are {_fate(signals.forward[0])} from layer {forward + 1} on")
    if backward > 1:
        ends.append(f"gradients are {_fate(signals.backward[0])} from layer {backward - 1} down")
    sizes = np.concatenate([signals.forward[0], signals.backward[0]])
    if not ends and sizes.min() < SMALLEST:
        ends.append("the smallest are below 1.2e−38 and have lost digits")
    words += _ends_of_range(signals, activation)
    return words + ("In float32, " + " and ".join(ends) if ends else "Float32 holds both") + "."


def _ends_of_range(signals: Signals, activation: str) -> str:
    """Say what the histograms show of the activations at the ends of their range."""
    shares = []
    for layer, values in signals.activations.items():
        if layer in (1, signals.forward.shape[1]) and np.isfinite(values).all():
            bounds = {"tanh": (-0.95, 0.95), "sigmoid": (0.05, 0.95)}.get(activation, (0, np.inf))
            ends = (values <= bounds[0]) | (values >= bounds[1])
            shares.append(f"{ends.mean():.0%} in layer {layer}")
    named = {"tanh": "beyond ±0.95", "sigmoid": "below 0.05 or above 0.95"}.get(activation, "0")
    return f"Activations that are {named}: {', '.join(shares)}. " if shares else ""


def _fate(sizes: Array) -> str:
    return "all 0" if (sizes == 0).any() else "not finite"


def _short(value: float) -> str:
    """Write a size: 0.012, 3.4, 5e-26."""
    if not np.isfinite(value):
        return "not finite"
    if value == 0 or 0.01 <= value < 1000:
        return f"{value:.2g}" if value < 100 else f"{value:.0f}"
    mantissa, power = f"{value:.0e}".split("e")
    return f"{mantissa}e{int(power)}".replace("-", "−")


# ---- sizes by layer ---------------------------------------------------------------------------


def _sizes(signals: Signals) -> str:
    depth = signals.forward.shape[1]
    theories = signals.forward_theory, signals.backward_theory
    extreme = max(float(np.abs(np.log10(np.maximum(t, 1e-60))).max()) for t in theories)
    edge = next((r for r in RANGES if extreme <= np.log10(r)), RANGES[-1])
    beyond = edge == RANGES[-1]
    axes = drawing.Axes(
        x=(0, depth + 1),
        y=(1 / edge, edge),
        x_label="layer (grey: float32 under- or overflows)" if beyond else "layer",
        y_label="rms: ● forward, ▲ backward, — theory",
        y_scale="log",
        height=284,
    )
    if beyond:
        _limit(axes, SMALLEST, 1 / edge)
        _limit(axes, edge, LARGEST)
    layers = np.arange(1, depth + 1)
    every = max(1, depth // 25)
    both = (signals.forward, signals.backward)
    for color, (sizes, theory) in enumerate(zip(both, theories)):
        axes.raw(_spread(axes, layers[::every], sizes[:, ::every], color))
        some = np.unique(np.rint(np.linspace(0, depth - 1, 11)).astype(int))
        drawn = np.where((theory > 1 / edge) & (theory < edge), theory, np.nan)[some]
        axes.line(layers[some], drawn, color, dash=color)
        axes.raw(_marks(axes, layers[::every], sizes[0, ::every], color))
    # In words below the frame, where no line can cross them.
    forward, backward = signals.last_alive()
    ends = ["", ""]
    if forward < depth:
        axes.upright(forward + 0.5)
        ends[0] = drawing.text(4, 297, f"● {_fate(signals.forward[0])} from {forward + 1} on")
    if backward > 1:
        axes.upright(min(backward, depth + 1) - 0.5)
        words = f"▲ {_fate(signals.backward[0])} from {backward - 1} down"
        ends[1] = drawing.text(drawing.WIDTH - drawing.RIGHT, 297, words, "e")
    return drawing.svg(axes.inner, *ends, height=300)


def _limit(axes: drawing.Axes, high: float, low: float) -> None:
    """Shade what float32 does not hold."""
    (left, top), (right, bottom) = axes.at(0, high), axes.at(1e9, low)
    axes.raw(
        f'<path class="g" style="fill:currentColor" d="M{left:.0f} {top:.0f}H{right:.0f}'
        f'V{bottom:.0f}H{left:.0f}z"/>'
    )


def _spread(axes: drawing.Axes, layers: Array, sizes: Array, color: int) -> str:
    """Return a vertical line from the smallest to the largest draw, in each layer."""
    with np.errstate(invalid="ignore"):
        pairs = zip(layers, np.where(sizes > 0, sizes, np.nan).T)
        lines = [
            f"M{x:.0f} {a:.0f}V{b:.0f}"
            for layer, column in pairs
            if np.isfinite(column).all()
            for (x, a), (_, b) in [(axes.at(layer, column.min()), axes.at(layer, column.max()))]
            if round(a) != round(b)
        ]
    return f'<path class="k{color}" opacity=".4" stroke-width="4" d="{"".join(lines)}"/>'


def _marks(axes: drawing.Axes, layers: Array, sizes: Array, color: int) -> str:
    """Return the first draw's sizes: dots forward, triangles backward."""
    alive = np.isfinite(sizes) & (sizes > 0)
    points = [axes.at(*point) for point in zip(layers[alive], sizes[alive])]
    if color:
        moves = "".join(f"M{x:.0f} {y - 4:.0f}l4 7h-8z" for x, y in points)
        return f'<path class="k{color}" stroke-width=".5" d="{moves}"/>'
    return f'<path class="k{color} r" d="{"".join(f"M{x:.0f} {y:.0f}h0" for x, y in points)}"/>'


# ---- histograms -------------------------------------------------------------------------------

ROW, TALL, WIDE = 54, 34, 120  # units from row to row; height and width of a histogram
LEFTS = (62, 206)


def _histograms(signals: Signals, activation: str, scale: float) -> str:
    across = {"tanh": "−1 to 1", "sigmoid": "0 to 1", "relu": "0 to 4 RMS"}[activation]
    parts = [
        drawing.text(LEFTS[0], 15, "activations", "h"),
        drawing.text(LEFTS[1], 15, "gradients", "h"),
    ]
    for row, layer in enumerate(signals.activations):
        base = 62 + ROW * row
        parts.append(drawing.text(52, base - 10, f"layer {layer}", "e"))
        edges, unit = _bins(signals.activations[layer], activation)
        theory = _expected(edges * unit, signals.forward_theory[layer - 1], activation)
        parts.append(_histogram(LEFTS[0], base, signals.activations[layer], edges * unit, theory))
        rms = signals.backward[0, layer - 1]
        edges = np.linspace(-3, 3, N_BINS + 1) * rms
        parts.append(_histogram(LEFTS[1], base, signals.gradients[layer], edges, None, color=1))
    base = 62 + ROW * (len(signals.activations) - 1) + 17
    parts.append(drawing.text(LEFTS[0] + WIDE / 2, base, across, "m"))
    parts.append(drawing.text(LEFTS[1] + WIDE / 2, base, "−3 to 3 RMS", "m"))
    return drawing.svg(*parts, height=300)


def _bins(values: Array, activation: str) -> tuple[Array, float]:
    """Return the bins' edges and their unit: ReLU has no bounds, so the RMS of the layer."""
    if activation == "relu":
        rms = float(np.sqrt(np.mean(values.astype(np.float64) ** 2)))
        return np.linspace(0, 4, N_BINS + 1), rms
    return np.linspace(-1 if activation == "tanh" else 0, 1, N_BINS + 1), 1.0


def _expected(edges: Array, deviation: float, activation: str) -> Array | None:
    """Return the fraction of f(N(0, deviation²)) in each bin."""
    from scipy.special import logit, ndtr

    if not (np.isfinite(edges).all() and 0 < deviation < np.inf):
        return None
    with np.errstate(divide="ignore"):  # tanh and sigmoid never reach the ends of their range
        z = {"tanh": np.arctanh, "sigmoid": logit}.get(activation, np.array)(edges)
    below = np.asarray(ndtr(z / deviation))
    if activation == "relu":
        below[0] = 0.0  # what is negative becomes 0, in the first bin
    return np.diff(below)


def _histogram(
    left: float, base: float, values: Array, edges: Array, theory: Array | None, color: int = 0
) -> str:
    """Return a histogram, and the expected one as a line; or a word where there is none."""
    frame = f'<path class="a" d="M{left} {base}h{WIDE}"/>'
    if not np.isfinite(values).all() or not np.isfinite(edges).all():
        return frame + drawing.text(left + WIDE / 2, base - 6, "not finite", "m")
    if not values.any() or edges[0] == edges[-1]:
        return frame + drawing.text(left + WIDE / 2, base - 6, "all 0", "m")
    counts = np.histogram(np.clip(values, edges[0], edges[-1]), edges)[0] / values.size
    top = max(counts.max(), theory.max() if theory is not None else 0.0)
    step = WIDE / N_BINS
    heights = np.rint(counts / top * TALL).astype(int)
    outline = f"M{left} {base}v{-heights[0]}h{step:g}"
    outline += "".join(f"v{-rise}h{step:g}" for rise in np.diff(heights))
    bars = f'<path class="k{color}" fill-opacity=".35" d="{outline}V{base}"/>'
    if theory is None:
        return frame + bars
    line = "L".join(
        f"{left + step * (i + 0.5):.0f} {base - TALL * height / top:.0f}"
        for i, height in enumerate(theory)
    )
    return frame + bars + f'<path class="a" stroke-dasharray="3 2" d="M{line}"/>'
