r"""Activation functions :math:`f`, their derivatives :math:`f'` and their gains.

An :class:`Activation` is three things: a name, the function ``f(z)`` and its derivative
``df(z)``. Both work elementwise on arrays of any shape and keep float32 as float32. Where the
derivative is cheaper from the value than from the argument (:math:`\tanh' = 1 - \tanh^2`),
``df`` takes the value, if the caller has it, as a second argument.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from . import checks
from .checks import Array

SELU_ALPHA = 1.6732632423543772  # Klambauer et al. 2017, equation 14
SELU_SCALE = 1.0507009873554805


@dataclass(frozen=True)
class Activation:
    r"""An elementwise function with its derivative.

    Attributes
    ----------
    name : str
    function, derivative : callable
        The formulas behind :meth:`f` and :meth:`df`, on float arrays.
    parameters : dict
        What the activation was made with, ``{"negative_slope": 0.01}`` for example.
    in_place : bool, default False
        Whether a training may overwrite z with f(z): `function` has NumPy's parameter ``out``, and
        `derivative` gives the same for ``(a, a)`` as for ``(z, a)``.

    Examples
    --------
    >>> relu = get("relu")
    >>> relu.f(np.array([-2.0, 3.0])).tolist(), relu.df(np.array([-2.0, 3.0])).tolist()
    ([0.0, 3.0], [0.0, 1.0])
    """

    name: str
    function: Callable[..., Array]
    derivative: Callable[[Array, Array | None], Array]
    parameters: dict[str, float] = field(default_factory=dict, compare=False)
    in_place: bool = field(default=False, compare=False)

    def f(self, z: ArrayLike) -> Array:
        """Return :math:`f(z)`, an array of the shape of `z` (integers give float64)."""
        return self.function(checks.floats("z", z))

    def into(self, z: Array, out: Array | None) -> Array:
        """Return :math:`f(z)`, of z's type, in `out` if given and the function can (for `fit`)."""
        if self.in_place:
            return self.function(z, out=out)
        return np.asarray(self.function(z), dtype=z.dtype)

    def df(self, z: ArrayLike, a: Array | None = None) -> Array:
        """Return :math:`f'(z)`, elementwise; at a kink (ReLU at 0), that from the left.

        Parameters
        ----------
        z : array_like
        a : ndarray, default None
            :math:`f(z)`, if already known: some derivatives are cheaper from it.
        """
        z = checks.floats("z", z)
        return np.asarray(self.derivative(z, a), dtype=z.dtype)

    @functools.cached_property
    def gain(self) -> float:
        r"""The gain :math:`g = 1 / \sqrt{E[f(Z)^2]}`, :math:`Z \sim N(0, 1)`.

        Weights of variance :math:`g^2 / \mathrm{fan\_in}` keep a pre-activation's second moment
        at 1 from layer to layer. See :func:`course_code.moments.gain`.
        """
        from .moments import gain

        return gain(self)


def _identity() -> Activation:
    return Activation("identity", lambda z: z, lambda z, a: np.ones_like(z))


def _sigmoid() -> Activation:
    def f(z: Array, out: Array | None = None) -> Array:
        # 1 / (1 + exp(-z)) for z >= 0, its equal exp(z) / (1 + exp(z)) below: neither overflows.
        return np.divide(np.exp(np.minimum(z, 0)), 1 + np.exp(-np.abs(z)), out=out)

    def df(z: Array, a: Array | None) -> Array:
        a = f(z) if a is None else a
        return a * (1.0 - a)

    return Activation("sigmoid", f, df, in_place=True)


def _tanh() -> Activation:
    def df(z: Array, a: Array | None) -> Array:
        a = np.tanh(z) if a is None else a
        square = np.asarray(a * a)
        return np.subtract(1.0, square, out=square)  # in place: a second array would cost more

    return Activation("tanh", np.tanh, df, in_place=True)


def _relu() -> Activation:
    def f(z: Array, out: Array | None = None) -> Array:
        return np.maximum(z, 0, out=out)

    def df(z: Array, a: Array | None) -> Array:
        return z > 0

    return Activation("relu", f, df, in_place=True)


