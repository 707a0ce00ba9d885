"""The explorer of chapter 4: do units that start almost equal ever come apart?

A tanh network 2-8-1 learns XOR by full-batch gradient descent, from weights that are zero or 0.5
each, plus normal noise. Two units with equal weights stay equal for ever; noise is multiplied at
each step by what the loss makes of it, and in float32 it may be rounded away before the first one.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .. import checks, ensembles
from ..checks import Array
from ..network import MLP
from ..signals import n_distinct
from ..training import fit
from .controls import choice, play, slider
from .drawing import LEFT, Axes, number, text
from .mechanism import Explorer, Picture, Prediction, explore

X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
XOR = np.array([0, 1, 1, 0])
UNITS = 8
LEARNING_RATE = 0.5
NOISES = (0.0, 1e-16, 1e-12, 1e-8, 1e-4, 1e-2, 1e-1)
STARTS = {
    "zeros": (0.0, "float64"),
    "constant 0.5": (0.5, "float64"),
    "constant 0.5 in float32": (0.5, "float32"),
}
FRAMES = (0, 10, 30, 100, 200, 400, 700, 1000, 2000)
LAST = 20_000  # steps that a reader may ask for
SYMMETRIC_BOUND = float((np.log(3) + 2 * np.log(1.5)) / 4)  # chapter 4: equal units get no further
FLOOR = 1e-18  # where a difference of 0 is drawn

QUESTION = Prediction(
    "Eight units start at 0.5, each weight moved by noise of 1e-8. After 2000 steps on XOR: how "
    "many distinct units are there, and is XOR solved?",
    {
        "1, not solved": "No: they come apart, and quickly. Choose constant 0.5 and noise 1e-8: "
        "within 1000 steps the differences grow several thousandfold, and all 8 units are "
        "distinct. But the loss has not noticed.",
        "8, solved": "Half of it: choose constant 0.5 and noise 1e-8. All 8 units are distinct, "
        "but by 0.0002 at most after 2000 steps, and the loss is still that of one unit. As the "
        "loss settles there, the growth almost stops. Noise of 1e-4 is early enough.",
        "8, not solved": "Yes: choose constant 0.5 and noise 1e-8. All 8 units are distinct, but "
        "by 0.0002 at most, and the loss is still that of one unit: distinct does not mean "
        "different enough. As the loss settles, the growth almost stops.",
    },
)


@dataclass(frozen=True)
class Paths:
    """What the hidden layer went through, from one start with noise of several sizes.

    Attributes
    ----------
    steps : ndarray of int, shape (n,)
    weights : ndarray, shape (noises, n, 2, units)
        The incoming weights of every unit.
    differences : ndarray, shape (noises, n)
        The largest difference between two units' incoming weights.
    distinct : ndarray of int, shape (noises, n)
        Units whose pre-activations differ by more than rounding.
    losses : ndarray, shape (noises, n)
    """

    steps: Array
    weights: Array
    differences: Array
    distinct: Array
    losses: Array


@functools.lru_cache(maxsize=64)
def paths(start: str, noises: tuple[float, ...], steps: tuple[int, ...]) -> Paths:
    """Train one network for each noise, all together, and record the hidden layer.

    Parameters
    ----------
    start : {"zeros", "constant 0.5", "constant 0.5 in float32"}
    noises : tuple of float
        Standard deviations, not negative. The draws are the same for all, but for their size.
    steps : tuple of int
        When to record, increasing; the last is the length of the training.

    Raises
    ------
    ValueError
        For another start, or a noise that is negative or not finite.

    Examples
    --------
    >>> equal, noisy = paths("constant 0.5", (0.0, 0.1), (0, 100)).distinct
    >>> equal.tolist(), noisy.tolist()
    ([1, 1], [8, 8])
    """
    center, dtype = STARTS[checks.choice("start", start, STARTS)]
    members = [_network(center, checks.real("noise", s, minimum=0.0), dtype) for s in noises]
    network = ensembles.stack(members)
    wanted, kept = set(steps), []

    def keep(step: int, network: MLP) -> None:
        if step in wanted:
            W, b = network.weights[0], network.biases[0]
            kept.append((W.copy(), X @ W + b[:, None]))

    epochs = steps[-1] + 1
    run = fit(network, X, XOR, learning_rate=LEARNING_RATE, epochs=epochs, callback=keep)
    weights = np.stack([w for w, _ in kept], axis=1).astype(float)
    distinct = [[n_distinct(z[i]) for _, z in kept] for i in range(len(noises))]
    return Paths(
        steps=np.array(steps),
        weights=weights,
        differences=np.ptp(weights, axis=-1).max(axis=-1),
        distinct=np.array(distinct),
        losses=run.loss[list(steps)].T.astype(float),
    )


def _network(center: float, noise: float, dtype: str) -> MLP:
    rng = np.random.default_rng(0)

    def draw(shape: tuple[int, ...], rng: np.random.Generator) -> Array:
        return center + noise * rng.standard_normal(shape)

    return MLP([2, UNITS, 1], activation="tanh", initializer=draw, rng=rng, dtype=dtype)


def symmetry(
    starts: Sequence[str] = tuple(STARTS),
    noises: Sequence[float] = NOISES,
    steps: Sequence[int] = FRAMES,
    *,
    predict: bool = True,
) -> Explorer:
    """Return the explorer: where the units start, how much noise, and how long they train.

    Parameters
    ----------
    starts : sequence of str
        Some of "zeros", "constant 0.5" and "constant 0.5 in float32".
    noises : sequence of float
        Standard deviations of the noise, increasing from 0 or more.
    steps : sequence of int
        Steps of gradient descent to show, increasing from 0 or more.
    predict : bool, default True
        Whether to ask a question first.

    Raises
    ------
    TypeError, ValueError
        For an unknown start, or numbers that do not increase.

    Examples
    --------
    >>> explorer = symmetry(noises=(0.0, 0.1), steps=(0, 1000), predict=False)
    >>> print(explorer.picture(start="constant 0.5", noise=0.0, step=1000).description)
    Constant 0.5, no noise, step 1000: 1 distinct unit of 8, largest difference 0, loss 0.495 nats.
    """
    for start in starts:
        checks.choice("start", start, STARTS)
    checks.boolean("predict", predict)
    controls = [
        choice("start", starts, start=starts[min(1, len(starts) - 1)]),
        slider("noise", noises, minimum=0.0, maximum=10.0),
        play("step", steps, minimum=0, maximum=LAST),
    ]
    shown = _curve_steps(max(steps))

    def render(start: str, noise: float, step: int) -> Picture:
        times = tuple(sorted({*shown, *steps, step}))
        together = noise in noises and step in steps
        group = tuple(noises) if together else (noise,)
        found = paths(start, group, times)
        return _picture(found, group.index(noise), start, noise, step)

    question = QUESTION if predict else None
    return explore(render, controls, title="symmetry and noise", prediction=question)


def _curve_steps(last: int) -> tuple[int, ...]:
    """Return steps to draw curves through: close together at the start."""
    return tuple(sorted({0, *np.unique(np.geomspace(1, max(last, 1), 20).astype(int)).tolist()}))


def _picture(found: Paths, member: int, start: str, noise: float, step: int) -> Picture:
    at = int(np.searchsorted(found.steps, step))
    units, loss = int(found.distinct[member, at]), found.losses[member, at]
    difference = found.differences[member, at]
    around = f"noise {noise:g}" if noise else "no noise"
    description = (
        f"{start[0].upper()}{start[1:]}, {around}, step {step}: {units} distinct "
        f"unit{'s' if units > 1 else ''} of {UNITS}, largest difference "
        f"{_short(difference)}, loss {loss:.3f} nats."
    )
    drawings = [
        _differences(found, member, at),
        _losses(found, member, at),
        _weights(found, member, at),
    ]
    return Picture("".join(drawings), description)


def _short(value: float) -> str:
    return f"{value:.2g}" if value else "0"


def _differences(found: Paths, member: int, at: int) -> str:
    axes = Axes(
        x=(1, found.steps[-1] + 1), x_scale="log", x_label="step + 1", height=210,
        y=(FLOOR, 1e4), y_scale="log", y_label="largest difference between units",
        y_ticks=(1e-16, 1e-12, 1e-8, 1e-4, 1),
    )  # fmt: skip
    axes.line(found.steps + 1, np.maximum(found.differences[member], FLOOR), 0)
    axes.dots([found.steps[at] + 1], [max(found.differences[member, at], FLOOR)], 1, radius=4)
    units = int(found.distinct[member, at])
    axes.words(1.2, 100, f"{units} distinct unit{'s' if units > 1 else ''} of {UNITS}")
    axes.raw(text(LEFT - 5, axes.at(1, FLOOR)[1] + 4, "0", "e"))
    return axes.svg()


def _losses(found: Paths, member: int, at: int) -> str:
    axes = Axes(
        x=(1, found.steps[-1] + 1), x_scale="log", x_label="step + 1", height=210,
        y=(0, 1.1), y_label="loss (nats)", y_ticks=(0, 0.25, 0.5, 0.75, 1),
    )  # fmt: skip
    axes.level(SYMMETRIC_BOUND)
    axes.words(1.2, SYMMETRIC_BOUND - 0.09, "no less for equal units")
    axes.line(found.steps + 1, found.losses[member], 0)
    axes.dots([found.steps[at] + 1], [found.losses[member, at]], 1, radius=4)
    return axes.svg()


def _weights(found: Paths, member: int, at: int) -> str:
    reach = float(np.ceil(max(1.0, np.abs(found.weights[member]).max())))
    axes = Axes(
        x=(-reach, reach), x_label="weight from input 1",
        y=(-reach, reach), y_label="weight from input 2: one ring a unit",
        x_ticks=(-reach, 0, reach), y_ticks=(-reach, 0, reach), height=250,
    )  # fmt: skip
    for x, y in found.weights[member, at].T:
        a, b = axes.at(x, y)
        axes.raw(f'<circle class="l k0" cx="{number(a)}" cy="{number(b)}" r="5"/>')
    return axes.svg()
