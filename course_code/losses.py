r"""Losses: the mean cost over samples from the network's last pre-activations, and its gradient.

The logits are the output layer's values *before* any sigmoid or softmax. Working from them keeps
the cross-entropies finite for logits of any size: :math:`\log(1 + e^z)` is never computed through
:math:`e^z`. (A squared error beyond the largest float, about 1e308, is ``inf``.)

Everything broadcasts over leading axes: logits ``(n, k)`` give one number, logits ``(E, n, k)`` of
an ensemble give ``(E,)``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from . import checks
from .checks import Array


@dataclass(frozen=True)
class Loss:
    r"""A loss: the cost of each sample, the cost's slope, and their means over the samples.

    Attributes
    ----------
    name : str
    encode : callable
        ``encode(y, shape, name)``: the targets for logits of that shape, checked (labels 0 and 1
        become signs -1 and 1, classes one-hot rows); errors call y by that name.
    cost : callable
        ``cost(logits, targets)`` of shape ``(..., n)``, from encoded targets.
    slope : callable
        ``slope(logits, targets)`` of shape ``(..., n, k)``: the derivative of each sample's cost.
    hits : callable or None
        ``hits(logits, targets)`` of shape ``(..., n)``: whether each sample's class is right; None
        where the targets are not classes.

    Examples
    --------
    >>> loss = get("binary_cross_entropy")
    >>> f"{loss.value([[0.0], [0.0]], [0, 1]):.4f}"
    '0.6931'
    >>> loss.gradient([[0.0], [0.0]], [0, 1]).tolist()
    [[0.25], [-0.25]]
    """

    name: str
    encode: Callable[[Array, tuple[int, ...], str], Array]
    cost: Callable[[Array, Array], Array]
    slope: Callable[[Array, Array], Array]
    hits: Callable[[Array, Array], Array] | None = None

    def value(self, logits: ArrayLike, y: ArrayLike) -> Any:
        """Return the loss, the mean cost over the samples.

        Parameters
        ----------
        logits : array_like, shape (..., n, k), or (n,) for one output
        y : array_like
            Targets as :func:`get` says.

        Returns
        -------
        float, or ndarray of shape (...)
            One number for each member of an ensemble.

        Raises
        ------
        ValueError
            If a shape does not fit, a number is not finite, the batch is empty, or a label is
            outside the loss's domain.
        TypeError
            If an array does not hold real numbers.
        """
        logits, targets, _ = self._check(logits, y)
        with np.errstate(over="ignore"):
            return mean(self.cost(logits, targets))[()]

    def gradient(self, logits: ArrayLike, y: ArrayLike) -> Array:
        """Return the gradient of :meth:`value` with respect to the logits, in their shape.

        Parameters and errors are those of :meth:`value`.
        """
        logits, targets, shape = self._check(logits, y)
        with np.errstate(over="ignore"):
            return (self.slope(logits, targets) / logits.shape[-2]).reshape(shape)

    def _cost_and_slope(self, logits: Array, targets: Array) -> tuple[Array, Array]:
        if self.cost is _binary_cost and self.slope is _binary_slope:  # faster together
            return _binary_cost_and_slope(logits, targets)
        slope = np.asarray(self.slope(logits, targets), dtype=logits.dtype)
        return self.cost(logits, targets), slope

    @property
    def _is_ours(self) -> bool:
        """Whether it is one of :func:`names`: each sample for itself, under any leading axes."""
        return _LOSSES.get(self.name) == self

    def _check(self, logits: ArrayLike, y: ArrayLike) -> tuple[Array, Array, tuple[int, ...]]:
        logits = checks.array("logits", logits, minimum_axes=1)
        columns = logits[:, None] if logits.ndim == 1 else logits
        targets = self.encode(checks.array("y", y), columns.shape, "y")
        return columns, checks.array("y", targets, dtype=logits.dtype), logits.shape


def mean(values: Array) -> Array:
    """Return ``values.mean(axis=-1)``, the same number, in half of the time for a short array."""
    return np.add.reduce(values, axis=-1) / values.shape[-1]


def _columns(y: Array, shape: tuple[int, ...], name: str) -> Array:
    """Return `y` as columns that broadcast against logits of that shape."""
    if y.shape in (shape[-2:], shape):
        return y
    if shape[-1] == 1 and y.shape in (shape[-2:-1], shape[:-1]):
        return y[..., None]
    raise ValueError(
        f"{name} of shape {y.shape} does not fit logits of shape {shape}: "
        f"expected {shape[-2:-1] if shape[-1] == 1 else shape[-2:]}"
    )


def _binary_signs(y: Array, shape: tuple[int, ...], name: str) -> Array:
    labels = _columns(y, shape, name)
    outside = labels[(labels != 0) & (labels != 1)]
    if outside.size:
        raise ValueError(f"{name} must hold the labels 0 and 1; got {outside[0]:g}")
    return 2.0 * labels - 1.0


def _one_hot(y: Array, shape: tuple[int, ...], name: str) -> Array:
    n_samples, n_classes = shape[-2:]
    if n_classes < 2:
        raise ValueError(
            f"categorical_cross_entropy needs at least 2 logits a sample; got shape {shape}"
        )
    if y.shape not in ((n_samples,), shape[:-1]):
        raise ValueError(
            f"{name} of shape {y.shape} does not fit logits of shape {shape}: "
            f"expected ({n_samples},)"
        )
    outside = y[(y < 0) | (y >= n_classes) | (y != np.floor(y))]
    if outside.size:
        raise ValueError(
            f"{name} must hold whole numbers from 0 to {n_classes - 1}; got {outside[0]:g}"
        )
    return np.eye(n_classes)[y.astype(int)]


def _binary_cost(logits: Array, targets: Array) -> Array:
    return _mean_over_outputs(_binary_costs(logits, targets))


def _binary_costs(logits: Array, targets: Array) -> Array:
    # log(1 + e^-m) with the margin m = z for the label 1 and -z for 0; e^-|m| cannot overflow.
    margins = targets * logits
    return np.log1p(np.exp(-np.abs(margins))) - np.minimum(margins, 0.0)


def _binary_slope(logits: Array, targets: Array) -> Array:
    return _binary_cost_and_slope(logits, targets)[1]


def _binary_cost_and_slope(logits: Array, targets: Array) -> tuple[Array, Array]:
    # sigmoid(z) - y, which is -sigmoid(-m) for the label 1 and sigmoid(-m) for 0. With the cost
    # c = log(1 + e^-m) it is sigmoid(-m) = 1 - e^-c: no further exponential of z, no cancellation.
    costs = _binary_costs(logits, targets)
    slopes = targets * np.expm1(-costs)
    n_outputs = logits.shape[-1]
    return _mean_over_outputs(costs), slopes if n_outputs == 1 else slopes / n_outputs


def _mean_over_outputs(costs: Array) -> Array:
    return costs[..., 0] if costs.shape[-1] == 1 else mean(costs)


def _categorical_cost(logits: Array, targets: Array) -> Array:
    largest = logits.max(axis=-1)
    # Of the logits, not of their distances to the largest, which may be infinite: 0 * inf is nan.
    right = (targets * logits).sum(axis=-1) - largest
    return np.log(np.exp(logits - largest[..., None]).sum(axis=-1)) - right


def _categorical_slope(logits: Array, targets: Array) -> Array:
    exponentials = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return exponentials / exponentials.sum(axis=-1, keepdims=True) - targets


def _binary_hits(logits: Array, targets: Array) -> Array:
    right = (logits > 0) == (targets > 0)
    return right[..., 0] if right.shape[-1] == 1 else right.all(axis=-1)


def _categorical_hits(logits: Array, targets: Array) -> Array:
    return logits.argmax(axis=-1) == targets.argmax(axis=-1)


def _squared_cost(logits: Array, targets: Array) -> Array:
    return _mean_over_outputs(np.square(logits - targets))


def _squared_slope(logits: Array, targets: Array) -> Array:
    return 2.0 * (logits - targets) / logits.shape[-1]


_LOSSES = {
    loss.name: loss
    for loss in (
        Loss("binary_cross_entropy", _binary_signs, _binary_cost, _binary_slope, _binary_hits),
        Loss(
            "categorical_cross_entropy",
            _one_hot,
            _categorical_cost,
            _categorical_slope,
            _categorical_hits,
        ),
        Loss("mean_squared_error", _columns, _squared_cost, _squared_slope),
    )
}


def names() -> list[str]:
    """Return the names of all losses.

    Examples
    --------
    >>> names()
    ['binary_cross_entropy', 'categorical_cross_entropy', 'mean_squared_error']
    """
    return list(_LOSSES)


def get(loss: str | Loss) -> Loss:
    r"""Return a loss by name; a :class:`Loss` is returned as it is.

    With logits :math:`z` of shape ``(n, k)`` and targets :math:`y`, the mean over samples of

    - ``binary_cross_entropy``: :math:`\log(1 + e^{z}) - y z`, labels 0 and 1 in an array ``(n,)``
      (or ``(n, k)``, the mean over k independent outputs);
    - ``categorical_cross_entropy``: :math:`\log \sum_j e^{z_j} - z_y`, classes 0 to k - 1 in an
      array ``(n,)``;
    - ``mean_squared_error``: :math:`(z - y)^2`, numbers in an array ``(n,)`` or ``(n, k)`` (the
      mean over outputs, as in Keras and PyTorch).

    Parameters
    ----------
    loss : str or Loss

    Returns
    -------
    Loss

    Raises
    ------
    ValueError
        For an unknown name; the message lists the valid ones.

    Examples
    --------
    >>> f"{get('binary_cross_entropy').value([1e4, -1e4], [1, 1]):.1f}"
    '5000.0'
    """
    return loss if isinstance(loss, Loss) else _LOSSES[checks.choice("loss", loss, _LOSSES)]