def _leaky_relu(negative_slope: float = 0.01) -> Activation:
    slope = checks.real("negative_slope", negative_slope)

    def f(z: Array) -> Array:
        return np.where(z > 0, z, slope * z)

    def df(z: Array, a: Array | None) -> Array:
        return np.where(z > 0, 1.0, slope).astype(z.dtype)

    return Activation("leaky_relu", f, df, {"negative_slope": slope})


def _elu(alpha: float = 1.0) -> Activation:
    alpha = checks.real("alpha", alpha, minimum=0.0)

    def f(z: Array) -> Array:
        return np.where(z > 0, z, alpha * np.expm1(np.minimum(z, 0)))

    def df(z: Array, a: Array | None) -> Array:
        return np.where(z > 0, 1.0, alpha * np.exp(np.minimum(z, 0))).astype(z.dtype)

    return Activation("elu", f, df, {"alpha": alpha})


def _selu() -> Activation:
    elu = _elu(SELU_ALPHA)
    return Activation("selu", lambda z: SELU_SCALE * elu.f(z), lambda z, a: SELU_SCALE * elu.df(z))


def _normal_cdf(z: Array) -> Array:
    from scipy.special import ndtr

    return np.asarray(ndtr(z))


def _gelu() -> Activation:
    def f(z: Array) -> Array:
        return z * _normal_cdf(z)

    def df(z: Array, a: Array | None) -> Array:
        density = np.exp(-0.5 * np.square(np.clip(z, -40, 40))) / math.sqrt(2 * math.pi)
        return _normal_cdf(z) + z * density

    return Activation("gelu", f, df)


def _silu() -> Activation:
    sigmoid = _sigmoid().function

    def f(z: Array) -> Array:
        return z * sigmoid(z)

    def df(z: Array, a: Array | None) -> Array:
        s = sigmoid(z)
        return s * (1.0 + z * (1.0 - s))

    return Activation("silu", f, df)


def _softplus() -> Activation:
    def f(z: Array) -> Array:
        # log(1 + exp(z)), written so that a large z does not overflow.
        return np.maximum(z, 0.0) + np.log1p(np.exp(-np.abs(z)))

    sigmoid = _sigmoid().function
    return Activation("softplus", f, lambda z, a: sigmoid(z))


_ACTIVATIONS: dict[str, Callable[..., Activation]] = {
    "identity": _identity,
    "sigmoid": _sigmoid,
    "tanh": _tanh,
    "relu": _relu,
    "leaky_relu": _leaky_relu,
    "elu": _elu,
    "selu": _selu,
    "gelu": _gelu,
    "silu": _silu,
    "softplus": _softplus,
}


def names() -> list[str]:
    """Return the names of all activations.

    Examples
    --------
    >>> names()[:4]
    ['identity', 'sigmoid', 'tanh', 'relu']
    """
    return list(_ACTIVATIONS)


def get(activation: str | Activation, **parameters: Any) -> Activation:
    r"""Return an activation by name; an :class:`Activation` is returned as it is.

    Parameters
    ----------
    activation : str or Activation
        identity, sigmoid :math:`1/(1+e^{-z})`, tanh, relu :math:`\max(0, z)`, leaky_relu, elu
        (Clevert et al. 2016), selu (Klambauer et al. 2017), gelu :math:`z\,\Phi(z)` (Hendrycks
        and Gimpel 2016, the exact form), silu :math:`z\,\sigma(z)`, softplus
        :math:`\log(1+e^z)`.
    **parameters
        ``negative_slope`` of leaky_relu (0.01), ``alpha`` of elu (1.0).

    Returns
    -------
    Activation

    Raises
    ------
    ValueError
        For an unknown name (the message lists the valid ones) or a parameter out of range.
    TypeError
        For a parameter that the activation does not have.

    Examples
    --------
    >>> get("leaky_relu", negative_slope=0.2).f(np.array([-1.0, 1.0])).tolist()
    [-0.2, 1.0]
    """
    if isinstance(activation, Activation):
        if parameters:
            raise TypeError(f"an Activation takes no parameters; got {sorted(parameters)}")
        return activation
    make = _ACTIVATIONS[checks.choice("activation", activation, _ACTIVATIONS)]
    checks.parameters(activation, make, parameters)
    return make(**parameters)
