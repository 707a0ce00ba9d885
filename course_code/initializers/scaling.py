r"""Variance scaling: weights of mean 0 and variance ``scale / fan``, and the named schemes.

All of the theory of chapters 5 and 6 is in :func:`variance_scaling`; every named scheme is one
line of it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import checks
from ..checks import Array
from .random import TRUNCATED_STD, standard_truncated_normal


def compute_fans(shape: tuple[int, ...]) -> tuple[int, int]:
    r"""Return ``(fan_in, fan_out)`` of a weight.

    A dense weight ``(in, out)`` has those fans. In a convolution kernel ``(..., in, out)`` every
    output position sees ``in`` channels at each position of the window, so both numbers are
    multiplied by the window's size (He et al. 2015, section 2.2: :math:`n = k^2 c`).

    Parameters
    ----------
    shape : tuple of int
        At least two axes, all positive. A bias has no fans.

    Returns
    -------
    fan_in, fan_out : int

    Raises
    ------
    TypeError
        If an entry is not an integer.
    ValueError
        If an entry is below 1, or there are fewer than two axes.

    Examples
    --------
    >>> compute_fans((784, 100))
    (784, 100)
    >>> compute_fans((3, 3, 16, 32))
    (144, 288)
    """
    *window, channels_in, channels_out = checks.shape(shape, minimum_axes=2)
    window_size = math.prod(window)
    return window_size * channels_in, window_size * channels_out


# Three laws of mean 0 and variance 1.
_UNIT_VARIANCE: dict[str, Callable[[tuple[int, ...], np.random.Generator], Array]] = {
    "truncated_normal": lambda shape, rng: standard_truncated_normal(shape, rng) / TRUNCATED_STD,
    "normal": lambda shape, rng: rng.standard_normal(shape),
    "uniform": lambda shape, rng: rng.uniform(-math.sqrt(3), math.sqrt(3), shape),
}


def variance_scaling(
    shape: tuple[int, ...],
    rng: np.random.Generator,
    *,
    scale: float = 1.0,
    mode: str = "fan_in",
    distribution: str = "truncated_normal",
    dtype: Any = np.float64,
) -> Array:
    r"""Draw weights of mean 0 and variance ``scale / fan``.

    .. math:: \operatorname{Var}(W_{ij}) = \sigma^2 = \frac{\text{scale}}{\text{fan}}

    Parameters
    ----------
    shape : tuple of int
        ``(fan_in, fan_out)`` or a convolution kernel ``(..., in, out)``, see
        :func:`compute_fans`.
    rng : numpy.random.Generator
    scale : float, default 1.0
        Positive, dimensionless. The square of the gain.
    mode : {"fan_in", "fan_out", "fan_avg"}, default "fan_in"
        The fan to divide by: fan_in preserves the variance of the forward signal, fan_out that
        of the backward one, fan_avg = (fan_in + fan_out) / 2 is the compromise of Glorot and
        Bengio.
    distribution : {"truncated_normal", "normal", "uniform"}, default "truncated_normal"
        truncated_normal is cut at two standard deviations of the normal it is cut from, whose
        standard deviation is enlarged to :math:`\sigma / 0.8796` so that the variance after the
        cut is :math:`\sigma^2`; normal is :math:`N(0, \sigma^2)`; uniform is
        :math:`U(-\sqrt{3}\,\sigma, \sqrt{3}\,\sigma)`.
    dtype : {float64, float32}

    Returns
    -------
    ndarray
        Of the given shape and dtype.

    Raises
    ------
    TypeError
        If `rng` is not a Generator, or `shape` or `scale` are not numbers.
    ValueError
        If `scale` or an entry of `shape` is not positive, or a name is unknown.

    References
    ----------
    Glorot and Bengio (2010), equations 12 and 16; He et al. (2015), equations 10 and 14. The
    three parameters are those of Keras's and JAX's ``VarianceScaling``.

    Examples
    --------
    >>> W = variance_scaling((1000, 500), np.random.default_rng(0), scale=2.0)
    >>> W.shape, f"{W.var() * 1000:.2f}"
    ((1000, 500), '2.00')
    """
    fan_in, fan_out = compute_fans(shape)
    checks.generator(rng)
    scale = checks.real("scale", scale, minimum=0.0, exclusive=True)
    fans = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}
    fan = fans[checks.choice("mode", mode, fans)]
    draw = _UNIT_VARIANCE[checks.choice("distribution", distribution, _UNIT_VARIANCE)]
    dtype = checks.float_dtype(dtype)
    return (math.sqrt(scale / fan) * draw(tuple(shape), rng)).astype(dtype, copy=False)


def lecun_normal(
    shape: tuple[int, ...], rng: np.random.Generator, *, dtype: Any = np.float64
) -> Array:
    r"""LeCun: truncated normal with :math:`\operatorname{Var}(W) = 1 / \mathrm{fan\_in}`.

    Keeps the forward variance of a linear layer; the start for SELU. See
    :func:`variance_scaling` for parameters and errors.

    References
    ----------
    LeCun, Bottou, Orr and Müller (1998), *Efficient BackProp*, section 4.6, equation 16;
    Klambauer et al. (2017).

    Examples
    --------
    >>> W = lecun_normal((400, 100), np.random.default_rng(0))
    >>> f"{W.std():.3f}"
    '0.050'
    """
    return variance_scaling(shape, rng, scale=1.0, mode="fan_in", dtype=dtype)


def lecun_uniform(
    shape: tuple[int, ...], rng: np.random.Generator, *, dtype: Any = np.float64
) -> Array:
    r"""LeCun: :math:`U(-\sqrt{3 / \mathrm{fan\_in}}, \sqrt{3 / \mathrm{fan\_in}})`.

    :math:`\operatorname{Var}(W) = 1 / \mathrm{fan\_in}`. See :func:`variance_scaling` for
    parameters and errors.

    References
    ----------
    LeCun, Bottou, Orr and Müller (1998), *Efficient BackProp*, section 4.6, equation 16.

    Examples
    --------
    >>> W = lecun_uniform((300, 1000), np.random.default_rng(0))
    >>> f"{abs(W).max():.3f}"
    '0.100'
    """
    return variance_scaling(
        shape, rng, scale=1.0, mode="fan_in", distribution="uniform", dtype=dtype
    )


def glorot_normal(
    shape: tuple[int, ...], rng: np.random.Generator, *, dtype: Any = np.float64
) -> Array:
    r"""Glorot (Xavier): truncated normal of variance 2 / (fan_in + fan_out).

    .. math:: \operatorname{Var}(W) = \frac{2}{\mathrm{fan\_in} + \mathrm{fan\_out}}

    The compromise between the forward condition :math:`1 / \mathrm{fan\_in}` and the backward
    condition :math:`1 / \mathrm{fan\_out}`, for tanh-like activations. See
    :func:`variance_scaling` for parameters and errors.

    References
    ----------
    Glorot and Bengio (2010), equation 12.

    Examples
    --------
    >>> W = glorot_normal((300, 500), np.random.default_rng(0))
    >>> f"{W.std():.3f}"
    '0.050'
    """
    return variance_scaling(shape, rng, scale=1.0, mode="fan_avg", dtype=dtype)


def glorot_uniform(
    shape: tuple[int, ...], rng: np.random.Generator, *, dtype: Any = np.float64
) -> Array:
    r"""Glorot (Xavier): uniform of variance 2 / (fan_in + fan_out).

    .. math:: W \sim U(-a, a), \qquad a = \sqrt{\frac{6}{\mathrm{fan\_in} + \mathrm{fan\_out}}}

    See :func:`variance_scaling` for parameters and errors.

    References
    ----------
    Glorot and Bengio (2010), equation 16, the "normalized initialization".

    Examples
    --------
    >>> W = glorot_uniform((300, 300), np.random.default_rng(0))
    >>> f"{abs(W).max():.3f}"
    '0.100'
    """
    return variance_scaling(
        shape, rng, scale=1.0, mode="fan_avg", distribution="uniform", dtype=dtype
    )


def _he_scale(negative_slope: float) -> float:
    return 2.0 / (1.0 + checks.real("negative_slope", negative_slope) ** 2)


def he_normal(
    shape: tuple[int, ...],
    rng: np.random.Generator,
    *,
    negative_slope: float = 0.0,
    mode: str = "fan_in",
    dtype: Any = np.float64,
) -> Array:
    r"""He (Kaiming): truncated normal, variance :math:`2 / ((1 + s^2)\, \mathrm{fan\_in})`.

    :math:`s` is the slope of a (leaky) ReLU below zero: ReLU halves the second moment of a
    symmetric signal, and the factor 2 gives it back. See :func:`variance_scaling` for the other
    parameters and errors.

    Parameters
    ----------
    negative_slope : float, default 0.0
        :math:`s`, dimensionless: 0 for ReLU.
    mode : {"fan_in", "fan_out", "fan_avg"}, default "fan_in"

    References
    ----------
    He et al. (2015), equations 10 (forward), 14 (backward) and 15 (leaky slope).

    Examples
    --------
    >>> W = he_normal((800, 500), np.random.default_rng(0))
    >>> f"{W.std():.3f}"
    '0.050'
    """
    return variance_scaling(shape, rng, scale=_he_scale(negative_slope), mode=mode, dtype=dtype)


def he_uniform(
    shape: tuple[int, ...],
    rng: np.random.Generator,
    *,
    negative_slope: float = 0.0,
    mode: str = "fan_in",
    dtype: Any = np.float64,
) -> Array:
    r"""He (Kaiming): :math:`U(-a, a)` with :math:`a = \sqrt{6 / ((1 + s^2)\, \mathrm{fan\_in})}`.

    :math:`\operatorname{Var}(W) = 2 / ((1 + s^2)\, \mathrm{fan\_in})`. See :func:`he_normal` for
    the parameters.

    References
    ----------
    He et al. (2015), equations 10, 14 and 15.

    Examples
    --------
    >>> W = he_uniform((600, 500), np.random.default_rng(0))
    >>> f"{abs(W).max():.3f}"
    '0.100'
    """
    return variance_scaling(
        shape,
        rng,
        scale=_he_scale(negative_slope),
        mode=mode,
        distribution="uniform",
        dtype=dtype,
    )
