r"""Expectations of functions of one or two Gaussian variables, computed to about 12 digits.

Gauss-Hermite quadrature converges slowly where :mod:`course_code.theory` needs it most: at the
kink of a ReLU, and for :math:`f(\sqrt q Z)` with a large :math:`q`, whose transition around 0
falls between the nodes. The rules here cut the line into panels that halve in width towards 0,
so that a feature at 0 is met at its own scale, and put Gauss-Legendre nodes in each panel.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable

import numpy as np

from .checks import Array

NODES = 16  # Gauss-Legendre nodes in a panel
LIMIT = 16.0  # exp(-LIMIT**2 / 2) is 3e-56
HALVINGS = 60  # the panels around 0 end at LIMIT / 2**HALVINGS = 1.4e-17
TOLERANCE = 1e-13  # of one panel, relative to the whole integral
MAX_ROUND = 20_000  # panels still to be refined in one round


def _panels(end: float, halvings: int) -> tuple[Array, Array]:
    """Return the left and right ends of panels on [0, end] that halve in width towards 0."""
    edges = np.concatenate([[0.0], end * 0.5 ** np.arange(halvings, -1, -1)])
    return edges[:-1], edges[1:]


@functools.cache
def _nodes(n: int) -> tuple[Array, Array]:
    """Return Gauss-Legendre's nodes and weights on [-1, 1]; they cost more than most integrals."""
    return np.polynomial.legendre.leggauss(n)


def _rule(left: Array, right: Array) -> tuple[Array, Array]:
    """Return the nodes and weights, each (panels, NODES), of Gauss-Legendre in every panel."""
    x, w = _nodes(NODES)
    half = 0.5 * (right - left)[:, None]
    return left[:, None] + half * (1.0 + x), half * w


def gaussian_mean(g: Callable[[Array], Array]) -> Array:
    r"""Return :math:`E[g(Z)]` for :math:`Z \sim N(0, 1)`.

    .. math:: E[g(Z)] = \int_{-\infty}^{\infty} g(z) \, \frac{e^{-z^2/2}}{\sqrt{2\pi}} \, dz

    The panels start halved 60 times towards 0. A panel on which two halves differ from the whole
    by more than 1e-13 of the integral is halved again, so kinks and jumps away from 0 are found
    too. What is narrower than a panel and away from 0 can be missed.

    Parameters
    ----------
    g : callable
        ``g(z)`` for `z` of shape (m,) returns shape (..., m): several integrands at once, one a
        leading index. It is called on :math:`|z| < 16`, with z in float64.

    Returns
    -------
    float or ndarray
        Of the leading shape of ``g(z)``. Infinite where `g` overflows.

    Raises
    ------
    ValueError
        If `g` returns another shape, or NaN.
    ArithmeticError
        If the integral does not converge: `g` is noisy (float32, say) or oscillates too fast.

    Examples
    --------
    >>> f"{gaussian_mean(lambda z: z**4):.6f}"
    '3.000000'
    >>> f"{gaussian_mean(lambda z: np.abs(z) > 1):.6f}"
    '0.317311'
    """
    right_left, right_right = _panels(LIMIT, HALVINGS)
    left = np.concatenate([-right_right, right_left])
    right = np.concatenate([-right_left, right_right])
    with np.errstate(over="ignore", invalid="ignore"):
        coarse = _panel_integrals(g, left, right)
        scale = np.abs(coarse).sum(axis=-1, keepdims=True)
        total = np.zeros(coarse.shape[:-1])
        while left.size:
            if left.size > MAX_ROUND:
                raise ArithmeticError(
                    f"the Gaussian mean of {g!r} did not converge: "
                    "it must be piecewise smooth and computed in float64"
                )
            middle = 0.5 * (left + right)
            left, right = np.concatenate([left, middle]), np.concatenate([middle, right])
            halves = _panel_integrals(g, left, right)
            fine = halves[..., : middle.size] + halves[..., middle.size :]
            # Not finite compares False: overflow ends here as inf.
            rough = np.abs(fine - coarse) > TOLERANCE * scale
            rough = rough.any(axis=tuple(range(rough.ndim - 1)))
            total += fine[..., ~rough].sum(axis=-1)
            again = np.concatenate([rough, rough])
            left, right, coarse = left[again], right[again], halves[..., again]
    if np.isnan(total).any():
        raise ValueError("the function under a Gaussian mean returned NaN")
    result: Array = total[()]  # a number if g has no leading axes
    return result


