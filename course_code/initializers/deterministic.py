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
    r"""Return an array that holds `value` everywhere, :math:`W_{ij} = \mathrm{value}`.

    Neither fan_in nor fan_out enters. Every unit of a layer starts equal and, as chapter 4
    shows, stays equal.

    Parameters
    ----------
    shape : tuple of int
        One axis or more: ``(fan_in, fan_out)`` or ``(..., in, out)`` for weights,
        ``(fan_out,)`` for biases.
    rng : numpy.random.Generator
        Checked but not used.
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
    shape, dtype = checks.shape(shape), checks.float_dtype(dtype)
    largest = checks.largest(dtype)
    value = checks.real("value", value, minimum=-largest, maximum=largest)
    return np.full(shape, value, dtype=dtype)


def zeros(shape: tuple[int, ...], rng: np.random.Generator, *, dtype: Any = np.float64) -> Array:
    """Return zeros: the usual start of a bias, the saddle of chapter 4 for a weight.

    Neither fan_in nor fan_out enters: :func:`constant` of value 0.

    Parameters
    ----------
    shape, rng, dtype
        As in :func:`constant`.

    Raises
    ------
    TypeError, ValueError
        As :func:`constant`.

    Examples
    --------
    >>> zeros((1, 3), np.random.default_rng(0)).tolist()
    [[0.0, 0.0, 0.0]]
    """
    return constant(shape, rng, value=0.0, dtype=dtype)


def ones(shape: tuple[int, ...], rng: np.random.Generator, *, dtype: Any = np.float64) -> Array:
    """Return ones: a constant like any other, so it does not break symmetry.

    Neither fan_in nor fan_out enters: :func:`constant` of value 1.

    Parameters
    ----------
    shape, rng, dtype
        As in :func:`constant`.

    Raises
    ------
    TypeError, ValueError
        As :func:`constant`.

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

    A weight with fan_in different from fan_out has `gain` on its main diagonal. A convolution
    kernel has it at the window's centre (index ``size // 2``, as PyTorch's ``dirac_``) and zeros
    elsewhere, so that a "same" convolution with an odd window passes its input on.

    Parameters
    ----------
    shape : tuple of int
        ``(fan_in, fan_out)`` or ``(..., in, out)``.
    rng : numpy.random.Generator
        Checked but not used.
    gain : float, default 1.0
    dtype : {float64, float32}

    Raises
    ------
    TypeError, ValueError
        For anything else, naming the argument.

    References
    ----------
    Le, Jaitly and Hinton (2015), *A simple way to initialize recurrent networks of rectified linear
    units*.

    Examples
    --------
    >>> identity((2, 3), np.random.default_rng(0)).tolist()
    [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]
    """
    checks.generator(rng)
    shape, dtype = checks.shape(shape, minimum_axes=2), checks.float_dtype(dtype)
    largest = checks.largest(dtype)
    gain = checks.real("gain", gain, minimum=-largest, maximum=largest)
    *window, rows, columns = shape
    kernel = np.zeros(shape, dtype=dtype)
    centre = tuple(size // 2 for size in window)
    kernel[centre] = gain * np.eye(rows, columns)
    return kernel
