r"""What the signal and the gradient are in every layer of a network, on a batch of data.

Imported as :mod:`course_code.diagnostics`, which also says what the numbers mean.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from . import losses
from .activations import Activation
from .checks import Array
from .network import MLP
from .trace import Gradients, Trace

FLAT_SLOPE = 0.05  # of the activation's largest slope: flatter than this is saturated

# Their flat side is at the value 0: a unit there is off, which is how they work, not saturated.
_OFF_AT_ZERO = ("relu", "leaky_relu", "gelu", "silu", "softplus")


@dataclass(frozen=True)
class LayerStatistics:
    """What one layer does on a batch of data. Standard deviations are over samples and units.

    Attributes
    ----------
    layer : int
        Counted from 1; its weights are ``network.weights[layer - 1]``.
    n_units : int
    pre_activation_std, activation_std : float
        The output layer's are both those of the logits.
    gradient_std : float or None
        Of the gradient of the loss with respect to the pre-activations, as in Glorot and Bengio
        (2010), figure 7. The loss is a mean over n samples, so each one's gradient carries 1/n.
        None if no `y` was given.
    weight_gradient_std : float or None
        Of the gradient with respect to the layer's weights.
    saturated : float
        The fraction of activations at which the slope is below 5 % of the activation's largest:
        for tanh ``abs(z) > 2.18``, for sigmoid ``abs(z) > 4.36``, for elu and selu ``z < -3``. It
        is 0 for relu, leaky_relu, gelu, silu and softplus: their flat side is at the value 0,
        where a unit is switched off. It is 0 for the linear output layer.
    dead : float
        The fraction of units whose slope is exactly 0 at every sample: they get no gradient from
        these data. 0 for the output layer.
    distinct_units : int
        The number of units whose pre-activations differ from one another on these data, by more
        than rounding (the square root of the machine epsilon, relative to the largest).
    """

    layer: int
    n_units: int
    pre_activation_std: float
    activation_std: float
    gradient_std: float | None
    weight_gradient_std: float | None
    saturated: float
    dead: float
    distinct_units: int


def layer_statistics(
    network: MLP,
    X: ArrayLike,
    y: ArrayLike | None = None,
    loss: str | losses.Loss = "binary_cross_entropy",
) -> list[LayerStatistics]:
    """Measure every layer on a batch. The network is not changed.

    Parameters
    ----------
    network : MLP
        A single network: take one of an ensemble with :func:`course_code.ensembles.member`. Batch
        normalization uses this batch's statistics.
    X : array_like, shape (n, n_features)
    y : array_like, default None
        Targets as :func:`course_code.losses.get` says. Without them there are no gradients.
    loss : str or Loss, default "binary_cross_entropy"

    Returns
    -------
    list of LayerStatistics
        One a layer.

    Raises
    ------
    TypeError, ValueError
        For an ensemble, a wrong shape, numbers that are not finite, empty data, labels outside the
        loss's domain or an unknown loss.

    References
    ----------
    Glorot and Bengio (2010), *Understanding the difficulty of training deep feedforward neural
    networks*, section 4.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((1000, 50))
    >>> for name in ("zeros", "lecun_normal"):
    ...     network = MLP([50, 80, 1], initializer=name, rng=rng)
    ...     first = layer_statistics(network, X)[0]
    ...     print(f"{first.pre_activation_std:.1f}, {first.distinct_units} of {first.n_units}")
    0.0, 1 of 80
    1.0, 80 of 80
    """
    trace, gradients, _ = run(network, X, y, losses.get(loss))
    return summarize(network.activation, trace, gradients)


def run(
    network: MLP, X: ArrayLike, y: ArrayLike | None, loss: losses.Loss
) -> tuple[Trace, Gradients | None, float]:
    """Return the trace, the gradients and the loss of one pass through a copy of the network."""
    if not isinstance(network, MLP):
        raise TypeError(f"network must be an MLP; got {network!r}")
    if network.ensemble_shape:
        raise ValueError(
            f"network is an ensemble of shape {network.ensemble_shape}: diagnose one network, "
            "course_code.ensembles.member(network, index)"
        )
    X = network.check_inputs(X)
    targets = None if y is None else network.encode(loss, X, y)
    model = network.copy()  # batch normalization remembers what it sees
    with np.errstate(over="ignore", invalid="ignore"):
        trace = model._forward(X, training=True)
        if targets is None:
            return trace, None, np.nan
        logits = trace.logits
        gradients = model._backward(trace, loss.slope(logits, targets) / logits.shape[-2])
        return trace, gradients, float(loss.cost(logits, targets).mean())


def summarize(
    activation: Activation, trace: Trace, gradients: Gradients | None
) -> list[LayerStatistics]:
    """Return the statistics of a forward and, if given, a backward pass."""
    largest_slope = np.abs(activation.df(np.linspace(-10.0, 10.0, 2001))).max()
    n_layers = len(trace.pre_activations)
    statistics = []
    with np.errstate(over="ignore", invalid="ignore"):
        for i, (z, a) in enumerate(zip(trace.pre_activations, trace.activations, strict=True)):
            saturated = dead = 0.0
            if i < n_layers - 1:
                slope = np.abs(activation.df(z, a))
                dead = float((slope == 0).all(axis=0).mean())
                if activation.name not in _OFF_AT_ZERO:
                    saturated = float((slope < FLAT_SLOPE * largest_slope).mean())
            gradient_std = weight_gradient_std = None
            if gradients is not None:
                gradient_std = float(gradients.pre_activations[i].std())
                weight_gradient_std = float(gradients.weights[i].std())
            statistics.append(
                LayerStatistics(
                    layer=i + 1,
                    n_units=z.shape[-1],
                    pre_activation_std=float(z.std()),
                    activation_std=float(a.std()),
                    gradient_std=gradient_std,
                    weight_gradient_std=weight_gradient_std,
                    saturated=saturated,
                    dead=dead,
                    distinct_units=n_distinct(z),
                )
            )
    return statistics


def n_distinct(columns: Array) -> int:
    """Return how many of the columns differ from one another by more than rounding."""
    # Equal columns have equal projections, so after sorting by these they stand side by side.
    projection = np.random.default_rng(0).standard_normal(columns.shape[0]) @ columns
    ordered = columns[:, np.argsort(projection)]
    step = np.abs(np.diff(ordered, axis=1)).max(axis=0)
    tolerance = np.sqrt(np.finfo(columns.dtype).eps) * np.abs(columns).max()
    return 1 + int((~(step <= tolerance)).sum())
