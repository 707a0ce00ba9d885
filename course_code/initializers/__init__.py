r"""Initializers: one function of scale, mode and distribution, and every named scheme a line of it.

Every initializer is called as ``NAME(shape, rng, ...)`` and returns a new array of that shape. The
last two axes of `shape` are ``(fan_in, fan_out)`` of a dense layer, so a layer is ``X @ W + b``;
axes before them are the window of a convolution kernel, ``(height, width, in, out)``.

All of the theory of chapters 5 and 6 is in :func:`variance_scaling`:

.. math:: \operatorname{Var}(W_{ij}) = \frac{\text{scale}}{\text{fan}}, \qquad
   \text{fan} \in \{\mathrm{fan\_in},\ \mathrm{fan\_out},\
   (\mathrm{fan\_in} + \mathrm{fan\_out}) / 2\}.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import checks
from ..checks import Array
from .deterministic import constant, identity, ones, zeros
from .random import orthogonal, random_normal, random_uniform, truncated_normal
from .scaling import compute_fans, variance_scaling
from .schemes import (
    glorot_normal,
    glorot_uniform,
    he_normal,
    he_uniform,
    lecun_normal,
    lecun_uniform,
)

__all__ = [
    "Initializer",
    "compute_fans",
    "constant",
    "get",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "identity",
    "kaiming_normal",
    "kaiming_uniform",
    "lecun_normal",
    "lecun_uniform",
    "names",
    "ones",
    "orthogonal",
    "random_normal",
    "random_uniform",
    "truncated_normal",
    "variance_scaling",
    "xavier_normal",
    "xavier_uniform",
    "zeros",
]

Initializer = Callable[[tuple[int, ...], "np.random.Generator"], Array]

_INITIALIZERS: dict[str, Callable[..., Array]] = {
    function.__name__: function
    for function in (
        zeros,
        ones,
        constant,
        identity,
        orthogonal,
        random_normal,
        random_uniform,
        truncated_normal,
        variance_scaling,
        lecun_normal,
        lecun_uniform,
        glorot_normal,
        glorot_uniform,
        he_normal,
        he_uniform,
    )
}

xavier_normal, xavier_uniform = glorot_normal, glorot_uniform
kaiming_normal, kaiming_uniform = he_normal, he_uniform
_ALIASES: dict[str, Callable[..., Array]] = {
    "xavier_normal": xavier_normal,
    "xavier_uniform": xavier_uniform,
    "kaiming_normal": kaiming_normal,
    "kaiming_uniform": kaiming_uniform,
}


def names() -> list[str]:
    """Return the names that :func:`get` knows, without the aliases ``xavier_*`` and ``kaiming_*``.

    Examples
    --------
    >>> names()[-4:]
    ['glorot_normal', 'glorot_uniform', 'he_normal', 'he_uniform']
    """
    return list(_INITIALIZERS)


def get(name: str, **parameters: Any) -> Initializer:
    """Return the initializer of that name as a callable ``(shape, rng)``.

    Parameters
    ----------
    name : str
        One of :func:`names`, or an alias ``xavier_*`` (Glorot) or ``kaiming_*`` (He).
    **parameters
        Keyword parameters of that initializer.

    Returns
    -------
    callable
        ``initializer(shape, rng)``, an array.

    Raises
    ------
    ValueError
        For an unknown name (the message lists the valid ones).
    TypeError
        For a parameter that the initializer does not have.

    Examples
    --------
    >>> large = get("random_normal", std=10.0)
    >>> large((2, 3), np.random.default_rng(0)).shape
    (2, 3)
    """
    known = _INITIALIZERS | _ALIASES
    function = known[checks.choice("initializer", name, known)]
    checks.parameters(name, function, parameters)
    return functools.partial(function, **parameters)
