"""The explorer of chapters 5 and 6: what fan_in, fan_out and their mean do to rectangular layers.

The widths alternate, fan_in to fan_out and back, through six layers. All three rules are measured
on random starts and drawn over the predictions of :mod:`course_code.moments`.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .. import checks, moments
from ..checks import Array
from ..network import MLP
from .controls import choice, slider
from .drawing import Axes
from .mechanism import Explorer, Picture, Prediction, explore

LAYERS = 6
MODES = ("fan_in", "fan_out", "fan_avg")
SCALES = {"linear": 1.0, "tanh": 1.0, "relu": 2.0}  # Xavier's numerator and He's
WIDTHS = (8, 16, 32, 64, 256)
LARGEST = 1024  # width that a reader may ask for
SAMPLES = 8

XAVIER_QUESTION = Prediction(
    "Six linear layers go 16-256-16-256-16-256-16. Under fan_avg, the compromise, what becomes of "
    "the signal's variance and of the gradient's, from end to end?",
    {
        "both stay near 1": "No: move fan_in to 16 and fan_out to 256. Each pair of layers "
        "multiplies both by 4 r / (1 + r)² = 0.22, so three pairs leave a hundredth.",
        "one grows, one shrinks": "No, that is what happens within a pair. Move fan_in to 16 and "
        "fan_out to 256: over a pair both are multiplied by 4 r / (1 + r)² = 0.22, and three pairs "
        "leave a hundredth of each.",
        "both shrink": "Yes: each pair of layers multiplies both by 4 r / (1 + r)² = 0.22, so "
        "three pairs leave a hundredth. Move fan_in to 16 and fan_out to 256, and compare.",
    },
)

HE_QUESTION = Prediction(
    "Six ReLU layers go 32-256-32-256-32-256-32 with He's factor 2. Under fan_in the signal is "
    "kept. How much of the gradient's mean square arrives at layer 1, relative to layer 6?",
    {
        "all of it": "No, but less is lost than one might fear: the ratios of widths cancel all "
        "but one, 32 / 256 = 0.125. Move fan_in to 32 and fan_out to 256.",
        "one eighth": "Yes: the ratios of widths cancel all but one, 32 / 256. Move fan_in to 32 "
        "and fan_out to 256, and see what fan_avg, which looks fairer, does instead.",
        "one eighth for each layer": "No: a layer that widens wins back what one that narrows "
        "loses. All ratios of widths cancel but one, 32 / 256. Move fan_in to 32, fan_out to 256.",
    },
)


@dataclass(frozen=True)
class Flow:
    """Mean squares through the layers under one rule: measured and predicted.

    Attributes
    ----------
    forward, backward : ndarray, shape (layers,)
        Of the pre-activations; of the gradients by them, relative to the last layer's. Means over
        12 starts or more.
    forward_theory, backward_theory : ndarray, shape (layers,)
    """

    forward: Array
    forward_theory: Array
    backward: Array
    backward_theory: Array


@functools.lru_cache(maxsize=512)
def flow(activation: str, fan_in: int, fan_out: int, mode: str) -> Flow:
    """Measure and predict the mean squares in six layers whose widths alternate.

    Parameters
    ----------
    activation : {"linear", "tanh", "relu"}
        Weights have variance 1 over the fan, with relu 2.
    fan_in, fan_out : int
        The two widths, at least 1.
    mode : {"fan_in", "fan_out", "fan_avg"}

    Raises
    ------
    TypeError, ValueError
        For another name, or a width that is no positive integer.

    Examples
    --------
    >>> kept = flow("linear", 64, 16, "fan_in")
    >>> [f"{x:.2f}" for x in kept.backward_theory]
    ['4.00', '1.00', '4.00', '1.00', '4.00', '1.00']
    """
    scale = SCALES[checks.choice("activation", activation, SCALES)]
    sizes = _sizes(fan_in, fan_out)
    variances = moments.weight_variances(sizes, scale, mode)
    name = "identity" if activation == "linear" else activation
    forward, backward = _measured(name, sizes, variances)
    forward_theory, backward_theory = _predicted(activation, sizes, variances)
    return Flow(
        forward.mean(axis=0),
        forward_theory,
        backward.mean(axis=0),
        backward_theory,
    )


def _predicted(activation: str, sizes: list[int], variances: Array) -> tuple[Array, Array]:
    if activation == "tanh":
        forward = moments.forward_moments(sizes, "tanh", variances).preactivation
        return forward, moments.backward_moments(sizes, "tanh", variances)
    # One factor a layer: phi = fan_in Var(W) forward, beta = fan_out Var(W) backward; ReLU halves.
    passed = 1 / SCALES[activation]
    phi, beta = np.array(sizes[:-1]) * variances, np.array(sizes[1:]) * variances
    phi[1:] *= passed
    return np.cumprod(phi), np.append(np.cumprod((passed * beta[1:])[::-1])[::-1], 1.0)


def _sizes(fan_in: int, fan_out: int) -> list[int]:
    checks.integer("fan_in", fan_in, minimum=1)
    checks.integer("fan_out", fan_out, minimum=1)
    return [(fan_in, fan_out)[layer % 2] for layer in range(LAYERS + 1)]


@functools.lru_cache(maxsize=2)
def _draws(fan_in: int, fan_out: int) -> list[Array]:
    """Standard normal weights (starts, fan_in, fan_out) of each layer: the same for every rule."""
    # Narrow layers differ more from start to start, and cost less.
    starts = int(np.clip(100_000 // (fan_in * fan_out), 12, 500))
    rng, sizes = np.random.default_rng(0), _sizes(fan_in, fan_out)
    return [rng.standard_normal((starts, *fans)) for fans in zip(sizes, sizes[1:])]


def _measured(activation: str, sizes: list[int], variances: Array) -> tuple[Array, Array]:
    """Return the mean squares of signals and gradients, each (starts, layers)."""
    weights = [s * W for s, W in zip(np.sqrt(variances), _draws(*sizes[:2]))]
    starts = len(weights[0])
    biases = [np.zeros((starts, n)) for n in sizes[1:]]
    rng = np.random.default_rng(1)
    blank = MLP(sizes, activation=activation, initializer="zeros", rng=rng)
    networks = blank.with_arrays([*weights, *biases], [])
    X = rng.standard_normal((SAMPLES, sizes[0]))
    X /= np.sqrt(np.mean(X**2))
    # Large targets: the gradient at the output does not depend on the weights.
    targets = 1e6 * rng.standard_normal((starts, SAMPLES, sizes[-1]))
    _, gradients = networks.gradients(X, targets, "mean_squared_error")
    signals = networks.forward(X).pre_activations
    forward = np.stack([_mean_square(z) for z in signals], axis=-1)
    backward = np.stack([_mean_square(d) for d in gradients.pre_activations], axis=-1)
    return forward, backward / backward[:, -1:]


def _mean_square(values: Array) -> Array:
    return np.square(values).mean(axis=(-2, -1))


def fans(
    activations: Sequence[str] = ("linear", "tanh"),
    widths: Sequence[int] = WIDTHS,
    *,
    prediction: Prediction | None = None,
) -> Explorer:
    """Return the explorer: fan_in and fan_out, and what each of the three rules does with them.

    Parameters
    ----------
    activations : sequence of str
        Some of "linear", "tanh" (weights of variance 1 over the fan) and "relu" (2).
    widths : sequence of int
        Values of both fans, increasing.
    prediction : Prediction, default None
        A question to answer first, such as `XAVIER_QUESTION` and `HE_QUESTION`.

    Raises
    ------
    TypeError, ValueError
        For an unknown activation, or widths that are not increasing positive integers.

    Examples
    --------
    >>> explorer = fans(["linear"], (16, 64))
    >>> print(explorer.picture(fan_in=64, fan_out=16).description[:46])
    linear, widths 64-16-64-16-64-16-64, r = 0.25.
    """
    for name in choice("activation", activations).values:
        checks.choice("activation", name, SCALES)
    start = widths[len(widths) // 2]
    controls = [choice("activation", activations)] if len(activations) > 1 else []
    controls += [
        slider("fan_in", widths, start=widths[-1], minimum=1, maximum=LARGEST),
        slider("fan_out", widths, start=start, minimum=1, maximum=LARGEST),
    ]

    def render(fan_in: int, fan_out: int, activation: str = activations[0]) -> Picture:
        flows = {mode: flow(activation, fan_in, fan_out, mode) for mode in MODES}
        sizes = "-".join(str(n) for n in _sizes(fan_in, fan_out))
        ends = "; ".join(f"{mode} {_ends(found)}" for mode, found in flows.items())
        description = (
            f"{activation}, widths {sizes}, r = {fan_out / fan_in:.3g}. Mean square of the signal "
            f"in layer {LAYERS}, of the gradient in layer 1 (theory in brackets): {ends}."
            f"\n{_layers(flows, 'forward')}\n{_layers(flows, 'backward')} {_distance(flows)}"
        )
        return Picture(_panel(flows, "forward") + _panel(flows, "backward"), description)

    title = "fan_in and fan_out of rectangular layers"
    return explore(render, controls, title=title, prediction=prediction)


def _ends(found: Flow) -> str:
    return (
        f"{_short(found.forward[-1])} ({_short(found.forward_theory[-1])}), "
        f"{_short(found.backward[0])} ({_short(found.backward_theory[0])})"
    )


def _layers(flows: dict[str, Flow], way: str) -> str:
    """Return what was measured, one number a layer."""
    name = {"forward": "Signal", "backward": "Gradient"}[way]
    lists = (
        f"{mode} {', '.join(_short(value) for value in getattr(found, way))}"
        for mode, found in flows.items()
    )
    return f"{name} in layers 1 to {LAYERS}: {'; '.join(lists)}."


def _distance(flows: dict[str, Flow]) -> str:
    """Say how far the dots of both panels are from the lines, at most."""
    ratios = np.concatenate(
        [found.forward / found.forward_theory for found in flows.values()]
        + [found.backward / found.backward_theory for found in flows.values()]
    )
    return f"All are within {np.ceil(100 * np.abs(ratios - 1).max()):.0f}% of the theory."


def _short(value: float) -> str:
    """Write a mean square with two digits, and without a power of ten unless it is tiny."""
    return f"{value:.2g}" if value < 100 else f"{value:.0f}"


def _panel(flows: dict[str, Flow], way: str) -> str:
    label = {
        "forward": "mean square of the signal Z",
        "backward": "… of the gradient, relative to layer 6",
    }[way]
    axes = Axes(
        x=(0.5, LAYERS + 0.5), x_label="layer", x_ticks=range(1, LAYERS + 1),
        y=(1e-4, 1e4), y_scale="log", y_label=label, y_ticks=(1e-4, 1e-2, 1, 1e2, 1e4),
    )  # fmt: skip
    axes.level(1.0)
    layers = np.arange(1, LAYERS + 1)
    for color, (mode, found) in enumerate(flows.items()):
        axes.line(layers, getattr(found, f"{way}_theory"), color)
        axes.dots(layers + 0.1 * (color - 1), getattr(found, way), color)
        axes.legend(mode, color)
    return axes.svg()
