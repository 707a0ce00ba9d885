"""Cost against depth, width, samples, features and ensemble size, with the law to expect."""

from __future__ import annotations

import numpy as np

from course_code import ensembles
from course_code.network import MLP
from course_code.training import fit

from .measure import interleaved
from .rows import moons


def _network(sizes, **arguments):
    return MLP(sizes, activation="tanh", rng=np.random.default_rng(0), **arguments)


def _step(network, X, y, **arguments):
    """Return a contestant: steps of `fit`, as many as take roughly a fifth of a second."""
    products = sum(weights.size for weights in network.weights)
    operations = 6 * len(X) * products  # all members', forward and backward
    steps = int(np.clip(2e9 / operations, 4, 400))
    return lambda: fit(network, X, y, epochs=steps, **arguments), steps


def _depth(depth):
    X, y = moons(128, 64)
    return _step(_network([64] * depth + [1]), X, y)


def _width(width):
    X, y = moons(128, 64)
    return _step(_network([64, width, width, 1]), X, y)


def _samples(n):
    X, y = moons(n, 16)
    return _step(_network([16, 64, 64, 1]), X, y)


def _features_direct(n_features):
    X, y = moons(100, n_features)
    return _step(_network([n_features, 5, 5, 1]), X, y, span=False)


def _features_span(n_features):
    X, y = moons(100, n_features)
    network = _network([n_features, 5, 5, 1])
    return lambda: fit(network, X, y, epochs=1000, span=True), 1000


def _members(members):
    X, y = moons(128, 2)
    network = ensembles.stack([_network([2, 16, 16, 1])] * members)
    return _step(network, X, y)


# name: (what grows, contestant at x, the values of x, expected exponent, the law in words)
SERIES = {
    "depth": ("layers", _depth, (2, 4, 8, 16, 32, 64), 1, "linear: each layer costs the same"),
    "width": (
        "units a layer", _width, (16, 32, 64, 128, 256, 512, 1024), 2,
        "quadratic where the hidden product rules; before that the calls cost more",
    ),
    "samples": ("samples", _samples, (16, 64, 256, 1024, 4096, 16384), 1, "linear"),
    "features, direct": (
        "features", _features_direct, (128, 512, 2048, 8192, 32768), 1,
        "linear: every step reads all of X twice",
    ),
    "features, span": (
        "features", _features_span, (128, 512, 2048, 8192, 32768), 0,
        "constant: a step reads K; only computing K once (a thousandth here) grows",
    ),
    "ensemble": (
        "members", _members, (1, 4, 16, 64, 256, 1024), 1,
        "linear, after a constant for the calls that all members share",
    ),
}  # fmt: skip


def measure(name, repeats, tick):
    """Return one series: seconds a step at each x, the expected and the measured exponent."""
    what, contestant, xs, exponent, law = SERIES[name]
    times = interleaved({x: contestant(x) for x in xs}, repeats, tick)
    seconds = [times[x]["median"] for x in xs]
    tail = slice(-3, None)  # the law is one of large x
    slope = np.polyfit(np.log(xs[tail]), np.log(seconds[tail]), 1)[0]
    return {
        "x_label": what,
        "x": list(xs),
        "seconds_a_step": [times[x] for x in xs],
        "expected_exponent": exponent,
        "measured_exponent": float(slope),
        "law": law,
    }
