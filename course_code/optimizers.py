r"""Optimizers: rules that turn gradients into updates, in place, parameter by parameter.

An optimizer keeps what it remembers (velocities, moments) for one list of parameters, so give each
training an optimizer of its own. Every rule works elementwise, so it treats an ensemble's
parameters, with their leading axis, like any others.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from . import checks
from .checks import Array


def _learning_rate(value: object) -> float:
    return checks.real("learning_rate", value, minimum=0.0)


def _decay(name: str, value: object) -> float:
    decay = checks.real(name, value, minimum=0.0)
    if decay >= 1:
        raise ValueError(f"{name} must be in [0, 1); got {decay:g}")
    return decay


def check(optimizer: Optimizer, parameters: Sequence[Array], gradients: Sequence[Array]) -> None:
    """Refuse arrays that do not fit each other, or what was remembered of an earlier update."""
    for parameter in parameters:
        if not isinstance(parameter, np.ndarray) or parameter.dtype.kind != "f":
            raise TypeError(
                "parameters must be float arrays, which are changed in place; "
                f"got {type(parameter).__name__} {parameter!r}"
            )
    shapes = [parameter.shape for parameter in parameters]
    given = [np.shape(gradient) for gradient in gradients]
    if given != shapes:
        raise ValueError(f"gradients must have the parameters' shapes {shapes}; got {given}")
    remembered = [one.shape for one in getattr(optimizer, optimizer.remembers[0])]
    if remembered and remembered != shapes:
        raise ValueError(
            f"this optimizer remembers parameters of shapes {remembered}; got {shapes}: "
            "give each training an optimizer of its own"
        )


def cut(long: Array, shapes: Sequence[tuple[int, ...]]) -> list[Array]:
    """Return consecutive parts of a long array, as views of these shapes."""
    parts, start = [], 0
    for shape in shapes:
        end = start + math.prod(shape)
        parts.append(long[start:end].reshape(shape))
        start = end
    return parts


def regroup(optimizer: Optimizer, shapes: Sequence[tuple[int, ...]]) -> None:
    """Cut what `optimizer` remembers, the same numbers in the same order, to other shapes."""
    for name in optimizer.remembers:
        if memory := getattr(optimizer, name):
            long = np.concatenate([array.ravel() for array in memory])
            setattr(optimizer, name, cut(long, shapes))


class SGD:
    r"""Gradient descent, with momentum if asked.

    .. math:: v \leftarrow \mu v + g, \qquad \theta \leftarrow \theta - \eta v,

    and with Nesterov's momentum :math:`\theta \leftarrow \theta - \eta (g + \mu v)`: PyTorch's
    form, in which the learning rate multiplies the velocity.

    Parameters
    ----------
    learning_rate : float, default 0.01
        :math:`\eta \ge 0`.
    momentum : float, default 0.0
        :math:`\mu` in [0, 1).
    nesterov : bool, default False
        Needs a positive momentum.

    Attributes
    ----------
    velocities : list of ndarray
        :math:`v`, one for each parameter; empty before the first update and without momentum.

    Raises
    ------
    TypeError, ValueError
        For anything else, naming the argument.

    References
    ----------
    Sutskever et al. (2013), *On the importance of initialization and momentum in deep learning*.

    Examples
    --------
    >>> theta = np.array([1.0, 2.0])
    >>> SGD(learning_rate=0.5).update([theta], [np.array([1.0, -1.0])])
    >>> theta.tolist()
    [0.5, 2.5]
    """

    remembers = ("velocities",)

    def __init__(
        self, learning_rate: float = 0.01, momentum: float = 0.0, nesterov: bool = False
    ) -> None:
        self.learning_rate = _learning_rate(learning_rate)
        self.momentum = _decay("momentum", momentum)
        self.nesterov = checks.boolean("nesterov", nesterov)
        if self.nesterov and not self.momentum:
            raise ValueError("nesterov needs a positive momentum; got momentum=0")
        self.velocities: list[Array] = []

    def update(self, parameters: Sequence[Array], gradients: Sequence[Array]) -> None:
        """Move `parameters` (float arrays, changed in place) by one step along `gradients`.

        Raises TypeError or ValueError where the arrays do not fit each other.
        """
        check(self, parameters, gradients)
        self._start(parameters)
        for i, (parameter, gradient) in enumerate(zip(parameters, gradients, strict=True)):
            self._move(i, parameter, gradient)

    def _start(self, parameters: Sequence[Array]) -> None:
        if self.momentum and not self.velocities:
            self.velocities = [np.zeros_like(p) for p in parameters]

    def _move(self, i: int, parameter: Array, gradient: Array) -> None:
        if not self.momentum:
            parameter -= self.learning_rate * gradient
            return
        v = self.velocities[i]
        v *= self.momentum
        v += gradient
        direction = gradient + self.momentum * v if self.nesterov else v
        parameter -= self.learning_rate * direction


class RMSProp:
    r"""Gradient descent with each coordinate divided by its gradient's recent size.

    .. math:: s \leftarrow \rho s + (1 - \rho) g^2, \qquad
       \theta \leftarrow \theta - \eta\, g / (\sqrt{s} + \epsilon).

    Parameters
    ----------
    learning_rate : float, default 0.01
    decay : float, default 0.99
        :math:`\rho` in [0, 1).
    epsilon : float, default 1e-8
        Positive.

    Raises
    ------
    TypeError, ValueError
        For anything else, naming the argument.

    References
    ----------
    Hinton, Srivastava and Swersky (2012), *Neural Networks for Machine Learning*, lecture 6e; the
    defaults are PyTorch's.

    Examples
    --------
    >>> theta = np.array([1.0])
    >>> RMSProp(learning_rate=0.1).update([theta], [np.array([5.0])])
    >>> f"{theta[0]:.4f}"
    '0.0000'
    """

    remembers = ("_squares",)

    def __init__(
        self, learning_rate: float = 0.01, decay: float = 0.99, epsilon: float = 1e-8
    ) -> None:
        self.learning_rate = _learning_rate(learning_rate)
        self.decay = _decay("decay", decay)
        self.epsilon = checks.real("epsilon", epsilon, minimum=0.0, exclusive=True)
        self._squares: list[Array] = []

    def update(self, parameters: Sequence[Array], gradients: Sequence[Array]) -> None:
        """Move `parameters` (float arrays, changed in place) by one step along `gradients`.

        Raises TypeError or ValueError where the arrays do not fit each other.
        """
        check(self, parameters, gradients)
        self._start(parameters)
        for i, (parameter, gradient) in enumerate(zip(parameters, gradients, strict=True)):
            self._move(i, parameter, gradient)

    def _start(self, parameters: Sequence[Array]) -> None:
        if not self._squares:
            self._squares = [np.zeros_like(p) for p in parameters]

    def _move(self, i: int, parameter: Array, gradient: Array) -> None:
        s = self._squares[i]
        s *= self.decay
        s += (1 - self.decay) * gradient * gradient
        parameter -= self.learning_rate * gradient / (np.sqrt(s) + self.epsilon)


class Adam:
    r"""Momentum and RMSProp together, both corrected for starting at zero.

    .. math:: m \leftarrow \beta_1 m + (1 - \beta_1) g, \quad
       s \leftarrow \beta_2 s + (1 - \beta_2) g^2, \quad
       \theta \leftarrow \theta - \eta\,
       \frac{m / (1 - \beta_1^t)}{\sqrt{s / (1 - \beta_2^t)} + \epsilon}.

    Parameters
    ----------
    learning_rate : float, default 0.001
    beta_1, beta_2 : float, defaults 0.9 and 0.999
        In [0, 1).
    epsilon : float, default 1e-8
        Positive.

    Raises
    ------
    TypeError, ValueError
        For anything else, naming the argument.

    References
    ----------
    Kingma and Ba (2015), algorithm 1.

    Examples
    --------
    >>> theta = np.array([1.0])
    >>> Adam(learning_rate=0.1).update([theta], [np.array([5.0])])
    >>> f"{theta[0]:.4f}"
    '0.9000'
    """

    remembers = ("_means", "_squares")

    def __init__(
        self,
        learning_rate: float = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
    ) -> None:
        self.learning_rate = _learning_rate(learning_rate)
        self.beta_1 = _decay("beta_1", beta_1)
        self.beta_2 = _decay("beta_2", beta_2)
        self.epsilon = checks.real("epsilon", epsilon, minimum=0.0, exclusive=True)
        self._t = 0
        self._means: list[Array] = []
        self._squares: list[Array] = []

    def update(self, parameters: Sequence[Array], gradients: Sequence[Array]) -> None:
        """Move `parameters` (float arrays, changed in place) by one step along `gradients`.

        Raises TypeError or ValueError where the arrays do not fit each other.
        """
        check(self, parameters, gradients)
        self._start(parameters)
        for i, (parameter, gradient) in enumerate(zip(parameters, gradients, strict=True)):
            self._move(i, parameter, gradient)

    def _start(self, parameters: Sequence[Array]) -> None:
        if not self._squares:
            self._means = [np.zeros_like(p) for p in parameters]
            self._squares = [np.zeros_like(p) for p in parameters]
        self._t += 1

    def _move(self, i: int, parameter: Array, gradient: Array) -> None:
        m, s = self._means[i], self._squares[i]
        m *= self.beta_1
        m += (1 - self.beta_1) * gradient
        s *= self.beta_2
        s += (1 - self.beta_2) * gradient * gradient
        size = np.sqrt(s / (1 - self.beta_2**self._t)) + self.epsilon
        parameter -= self.learning_rate / (1 - self.beta_1**self._t) * m / size


Optimizer = SGD | RMSProp | Adam

_OPTIMIZERS: dict[str, Callable[..., Optimizer]] = {"sgd": SGD, "rmsprop": RMSProp, "adam": Adam}


def names() -> list[str]:
    """Return the names of all optimizers.

    Examples
    --------
    >>> names()
    ['sgd', 'rmsprop', 'adam']
    """
    return list(_OPTIMIZERS)


def get(name: str, **parameters: Any) -> Optimizer:
    """Return a new optimizer by name.

    Parameters
    ----------
    name : {"sgd", "rmsprop", "adam"}
    **parameters
        Keyword parameters of :class:`SGD`, :class:`RMSProp` or :class:`Adam`.

    Returns
    -------
    SGD, RMSProp or Adam

    Raises
    ------
    ValueError
        For an unknown name (the message lists the valid ones) or a parameter out of range.
    TypeError
        For a parameter that the optimizer does not have.

    Examples
    --------
    >>> get("sgd", learning_rate=0.1, momentum=0.9).momentum
    0.9
    """
    make = _OPTIMIZERS[checks.choice("optimizer", name, _OPTIMIZERS)]
    checks.parameters(name, make, parameters)
    return make(**parameters)
