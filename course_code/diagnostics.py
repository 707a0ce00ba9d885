r"""Diagnostics: what the signal and the gradient are in every layer, and what is wrong with them.

:func:`layer_statistics` measures; :func:`diagnose` says in words what the numbers mean. Both work
on the network as it stands, fresh or trained, and leave it unchanged. Layers are counted from 1,
as in :math:`Z_l = A_{l-1} W_l + b_l`; the last is the linear output layer.

The findings of :func:`diagnose`, for inputs of a standard deviation of about 1:

symmetric units
    Two units of a hidden layer have the same weights in and out, the same bias and the same values
    on the data. They get the same gradient, and stay the same for ever.
saturated
    More than half of a hidden layer's activations are saturated (`SATURATED`). Networks of
    tanh or sigmoid that have trained for long get there too, as they become certain.
dead
    More than 80 % of a hidden layer's units are dead (`DEAD`). Half is normal: in a deep ReLU
    network all samples look alike to the last layers, and a unit off for one is off for all.
exploding
    A hidden layer's pre-activations have an rms above 10 (`SIGNAL`), or the logits do and give a
    larger loss than logits of 0 would; or a hidden layer's gradient has more than 100 times the
    norm of the output layer's (`GRADIENT`).
vanishing
    A hidden layer's pre-activations have an rms below 0.01, or its gradient less than 0.01 times
    the norm of the output layer's.

One learning rate serves all layers, so a gradient 100 times smaller or larger than another's makes
one of the two layers learn 100 times too slowly. A signal of 10 is already too large: it is where
tanh and sigmoid are flat, and where a logit means a loss of 10. Norms of gradients are taken over
all units of a layer, so that layers of different widths compare. Output weights of exactly 0 let no
gradient through at the first step only; they are a common and sound start, so gradients are then
not judged.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from . import losses
from .checks import Array
from .network import MLP
from .signals import LayerStatistics, layer_statistics, n_distinct, run, summarize
from .trace import Gradients, Trace

__all__ = ["Diagnosis", "Finding", "LayerStatistics", "diagnose", "layer_statistics"]

SATURATED = 0.5
DEAD = 0.8
SIGNAL = (0.01, 10.0)
GRADIENT = (0.01, 100.0)

_ADVICE = {
    "symmetric units": "Equal units get equal gradients and stay equal, however long the training: "
    "draw the weights at random.",
    "saturated": "Almost no gradient passes a flat activation: use smaller weights, and inputs of "
    "standard deviation about 1.",
    "dead": "A unit of slope 0 gets no gradient: look at the biases and the sign of the weights.",
    "exploding": "Use smaller weights (variance 1/fan_in for tanh, 2/fan_in for relu), smaller "
    "residual branches or fewer layers.",
    "vanishing": "Use larger weights (variance 1/fan_in for tanh, 2/fan_in for relu) or fewer "
    "layers.",
    "healthy": "Signal and gradient keep their size through all layers.",
}


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong.

    Attributes
    ----------
    name : {"symmetric units", "saturated", "dead", "exploding", "vanishing"}
    layers : tuple of int
        Where, counted from 1.
    text : str
        The numbers behind it, in the first and the last of these layers.
    """

    name: str
    layers: tuple[int, ...]
    text: str


@dataclass(frozen=True)
class Diagnosis:
    """What :func:`diagnose` found; ``str(diagnosis)`` says it in words.

    Attributes
    ----------
    verdict : str
        The name of the first finding, "healthy" if there is none.
    findings : tuple of Finding
        Everything found: causes before consequences.
    statistics : tuple of LayerStatistics
        The numbers behind it.
    notes : tuple of str
        What is remarkable about the inputs.
    """

    verdict: str
    findings: tuple[Finding, ...]
    statistics: tuple[LayerStatistics, ...]
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        lines = [f"- {finding.name}: {finding.text}." for finding in self.findings]
        return "\n".join([f"Verdict: {self.verdict}. {_ADVICE[self.verdict]}", *lines, *self.notes])


