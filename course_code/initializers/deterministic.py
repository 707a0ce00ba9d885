"""Starts that hold no chance: constants and the identity. Their `rng` is checked but not used."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import checks
from ..checks import Array


def constant(
    shape: tuple[int, ...],
    rng: np.random.Generator,
    *,
    value: float = 0.0,
    dtype: Any = np.float64,
) -> Array:
    """Return an array that holds `value` everywhere; `rng` is checked but not used.

    Every unit of a layer starts equal and, as chapter 4 shows, stays equal.

    Parameters
    ----------
    shape : tuple of int
        One axis or more.
    rng : numpy.random.Generator
    value : float, default 0.0
    dtype : {float64, float32}

    Raises
    ------
    TypeError, ValueError
        For anything else, naming the argument.

    Examples
    --------
    >>> constant((2, 2), np.random.default_rng(0), value=0.5).tolist()
    [[0.5, 0.5], [0.5, 0.5]]
    """
    checks.generator(rng)
    value = checks.real("value", value)
    return np.full(checks.shape(shape), value, dtype=checks.float_dtype(dtype))


def zeros(shape: tuple[int, ...], rng: np.random.Generator, *, dtype: Any = np.float64) -> Array:
    """Return zeros: the usual start of a bias, the saddle of chapter 4 for a weight.

    Examples
    --------
    >>> zeros((1, 3), np.random.default_rng(0)).tolist()
    [[0.0, 0.0, 0.0]]
    """
    return constant(shape, rng, value=0.0, dtype=dtype)


def ones(shape: tuple[int, ...], rng: np.random.Generator, *, dtype: Any = np.float64) -> Array:
    """Return ones: a constant like any other, so it does not break symmetry.

    Examples
    --------
    >>> ones((1, 3), np.random.default_rng(0)).tolist()
    [[1.0, 1.0, 1.0]]
    """
    return constant(shape, rng, value=1.0, dtype=dtype)


def identity(
    shape: tuple[int, ...],
    rng: np.random.Generator,
    *,
    gain: float = 1.0,
    dtype: Any = np.float64,
) -> Array:
    r"""Return `gain` times the identity, :math:`W_{ij} = \mathrm{gain}\,[i = j]`.

    A wide or tall weight has `gain` on its main diagonal. A convolution kernel has it at the
    window's centre (index ``size // 2``) and zeros elsewhere, so that a "same" convolution passes
    its input on.

    Parameters
    ----------
    shape : tuple of int
        ``(in, out)`` or ``(..., in, out)``.
    rng : numpy.random.Generator
    gain : float, default 1.0
    dtype : {float64, float32}

    Raises
    ------
    TypeError, ValueError
        For anything else, naming the argument.

    References
    ----------
    Le, Jaitly and Hinton (2015), *A simple way to initialize recurrent networks of ReLUs*.

    Examples
    --------
    >>> identity((2, 3), np.random.default_rng(0)).tolist()
    [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]
    """
    checks.generator(rng)
    *window, rows, columns = checks.shape(shape, minimum_axes=2)
    kernel = np.zeros(shape, dtype=checks.float_dtype(dtype))
    centre = tuple(size // 2 for size in window)
    kernel[centre] = checks.real("gain", gain) * np.eye(rows, columns)
    return kernel
