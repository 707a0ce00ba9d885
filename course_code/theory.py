r"""Mean-field theory: what a random network of infinite width does to its signals.

A layer draws weights of variance :math:`\sigma_w^2 / \mathrm{fan\_in}` and biases of variance
:math:`\sigma_b^2`. In a wide network the pre-activations are Gaussian, and three numbers describe
them: their second moment q (:func:`q_map`, :func:`q_star`), the correlation c of two inputs
(:func:`c_map`, :func:`c_star`), and the factor :math:`\chi_1` (:func:`chi_1`) by which the second
moment of a gradient changes from layer to layer. :func:`xi_q` and :func:`xi_c` say over how many
layers q and c settle. :mod:`course_code.moments` has the same for the layers of a given network,
and the gain of an activation, which can be imported from here too.

``activation`` is a name or an :class:`~course_code.activations.Activation` everywhere. The
integrals (:mod:`course_code.gaussian`) are exact to about 12 digits for any :math:`\sigma_w`; the
infinite width is the only approximation. A custom activation with kinks away from 0 (hard tanh)
has :func:`c_map`, :func:`c_star` and, where :math:`c^* < 1`, :func:`xi_c` to 3 or 4 digits only.

References
----------
- B. Poole, S. Lahiri, M. Raghu, J. Sohl-Dickstein, S. Ganguli, "Exponential expressivity in deep
  neural networks through transient chaos", NeurIPS 2016.
- S. S. Schoenholz, J. Gilmer, S. Ganguli, J. Sohl-Dickstein, "Deep information propagation",
  ICLR 2017.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from . import activations, checks
from .activations import Activation
from .checks import Array
from .gaussian import correlated_mean, gaussian_mean
from .moments import gain as gain

LIMIT_Q = (1e-30, 1e20)  # where q* is 0 or infinite, quantities are evaluated at these instead
ROUNDING = 1e-12  # slopes this close to 1 count as 1


def q_map(
    q: ArrayLike, activation: str | Activation, sigma_w: float, sigma_b: float = 0.0
) -> Array:
    r"""Return a layer's pre-activation second moment, from that of the layer before it.

    .. math:: q^{l+1} = \sigma_w^2 \, E\big[f(\sqrt{q^l} Z)^2\big] + \sigma_b^2

    (Poole et al. 2016, the "length map".)

    Parameters
    ----------
    q : float or array_like
        Second moments, at least 0.
    activation : str or Activation
    sigma_w : float
        Weights have standard deviation :math:`\sigma_w / \sqrt{\mathrm{fan\_in}}`; in (0, 1e10).
    sigma_b : float, default 0
        Standard deviation of the biases; in [0, 1e10].

    Returns
    -------
    float or ndarray
        Of the shape of `q`.

    Raises
    ------
    ValueError, TypeError
        For a negative or non-finite argument, one that is not a number, or an unknown name.

    Examples
    --------
    >>> f"{q_map(1.0, 'relu', 2.0, 0.5):.4f}"
    '2.2500'
    """
    f, sigma_w, sigma_b = _network(activation, sigma_w, sigma_b)
    q = checks.array("q", q, dtype=np.float64)
    if (q < 0).any():
        raise ValueError(f"q must be at least 0; got {q.min():g}")
    return _q_map(q, f, sigma_w, sigma_b)[()]


def q_star(activation: str | Activation, sigma_w: float, sigma_b: float = 0.0) -> float:
    r"""Return the second moment at which a deep network settles: :math:`q^* = V(q^*)`.

    V is :func:`q_map`. The fixed point returned is the first that the iteration from
    :math:`q = 1` meets; for every activation of this package V increases, so that is its limit.

    Parameters
    ----------
    activation, sigma_w, sigma_b
        As in :func:`q_map`, which lists the errors too.

    Returns
    -------
    float
        0.0 if the signal dies out, ``inf`` if it grows without bound (ReLU for
        :math:`\sigma_w^2 > 2`). Where :math:`q = 1` is itself a fixed point, 1.0, stable or not:
        so it is for ReLU at :math:`\sigma_w = \sqrt 2`, :math:`\sigma_b = 0`, where every q is
        one, and for any activation whose gain is :math:`\sigma_w`. A value below 1e-30 is
        returned as 0.0, one above 1e30 as ``inf``.

    Examples
    --------
    >>> f"{q_star('tanh', 1.3, 0.3):.4f}"
    '0.6070'
    >>> q_star("tanh", 0.9), q_star("relu", 1.5), round(q_star("relu", 2**0.5), 9)
    (0.0, inf, 1.0)
    """
    from scipy.optimize import brentq

    f, sigma_w, sigma_b = _network(activation, sigma_w, sigma_b)

    def growth(log_q: ArrayLike) -> Array:
        q = np.exp(log_q)
        return _q_map(q, f, sigma_w, sigma_b) / q - 1.0

    at_one = float(growth(0.0))
    if abs(at_one) <= ROUNDING:
        return 1.0
    # Walk away from q = 1 in the direction of V(1), with steps that grow, to the first sign change.
    log_end = math.log(1e30) if at_one > 0 else math.log(1e-30)
    for log_q in np.split(log_end * np.linspace(0.0, 1.0, 300) ** 2, 12):
        crossed = growth(log_q) * np.sign(at_one) < -ROUNDING
        if crossed.any():
            end = float(log_q[crossed][0])
            return math.exp(brentq(lambda t: float(growth(t)), 0.0, end, xtol=1e-14))
    return math.inf if at_one > 0 else 0.0


def chi_1(activation: str | Activation, sigma_w: float, sigma_b: float = 0.0) -> float:
    r"""Return :math:`\chi_1`, the slope of the correlation map at c = 1.

    .. math:: \chi_1 = \sigma_w^2 \, E\big[f'(\sqrt{q^*} Z)^2\big]

    (Poole et al. 2016.) It is also the factor by which the second moment of a gradient grows a
    layer, going backward (Schoenholz et al. 2017, section 4): below 1 gradients vanish and close
    inputs merge ("order"), above 1 gradients explode and close inputs separate ("chaos").

    Parameters
    ----------
    activation, sigma_w, sigma_b
        As in :func:`q_map`, which lists the errors too.

    Returns
    -------
    float
        Where :math:`q^*` is 0 or infinite, the limit there.

    Examples
    --------
    >>> f"{chi_1('tanh', 1.3, 0.3):.4f}", f"{chi_1('relu', 2**0.5):.4f}"
    ('0.9398', '1.0000')
    """
    f, sigma_w, sigma_b = _network(activation, sigma_w, sigma_b)
    scale = math.sqrt(_finite_q(f, sigma_w, sigma_b))
    return float(sigma_w**2 * gaussian_mean(lambda z: f.df(scale * z) ** 2))


def xi_q(activation: str | Activation, sigma_w: float, sigma_b: float = 0.0) -> float:
    r"""Return :math:`\xi_q`, over how many layers q approaches :math:`q^*`.

    .. math:: |q^l - q^*| \sim e^{-l / \xi_q}, \qquad \xi_q^{-1} = -\log |V'(q^*)|, \qquad
              V'(q) = \frac{\sigma_w^2}{\sqrt q} \, E\big[Z f(\sqrt q Z) f'(\sqrt q Z)\big]

    (Schoenholz et al. 2017, section 3, written there with :math:`f''` in place of Z.)

    Parameters
    ----------
    activation, sigma_w, sigma_b
        As in :func:`q_map`, which lists the errors too.

    Returns
    -------
    float
        ``inf`` where :math:`|V'(q^*)| \ge 1` or :math:`q^*` is infinite.

    Examples
    --------
    >>> f"{xi_q('relu', 1.0, 0.5):.4f}"  # 1 / log(2)
    '1.4427'
    """
    f, sigma_w, sigma_b = _network(activation, sigma_w, sigma_b)
    if math.isinf(q_star(f, sigma_w, sigma_b)):
        return math.inf
    scale = math.sqrt(_finite_q(f, sigma_w, sigma_b))
    slope = gaussian_mean(lambda z: z * f.f(scale * z) * f.df(scale * z)) / scale
    return _depth_scale(float(sigma_w**2 * slope))


def c_map(
    c: ArrayLike, activation: str | Activation, sigma_w: float, sigma_b: float = 0.0
) -> Array:
    r"""Return the correlation of two inputs' pre-activations one layer on, at :math:`q^*`.

    .. math:: c^{l+1} = \frac{\sigma_w^2 \, E[f(u_1) f(u_2)] + \sigma_b^2}{q^*}, \qquad
              u_1, u_2 \sim N(0, q^*) \text{ of correlation } c^l

    (Poole et al. 2016, the "C map".) It is computed as :math:`1 - \sigma_w^2
    E[(f(u_1) - f(u_2))^2] / (2 q^*)`, which loses no digits near c = 1.

    Parameters
    ----------
    c : float or array_like
        Correlations in [-1, 1].
    activation, sigma_w, sigma_b
        As in :func:`q_map`, which lists the errors too.

    Returns
    -------
    float or ndarray
        Of the shape of `c`. Where :math:`q^*` is 0 or infinite, the limit of the map with
        :math:`V(q)` in place of :math:`q^*`.

    Raises
    ------
    ValueError, TypeError
        For a correlation outside [-1, 1] or a bad argument, as :func:`q_map`.

    Examples
    --------
    >>> f"{c_map(0.0, 'relu', 2**0.5):.6f}"  # 1 / pi (Cho and Saul 2009)
    '0.318310'
    """
    f, sigma_w, sigma_b = _network(activation, sigma_w, sigma_b)
    c = checks.array("c", c, dtype=np.float64)
    if (abs(c) > 1).any():
        raise ValueError(f"c must be in [-1, 1]; got values from {c.min():g} to {c.max():g}")
    q = _finite_q(f, sigma_w, sigma_b)
    distances = [_distance(angle, f, q, sigma_w, sigma_b) for angle in np.arccos(c).flat]
    return np.clip(1.0 - np.reshape(distances, c.shape), -1.0, 1.0)[()]


def c_star(activation: str | Activation, sigma_w: float, sigma_b: float = 0.0) -> float:
    r"""Return the correlation to which two different inputs tend with depth.

    c = 1 is always a fixed point of :func:`c_map`. The map is convex on [0, 1], so for
    :math:`\chi_1 \le 1` it is the only one and attracts every pair of inputs; for
    :math:`\chi_1 > 1` it repels, and the limit is the one fixed point in [0, 1)
    (Poole et al. 2016).

    Parameters
    ----------
    activation, sigma_w, sigma_b
        As in :func:`q_map`, which lists the errors too.

    Returns
    -------
    float
        In [0, 1]. 1.0 where :math:`q^*` is 0 (the limit of small :math:`\sigma_b`) or infinite,
        and for a linear network without biases, which keeps every correlation as it is.

    Examples
    --------
    >>> c_star("tanh", 1.3, 0.3), f"{c_star('tanh', 2.5, 0.3):.4f}"
    (1.0, '0.1221')
    """
    from scipy.optimize import brentq

    f, sigma_w, sigma_b = _network(activation, sigma_w, sigma_b)
    q = q_star(f, sigma_w, sigma_b)
    slope_at_one = chi_1(f, sigma_w, sigma_b)
    if q in (0.0, math.inf) or slope_at_one <= 1.0 + ROUNDING:
        return 1.0

    def secant(angle: float) -> float:
        """Return (1 - c_map(c)) / (1 - c), which is 1 at a fixed point."""
        if angle == 0.0:
            return slope_at_one
        return _distance(angle, f, q, sigma_w, sigma_b) / (2.0 * math.sin(0.5 * angle) ** 2)

    if secant(0.5 * math.pi) >= 1.0 - ROUNDING:  # c_map(0) = 0: an odd activation, no biases
        return 0.0
    return math.cos(brentq(lambda angle: secant(angle) - 1.0, 0.0, 0.5 * math.pi, xtol=1e-14))


def xi_c(activation: str | Activation, sigma_w: float, sigma_b: float = 0.0) -> float:
    r"""Return :math:`\xi_c`, over how many layers the correlation approaches :math:`c^*`.

    .. math:: |c^l - c^*| \sim e^{-l / \xi_c}, \qquad
              \xi_c^{-1} = -\log\big(\sigma_w^2 \, E[f'(u_1) f'(u_2)]\big), \qquad
              u_1, u_2 \sim N(0, q^*) \text{ of correlation } c^*

    (Schoenholz et al. 2017, section 3: it bounds the depth to which a network can be trained.)
    With :math:`c^* = 1` it is :math:`-1 / \log \chi_1`.

    Parameters
    ----------
    activation, sigma_w, sigma_b
        As in :func:`q_map`, which lists the errors too.

    Returns
    -------
    float
        ``inf`` at criticality (:math:`\chi_1 = 1`) and where :math:`q^*` is infinite.

    Examples
    --------
    >>> [f"{xi_c('tanh', variance**0.5, 0.05**0.5):.2f}" for variance in (1.0, 1.5)]
    ['3.63', '15.79']
    """
    f, sigma_w, sigma_b = _network(activation, sigma_w, sigma_b)
    q, c = q_star(f, sigma_w, sigma_b), c_star(f, sigma_w, sigma_b)
    if math.isinf(q):
        return math.inf
    if c == 1.0:
        return _depth_scale(chi_1(f, sigma_w, sigma_b))
    slope = correlated_mean(lambda x, y: f.df(x) * f.df(y), math.acos(c), math.sqrt(q))
    return _depth_scale(sigma_w**2 * slope)


def _network(
    activation: str | Activation, sigma_w: float, sigma_b: float
) -> tuple[Activation, float, float]:
    """Return the three arguments of every function here, checked."""
    return (
        activations.get(activation),
        checks.real("sigma_w", sigma_w, minimum=0.0, maximum=1e10, exclusive=True),
        checks.real("sigma_b", sigma_b, minimum=0.0, maximum=1e10),
    )


def _q_map(q: ArrayLike, f: Activation, sigma_w: float, sigma_b: float) -> Array:
    scale = np.sqrt(q)[..., None]
    return sigma_w**2 * gaussian_mean(lambda z: f.f(scale * z) ** 2) + sigma_b**2


def _finite_q(f: Activation, sigma_w: float, sigma_b: float) -> float:
    """Return q*, or what stands for it in a limit."""
    return min(max(q_star(f, sigma_w, sigma_b), LIMIT_Q[0]), LIMIT_Q[1])


def _distance(angle: float, f: Activation, q: float, sigma_w: float, sigma_b: float) -> float:
    """Return 1 - c_map(cos(angle)), from the mean square of f(u1) - f(u2)."""
    square = correlated_mean(lambda x, y: (f.f(x) - f.f(y)) ** 2, angle, math.sqrt(q))
    return sigma_w**2 * square / (2.0 * float(_q_map(q, f, sigma_w, sigma_b)))


def _depth_scale(slope: float) -> float:
    """Return xi with slope = exp(-1 / xi)."""
    slope = abs(slope)
    if slope >= 1.0 - ROUNDING:
        return math.inf
    return -1.0 / math.log(slope) if slope > 0 else 0.0