def diagnose(
    network: MLP,
    X: ArrayLike,
    y: ArrayLike,
    loss: str | losses.Loss = "binary_cross_entropy",
) -> Diagnosis:
    """Say in plain words what is wrong with a network on a batch, where, and by how much.

    Parameters
    ----------
    network : MLP
        A single network; it is not changed.
    X : array_like, shape (n, n_features)
    y : array_like
        Targets as :func:`course_code.losses.get` says.
    loss : str or Loss, default "binary_cross_entropy"

    Returns
    -------
    Diagnosis
        Its verdict is symmetric units, saturated, dead, exploding, vanishing or healthy, by the
        thresholds at the top of this module.

    Raises
    ------
    TypeError, ValueError
        As :func:`layer_statistics`.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((100, 5))
    >>> y = (X[:, 0] > 0).astype(int)
    >>> diagnose(MLP([5, 16, 1], initializer="glorot_uniform", rng=rng), X, y).verdict
    'healthy'
    >>> print(diagnose(MLP([5, 16, 1], initializer="ones", rng=rng), X, y).findings[0].text)
    layer 1: its 16 units are 1 distinct unit
    """
    loss = losses.get(loss)
    trace, gradients, value = run(network, X, y, loss)
    if gradients is None:
        raise TypeError("y must hold the targets; got None")
    statistics = summarize(network.activation, trace, gradients)
    with np.errstate(over="ignore", invalid="ignore"):
        signals = [_rms(z) for z in trace.pre_activations]
        inputs = _rms(trace.inputs[0])
        ratios = _gradient_ratios(network, gradients)
        loss_of_zeros = float(loss.value(np.zeros_like(trace.logits), y))
        findings = [
            *_symmetric(network, trace),
            *_saturated(network, statistics[:-1], signals),
            *_dead(statistics[:-1]),
            *_exploding(signals, ratios, value, loss_of_zeros),
            *_vanishing(signals, ratios),
        ]
    notes: tuple[str, ...] = ()
    if not SIGNAL[0] <= inputs <= SIGNAL[1]:
        notes = (f"The inputs have an rms of {inputs:.3g}: bring them to about 1 first.",)
    verdict = findings[0].name if findings else "healthy"
    return Diagnosis(verdict, tuple(findings), tuple(statistics), notes)


def _symmetric(network: MLP, trace: Trace) -> list[Finding]:
    numbers = {}
    for i, (z, width) in enumerate(
        zip(trace.pre_activations[:-1], network.sizes[1:-1], strict=True)
    ):
        # One column a unit: all that tells it from its neighbours.
        blocks = [network.weights[i], network.biases[i][None], network.weights[i + 1].T, z]
        scaled = [block / (np.abs(block).max() or 1.0) for block in blocks]
        n = n_distinct(np.concatenate(scaled))
        if n < width:
            plural = "s" if n > 1 else ""
            numbers[i + 1] = f"its {width} units are {n} distinct unit{plural}"
    return _found("symmetric units", numbers)


def _saturated(network: MLP, hidden: list[LayerStatistics], signals: list[float]) -> list[Finding]:
    numbers = {
        s.layer: f"{s.saturated:.0%} of the activations are where {network.activation.name} is "
        f"flat (pre-activation rms {signal:.3g})"
        for s, signal in zip(hidden, signals, strict=False)
        if s.saturated > SATURATED
    }
    return _found("saturated", numbers)


def _dead(hidden: list[LayerStatistics]) -> list[Finding]:
    numbers = {
        s.layer: f"{s.dead:.0%} of the {s.n_units} units have slope 0 at every sample"
        for s in hidden
        if s.dead > DEAD
    }
    return _found("dead", numbers)


def _exploding(
    signals: list[float], ratios: list[float], loss: float, loss_of_zeros: float
) -> list[Finding]:
    # `not <=` instead of `>`: what has overflowed to "not a number" counts as exploding.
    numbers = _sizes(
        {i: x for i, x in enumerate(signals) if not x <= SIGNAL[1]},
        {i: x for i, x in enumerate(ratios) if not x <= GRADIENT[1]},
    )
    if loss <= loss_of_zeros:
        numbers.pop(len(signals), None)  # large logits that are right are no fault
    return _found("exploding", numbers)


def _vanishing(signals: list[float], ratios: list[float]) -> list[Finding]:
    numbers = _sizes(
        {i: x for i, x in enumerate(signals[:-1]) if x < SIGNAL[0]},  # small logits are no fault
        {i: x for i, x in enumerate(ratios) if x < GRADIENT[0]},
    )
    return _found("vanishing", numbers)


def _sizes(signals: dict[int, float], ratios: dict[int, float]) -> dict[int, str]:
    """Return a text for every layer, counted from 1, with a wrong signal or gradient ratio."""
    numbers = {}
    for i in sorted({*signals, *ratios}):
        parts = [f"pre-activation rms {signals[i]:.3g}"] if i in signals else []
        parts += [f"gradient {ratios[i]:.3g} times the output layer's"] if i in ratios else []
        numbers[i + 1] = ", ".join(parts)
    return numbers


def _gradient_ratios(network: MLP, gradients: Gradients) -> list[float]:
    """Return the norm of each layer's gradient over that of the output layer's."""
    norms = [float(np.linalg.norm(delta)) for delta in gradients.pre_activations]
    if norms[-1] == 0 or not network.weights[-1].any():
        return [1.0] * len(norms)  # there is nothing to compare
    return [norm / norms[-1] for norm in norms]


def _found(name: str, numbers: dict[int, str]) -> list[Finding]:
    """Return a finding for layers and their numbers, none for no layers."""
    if not numbers:
        return []
    layers = tuple(numbers)
    ends = dict.fromkeys((layers[0], layers[-1]))
    text = "; ".join(f"layer {layer}: {numbers[layer]}" for layer in ends)
    if len(layers) > 2:
        text = f"in {len(layers)} layers, the first and the last of them being {text}"
    return [Finding(name, layers, text)]


def _rms(values: Array) -> float:
    return float(np.sqrt(np.square(values).mean()))
