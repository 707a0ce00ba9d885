r"""Training in the span of the data: the same losses at a fraction of the work.

The gradient of the first layer's weights is :math:`X^\top \Delta`: a combination of the samples.
Whatever the number of steps, full-batch gradient descent (with momentum too) therefore only ever
reaches weights of the form

.. math:: W = W_0 + X^\top A,

with one row of :math:`A` a sample. In terms of :math:`A`, a step and the pre-activations are

.. math:: A \leftarrow A - \eta \Delta, \qquad X W + b = X W_0 + K A + b, \qquad K = X X^\top,

so the ``n_features`` columns of X are touched twice, for :math:`K` and :math:`X W_0`, and never
again while training. This is exact algebra; only the rounding differs. It pays when there are more
features than samples. It needs an update that is linear in the gradients: Adam and RMSProp divide
each coordinate of :math:`W` by its own size, which :math:`A` does not know.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from . import optimizers
from .checks import Array
from .network import MLP
from .products import into, sum_over_samples
from .trace import Gradients, Trace


def reason_against(network: MLP, X: Array, optimizer: object, batch_size: int | None) -> str | None:
    """Return why this training cannot run in the span of the data, or None if it can.

    Parameters
    ----------
    network : MLP
    X : ndarray, shape (..., n, n_features)
    optimizer : SGD, RMSProp or Adam
    batch_size : int or None

    Examples
    --------
    >>> network = MLP([9, 1], rng=np.random.default_rng(0))
    >>> reason_against(network, np.ones((4, 9)), optimizers.Adam(), None)
    'Adam divides each weight by its own gradients: only SGD stays in the span of the samples'
    """
    if not isinstance(optimizer, optimizers.SGD):
        return (
            f"{type(optimizer).__name__} divides each weight by its own gradients: "
            "only SGD stays in the span of the samples"
        )
    if batch_size is not None:
        return "it needs the full batch at every step: batch_size must be None"
    if X.shape[-1] <= X.shape[-2]:
        return (
            "it needs more features than samples; "
            f"X has {X.shape[-2]} samples of {X.shape[-1]} features"
        )
    if optimizer.velocities:
        return "it needs a fresh optimizer: this one remembers an earlier training"
    if type(network) is not MLP:
        return f"it is written for an MLP; got {type(network).__name__}"
    return None


class SpanNetwork(MLP):
    """An MLP whose first weight is written as ``W_0 + samples.T @ A``.

    It shares every array but the first weight with the network it is made from: training the one
    trains the other, up to :meth:`write_back`. Its inputs are what :meth:`project` returns.
    """

    def __init__(self, network: MLP, samples: Array) -> None:
        self.__dict__.update(network.__dict__)
        self._network, self._samples = network, samples
        self._start = network.weights[0].copy()
        coefficients = np.zeros(
            (*self.ensemble_shape, samples.shape[-2], self.sizes[1]), self.dtype
        )
        self.weights = [coefficients, *network.weights[1:]]

    def project(self, X: Array) -> tuple[Array, Array]:
        """Return ``X @ samples.T`` and ``X @ W_0``: all that the network needs to know of X."""
        return X @ self._samples.mT, self._products_with(X)

    def write_back(self, optimizer: Any = None) -> None:
        """Give the full-size first weight back to the network, and its velocity to `optimizer`."""
        np.add(self._start, self._combined(self.weights[0]), out=self._network.weights[0])
        if optimizer is not None and optimizer.velocities:
            optimizer.velocities[0] = self._combined(optimizer.velocities[0])

    # Members that share their samples share one product, which reads the samples once.

    def _products_with(self, X: Array) -> Array:
        """Return ``X @ W_0``."""
        if X.ndim > 2:
            return X @ self._start
        return np.moveaxis(np.tensordot(X, self._start, axes=(-1, -2)), 0, -2)

    def _combined(self, A: Array) -> Array:
        """Return ``samples.T @ A``."""
        if self._samples.ndim > 2:
            return self._samples.mT @ A
        return np.tensordot(A, self._samples, axes=(-2, -2)).mT

    def _affine(self, layer: int, a: Any, out: Array | None = None) -> Array:
        if layer > 0:
            return super()._affine(layer, a, out)
        kernel, from_start = a
        z = super()._affine(0, kernel, out)
        z += from_start
        return z

    def _parameter_gradients(self, layer: int, delta: Array, trace: Trace, out: Gradients) -> None:
        if layer > 0:
            super()._parameter_gradients(layer, delta, trace, out)
        else:
            out.weights[0] = into(out.weights[0], delta)
            out.biases[0] = sum_over_samples(delta, out.biases[0])