def _panel_integrals(g: Callable[[Array], Array], left: Array, right: Array) -> Array:
    """Return the integral of g times the normal density over each panel: (..., panels)."""
    z, weight = _rule(left, right)
    values = np.asarray(g(z.ravel()))
    if values.ndim == 0 or values.shape[-1] != z.size:
        raise ValueError(f"g must keep the last axis: z has {z.size} entries; got {values.shape}")
    weight = weight * np.exp(-0.5 * z * z) / math.sqrt(2 * math.pi)
    values = values.reshape(*values.shape[:-1], *z.shape)
    integrals: Array = np.einsum("...pn,pn->...p", values, weight)
    return integrals


def correlated_mean(g: Callable[[Array, Array], Array], angle: float, scale: float) -> float:
    r"""Return :math:`E[g(\sigma Z_1, \sigma Z_2)]` for two N(0, 1) variables of correlation c.

    The correlation is :math:`c = \cos(\mathrm{angle})` and `g` is symmetric,
    :math:`g(x, y) = g(y, x)`. In polar coordinates :math:`Z_1 = r \sin t` and
    :math:`Z_2 = r \sin(t + \mathrm{angle})`, so the lines :math:`Z_1 = 0` and :math:`Z_2 = 0`,
    where the activations of this package have their kinks, are fixed angles:

    .. math:: E[g] = \int_0^\infty r e^{-r^2/2} \int_0^{2\pi}
              g(\sigma r \sin t, \sigma r \sin(t + \mathrm{angle})) \, \frac{dt}{2\pi} \, dr

    The two symmetries, swapping the variables and turning by :math:`\pi`, leave two ranges of t.
    Panels halve in width towards :math:`r = 0` and towards the kinks, down to an eighth of the
    scale 1 of `g`. For a `g` with kinks away from 0 (hard tanh), or one that oscillates many
    times within :math:`\sigma`, expect 3 or 4 digits, not 12.

    Parameters
    ----------
    g : callable
        ``g(x, y)``, elementwise on two arrays of one shape.
    angle : float
        In :math:`[0, \pi]`.
    scale : float
        :math:`\sigma > 0`, the standard deviation of both variables.

    Returns
    -------
    float

    Examples
    --------
    >>> f"{correlated_mean(lambda x, y: x * y, angle=math.pi / 3, scale=1.0):.6f}"
    '0.500000'
    """
    halvings = max(6, math.ceil(math.log2(8 * LIMIT * max(scale, 1e-300))))
    r, r_weight = (a.reshape(-1, 1) for a in _rule(*_panels(LIMIT, halvings)))
    r_weight = r_weight * r * np.exp(-0.5 * r * r)
    t, t_weight = _rule(*_panels(1.0, halvings))

    def half_plane(t: Array, other: Array, weight: float) -> float:
        x, y = scale * r * np.sin(t.ravel()), scale * r * np.sin(other.ravel())
        values = g(x, y) + g(-x, -y)
        return weight * float(np.sum(r_weight * values * t_weight.ravel()))

    same = 0.5 * (math.pi - angle)  # from t = 0 to the middle of the range with equal signs
    opposite = 0.5 * angle  # and of the range with opposite signs
    result = half_plane(same * t, same * t + angle, same)
    result += half_plane(opposite * t, opposite * t - angle, opposite)
    return result / math.pi
