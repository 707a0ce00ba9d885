"""Random draws of a given mean and spread: no fan enters."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import checks
from ..checks import Array

# A standard normal cut at two standard deviations keeps this much of its standard deviation:
# its variance is 1 - 2 c phi(c) / (2 Phi(c) - 1) at c = 2 (Johnson, Kotz and Balakrishnan 1994).
CUT = 2.0
_DENSITY_AT_CUT = math.exp(-(CUT**2) / 2) / math.sqrt(2 * math.pi)
TRUNCATED_STD = math.sqrt(1 - 2 * CUT * _DENSITY_AT_CUT / math.erf(CUT / math.sqrt(2)))


def standard_truncated_normal(shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    """Draw N(0, 1) cut at two standard deviations: what falls outside is drawn again."""
    draws = rng.standard_normal(math.prod(shape))
    outside = np.flatnonzero(np.abs(draws) > CUT)
    while outside.size:
        draws[outside] = rng.standard_normal(outside.size)
        outside = outside[np.abs(draws[outside]) > CUT]
    return draws.reshape(shape)


def random_normal(
    shape: tuple[int, ...],
    rng: np.random.Generator,
    *,
    mean: float = 0.0,
    std: float = 0.05,
    dtype: Any = np.float64,
) -> Array:
    r"""Draw :math:`N(\mathrm{mean}, \mathrm{std}^2)`; neither fan_in nor fan_out enters.

    Parameters
    ----------
    shape : tuple of int
        One axis or more: ``(fan_in, fan_out)`` or ``(..., in, out)`` for weights,
        ``(fan_out,)`` for biases.
    rng : numpy.random.Generator
    mean, std : float
        Defaults 0 and 0.05 (Keras's); std must not be negative.
    dtype : {float64, float32}

    Raises
    ------
    TypeError, ValueError
        For anything else, naming the argument.

    Examples
    --------
    >>> W = random_normal((500, 200), np.random.default_rng(0), std=10.0)
    >>> f"{W.std():.1f}"
    '10.0'
    """
    shape, mean, std, dtype = _located(shape, rng, mean, std, dtype)
    return (mean + std * rng.standard_normal(shape)).astype(dtype, copy=False)


def truncated_normal(
    shape: tuple[int, ...],
    rng: np.random.Generator,
    *,
    mean: float = 0.0,
    std: float = 0.05,
    dtype: Any = np.float64,
) -> Array:
    r"""Draw :math:`N(\mathrm{mean}, \mathrm{std}^2)` cut at two standard deviations.

    `std` is that of the normal *before* the cut, as in Keras and JAX: the result's is
    :math:`0.8796\,\mathrm{std}`. :func:`variance_scaling` corrects for this. Neither fan_in nor
    fan_out enters.

    Parameters
    ----------
    shape, rng, mean, std, dtype
        As in :func:`random_normal`.

    Raises
    ------
    TypeError, ValueError
        As :func:`random_normal`.

    References
    ----------
    Johnson, Kotz and Balakrishnan (1994), *Continuous univariate distributions*, volume 1, for
    the truncated normal's variance.

    Examples
    --------
    >>> W = truncated_normal((500, 200), np.random.default_rng(0), std=1.0)
    >>> f"{W.std():.2f} {abs(W).max():.2f}"
    '0.88 2.00'
    """
    shape, mean, std, dtype = _located(shape, rng, mean, std, dtype)
    return (mean + std * standard_truncated_normal(shape, rng)).astype(dtype, copy=False)


def random_uniform(
    shape: tuple[int, ...],
    rng: np.random.Generator,
    *,
    low: float = -0.05,
    high: float = 0.05,
    dtype: Any = np.float64,
) -> Array:
    r"""Draw :math:`U(\mathrm{low}, \mathrm{high})`; neither fan_in nor fan_out enters.

    .. math:: \operatorname{Var}(W) = \frac{(\mathrm{high} - \mathrm{low})^2}{12}

    Parameters
    ----------
    shape : tuple of int
        One axis or more: ``(fan_in, fan_out)`` or ``(..., in, out)`` for weights,
        ``(fan_out,)`` for biases.
    rng : numpy.random.Generator
    low, high : float
        Defaults -0.05 and 0.05 (Keras's); low must not exceed high.
    dtype : {float64, float32}

    Raises
    ------
    TypeError, ValueError
        For anything else, naming the argument.

    Examples
    --------
    >>> W = random_uniform((500, 200), np.random.default_rng(0), low=0.0, high=1.0)
    >>> f"{W.mean():.2f} {W.var():.3f}"
    '0.50 0.083'
    """
    checks.generator(rng)
    shape, dtype = checks.shape(shape), checks.float_dtype(dtype)
    largest = checks.largest(dtype)
    low = checks.real("low", low, minimum=-largest, maximum=largest)
    high = checks.real("high", high, minimum=-largest, maximum=largest)
    if low > high:
        raise ValueError(f"low must not exceed high; got low={low:g}, high={high:g}")
    return rng.uniform(low, high, shape).astype(dtype, copy=False)


def _located(
    shape: tuple[int, ...], rng: np.random.Generator, mean: float, std: float, dtype: Any
) -> tuple[tuple[int, ...], float, float, Any]:
    checks.generator(rng)
    shape, dtype = checks.shape(shape), checks.float_dtype(dtype)
    largest = checks.largest(dtype)
    mean = checks.real("mean", mean, minimum=-largest, maximum=largest)
    std = checks.real("std", std, minimum=0.0, maximum=largest)
    return shape, mean, std, dtype


def orthogonal(
    shape: tuple[int, ...],
    rng: np.random.Generator,
    *,
    gain: float = 1.0,
    dtype: Any = np.float64,
) -> Array:
    r"""Draw a random (semi-)orthogonal weight: every singular value is `gain`.

    A tall weight (fan_in > fan_out) has orthogonal columns, :math:`W^\top W = g^2 I`; a wide one
    orthogonal rows, :math:`W W^\top = g^2 I`. A kernel ``(..., in, out)`` is looked at as a matrix
    with fan_in rows and ``out`` columns. The law is uniform (Haar): the factor Q of a Gaussian
    matrix, its columns signed by R's diagonal.

    Parameters
    ----------
    shape : tuple of int
        ``(fan_in, fan_out)`` or ``(..., in, out)``.
    rng : numpy.random.Generator
    gain : float, default 1.0
        :math:`g`, positive.
    dtype : {float64, float32}

    Raises
    ------
    TypeError, ValueError
        For anything else, naming the argument.

    References
    ----------
    Saxe, McClelland and Ganguli (2014), *Exact solutions to the nonlinear dynamics of learning in
    deep linear neural networks*; Mezzadri (2007), *How to generate random matrices from the
    classical compact groups*, for the signs.

    Examples
    --------
    >>> W = orthogonal((5, 3), np.random.default_rng(0), gain=2.0)
    >>> np.allclose(W.T @ W, 4.0 * np.eye(3))
    True
    """
    checks.generator(rng)
    shape, dtype = checks.shape(shape, minimum_axes=2), checks.float_dtype(dtype)
    gain = checks.real("gain", gain, minimum=0.0, maximum=checks.largest(dtype), exclusive=True)
    *leading, columns = shape
    rows = math.prod(leading)
    Q, R = np.linalg.qr(rng.standard_normal((max(rows, columns), min(rows, columns))))
    Q *= np.sign(np.diag(R))
    W = Q if rows >= columns else Q.T
    return (gain * W).reshape(shape).astype(dtype, copy=False)
