r"""What PyTorch, Keras and Flax draw when nobody chooses an initializer, in NumPy.

========  =============================================================  ==========================
          weight                                                         bias
========  =============================================================  ==========================
PyTorch   :math:`U(-a, a),\ a = 1 / \sqrt{\mathrm{fan\_in}}`             the same law
Keras     :math:`U(-a, a),\ a = \sqrt{6 / (\mathrm{fan\_in} +            zeros
          \mathrm{fan\_out})}`
Flax      truncated normal of variance :math:`1 / \mathrm{fan\_in}`      zeros
========  =============================================================  ==========================

The laws are those of ``torch.nn.Linear`` and ``Conv2d`` (2.x), ``keras.layers.Dense`` and
``Conv2D`` (3.x), ``flax.linen`` and ``flax.nnx`` ``Dense``, ``Linear`` and ``Conv``. They agree in
law, not in draws. No framework is imported here: the tests compare with the installed ones.

Shapes are this package's, ``(fan_in, fan_out)`` and ``(height, width, in, out)``, as in Keras and
Flax. PyTorch stores ``(out, in)`` and ``(out, in, height, width)``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from . import checks, initializers
from .checks import Array
from .initializers import Initializer
from .initializers.random import CUT, TRUNCATED_STD

FRAMEWORKS = ("pytorch", "keras", "flax")


@dataclass(frozen=True)
class Law:
    """The law of one parameter: its distribution's name, its variance, its largest magnitude.

    `distribution` is "uniform", "truncated_normal" or "zeros"; the mean is 0.
    """

    distribution: str
    variance: float
    bound: float


@dataclass(frozen=True)
class LayerDefault:
    """The laws of a layer's weight and bias."""

    weight: Law
    bias: Law


def default_initialization(framework: str, shape: tuple[int, ...]) -> LayerDefault:
    r"""Return the laws of weight and bias that a framework's layer starts with by default.

    Parameters
    ----------
    framework : {"pytorch", "keras", "flax"}
    shape : tuple of int
        The weight's: ``(fan_in, fan_out)``, or ``(height, width, in, out)`` of a convolution.

    Returns
    -------
    LayerDefault
        ``.weight`` and ``.bias``, each with ``.distribution``, ``.variance`` and ``.bound``.

    Raises
    ------
    TypeError, ValueError
        If the framework is unknown (the message lists them) or the shape has no fans.

    Notes
    -----
    PyTorch calls ``kaiming_uniform_(weight, a=sqrt(5))``: with :math:`s = \sqrt 5`, He's bound
    :math:`\sqrt{6 / ((1 + s^2)\,\mathrm{fan\_in})}` is :math:`1 / \sqrt{\mathrm{fan\_in}}`, the
    "commonly used heuristic" of Glorot and Bengio (2010), equation 1. Its variance,
    :math:`1 / (3\,\mathrm{fan\_in})`, is a sixth of He's.

    References
    ----------
    PyTorch ``torch/nn/modules/linear.py`` and ``conv.py`` (``reset_parameters``); Keras
    ``layers/core/dense.py`` and ``layers/convolutional/base_conv.py``; Flax
    ``flax/nnx/nn/linear.py`` (``default_kernel_init``).

    Examples
    --------
    >>> default = default_initialization("pytorch", (300, 100))
    >>> default.weight.distribution, f"{default.weight.variance * 300:.3f}"
    ('uniform', '0.333')
    >>> default.bias == default.weight
    True
    """
    checks.choice("framework", framework, FRAMEWORKS)
    fan_in, fan_out = initializers.compute_fans(shape)
    zeros = Law("zeros", 0.0, 0.0)
    if framework == "pytorch":
        heuristic = Law("uniform", 1 / (3 * fan_in), 1 / math.sqrt(fan_in))
        return LayerDefault(heuristic, heuristic)
    if framework == "keras":
        glorot = Law("uniform", 2 / (fan_in + fan_out), math.sqrt(6 / (fan_in + fan_out)))
        return LayerDefault(glorot, zeros)
    lecun = Law("truncated_normal", 1 / fan_in, CUT / TRUNCATED_STD / math.sqrt(fan_in))
    return LayerDefault(lecun, zeros)


_WEIGHTS: dict[str, Initializer] = {
    "pytorch": initializers.get("he_uniform", negative_slope=math.sqrt(5)),
    "keras": initializers.get("glorot_uniform"),
    "flax": initializers.get("lecun_normal"),
}


def _bias_initializer(framework: str, fan_in: int) -> Initializer:
    if framework != "pytorch":
        return initializers.get("zeros")
    bound = 1 / math.sqrt(fan_in)
    return initializers.get("random_uniform", low=-bound, high=bound)


