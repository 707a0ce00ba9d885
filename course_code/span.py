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
        return X @ self._samples.swapaxes(-1, -2), X @ self._start

    def write_back(self, optimizer: Any = None) -> None:
        """Give the full-size first weight back to the network, and its velocity to `optimizer`."""
        move = self._samples.swapaxes(-1, -2) @ self.weights[0]
        np.add(self._start, move, out=self._network.weights[0])
        if optimizer is not None and optimizer.velocities:
            velocity = self._samples.swapaxes(-1, -2) @ optimizer.velocities[0]
            optimizer.velocities[0] = velocity

    def _affine(self, layer: int, a: Any) -> Array:
        if layer > 0:
            return super()._affine(layer, a)
        kernel, from_start = a
        return kernel @ self.weights[0] + from_start + self.biases[0][..., None, :]

    def _weight_gradient(self, layer: int, inputs: Any, delta: Array) -> Array:
        return delta if layer == 0 else super()._weight_gradient(layer, inputs, delta)
