r"""Normalization layers: pre-activations brought to mean 0 and variance 1, scaled and shifted.

.. math::

   \hat z = \frac{z - \mu}{\sqrt{v + \epsilon}}, \qquad y = \gamma \hat z + \beta

Batch normalization takes :math:`\mu` and :math:`v` over the samples of the batch, for each unit;
layer normalization over the units, for each sample; RMS normalization divides by
:math:`\sqrt{\overline{z^2} + \epsilon}` over the units and subtracts nothing. The mean and the
variance depend on :math:`z`, and the gradients here take that into account:

.. math::

   \frac{\partial}{\partial z} = \frac{1}{\sqrt{v + \epsilon}} \Bigl(\hat\delta
   - \overline{\hat\delta} - \hat z\, \overline{\hat\delta \hat z}\Bigr),
   \qquad \hat\delta = \gamma\, \frac{\partial}{\partial y},

with the bars the same mean as that of :math:`\mu` (and no :math:`\overline{\hat\delta}` for RMS).
"""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from . import checks
from .checks import Array

EPSILON = 1e-5


class Normalization:
    r"""One normalization layer with its scale :math:`\gamma` and shift :math:`\beta`.

    Made by :func:`get`. Arrays are ``(..., n, width)``; `scale` and `shift` are ``(..., width)``.

    Attributes
    ----------
    kind : {"batch", "layer", "rms"}
    scale, shift : ndarray, shape (..., width)
        Start at 1 and 0.
    running_mean, running_variance : ndarray, shape (..., width)
        Of batch normalization, for predictions: moving averages over the batches seen, each new
        batch weighing 0.1 (its variance with n - 1 in the denominator), as in PyTorch.
    """

    def __init__(self, kind: str, width: int, *, dtype: Any = np.float64) -> None:
        self.kind = kind
        self.scale, self.shift = np.ones(width, dtype), np.zeros(width, dtype)
        self.running_mean, self.running_variance = np.zeros(width, dtype), np.ones(width, dtype)

    @property
    def parameters(self) -> list[Array]:
        """What training changes: scale and shift."""
        return [self.scale, self.shift]

    @property
    def statistics(self) -> list[Array]:
        """What batch normalization remembers: running mean and variance."""
        return [self.running_mean, self.running_variance]

    def with_arrays(
        self, scale: Array, shift: Array, running_mean: Array, running_variance: Array
    ) -> Normalization:
        """Return a layer of the same kind that holds these arrays."""
        other = copy.copy(self)
        other.scale, other.shift = scale, shift
        other.running_mean, other.running_variance = running_mean, running_variance
        return other

    def forward(self, z: Array, training: bool) -> tuple[Array, tuple[Array, Array]]:
        """Return the normalized `z` and what :meth:`backward` needs.

        Parameters
        ----------
        z : ndarray, shape (..., n, width)
        training : bool
            Whether batch normalization uses (and remembers) this batch's statistics.

        Raises
        ------
        ValueError
            If `z` is not of this layer's width.
        """
        z = checks.floats("z", z)
        if z.ndim < 2 or z.shape[-1] != self.scale.shape[-1]:
            raise ValueError(f"z must be of shape (..., n, {self.scale.shape[-1]}); got {z.shape}")
        if self.kind == "batch" and not training:
            mean: Any = self.running_mean[..., None, :]
            variance = self.running_variance[..., None, :]
        else:
            axis = -2 if self.kind == "batch" else -1
            mean = 0.0 if self.kind == "rms" else z.mean(axis=axis, keepdims=True)
            variance = np.square(z - mean).mean(axis=axis, keepdims=True)
            if self.kind == "batch":
                self._remember(mean, variance, z.shape[-2])
        inverse_std = 1 / np.sqrt(variance + EPSILON)
        normalized = (z - mean) * inverse_std
        out = normalized * self.scale[..., None, :] + self.shift[..., None, :]
        return out, (normalized, inverse_std)

    def backward(self, delta: Array, cache: tuple[Array, Array]) -> tuple[Array, Array, Array]:
        """Return the gradients with respect to z, scale and shift, from that of the output.

        `cache` is what :meth:`forward` returned with ``training=True``. A `delta` of another shape
        than the output's is a ValueError.
        """
        normalized, inverse_std = cache
        delta = checks.floats("delta", delta)
        if delta.shape != normalized.shape:
            raise ValueError(f"delta must be of shape {normalized.shape}; got {delta.shape}")
        axis = -2 if self.kind == "batch" else -1
        d_normalized = delta * self.scale[..., None, :]
        d_z = d_normalized - normalized * (d_normalized * normalized).mean(axis, keepdims=True)
        if self.kind != "rms":
            d_z -= d_normalized.mean(axis, keepdims=True)
        d_z *= inverse_std
        return d_z, (delta * normalized).sum(axis=-2), delta.sum(axis=-2)

    def _remember(self, mean: Array, variance: Array, n: int) -> None:
        unbiased = variance[..., 0, :] * (n / max(n - 1, 1))
        self.running_mean = 0.9 * self.running_mean + 0.1 * mean[..., 0, :]
        self.running_variance = 0.9 * self.running_variance + 0.1 * unbiased


def get(kind: str, width: int, *, dtype: Any = np.float64) -> Normalization:
    """Return a normalization layer.

    Parameters
    ----------
    kind : {"batch", "layer", "rms"}
    width : int
        Number of units.
    dtype : {float64, float32}

    Raises
    ------
    ValueError
        For an unknown kind (the message lists the valid ones) or a width below 1.

    References
    ----------
    Ioffe and Szegedy (2015), algorithm 1; Ba, Kiros and Hinton (2016), equation 4; Zhang and
    Sennrich (2019), equation 4.

    Examples
    --------
    >>> layer = get("layer", 2)
    >>> out, _ = layer.forward(np.array([[1.0, 3.0]]), training=True)
    >>> out.round(3).tolist()
    [[-1.0, 1.0]]
    """
    checks.choice("normalization", kind, ("batch", "layer", "rms"))
    width = checks.integer("width", width, minimum=1)
    return Normalization(kind, width, dtype=checks.float_dtype(dtype))
