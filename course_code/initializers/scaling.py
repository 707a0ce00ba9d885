"""Variance scaling: weights of mean 0 and variance ``scale / fan``."""

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

    .. math:: \operatorname{Var}(W_{ij}) = \sigma^2 = \frac{\text{scale}}{\text{fan}}, \qquad
       \text{fan} \in \left\{\mathrm{fan\_in},\ \mathrm{fan\_out},\
       \tfrac{1}{2}(\mathrm{fan\_in} + \mathrm{fan\_out})\right\}

    Parameters
    ----------
    shape : tuple of int
        ``(fan_in, fan_out)`` or a convolution kernel ``(..., in, out)``, see
        :func:`compute_fans`.
    rng : numpy.random.Generator
    scale : float, default 1.0
        Positive: the square of the gain.
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
        If `rng` is not a Generator, `shape` not a tuple of integers, or `scale` not a number.
    ValueError
        If `scale` or an entry of `shape` is not positive, or a name is unknown (the message
        lists the valid ones).

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
    checks.generator(rng)
    shape = checks.shape(shape, minimum_axes=2)
    dtype = checks.float_dtype(dtype)
    scale = checks.real("scale", scale, minimum=0.0, maximum=checks.largest(dtype), exclusive=True)
    fan_in, fan_out = compute_fans(shape)
    fans = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}
    fan = fans[checks.choice("mode", mode, fans)]
    draw = _UNIT_VARIANCE[checks.choice("distribution", distribution, _UNIT_VARIANCE)]
    return (math.sqrt(scale / fan) * draw(shape, rng)).astype(dtype, copy=False)
