r"""A multilayer perceptron: forward pass and backpropagation, written out.

With weights :math:`W_l` of shape ``(fan_in, fan_out)``, rows as samples and :math:`A_0 = X`,

.. math::

   Z_l = A_{l-1} W_l + b_l, \qquad A_l = f(Z_l), \qquad \text{logits} = Z_L,

and with :math:`\Delta_l` the gradient of the loss with respect to :math:`Z_l`,

.. math::

   \frac{\partial}{\partial W_l} = A_{l-1}^\top \Delta_l, \qquad
   \frac{\partial}{\partial b_l} = \sum_{\text{samples}} \Delta_l, \qquad
   \Delta_{l-1} = \Delta_l W_l^\top \odot f'(Z_{l-1}).

Everything broadcasts over leading axes: weights ``(E, fan_in, fan_out)`` are an ensemble of E
independent networks, and the same lines train them all (:func:`course_code.ensembles.stack`).
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from . import activations, checks, initializers, losses, normalization
from .checks import Array
from .products import into, product, sum_over_samples
from .trace import Gradients, Trace

Initializers = str | initializers.Initializer | Sequence[str | initializers.Initializer]


class MLP:
    r"""A fully connected network with a linear output layer (its values are the logits).

    Parameters
    ----------
    sizes : sequence of int
        ``[n_features, width, ..., n_outputs]``: at least two, all positive.
    activation : str or Activation, default "tanh"
        Of the hidden layers, see :func:`course_code.activations.get`.
    initializer : str, callable, or list of them, default "glorot_uniform"
        Draws the weights: a name, a ``callable(shape, rng)``, or one of these for each layer.
    bias_initializer : str, callable, or list of them, default "zeros"
        Draws the biases, of shape ``(fan_out,)``.
    normalization : {None, "batch", "layer", "rms"}, default None
        Normalizes each hidden pre-activation, see :mod:`course_code.normalization`.
    rng : numpy.random.Generator
        Weights are drawn layer by layer, each followed by its biases.
    dtype : {float64, float32}
        Of all parameters and computations.

    Attributes
    ----------
    sizes : tuple of int
    activation : Activation
    weights : list of ndarray, each (..., fan_in, fan_out)
    biases : list of ndarray, each (..., fan_out)
    normalizers : list
        One normalization layer for each hidden layer, or empty.

    Raises
    ------
    TypeError, ValueError
        For anything else, naming the argument; also if an initializer returns an array of another
        shape or one that is not finite.

    References
    ----------
    Rumelhart, Hinton and Williams (1986), *Learning representations by back-propagating errors*.

    Examples
    --------
    >>> network = MLP([2, 3, 1], rng=np.random.default_rng(0))
    >>> network.n_parameters
    13
    >>> network.logits([[0.0, 0.0]]).tolist()
    [[0.0]]
    """

    def __init__(
        self,
        sizes: Sequence[int],
        *,
        activation: str | activations.Activation = "tanh",
        initializer: Initializers = "glorot_uniform",
        bias_initializer: Initializers = "zeros",
        normalization: str | None = None,
        rng: np.random.Generator,
        dtype: Any = np.float64,
    ) -> None:
        self.sizes = checks.layer_sizes(sizes)
        self.activation = activations.get(activation)
        self.dtype = checks.float_dtype(dtype)
        checks.generator(rng)
        n_layers = len(self.sizes) - 1
        draw_weight = _one_a_layer("initializer", initializer, n_layers)
        draw_bias = _one_a_layer("bias_initializer", bias_initializer, n_layers)
        self.normalizers = _normalizers(normalization, self.sizes[1:-1], self.dtype)
        self.weights: list[Array] = []
        self.biases: list[Array] = []
        for layer, shape in enumerate(zip(self.sizes, self.sizes[1:], strict=False)):
            self.weights.append(self._drawn("initializer", draw_weight[layer], shape, rng))
            self.biases.append(self._drawn("bias_initializer", draw_bias[layer], shape[1:], rng))

    def _drawn(
        self, name: str, draw: initializers.Initializer, shape: tuple[int, ...], rng: Any
    ) -> Array:
        values = checks.array(f"what {name} returned", draw(shape, rng), dtype=self.dtype)
        if values.shape != shape:
            raise ValueError(f"{name} must return shape {shape}; it returned {values.shape}")
        return values.copy()

    @property
    def n_parameters(self) -> int:
        """The number of weights and biases (and normalization scales and shifts) of one member."""
        members = int(np.prod(self.ensemble_shape))
        return sum(parameter.size for parameter in self.parameters) // members

    @property
    def parameters(self) -> list[Array]:
        """All trainable arrays: weights, then biases, then normalization scales and shifts."""
        extra = [p for normalizer in self.normalizers for p in normalizer.parameters]
        return [*self.weights, *self.biases, *extra]

    @property
    def ensemble_shape(self) -> tuple[int, ...]:
        """The leading axes of the parameters: () for a single network."""
        return self.weights[0].shape[:-2]

    @property
    def statistics(self) -> list[Array]:
        """What batch normalization remembers: running means and variances, not trained."""
        return [s for normalizer in self.normalizers for s in normalizer.statistics]

    def kind(self) -> tuple[object, ...]:
        """Return all that two networks must share to stand in one ensemble."""
        kinds = [normalizer.kind for normalizer in self.normalizers]
        activation = (self.activation.name, self.activation.parameters)
        name, dtype = type(self).__name__, str(self.dtype)
        return (name, self.sizes, activation, kinds, dtype, self.ensemble_shape)

    def copy(self) -> MLP:
        """Return a network with copies of all parameters."""
        return self.with_arrays(
            [parameter.copy() for parameter in self.parameters],
            [statistic.copy() for statistic in self.statistics],
        )

    def with_arrays(self, parameters: list[Array], statistics: list[Array]) -> MLP:
        """Return a network of this kind that holds these parameters and statistics."""
        other = copy.copy(self)
        n = len(self.weights)
        other.weights, other.biases = parameters[:n], parameters[n : 2 * n]
        scales, shifts = parameters[2 * n :: 2], parameters[2 * n + 1 :: 2]
        arrays = zip(scales, shifts, statistics[::2], statistics[1::2], strict=True)
        other.normalizers = [
            normalizer.with_arrays(*four)
            for normalizer, four in zip(self.normalizers, arrays, strict=True)
        ]
        return other

    # ---- forward ---------------------------------------------------------------------------

    def logits(self, X: ArrayLike) -> Array:
        """Return the output layer's values.

        Parameters
        ----------
        X : array_like, shape (..., n, n_features)

        Returns
        -------
        ndarray, shape (..., n, n_outputs)

        Raises
        ------
        ValueError
            If X is empty, not finite or not of the network's number of features.
        """
        return self.forward(X).logits

    def forward(self, X: ArrayLike, *, training: bool = False) -> Trace:
        """Return every layer's pre-activation and activation.

        Parameters
        ----------
        X : array_like, shape (..., n, n_features)
        training : bool, default False
            Whether batch normalization uses this batch's statistics (and updates its running
            ones) instead of its running ones. Without batch normalization it changes nothing.

        Returns
        -------
        Trace

        Raises
        ------
        ValueError
            If X is empty, not finite or not of the network's number of features.
        """
        return self._forward(self.check_inputs(X), training)

    def check_inputs(self, X: ArrayLike, name: str = "X") -> Array:
        """Return X as a finite array of the network's dtype, or raise naming what is wrong."""
        X = checks.array(name, X, dtype=self.dtype, minimum_axes=2)
        if X.shape[-1] != self.sizes[0]:
            raise ValueError(
                f"{name} has {X.shape[-1]} features (shape {X.shape}); "
                f"the network takes {self.sizes[0]}"
            )
        if X.ndim > 2 and X.shape[:-2] != self.ensemble_shape:
            raise ValueError(
                f"{name} of shape {X.shape} does not fit an ensemble of shape {self.ensemble_shape}"
            )
        return X

    # `_forward` and `_backward` overwrite the arrays of what they returned before, if handed it in
    # as `reuse`, as `fit` does: new memory at every step would take longer than a product.

    def _forward(self, X: Any, training: bool, reuse: Trace | None = None) -> Trace:
        trace = reuse or Trace.empty(len(self.weights), len(self.normalizers))
        a, last = X, len(self.weights) - 1
        for layer in range(len(self.weights)):
            trace.inputs[layer] = a
            z = self._affine(layer, a, trace.pre_activations[layer])
            if layer < len(self.normalizers):
                z, trace.caches[layer] = self.normalizers[layer].forward(z, training)
            trace.pre_activations[layer] = z
            a = self.activation.into(z, trace.activations[layer]) if layer < last else z
            trace.activations[layer] = a
        return trace

    def _affine(self, layer: int, a: Any, out: Array | None = None) -> Array:
        z = product(a, self.weights[layer], out)
        z += self.biases[layer][..., None, :]
        return z

    # ---- backward --------------------------------------------------------------------------

    def gradients(
        self, X: ArrayLike, y: ArrayLike, loss: str | losses.Loss = "binary_cross_entropy"
    ) -> tuple[Any, Gradients]:
        """Return the loss and its gradients by backpropagation.

        Parameters
        ----------
        X : array_like, shape (..., n, n_features)
        y : array_like
            Targets as :func:`course_code.losses.get` says.
        loss : str or Loss, default "binary_cross_entropy"

        Returns
        -------
        value : float, or ndarray of the ensemble's shape
        gradients : Gradients

        Raises
        ------
        ValueError
            If a shape does not fit, a number is not finite, the batch is empty, or a label is
            outside the loss's domain.

        Examples
        --------
        >>> network = MLP([2, 3, 1], rng=np.random.default_rng(0))
        >>> value, gradients = network.gradients([[0.0, 1.0], [1.0, 0.0]], [0, 1])
        >>> [dW.shape for dW in gradients.weights]
        [(2, 3), (3, 1)]
        """
        loss = losses.get(loss)
        X = self.check_inputs(X)
        targets = self.encode(loss, X, y)
        value, _, gradients = self._gradients(X, targets, loss)
        return value[()], gradients

    def encode(self, loss: losses.Loss, X: Array, y: ArrayLike, name: str = "y") -> Array:
        """Return the targets of `loss` for inputs X, checked, in the network's dtype."""
        shape = (*self.ensemble_shape, X.shape[-2], self.sizes[-1])
        targets = loss.encode(checks.array(name, y), shape, name)
        return checks.array(name, targets, dtype=self.dtype)

    def write_back(self, optimizer: Any = None) -> None:
        """Nothing to do here: for networks that train in other coordinates (`course_code.span`)."""

    def _gradients(
        self,
        X: Any,
        targets: Array,
        loss: losses.Loss,
        reuse: tuple[Trace | None, Gradients | None] = (None, None),
        n_samples: int | None = None,  # of the whole batch, where X is a part of it
    ) -> tuple[Array, Trace, Gradients]:
        n = float(n_samples or targets.shape[-2])
        trace = self._forward(X, True, reuse[0])
        logits = trace.logits
        cost, slope = loss._cost_and_slope(logits, targets)
        value = np.add.reduce(cost, axis=-1) / n
        return value, trace, self._backward(trace, slope / n, reuse[1])

    def _backward(self, trace: Trace, delta: Array, reuse: Gradients | None = None) -> Gradients:
        gradients = reuse or Gradients.empty(len(self.weights), len(self.normalizers))
        for layer in reversed(range(len(self.weights))):
            gradients.pre_activations[layer] = delta
            if layer < len(self.normalizers):
                delta = self._through_normalizer(layer, delta, trace, gradients)
            self._parameter_gradients(layer, delta, trace, gradients)
            if layer > 0:
                delta = self._to_layer_below(layer, delta, trace, gradients)
        return gradients

    def _parameter_gradients(self, layer: int, delta: Array, trace: Trace, out: Gradients) -> None:
        out.weights[layer] = product(trace.inputs[layer].mT, delta, out.weights[layer])
        out.biases[layer] = sum_over_samples(delta, out.biases[layer])

    def _to_layer_below(self, layer: int, delta: Array, trace: Trace, out: Gradients) -> Array:
        below = layer - 1
        z, a = trace.pre_activations[below], trace.activations[below]
        delta = product(delta, self.weights[layer].mT, out.pre_activations[below])
        delta *= self.activation.derivative(z, a)
        return delta

    def _through_normalizer(self, layer: int, delta: Array, trace: Trace, out: Gradients) -> Array:
        delta, *both = self.normalizers[layer].backward(delta, trace.caches[layer])
        for i, gradient in enumerate(both, start=2 * layer):
            out.normalization[i] = into(out.normalization[i], gradient)
        return delta


def _one_a_layer(name: str, given: Initializers, n_layers: int) -> list[initializers.Initializer]:
    if isinstance(given, str) or callable(given):
        given = [given] * n_layers
    if not isinstance(given, Sequence):
        raise TypeError(f"{name} must be a name, a callable(shape, rng) or a list; got {given!r}")
    if len(given) != n_layers:
        raise ValueError(f"{name} has {len(given)} entries; the network has {n_layers} layers")
    return [one if callable(one) else initializers.get(one) for one in given]


def _normalizers(name: str | None, widths: Any, dtype: Any) -> list[normalization.Normalization]:
    return [normalization.get(name, width, dtype=dtype) for width in widths if name is not None]
