"""The picture of :mod:`scaling`: the path over the loss surface, and the loss step by step."""

from __future__ import annotations

from functools import cache

import numpy as np

from ..checks import Array
from . import drawing
from .mechanism import Picture
from .scaling import FEATURES, Quadratic, problem

SIDE, LEFT, TOP = 262, 52, 24  # of the loss surface
REACH = 1.35  # half of its width, in distances of the start from the minimum
RINGS = 6  # contours; the third goes through the start
STEPS = 100  # drawn at most
SMALL = 1e-3  # the fraction of the excess loss whose steps are counted
LONGEST = 1000  # steps on the axis
LOSSES_AT, RATES_AT = 20, 242  # where the two panels begin, downwards
NAMES = 56  # units for names to the left of the second


def draw(features: str, learning_rate: float) -> Picture:
    """Return the picture of one scaling and learning rate."""
    surface = _surface(features, learning_rate)
    return Picture(surface + _losses(features, learning_rate), describe(features, learning_rate))


def describe(features: str, learning_rate: float) -> str:
    """Return the numbers of a picture in words."""
    loss = problem(features)
    steps, (fewest, rate) = loss.steps_to(SMALL, learning_rate), _fewest(features)
    below = f"{learning_rate / loss.limit:.3g} of it"
    if steps is None:
        after = float(loss.excess(learning_rate, 10))
        end = f"it diverges: after 10 steps the excess loss is {_short(after)} times the first"
    else:
        unit = "step" if steps == 1 else "steps"
        end = f"it takes {steps} {unit} to a thousandth of the excess loss"
    largest, smallest = loss.eigenvalues
    return (
        f"{features} features: eigenvalues {_short(largest)} and {_short(smallest)}, condition "
        f"number {loss.condition_number:.1f}, stability limit 2/λ₁ = {_short(loss.limit)}. "
        f"Learning rate {_short(learning_rate)}, {below}: {end}. "
        f"The fewest steps of any rate are {fewest}, at {_short(rate)}."
    )


@cache
def _fewest(features: str) -> tuple[int, float]:
    return problem(features).fewest_steps(SMALL)


def _short(value: float) -> str:
    return f"{value:.3g}" if value < 1e4 else f"{value:.0e}".replace("e+", "e").replace("e0", "e")


# ---- the loss surface -------------------------------------------------------------------------


def _surface(features: str, learning_rate: float) -> str:
    loss = problem(features)
    points = _seen((loss.path(learning_rate, STEPS) - loss.minimum) / _reach(loss))
    lines = drawing.path([(x, y) for x, y in points], 'k1" style="fill:none;stroke-width:1.3')
    dots = "".join(f"M{x:.0f} {y:.0f}h0" for x, y in points[:40])
    x, y = _place(np.zeros(2))
    return drawing.svg(
        drawing.text(4, 15, "loss surface: weight 1 across, weight 2 up", "h"),
        _contours(features),
        f'<path class="a" d="M{LEFT} {TOP}h{SIDE}v{SIDE}h-{SIDE}z"/>',
        _numbers(loss),
        f'<path class="a" stroke-width="2" d="M{x - 5:.0f} {y:.0f}h10m-5-5v10"/>',
        f'{lines}<path class="k1 r" d="{dots}"/>',
        f'<circle class="a" cx="{points[0, 0]:.0f}" cy="{points[0, 1]:.0f}" r="7"/>',
        _key(),
        height=TOP + SIDE + 22,
    )


def _key() -> str:
    """Return what start and minimum look like, below the frame between the axis's numbers."""
    y, x = TOP + SIDE + 16, LEFT + SIDE / 2
    return (
        f'<circle class="a" cx="{x - 70:.0f}" cy="{y - 4}" r="7"/>'
        f'<path class="k1 r" d="M{x - 70:.0f} {y - 4}h0"/>'
        + drawing.text(x - 58, y, "start")
        + f'<path class="a" stroke-width="2" d="M{x - 10:.0f} {y - 4}h10m-5-5v10"/>'
        + drawing.text(x + 5, y, "minimum")
    )


def _reach(loss: Quadratic) -> float:
    return REACH * float(np.hypot(*(loss.start - loss.minimum)))


def _place(relative: Array) -> Array:
    """Return where weights are drawn, given from the minimum in units of the reach."""
    return np.asarray((relative * [1, -1] + 1) / 2 * SIDE + np.array([LEFT, TOP]))


def _seen(relative: Array) -> Array:
    """Return the part of a path to be drawn: to the edge, without what would lie on one point."""
    outside = ~(np.abs(relative) <= 1).all(axis=1)
    if outside.any():
        first = int(np.argmax(outside))
        inner, step = relative[first - 1], relative[first] - relative[first - 1]
        with np.errstate(divide="ignore"):  # where the step meets either edge: the nearer one
            share = np.min((np.where(step < 0, -1, 1) - inner) / step, where=step != 0, initial=1)
        relative = np.vstack([relative[:first], inner + share * step])
    points = _place(relative)
    kept = [points[0]]
    for point in points[1:]:
        if np.abs(point - kept[-1]).max() >= 0.5:
            kept.append(point)
    return np.array(kept)