def draw_default(
    framework: str, shape: tuple[int, ...], rng: np.random.Generator, *, dtype: Any = np.float64
) -> tuple[Array, Array]:
    """Draw a layer's weight and bias as the framework would by default.

    Parameters
    ----------
    framework : {"pytorch", "keras", "flax"}
    shape : tuple of int
        The weight's: ``(fan_in, fan_out)`` or ``(..., in, out)``.
    rng : numpy.random.Generator
    dtype : {float64, float32}
        The frameworks' own default is float32.

    Returns
    -------
    weight : ndarray, of the given shape
    bias : ndarray, shape (out,)

    Raises
    ------
    TypeError, ValueError
        As :func:`default_initialization`, or if `rng` is not a Generator.

    Examples
    --------
    >>> W, b = draw_default("keras", (3, 3, 16, 32), np.random.default_rng(0))
    >>> W.shape, b.shape, float(abs(b).max())
    ((3, 3, 16, 32), (32,), 0.0)
    """
    checks.choice("framework", framework, FRAMEWORKS)
    checks.generator(rng)
    fan_in, _ = initializers.compute_fans(shape)
    dtype = checks.float_dtype(dtype)
    weight = _WEIGHTS[framework](shape, rng)
    bias = _bias_initializer(framework, fan_in)((shape[-1],), rng)
    return weight.astype(dtype, copy=False), bias.astype(dtype, copy=False)


def initializers_for(
    framework: str, sizes: Sequence[int]
) -> tuple[list[Initializer], list[Initializer]]:
    """Return the default initializers of weights and biases, one a layer, for an MLP of `sizes`.

    A bias is drawn knowing only its own shape, ``(fan_out,)``, but PyTorch's depends on fan_in:
    hence one callable a layer.

    Parameters
    ----------
    framework : {"pytorch", "keras", "flax"}
    sizes : sequence of int
        As for :class:`course_code.network.MLP`.

    Returns
    -------
    weight_initializers, bias_initializers : list of callable
        For MLP's `initializer` and `bias_initializer`.

    Raises
    ------
    TypeError, ValueError
        If the framework is unknown or `sizes` is not two or more positive integers.

    Examples
    --------
    >>> from course_code.network import MLP
    >>> sizes = [100, 50, 1]
    >>> weights, biases = initializers_for("pytorch", sizes)
    >>> rng = np.random.default_rng(0)
    >>> network = MLP(sizes, initializer=weights, bias_initializer=biases, rng=rng)
    >>> bool(abs(network.biases[0]).max() <= 0.1)
    True
    """
    checks.choice("framework", framework, FRAMEWORKS)
    if not isinstance(sizes, list | tuple):
        raise TypeError(f"sizes must be a list of positive integers; got {sizes!r}")
    if len(sizes) < 2:
        raise ValueError(f"sizes needs at least an input and an output size; got {sizes}")
    *fans_in, _ = [checks.integer("every entry of sizes", size, minimum=1) for size in sizes]
    return (
        [_WEIGHTS[framework] for _ in fans_in],
        [_bias_initializer(framework, fan_in) for fan_in in fans_in],
    )


def _elsewhere(keras: str, pytorch: str | None, jax: str | None) -> dict[str, str | None]:
    return {
        "keras": f"keras.initializers.{keras}",
        "pytorch": pytorch and f"torch.nn.init.{pytorch}",
        "jax": jax and f"jax.nn.initializers.{jax}",
    }


# How each initializer is written elsewhere, for a weight ``w`` in PyTorch; None where a framework
# has none. The laws are equal but for PyTorch's xavier_normal_ and kaiming_normal_: not truncated.
NAMES: dict[str, dict[str, str | None]] = {
    "zeros": _elsewhere("Zeros()", "zeros_(w)", "zeros"),
    "ones": _elsewhere("Ones()", "ones_(w)", "ones"),
    "constant": _elsewhere("Constant(value)", "constant_(w, value)", "constant(value)"),
    # Of a kernel: PyTorch's dirac_(w).
    "identity": _elsewhere("Identity()", "eye_(w)", None),
    "orthogonal": _elsewhere("Orthogonal()", "orthogonal_(w)", "orthogonal()"),
    "random_normal": _elsewhere("RandomNormal(0.0, std)", "normal_(w, 0.0, std)", "normal(std)"),
    # JAX's uniform(scale) draws from [0, scale).
    "random_uniform": _elsewhere("RandomUniform(low, high)", "uniform_(w, low, high)", None),
    # PyTorch's a and b are the values of the cut, not numbers of standard deviations.
    "truncated_normal": _elsewhere(
        "TruncatedNormal(0.0, std)",
        "trunc_normal_(w, 0.0, std, a=-2 * std, b=2 * std)",
        "truncated_normal(std)",
    ),
    # Our "normal" is Keras's "untruncated_normal": its "normal" is truncated.
    "variance_scaling": _elsewhere(
        "VarianceScaling(scale, mode, distribution)",
        None,
        "variance_scaling(scale, mode, distribution)",
    ),
    "lecun_normal": _elsewhere(
        "LecunNormal()", "kaiming_normal_(w, nonlinearity='linear')", "lecun_normal()"
    ),
    "lecun_uniform": _elsewhere(
        "LecunUniform()", "kaiming_uniform_(w, nonlinearity='linear')", "lecun_uniform()"
    ),
    "glorot_normal": _elsewhere("GlorotNormal()", "xavier_normal_(w)", "glorot_normal()"),
    "glorot_uniform": _elsewhere("GlorotUniform()", "xavier_uniform_(w)", "glorot_uniform()"),
    "he_normal": _elsewhere("HeNormal()", "kaiming_normal_(w)", "he_normal()"),
    "he_uniform": _elsewhere("HeUniform()", "kaiming_uniform_(w)", "he_uniform()"),
}
