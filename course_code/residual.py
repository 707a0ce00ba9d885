r"""Residual networks: blocks that add to their input instead of replacing it.

A stream :math:`h` of constant width runs through the network, and each block adds a branch of two
layers to it. In the order of He et al. (2016), with the activation :math:`f` before each weight,

.. math::

   h_0 = X W_0 + b_0, \qquad
   h_{k+1} = h_k + s \bigl( f(f(h_k) W + b)\, W' + b' \bigr), \qquad
   \text{logits} = f(h_L) W_{\text{out}} + b_{\text{out}}.

At initialization the branch's weights have mean 0, so the second moments add:

.. math::

   q_{k+1} = q_k + s^2 q_k = (1 + s^2)\, q_k

where the branch preserves the second moment, as He's initialization does with ReLU. With
:math:`s = 1` it doubles at each block and ends at :math:`2^L`; with :math:`s = 1 / \sqrt{L}` it
ends at :math:`(1 + 1/L)^L`, below :math:`e` at any depth.

The network has the layers of an :class:`~course_code.network.MLP`: with :math:`Z_{2k}` for the
stream :math:`h_k`, it differs only in that :math:`Z_{2k}` is added to :math:`Z_{2k+2}`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from . import checks
from .activations import Activation
from .checks import Array
from .network import MLP, Initializers
from .trace import Gradients, Trace


class ResidualMLP(MLP):
    r"""A fully connected network of residual blocks, used like an :class:`MLP`.

    Parameters
    ----------
    n_features, width, n_blocks, n_outputs : int
        All at least 1. The network has ``2 * n_blocks + 2`` layers: the one into the stream, two
        for each block, and the linear output layer.
    activation : str or Activation, default "relu"
    initializer : str, callable, or list of them, default "he_normal"
        One for all layers, or one for each of the ``2 * n_blocks + 2``.
    bias_initializer : str, callable, or list of them, default "zeros"
    normalization : {None, "batch", "layer", "rms"}, default None
        Normalizes what each activation gets; the stream itself stays as it is.
    branch_scale : float, default 1.0
        The factor :math:`s` of every branch.
    rng : numpy.random.Generator
    dtype : {float64, float32}

    Attributes
    ----------
    n_blocks : int
    branch_scale : float
        All other attributes are those of :class:`~course_code.network.MLP`. In a trace, the
        pre-activations at the even indices 0, 2, ..., ``2 * n_blocks`` are the stream's values
        :math:`h_0, \ldots, h_L` (after normalization, where there is one).

    Raises
    ------
    TypeError, ValueError
        For anything else, naming the argument.

    References
    ----------
    He, Zhang, Ren and Sun (2016), *Identity mappings in deep residual networks*; Zhang, Dauphin
    and Ma (2019), *Fixup initialization*, on the growth of the variance and scaled branches.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> network = ResidualMLP(2, 16, 3, 1, branch_scale=3**-0.5, rng=rng)
    >>> network.sizes
    (2, 16, 16, 16, 16, 16, 16, 16, 1)
    >>> network.logits(np.ones((5, 2))).shape
    (5, 1)
    """

    def __init__(
        self,
        n_features: int,
        width: int,
        n_blocks: int,
        n_outputs: int,
        *,
        activation: str | Activation = "relu",
        initializer: Initializers = "he_normal",
        bias_initializer: Initializers = "zeros",
        normalization: str | None = None,
        branch_scale: float = 1.0,
        rng: np.random.Generator,
        dtype: Any = np.float64,
    ) -> None:
        n_features = checks.integer("n_features", n_features, minimum=1)
        width = checks.integer("width", width, minimum=1)
        n_outputs = checks.integer("n_outputs", n_outputs, minimum=1)
        self.n_blocks = checks.integer("n_blocks", n_blocks, minimum=1)
        self.branch_scale = checks.real("branch_scale", branch_scale)
        super().__init__(
            [n_features, *[width] * (2 * self.n_blocks + 1), n_outputs],
            activation=activation,
            initializer=initializer,
            bias_initializer=bias_initializer,
            normalization=normalization,
            rng=rng,
            dtype=dtype,
        )

    def kind(self) -> tuple[object, ...]:
        """Return all that two networks must share to stand in one ensemble."""
        return (*super().kind(), self.branch_scale)

    def _forward(self, X: Any, training: bool, reuse: Trace | None = None) -> Trace:
        trace = reuse or Trace.empty(len(self.weights), len(self.normalizers))
        a = X
        stream: Any = 0.0
        for layer in range(len(self.weights)):
            trace.inputs[layer] = a
            a = z = self._affine(layer, a, trace.pre_activations[layer])
            if layer < len(self.weights) - 1:
                if layer % 2 == 0:
                    stream = z = z if layer == 0 else stream + self.branch_scale * z
                if self.normalizers:
                    z, trace.caches[layer] = self.normalizers[layer].forward(z, training)
                a = self.activation.into(z, trace.activations[layer])
            trace.pre_activations[layer], trace.activations[layer] = z, a
        return trace

    def _backward(self, trace: Trace, delta: Array, reuse: Gradients | None = None) -> Gradients:
        n_layers = len(self.weights)
        gradients = reuse or Gradients.empty(n_layers, len(self.normalizers))
        stream: Any = 0.0  # the gradient that comes back along the stream
        for layer in reversed(range(n_layers)):
            gradients.pre_activations[layer] = delta
            if layer < n_layers - 1:
                if self.normalizers:
                    delta = self._through_normalizer(layer, delta, trace, gradients)
                if layer % 2 == 0:
                    stream = stream + delta
                    if not self.normalizers:
                        gradients.pre_activations[layer] = stream
                    delta = stream if layer == 0 else self.branch_scale * stream
            self._parameter_gradients(layer, delta, trace, gradients)
            if layer > 0:
                delta = self._to_layer_below(layer, delta, trace, gradients)
        return gradients
