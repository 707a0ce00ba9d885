"""What the checks of problem set 3 compare with. Not for students: this is the solution."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from course_code import initializers

Array = NDArray[Any]


def confused(fan_in: int, fan_out: int, gain: float = 1.0) -> list[tuple[float, str]]:
    """Wrong standard deviations, and what they come from."""
    total = fan_in + fan_out
    right = gain * np.sqrt(2 / total)
    gains = [
        (right * np.sqrt(gain), "the gain multiplies the standard deviation, not the variance"),
        (right / np.sqrt(gain), "the gain multiplies the standard deviation, not the variance"),
        (right * gain, "the gain was applied twice"),
        (right / gain, "the gain is missing"),
    ]
    return [
        *(gains if gain != 1.0 else []),
        (right**2, "that is the variance; the scale of a law is its square root"),
        (right / 3**0.5, "that uses the standard deviation as the bound: it is sqrt(3) times that"),
        (right * 3**0.5, "that uses the bound as the standard deviation"),
        (gain / np.sqrt(fan_in), "that is 1 / fan_in, LeCun's rule; Xavier takes both fans"),
        (gain / np.sqrt(fan_out), "that is 1 / fan_out alone; Xavier takes both fans"),
        (gain / np.sqrt(3 * fan_in), "that is the old heuristic, U(-1/sqrt(n), 1/sqrt(n))"),
        (gain / np.sqrt(total), "the mean of the fans is half of their sum: 2 / (sum)"),
    ]


def ways(sizes: list[int], variances: list[float]) -> tuple[list[float], list[float]]:
    """The mean squares forward and backward of a linear network."""
    q, d = [], [1.0]
    for n, v in zip(sizes, variances):
        q.append(n * v * (q[-1] if q else 1.0))
    for n, v in zip(sizes[:1:-1], variances[:0:-1]):
        d.insert(0, n * v * d[0])
    return q, d


def variances(sizes: list[int], mode: str) -> list[float]:
    fan = {"fan_in": lambda n, m: n, "fan_out": lambda n, m: m, "fan_avg": lambda n, m: (n + m) / 2}
    return [1 / fan[mode](n, m) for n, m in zip(sizes, sizes[1:])]


FUNCTIONS = {
    "tanh": np.tanh,
    "arctan": np.arctan,
    "softsign": lambda z: z / (1 + np.abs(z)),
    "sigmoid": lambda z: (1 + np.tanh(z / 2)) / 2,
    "relu": lambda z: np.maximum(z, 0),
}


def moment(name: str, q: float, power: int = 2) -> float:
    z = np.linspace(-12, 12, 200_001)
    density = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
    return float(np.sum(FUNCTIONS[name](np.sqrt(q) * z) ** power * density) * (z[1] - z[0]))


def drawn(rule: str, shape: tuple[int, ...], seed: int) -> Array:
    rng = np.random.default_rng(seed)
    fan_in, _ = initializers.compute_fans(shape)
    if rule == "heuristic":
        return rng.uniform(-1, 1, shape) / np.sqrt(fan_in)
    law = {"glorot truncated": "truncated_normal", "glorot uncorrected": "truncated_normal"}
    scheme, _, distribution = rule.partition(" ")
    mode = "fan_in" if scheme == "lecun" else "fan_avg"
    distribution = law.get(rule, distribution)
    W = initializers.variance_scaling(shape, rng, mode=mode, distribution=distribution)
    return np.asarray(W * (0.8796257 if rule == "glorot uncorrected" else 1.0))
