r"""The named schemes: each is one line of :func:`course_code.initializers.variance_scaling`.

For all of them `shape` is ``(fan_in, fan_out)``, or a convolution kernel ``(..., in, out)`` whose
fans are the window's size times ``in`` and ``out``. The result is a new array of that shape.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import checks
from ..checks import Array
from .scaling import variance_scaling


def lecun_normal(
    shape: tuple[int, ...], rng: np.random.Generator, *, dtype: Any = np.float64
) -> Array:
    r"""LeCun: truncated normal of variance 1 / fan_in.

    .. math:: \operatorname{Var}(W) = \frac{1}{\mathrm{fan\_in}}

    Keeps the forward variance of a linear layer; the start for SELU. fan_out does not enter.

    Parameters
    ----------
    shape : tuple of int
        ``(fan_in, fan_out)`` or ``(..., in, out)``.
    rng : numpy.random.Generator
    dtype : {float64, float32}

    Raises
    ------
    TypeError, ValueError
        As :func:`variance_scaling`.

    References
    ----------
    LeCun, Bottou, Orr and Müller (1998), *Efficient BackProp*, section 4.6; Klambauer et al.
    (2017), *Self-normalizing neural networks*.

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
    r"""LeCun: uniform of variance 1 / fan_in.

    .. math:: W \sim U(-a, a), \qquad a = \sqrt{\frac{3}{\mathrm{fan\_in}}}, \qquad
       \operatorname{Var}(W) = \frac{a^2}{3} = \frac{1}{\mathrm{fan\_in}}

    fan_out does not enter.

    Parameters
    ----------
    shape, rng, dtype
        As in :func:`lecun_normal`.

    Raises
    ------
    TypeError, ValueError
        As :func:`variance_scaling`.

    References
    ----------
    LeCun, Bottou, Orr and Müller (1998), *Efficient BackProp*, section 4.6.

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
    condition :math:`1 / \mathrm{fan\_out}`, for tanh-like activations.

    Parameters
    ----------
    shape : tuple of int
        ``(fan_in, fan_out)`` or ``(..., in, out)``.
    rng : numpy.random.Generator
    dtype : {float64, float32}

    Raises
    ------
    TypeError, ValueError
        As :func:`variance_scaling`.

    References
    ----------
    Glorot and Bengio (2010), equation 12; their equations 10 and 11 are the two conditions.

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

    Parameters
    ----------
    shape, rng, dtype
        As in :func:`glorot_normal`.

    Raises
    ------
    TypeError, ValueError
        As :func:`variance_scaling`.

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
    slope = checks.real("negative_slope", negative_slope, minimum=-1e100, maximum=1e100)
    return 2.0 / (1.0 + slope**2)


def he_normal(
    shape: tuple[int, ...],
    rng: np.random.Generator,
    *,
    negative_slope: float = 0.0,
    mode: str = "fan_in",
    dtype: Any = np.float64,
) -> Array:
    r"""He (Kaiming): truncated normal of variance 2 / fan_in (for ReLU).

    .. math:: \operatorname{Var}(W) = \frac{2}{(1 + s^2)\,\mathrm{fan\_in}}

    :math:`s` is the slope of a (leaky) ReLU below zero: ReLU halves the second moment of a
    symmetric signal, and the factor 2 gives it back.

    Parameters
    ----------
    shape : tuple of int
        ``(fan_in, fan_out)`` or ``(..., in, out)``.
    rng : numpy.random.Generator
    negative_slope : float, default 0.0
        :math:`s`: 0 for ReLU.
    mode : {"fan_in", "fan_out", "fan_avg"}, default "fan_in"
        "fan_out" puts fan_out in the place of fan_in: the backward condition.
    dtype : {float64, float32}

    Raises
    ------
    TypeError, ValueError
        As :func:`variance_scaling`; also if `negative_slope` is not a finite number.

    References
    ----------
    He et al. (2015), equations 10 (forward), 14 (backward) and 15 (leaky slope). They draw a
    normal that is not truncated; the cut one of equal variance is Keras's and JAX's.

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
    r"""He (Kaiming): uniform of variance 2 / fan_in (for ReLU).

    .. math:: W \sim U(-a, a), \qquad a = \sqrt{\frac{6}{(1 + s^2)\,\mathrm{fan\_in}}}, \qquad
       \operatorname{Var}(W) = \frac{2}{(1 + s^2)\,\mathrm{fan\_in}}

    With ``mode="fan_out"``, fan_out stands in the place of fan_in.

    Parameters
    ----------
    shape, rng, negative_slope, mode, dtype
        As in :func:`he_normal`.

    Raises
    ------
    TypeError, ValueError
        As :func:`he_normal`.

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
