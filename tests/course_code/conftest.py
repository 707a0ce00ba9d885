"""Shared by the tests: the check that a sample is of its law, and hypothesis without chance."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import settings
from scipy import special, stats

# The same examples on every run, and no test that fails because the machine is busy.
settings.register_profile("course", derandomize=True, deadline=None, database=None)
settings.load_profile("course")

SIGMAS = 5.0
# Kolmogorov's law: sqrt(n) D exceeds this with the two-sided probability of five standard errors.
KOLMOGOROV = stats.kstwobign.isf(2 * stats.norm.sf(SIGMAS))

# Each law of mean 0 and variance 1: kurtosis, bound and distribution function, from SciPy.
# (truncnorm.cdf itself takes 60 ms for 1e5 numbers; test_initializers_law.py compares the two.)
CUT_STD = float(stats.truncnorm(-2, 2).std())
BELOW_CUT = float(stats.norm.cdf(-2))
LAWS: dict[str, tuple[float, float, Callable[[np.ndarray], np.ndarray]]] = {
    "normal": (3.0, math.inf, special.ndtr),
    "uniform": (
        3.0 + float(stats.uniform.stats(moments="k")),
        math.sqrt(3),
        lambda z: (z / math.sqrt(3) + 1) / 2,
    ),
    "truncated_normal": (
        3.0 + float(stats.truncnorm(-2, 2).stats(moments="k")),
        2 / CUT_STD,
        lambda z: (special.ndtr(z * CUT_STD) - BELOW_CUT) / (1 - 2 * BELOW_CUT),
    ),
}


def _check_law(values: np.ndarray, distribution: str, variance: float, mean: float = 0.0) -> None:
    kurtosis, bound, cdf = LAWS[distribution]
    z = np.sort((values.ravel().astype(np.float64) - mean) / math.sqrt(variance))
    n = z.size

    # Var of the mean of z^2 is E[z^4] - E[z^2]^2, which is kurtosis - 1.
    error, tolerance = abs(np.mean(z**2) - 1), SIGMAS * math.sqrt((kurtosis - 1) / n)
    assert error < tolerance, f"variance: off by {error:.2%}, tolerance {tolerance:.2%}"

    error, tolerance = abs(z.mean()), SIGMAS / math.sqrt(n)
    assert error < tolerance, f"mean: {error:.4f} standard deviations, tolerance {tolerance:.4f}"

    largest = max(-z[0], z[-1])
    rounding = 1 + 10 * np.finfo(values.dtype).eps * (1 + abs(mean) / math.sqrt(variance))
    assert largest <= bound * rounding, f"bounds: {largest:.4f} outside {bound:.4f}"

    p = cdf(z)
    distance = max((p - np.arange(n) / n).max(), (np.arange(1, n + 1) / n - p).max())
    statistic = math.sqrt(n) * distance
    assert statistic < KOLMOGOROV, f"shape: KS statistic {statistic:.2f} > {KOLMOGOROV:.2f}"


@pytest.fixture(scope="session")
def check_law() -> Callable[..., None]:
    """``check_law(values, distribution, variance, mean=0.0)``: an AssertionError if rejected.

    Variance first (five standard errors, from the law's kurtosis), then mean, then hard bounds,
    then shape (Kolmogorov-Smirnov); the message begins with the check that failed.
    """
    return _check_law
