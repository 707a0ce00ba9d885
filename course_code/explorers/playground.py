r"""Playground: a three-layer network, its start, and what training makes of it.

The network 2-6-6-1 has three layers of weights. It is trained with full-batch gradient descent on
64 points of two classes; all the starts of a page train in one call, as an ensemble. A random
start is drawn seven times, and the run shown is the median one of the seven by its final loss.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .. import activations, checks, initializers
from ..checks import Array
from ..ensembles import member, stack
from ..network import MLP
from ..training import fit
from .controls import choice, play
from .mechanism import Explorer, Picture, Prediction, explore

SIZES = (2, 6, 6, 1)
LEARNING_RATE = 0.3
STEPS = (0, 1, 5, 20, 50, 100, 200, 500, 1000)
LONGEST = 20_000  # steps that a reader may ask for
N_POINTS = 64
N_DRAWS = 7

STARTS = {
    "zeros": initializers.get("zeros"),
    "constant": initializers.get("constant", value=0.5),
    "too small": initializers.get("random_normal", std=0.01),
    "too large": initializers.get("random_normal", std=10.0),
    "Xavier": initializers.get("glorot_normal"),
    "He": initializers.get("he_normal"),
}
DATA_SETS = ("moons", "circles", "XOR", "spirals")
ACTIVATIONS = ("tanh", "relu", "sigmoid")


@dataclass(frozen=True)
class Run:
    """What :func:`train` returns for one data set and start.

    Attributes
    ----------
    X, y : ndarray, shapes (64, 2) and (64,)
    losses : ndarray, shape (n_steps + 1, n_draws)
        The training loss (nats) before each step, and after the last; one column a random draw.
    shown : int
        The draw whose loss after 1000 steps, or at the end if that is sooner, is the median.
    networks : dict of int to MLP
        The network shown, at each of the steps asked for.
    """

    X: Array
    y: Array
    losses: Array
    shown: int
    networks: dict[int, MLP]


def data(name: str) -> tuple[Array, Array]:
    """Return 64 points of two classes, standardized, the same at every call.

    Parameters
    ----------
    name : {"moons", "circles", "XOR", "spirals"}
        The first two are scikit-learn's. XOR has 16 points a quadrant, class 1 where the signs of
        the features differ. The spirals are two arms of one turn.

    Returns
    -------
    X : ndarray, shape (64, 2)
        Each feature with mean 0 and standard deviation 1.
    y : ndarray of 0 and 1, shape (64,)
        32 of each.

    Raises
    ------
    ValueError
        For another name.

    Examples
    --------
    >>> X, y = data("XOR")
    >>> X.shape, int(y.sum())
    ((64, 2), 32)
    """
    checks.choice("name", name, DATA_SETS)
    rng = np.random.default_rng(0)
    X, y = _POINTS[name](rng)
    return (X - X.mean(axis=0)) / X.std(axis=0), y


def train(
    data_sets: Sequence[str],
    starts: Sequence[str],
    activation: str,
    steps: Sequence[int] = STEPS,
) -> dict[tuple[str, str], Run]:
    """Train the network on every data set from every start, in one call.

    Parameters
    ----------
    data_sets : sequence of str
        See :func:`data`.
    starts : sequence of str
        Keys of ``STARTS``: zeros, constant (every weight 0.5), too small and too large (normal,
        standard deviation 0.01 and 10), Xavier and He (normal).
    activation : str
        Of the hidden layers, see :func:`course_code.activations.get`.
    steps : sequence of int
        When to keep the network; training ends at the largest.

    Returns
    -------
    dict of (data set, start) to Run

    Raises
    ------
    TypeError, ValueError
        For an unknown name, or a step that is not an integer from 0 to 20000.

    Examples
    --------
    >>> run = train(["XOR"], ["zeros"], "tanh", [0, 10])["XOR", "zeros"]
    >>> [f"{loss:.4f}" for loss in run.losses[[0, 10], run.shown]]
    ['0.6931', '0.6931']
    """
    for start in starts:
        checks.choice("start", start, STARTS)
    f = activations.get(activation)
    for step in steps:
        checks.integer("step", step, minimum=0)
        checks.real("step", step, maximum=LONGEST)
    points = {name: data(name) for name in data_sets}
    keys, members = [], []
    for key in ((name, start) for name in data_sets for start in starts):
        for draw in range(n_draws(key[1])):
            rng = np.random.default_rng(draw)
            keys.append(key)
            members.append(MLP(SIZES, activation=f, initializer=STARTS[key[1]], rng=rng))
    X, y = (np.stack([points[name][i] for name, _ in keys]) for i in (0, 1))
    ensemble, kept = stack(members), {}

    def keep(step: int, network: MLP) -> None:
        if step in steps:
            kept[step] = network.copy()

    epochs = max(steps) + 1  # the last one's loss is that after max(steps) updates
    losses = fit(ensemble, X, y, learning_rate=LEARNING_RATE, epochs=epochs, callback=keep).loss
    return {key: _run(key, keys, *points[key[0]], losses, kept) for key in dict.fromkeys(keys)}


def n_draws(start: str) -> int:
    """Return how often a start is drawn: once if there is nothing random in it."""
    return 1 if start in ("zeros", "constant") else N_DRAWS


def _run(
    key: tuple[str, str],
    keys: list[tuple[str, str]],
    X: Array,
    y: Array,
    losses: Array,
    kept: dict[int, MLP],
) -> Run:
    first, n = keys.index(key), keys.count(key)
    losses = losses[:, first : first + n]
    judged = losses[min(STEPS[-1], len(losses) - 1)]
    shown = int(np.argsort(judged, kind="stable")[n // 2])
    networks = {step: member(kept[step], first + shown) for step in sorted(kept)}
    return Run(X, y, losses, shown, networks)


def playground(
    data_sets: Sequence[str] = DATA_SETS,
    starts: Sequence[str] = ("too small", "Xavier", "too large"),
    activations: Sequence[str] = ("tanh",),
    *,
    prediction: Prediction | None = None,
) -> Explorer:
    """Return the explorer: choose data, start and activation, and play through training.

    A control appears only where there is a choice.

    Parameters
    ----------
    data_sets : sequence of {"moons", "circles", "XOR", "spirals"}
    starts : sequence of {"zeros", "constant", "too small", "too large", "Xavier", "He"}
    activations : sequence of {"tanh", "relu", "sigmoid"}
        Of the hidden layers.
    prediction : Prediction, default None
        A question to answer before the explorer shows.

    Returns
    -------
    Explorer

    Raises
    ------
    TypeError, ValueError
        For an unknown name, before any training.
    """
    from .playground_picture import draw

    options = {"data": data_sets, "start": starts, "activation": activations}
    for (name, given), valid in zip(options.items(), (DATA_SETS, STARTS, ACTIVATIONS)):
        for value in choice(name, given).values:
            checks.choice(name, value, valid)
    runs = {
        (*key, activation): run
        for activation in activations
        for key, run in train(data_sets, starts, activation).items()
    }

    def render(step: int, **chosen: str) -> Picture:
        name, start, activation = (chosen.get(key, given[0]) for key, given in options.items())
        run = runs[name, start, activation]
        if step not in run.networks:
            # To the end, so that the draw shown stays the same.
            run = train([name], [start], activation, [step, STEPS[-1]])[name, start]
        return draw(run, step, name, start, activation)

    controls = [choice(name, given) for name, given in options.items() if len(given) > 1]
    steps = play("step", STEPS, start=STEPS[-1], minimum=0, maximum=LONGEST)
    title = "Playground: a network 2-6-6-1 learns"
    return explore(render, [*controls, steps], title=title, prediction=prediction)


def _moons(rng: np.random.Generator) -> tuple[Array, Array]:
    from sklearn.datasets import make_moons

    X, y = make_moons(N_POINTS, noise=0.12, random_state=0)
    return X, y


def _circles(rng: np.random.Generator) -> tuple[Array, Array]:
    from sklearn.datasets import make_circles

    X, y = make_circles(N_POINTS, noise=0.08, factor=0.4, random_state=0)
    return X, y


def _xor(rng: np.random.Generator) -> tuple[Array, Array]:
    signs = np.tile([[1, 1], [-1, -1], [1, -1], [-1, 1]], (N_POINTS // 4, 1))
    X = signs * rng.uniform(0.1, 1.0, (N_POINTS, 2))
    return X, (signs[:, 0] != signs[:, 1]).astype(int)


def _spirals(rng: np.random.Generator) -> tuple[Array, Array]:
    radius = np.tile(np.linspace(0.15, 1.0, N_POINTS // 2), 2)
    y = np.repeat([0, 1], N_POINTS // 2)
    angle = 2 * np.pi * radius + np.pi * y
    X = radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return X + 0.03 * rng.standard_normal(X.shape), y


_POINTS = {"moons": _moons, "circles": _circles, "XOR": _xor, "spirals": _spirals}
