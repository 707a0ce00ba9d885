r"""The second moments of signals and gradients, predicted layer by layer for given sizes.

Weights and biases are independent with mean 0, and the layers are wide: then pre-activations are
Gaussian, and one number a layer describes them. :func:`forward_moments` follows it through the
layers, :func:`backward_moments` follows the gradient back, and
:func:`gain` is the scale of the weights that keeps it at 1. Chapters 3, 5 and 6 draw these
predictions over simulated networks.

``sizes`` is ``[n_features, ..., n_logits]``: L + 1 sizes for L layers of weights
``(fan_in, fan_out)``. The activation stands between layers; the last layer is linear.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from . import activations, checks
from .activations import Activation
from .checks import Array
from .gaussian import gaussian_mean


class ForwardMoments(NamedTuple):
    """What :func:`forward_moments` returns.

    Attributes
    ----------
    preactivation : ndarray, shape (L,)
        Second moment (the variance: the mean over weights is 0) of each layer's pre-activations,
        the logits last.
    activation : ndarray, shape (L - 1,)
        Second moment of each hidden layer's activations.
    activation_std : ndarray, shape (L - 1,)
        Standard deviation of each hidden layer's activations, which ReLU's or sigmoid's mean
        makes less than the root of the second moment.
    """

    preactivation: Array
    activation: Array
    activation_std: Array


def gain(activation: str | Activation) -> float:
    r"""Return the gain: the factor on the weights' standard deviation that keeps q at 1.

    .. math:: g = \frac{1}{\sqrt{E[f(Z)^2]}}, \qquad Z \sim N(0, 1)

    Weights of variance :math:`g^2 / \mathrm{fan\_in}` and zero biases give :math:`q = 1` in every
    layer. He et al. 2015 derive :math:`\sqrt 2` for ReLU and :math:`\sqrt{2 / (1 + s^2)}` for a
    leaky ReLU of negative slope s.

    ``torch.nn.init.calculate_gain`` agrees for the identity, ReLU and leaky ReLU. Elsewhere it
    returns conventions, not this formula: 5/3 for tanh (here 1.59), 1 for sigmoid (here 1.85; 1 as
    for a linear layer), and 3/4 for SELU (here 1), which its source calls "found empirically" and
    its documentation a sacrifice of SELU's normalization for a more stable gradient.

    Parameters
    ----------
    activation : str or Activation

    Returns
    -------
    float

    Raises
    ------
    ValueError
        For an unknown name, or an activation whose second moment is 0 or infinite.

    Examples
    --------
    >>> [f"{gain(name):.4f}" for name in ("relu", "tanh", "sigmoid", "selu")]
    ['1.4142', '1.5925', '1.8462', '1.0000']
    """
    f = activations.get(activation)
    second_moment = float(gaussian_mean(lambda z: f.f(z) ** 2))
    if not 0 < second_moment < math.inf:
        raise ValueError(
            f"activation {f.name} has no gain: E[f(Z)^2] must be positive and finite; "
            f"got {second_moment:g}"
        )
    return 1.0 / math.sqrt(second_moment)


def weight_variances(sizes: Sequence[int], scale: float = 1.0, mode: str = "fan_in") -> Array:
    r"""Return each layer's weight variance under variance scaling: :math:`\mathrm{scale} / n`.

    Parameters
    ----------
    sizes : sequence of int
        ``[n_features, ..., n_logits]``.
    scale : float, default 1
        1 is LeCun's and Glorot's, 2 is He's; at least 0.
    mode : {"fan_in", "fan_out", "fan_avg"}
        What n is: fan_in, fan_out or their mean (Glorot and Bengio 2010, equation 12).

    Returns
    -------
    ndarray, shape (L,)

    Raises
    ------
    ValueError, TypeError
        For fewer than two sizes, a size below 1, a negative or non-finite scale, an unknown mode.

    Examples
    --------
    >>> weight_variances([4, 16, 2], scale=2.0).tolist()
    [0.5, 0.125]
    """
    fan_in, fan_out = _fans(sizes)
    scale = checks.real("scale", scale, minimum=0.0)
    mode = checks.choice("mode", mode, ("fan_in", "fan_out", "fan_avg"))
    n = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": 0.5 * (fan_in + fan_out)}[mode]
    return scale / n


def forward_moments(
    sizes: Sequence[int],
    activation: str | Activation,
    weight_variances: ArrayLike,
    bias_variances: ArrayLike = 0.0,
    input_second_moment: float = 1.0,
) -> ForwardMoments:
    r"""Predict the second moment of every layer's pre-activations and activations.

    .. math:: q_l = n_{l-1} \operatorname{Var}(W_l) \, m_{l-1} + \operatorname{Var}(b_l), \qquad
              m_l = E\big[f(\sqrt{q_l} Z)^2\big]

    with :math:`m_0` the inputs' second moment (He et al. 2015, section 2.2, for ReLU; Poole et
    al. 2016 for any activation). For one input of n features :math:`m_0 = |x|^2 / n`.

    Parameters
    ----------
    sizes : sequence of int
        ``[n_features, ..., n_logits]``.
    activation : str or Activation
    weight_variances : float or array_like, shape (L,)
        The variance of each layer's weights, see :func:`weight_variances`; at least 0.
    bias_variances : float or array_like, shape (L,), default 0
    input_second_moment : float, default 1
        The mean of the squared features; at least 0. Standardized data have 1.

    Returns
    -------
    ForwardMoments

    Raises
    ------
    ValueError, TypeError
        For sizes, variances or a moment out of range, a wrong shape or an unknown name.

    Examples
    --------
    >>> sizes = [100, 400, 50]
    >>> moments = forward_moments(sizes, "relu", weight_variances(sizes, scale=2.0))
    >>> [f"{q:.3f}" for q in moments.preactivation], f"{moments.activation[0]:.3f}"
    (['2.000', '2.000'], '1.000')
    """
    fan_in, _ = _fans(sizes)
    f = activations.get(activation)
    w = _variances("weight_variances", weight_variances, len(fan_in))
    b = _variances("bias_variances", bias_variances, len(fan_in))
    m = checks.real("input_second_moment", input_second_moment, minimum=0.0)
    preactivation, activation_moment, std = [], [], []
    for n, w_variance, b_variance in zip(fan_in, w, b, strict=True):
        q = n * w_variance * m + b_variance
        m, variance = _activation_moments(f, math.sqrt(q))
        preactivation.append(q)
        activation_moment.append(m)
        std.append(math.sqrt(variance))
    return ForwardMoments(  # the last layer is linear: its logits have no activation
        np.array(preactivation), np.array(activation_moment[:-1]), np.array(std[:-1])
    )


def backward_moments(
    sizes: Sequence[int],
    activation: str | Activation,
    weight_variances: ArrayLike,
    bias_variances: ArrayLike = 0.0,
    input_second_moment: float = 1.0,
) -> Array:
    r"""Predict the second moment of the gradient at every layer's pre-activations.

    .. math:: d_l = n_{l+1} \operatorname{Var}(W_{l+1}) \, E\big[f'(\sqrt{q_l} Z)^2\big] \,
              d_{l+1}, \qquad d_L = 1

    :math:`d_l` is the mean square, over the units of layer l, of the derivative of the loss by
    their pre-activations, relative to that by the logits; :math:`n_{l+1}` is the fan_out of
    :math:`W_{l+1}` (Glorot and Bengio 2010, equation 6; Schoenholz et al. 2017, section 4).
    One sample's gradient by the weights :math:`W_l` has second moment :math:`m_{l-1} d_l`, with
    m from :func:`forward_moments`. It is assumed, as in these papers, that the weights met on the
    way back are independent of the pre-activations.

    Parameters
    ----------
    sizes, activation, weight_variances, bias_variances, input_second_moment
        See :func:`forward_moments`.

    Returns
    -------
    ndarray, shape (L,)
        First layer first; the last entry, of the logits, is 1.

    Raises
    ------
    ValueError, TypeError
        See :func:`forward_moments`.

    Examples
    --------
    Weights that keep the forward signal lose the gradient where the layers narrow:

    >>> sizes = [100, 400, 50]
    >>> gradient = backward_moments(sizes, "relu", weight_variances(sizes, scale=2.0))
    >>> [f"{d:.3f}" for d in gradient]
    ['0.125', '1.000']
    """
    forward = forward_moments(
        sizes, activation, weight_variances, bias_variances, input_second_moment
    )
    f = activations.get(activation)
    _, fan_out = _fans(sizes)
    w = _variances("weight_variances", weight_variances, len(fan_out))
    moments = np.ones(len(fan_out))
    for layer in reversed(range(len(fan_out) - 1)):
        slope = _mean_square_slope(f, math.sqrt(forward.preactivation[layer]))
        moments[layer] = fan_out[layer + 1] * w[layer + 1] * slope * moments[layer + 1]
    return moments


def _activation_moments(f: Activation, scale: float) -> tuple[float, float]:
    """Return the second moment and the variance of f(scale Z)."""
    mean = gaussian_mean(lambda z: f.f(scale * z))
    variance = float(gaussian_mean(lambda z: (f.f(scale * z) - mean) ** 2))
    return variance + float(mean) ** 2, variance


def _mean_square_slope(f: Activation, scale: float) -> float:
    """Return E[f'(scale Z)^2]."""
    return float(gaussian_mean(lambda z: f.df(scale * z) ** 2))


def _fans(sizes: Sequence[int]) -> tuple[Array, Array]:
    """Return every layer's fan_in and fan_out as floats, shape (L,) each."""
    if isinstance(sizes, str) or not np.iterable(sizes):
        raise TypeError(f"sizes must be a sequence of positive integers; got {sizes!r}")
    checked = [checks.integer("every entry of sizes", size, minimum=1) for size in sizes]
    if len(checked) < 2:
        raise ValueError(f"sizes must have at least 2 entries, input and output; got {checked}")
    n = np.array(checked, dtype=np.float64)
    return n[:-1], n[1:]


def _variances(name: str, value: ArrayLike, n_layers: int) -> Array:
    """Return one variance a layer, from a number or a sequence."""
    variances = checks.array(name, value, dtype=np.float64)
    if variances.shape not in ((), (n_layers,)):
        raise ValueError(
            f"{name} must be a number or have shape ({n_layers},), one a layer; "
            f"got shape {variances.shape}"
        )
    if (variances < 0).any():
        raise ValueError(f"{name} must be at least 0; got {variances.min():g}")
    return np.broadcast_to(variances, n_layers)
