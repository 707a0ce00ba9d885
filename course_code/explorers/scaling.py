r"""Scaling: gradient descent on two weights, for raw, min-max scaled and standardized features.

The loss is that of least squares for two features of the breast cancer data, mean radius and mean
texture of 569 tumours, and targets 1 (benign) and -1, without a bias:

.. math:: L(w) = \frac{1}{2n} \lVert X w - t \rVert^2, \qquad H = \frac1n X^\top X, \qquad
          e_{t+1} = (I - \eta H)\, e_t, \qquad e = w - w^*

It is stable if and only if :math:`\eta < 2 / \lambda_1`, with the largest eigenvalue of H.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import ArrayLike

from .. import checks
from ..checks import Array
from ..preprocessing import MinMaxScaler, StandardScaler
from .controls import choice, slider
from .mechanism import Explorer, Picture, Prediction, explore

FEATURES = ("raw", "min-max", "standardized")
# On both sides of the three limits, 0.00337, 1.51 and 7.94.
RATES = (
    *(0.0003, 0.001, 0.002, 0.003, 0.0033, 0.0034, 0.01, 0.1),
    *(0.5, 1.0, 1.3, 1.5, 1.55, 3.0, 6.0, 7.9, 8.0, 10.0),
)


@dataclass(frozen=True)
class Quadratic:
    """A loss of two weights, with its theory; :func:`problem` makes it.

    Attributes
    ----------
    hessian : ndarray, shape (2, 2)
    minimum : ndarray, shape (2,)
        The weights of the smallest loss.
    start : ndarray, shape (2,)
        Where gradient descent starts: to the right of the minimum, as far from it as 0 is.
    eigenvalues : ndarray, shape (2,)
        Of the Hessian, descending.
    eigenvectors : ndarray, shape (2, 2)
        Their columns.
    """

    hessian: Array
    minimum: Array
    start: Array
    eigenvalues: Array
    eigenvectors: Array

    @property
    def limit(self) -> float:
        r"""The learning rate at which gradient descent stops converging, :math:`2/\lambda_1`."""
        return float(2 / self.eigenvalues[0])

    @property
    def condition_number(self) -> float:
        r""":math:`\kappa = \lambda_1 / \lambda_2`."""
        return float(self.eigenvalues[0] / self.eigenvalues[1])

    def path(self, learning_rate: float, steps: int) -> Array:
        """Return the weights of gradient descent, shape (steps + 1, 2); it ends beyond 1e100."""
        w = [self.start]
        while len(w) <= steps and np.abs(w[-1]).max() < 1e100:
            w.append(w[-1] - learning_rate * self.hessian @ (w[-1] - self.minimum))
        return np.array(w)

    def excess(self, learning_rate: ArrayLike, steps: ArrayLike) -> Array:
        """Return the loss above its minimum after `steps`, relative to the start; from theory."""
        parts = self.eigenvalues * (self.eigenvectors.T @ (self.start - self.minimum)) ** 2
        factors = np.abs(1 - np.expand_dims(learning_rate, -1) * self.eigenvalues)
        with np.errstate(over="ignore"):
            result: Array = factors ** (2.0 * np.expand_dims(steps, -1)) @ parts / parts.sum()
        return result

    def steps_to(self, fraction: float, learning_rate: float) -> int | None:
        """Return the steps until the excess loss is below a fraction; None if it is never."""
        if not 0 < learning_rate < self.limit:
            return None
        low, high = 0, 1
        while self.excess(learning_rate, high) > fraction:
            low, high = high, 2 * high
        while high - low > 1:
            middle = (low + high) // 2
            above = self.excess(learning_rate, middle) > fraction
            low, high = (middle, high) if above else (low, middle)
        return high

    def fewest_steps(self, fraction: float) -> tuple[int, float]:
        """Return the fewest steps of any constant rate, and that rate: the best of 1000."""
        rates, steps = self.limit * np.arange(1, 1000) / 1000, 1
        while (left := self.excess(rates, steps)).min() > fraction:
            steps += 1
        return steps, float(rates[np.argmin(left)])


@cache
def problem(features: str) -> Quadratic:
    """Return the loss of two weights for one scaling of the features.

    Parameters
    ----------
    features : {"raw", "min-max", "standardized"}

    Returns
    -------
    Quadratic

    Raises
    ------
    ValueError
        For another name.

    Examples
    --------
    >>> for name in FEATURES:
    ...     loss = problem(name)
    ...     print(f"{name}: stable below {loss.limit:.4f}, {loss.condition_number:.1f}")
    raw: stable below 0.0034, 60.2
    min-max: stable below 7.9426, 15.3
    standardized: stable below 1.5108, 2.0
    """
    from sklearn.datasets import load_breast_cancer

    checks.choice("features", features, FEATURES)
    bunch = load_breast_cancer()
    X, t = bunch.data[:, :2], 2.0 * bunch.target - 1.0
    if features != "raw":
        scaler = MinMaxScaler() if features == "min-max" else StandardScaler()
        X = scaler.fit_transform(X)
    H = X.T @ X / len(X)
    minimum = np.linalg.solve(H, X.T @ t / len(X))
    values, vectors = np.linalg.eigh(H)
    start = np.add(minimum, (np.hypot(*minimum), 0.0))
    return Quadratic(H, minimum, start, values[::-1], vectors[:, ::-1])


def scaling(
    features: Sequence[str] = FEATURES,
    *,
    learning_rates: Sequence[float] = RATES,
    start: float = 0.001,
    prediction: Prediction | None = None,
) -> Explorer:
    """Return the explorer: the features' scaling and the learning rate.

    Parameters
    ----------
    features : sequence of {"raw", "min-max", "standardized"}
    learning_rates : sequence of float
        Increasing, positive.
    start : float, default 0.001
        The learning rate shown first, one of them.
    prediction : Prediction, default None
        A question to answer before the explorer shows.

    Returns
    -------
    Explorer

    Raises
    ------
    TypeError, ValueError
        For an unknown scaling, or learning rates that do not increase from 1e-6 to 1000.
    """
    from .scaling_picture import draw

    for name in choice("features", features).values:
        checks.choice("features", name, FEATURES)

    def render(features: str, learning_rate: float) -> Picture:
        return draw(features, learning_rate)

    rate = slider("learning rate", learning_rates, start=start, minimum=1e-6, maximum=1e3)
    title = "Gradient descent on two weights"
    return explore(render, [choice("features", features), rate], title=title, prediction=prediction)