def _numbers(loss: Quadratic) -> str:
    """Return the weights near the ends of the two axes."""
    parts = []
    for end in (-0.9, 0.9):
        x, y = _place(np.array([end, end]))
        across, up = (f"{w:.2g}".replace("-", "−") for w in loss.minimum + end * _reach(loss))
        parts += [drawing.text(x, TOP + SIDE + 16, across, "m")]
        parts += [drawing.text(LEFT - 5, y + 4, up, "e")]
    return "".join(parts)


@cache
def _contours(features: str) -> str:
    from contourpy import contour_generator

    loss = problem(features)
    ticks = np.linspace(-1, 1, 45)
    e = np.stack(np.meshgrid(ticks, ticks), axis=-1) * _reach(loss)
    first = loss.start - loss.minimum
    lines = contour_generator(ticks, ticks, np.einsum("...i,ij,...j", e, loss.hessian, e))
    pieces = []
    for ring in range(1, RINGS + 1):
        for line in lines.lines(float(first @ loss.hessian @ first) * (ring / 3) ** 2):
            points = np.rint(_place(np.asarray(line)[::2])).astype(int)
            pieces.append("M" + "L".join(f"{x} {y}" for x, y in points))
    return f'<path class="k0" style="fill:none" opacity=".8" d="{"".join(pieces)}"/>'


# ---- the loss step by step --------------------------------------------------------------------


def _losses(features: str, learning_rate: float) -> str:
    axes = drawing.Axes(
        x=(1, 1.3 * LONGEST),  # room for the last number
        y=(1e-6, 1e3),
        x_label="step",
        y_label="",
        x_scale="log",
        y_scale="log",
        x_ticks=(1, 10, 100, 1000),
        y_ticks=(1e-6, 1e-3, 1, 1e3),
        height=220,
    )
    steps = np.unique(np.geomspace(1, LONGEST, 40).astype(int))
    for color, name in enumerate(FEATURES):
        excess = problem(name).excess(learning_rate, steps)
        seen = (excess > 1e-6) & (excess < 1e3)
        end = len(steps) if seen.all() else int(np.argmin(seen)) + 1
        points = [axes.at(*point) for point in zip(steps[:end], excess[:end])]
        axes.raw(drawing.path(points, f"l k{color} d{color}{_thick(name == features)}"))
    return drawing.svg(
        drawing.text(4, 15, "excess loss, relative to the start", "h"),
        _legend(features),
        f'<g transform="translate(0 {LOSSES_AT})">{axes.inner}</g>',
        _rates(features, learning_rate),
        height=RATES_AT + 124,
    )


def _thick(chosen: bool) -> str:
    return '" style="stroke-width:4' if chosen else ""


def _legend(features: str) -> str:
    """Return the names of the three curves in a row above their frame, the chosen one bold."""
    parts = []
    for color, (name, x) in enumerate(zip(FEATURES, (14, 94, 205))):
        chosen = name == features
        line = drawing.path([(x, 31), (x + 32, 31)], f"l k{color} d{color}{_thick(chosen)}")
        parts.append(line + drawing.text(x + 38, 35, name, "h" if chosen else ""))
    return "".join(parts)


def _rates(features: str, learning_rate: float) -> str:
    """Return a line of learning rates with the three limits and the present rate.

    The names stand to the left of the axis, where no rate is.
    """
    axes = drawing.Axes(
        x=(1e-4, 1000),
        y=(0, 1),
        x_label="learning rate (▼: now)",
        y_label="",
        x_scale="log",
        x_ticks=(1e-4, 0.01, 1, 100),
        y_ticks=(),
        width=drawing.WIDTH - NAMES,
        height=124,
    )
    for color, name in enumerate(FEATURES):
        a, y = axes.at(1e-4, 0.15 + 0.33 * color)
        b, _ = axes.at(problem(name).limit, 0)
        thick = 7 if name == features else 3
        line = (
            f'<path class="k{color} d{color}" stroke-width="{thick}" d="M{a:.0f} {y:.0f}H{b:.0f}"/>'
        )
        chosen = " h" if name == features else ""
        axes.raw(line + drawing.text(drawing.LEFT - 8, y + 4, name, f"e{chosen}"))
    x, y = axes.at(learning_rate, 1)
    axes.raw(f'<path class="a" d="M{x:.0f} {y:.0f}V80"/>')
    axes.raw(f'<path class="a" style="fill:currentColor" d="M{x:.0f} {y:.0f}l-5-8h10z"/>')
    return (
        drawing.text(4, RATES_AT + 14, "stability limit 2/λ₁ of the learning rate", "h")
        + f'<g transform="translate({NAMES} {RATES_AT})">{axes.inner}</g>'
    )
