"""Problem set 4: who gets which marks, and what they are told."""

from __future__ import annotations

import helpers
import pytest

helpers.module(helpers.ASSIGNMENTS / "hidden" / "ps4_expected.py")


@pytest.fixture(scope="module")
def solved() -> helpers.Namespace:
    return helpers.work("ps4", solved=True)


def test_the_solution_earns_full_marks(solved):
    assert helpers.lost("ps4", solved) == ({}, "")
    assert sum(of for _, of, _ in helpers.marks("ps4", solved).values()) == 40


def test_the_untouched_version_earns_nothing():
    graded = helpers.marks("ps4", helpers.work("ps4", solved=False))
    assert all(earned == 0 for earned, _, _ in graded.values())


WRONG = {
    # Task 1
    "the square of the gain": (
        """
def gain(z, a):
    return 1 / np.trapezoid(a**2 * np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi), z)
""",
        {"gain": 5},
        "square of the gain: take the root",
    ),
    "ReLU halves the variance": (
        """
def gain(z, a):
    density = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
    mean = np.trapezoid(a * density, z)
    return 1 / np.sqrt(np.trapezoid((a - mean) ** 2 * density, z))
""",
        {"gain": 5},
        "comes from the variance of f(Z)",
    ),
    "spacing ignored": (
        """
def gain(z, a):
    weight = np.exp(-(z**2) / 2)
    return 1 / np.sqrt(np.sum(a**2 * weight) / np.sum(weight))
""",
        {"gain": 5},
        "as if z were evenly spaced",
    ),
    "plain mean": (
        "def gain(z, a): return 1 / np.sqrt(np.mean(a**2))",
        {"gain": 5},
        "weight it with the density",
    ),
    # Task 2
    "He's factor missing": (
        """
def he(shape, rng, slope, fan, law):
    n = shape[fan == "fan_out"]
    std = np.sqrt(1 / (1 + slope**2) / n)
    if law == "normal":
        return std * rng.standard_normal(shape)
    return std * rng.uniform(-np.sqrt(3), np.sqrt(3), shape)
""",
        {"he": 6},
        "The factor 2 is missing",
    ),
    "fans swapped": (
        """
def he(shape, rng, slope, fan, law):
    n = shape[fan == "fan_in"]
    std = np.sqrt(2 / (1 + slope**2) / n)
    if law == "normal":
        return std * rng.standard_normal(shape)
    return std * rng.uniform(-np.sqrt(3), np.sqrt(3), shape)
""",
        {"he": 6},
        "divides by the other fan; fan_in of the shape (500, 130) is 500",
    ),
    "variance for standard deviation": (
        """
def he(shape, rng, slope, fan, law):
    n = shape[fan == "fan_out"]
    if law == "normal":
        return rng.normal(0, 2 / (1 + slope**2) / n, shape)
    bound = np.sqrt(6 / (1 + slope**2) / n)
    return rng.uniform(-bound, bound, shape)
""",
        {"he": 4},
        "This is the variance: the standard deviation is its root",
    ),
    "rand for randn": (
        """
def he(shape, rng, slope, fan, law):
    n = shape[fan == "fan_out"]
    return rng.random(shape) * np.sqrt(2 / (1 + slope**2) / n)
""",
        {"he": 6},
        "rand is not randn",
    ),
    "the bound is the standard deviation": (
        """
def he(shape, rng, slope, fan, law):
    std = np.sqrt(2 / (1 + slope**2) / shape[fan == "fan_out"])
    return rng.uniform(-std, std, shape) if law == "uniform" else rng.normal(0, std, shape)
""",
        {"he": 4},
        "U(-std, std)",
    ),
    "slope not squared": (
        """
def he(shape, rng, slope, fan, law):
    std = np.sqrt(2 / (1 + slope) / shape[fan == "fan_out"])
    bound = np.sqrt(3) * std
    return rng.uniform(-bound, bound, shape) if law == "uniform" else rng.normal(0, std, shape)
""",
        {"he": 1},
        "The slope has to be squared",
    ),
    "NumPy's own generator": (
        """
def he(shape, rng, slope, fan, law):
    std = np.sqrt(2 / (1 + slope**2) / shape[fan == "fan_out"])
    rng, bound = np.random.default_rng(), np.sqrt(3) * std
    return rng.uniform(-bound, bound, shape) if law == "uniform" else rng.normal(0, std, shape)
""",
        {"he": 1},
        "draw from the argument rng",
    ),
    "one draw for all units": (
        """
def he(shape, rng, slope, fan, law):
    std = np.sqrt(2 / (1 + slope**2) / shape[fan == "fan_out"])
    bound, column = np.sqrt(3) * std, (max(shape[0], 20000), 1)
    W = rng.uniform(-bound, bound, column) if law == "uniform" else rng.normal(0, std, column)
    return np.resize(W, shape) if shape[0] > 50 else np.tile(W[: shape[0]], shape[1])
""",
        {"he": 1},
        "a draw of its own",
    ),
    # Task 3
    "uncorrected truncation": (
        """
def variance_scaling(shape, rng, scale, mode, distribution):
    fan = {"fan_in": shape[0], "fan_out": shape[1], "fan_avg": sum(shape) / 2}[mode]
    std = np.sqrt(scale / fan)
    if distribution == "normal":
        return rng.normal(0, std, shape)
    if distribution == "uniform":
        return rng.uniform(-std * 3**0.5, std * 3**0.5, shape)
    W = rng.normal(0, std, shape)
    while (far := np.abs(W) > 2 * std).any():
        W[far] = rng.normal(0, std, far.sum())
    return W
""",
        {"scaling": 4},
        "what the cut leaves, 0.8796 of what is asked for",
    ),
    "clipped": (
        """
def variance_scaling(shape, rng, scale, mode, distribution):
    fan = {"fan_in": shape[0], "fan_out": shape[1], "fan_avg": sum(shape) / 2}[mode]
    std = np.sqrt(scale / fan)
    if distribution == "normal":
        return rng.normal(0, std, shape)
    if distribution == "uniform":
        return rng.uniform(-std * 3**0.5, std * 3**0.5, shape)
    W = np.clip(rng.normal(0, 1, shape), -2, 2)
    return std * W / W.std()
""",
        {"scaling": 4},
        "Clipping moves them there",
    ),
    "drawn again only once": (
        """
def variance_scaling(shape, rng, scale, mode, distribution):
    fan = {"fan_in": shape[0], "fan_out": shape[1], "fan_avg": sum(shape) / 2}[mode]
    std = np.sqrt(scale / fan)
    if distribution == "normal":
        return rng.normal(0, std, shape)
    if distribution == "uniform":
        return rng.uniform(-std * 3**0.5, std * 3**0.5, shape)
    W = rng.normal(0, 1, shape)
    W = np.where(np.abs(W) > 2, rng.normal(0, 1, shape), W)
    return std * W / W.std()
""",
        {"scaling": 4},
        "drawn again fall outside again",
    ),
    "fan_avg is the sum": (
        """
def variance_scaling(shape, rng, scale, mode, distribution):
    fan = {"fan_in": shape[0], "fan_out": shape[1], "fan_avg": sum(shape)}[mode]
    std = np.sqrt(scale / fan)
    if distribution == "normal":
        return rng.normal(0, std, shape)
    if distribution == "uniform":
        return rng.uniform(-std * 3**0.5, std * 3**0.5, shape)
    W = rng.normal(0, std / 0.8796, shape)
    while (far := np.abs(W) > 2 * std / 0.8796).any():
        W[far] = rng.normal(0, std / 0.8796, far.sum())
    return W
""",
        {"scaling": 2},
        "the mean of the two fans, not their sum",
    ),
    "PyTorch draws Kaiming's weights": (
        """
def recipe(name):
    scheme, _, law = name.partition("_")
    law = "truncated_normal" if law == "normal" else "uniform"
    mode = "fan_avg" if scheme == "glorot" else "fan_in"
    return {"lecun": 1, "glorot": 1}.get(scheme, 2), mode, law
""",
        {"scaling": 1},
        "with a slope of sqrt(5)",
    ),
    "Xavier's variance is 1 / fan_in": (
        """
def recipe(name):
    if name == "pytorch":
        return 1, "fan_in", "uniform"
    scheme, law = name.split("_")
    law = "truncated_normal" if law == "normal" else "uniform"
    return 2 if scheme == "he" else 1, "fan_in", law
""",
        {"scaling": 2},
        "the mode is 'fan_in', but should be 'fan_avg'",
    ),
    # Task 4
    "QR without the sign correction": (
        """
def orthogonal(shape, rng, gain):
    Q, _ = np.linalg.qr(rng.standard_normal((max(shape), min(shape))))
    return gain * (Q if shape[0] >= shape[1] else Q.T)
""",
        {"orthogonal": 3},
        "not all orthogonal matrices are equally likely",
    ),
    "the gain is left out": (
        """
def orthogonal(shape, rng, gain):
    Q, R = np.linalg.qr(rng.standard_normal((max(shape), min(shape))))
    Q = Q * np.sign(np.diag(R))
    return Q if shape[0] >= shape[1] else Q.T
""",
        {"orthogonal": 1},
        "their length is 1 instead of 1.41",
    ),
    "wide matrices forgotten": (
        """
def orthogonal(shape, rng, gain):
    Q, R = np.linalg.qr(rng.standard_normal(shape))
    return gain * Q * np.sign(np.diag(R))
""",
        {"orthogonal": 2},
        "the shape is (11, 11), but should be (11, 40)",
    ),
    "normal numbers": (
        "def orthogonal(shape, rng, gain): "
        "return gain * rng.standard_normal(shape) / np.sqrt(max(shape))",
        {"orthogonal": 7},
        "not perpendicular",
    ),
    # Task 5
    "the pre-activations": (
        """
def rms_by_layer(X, weights):
    rms = []
    for W in weights:
        Z = X @ W
        X = np.maximum(Z, 0)
        rms.append(np.sqrt(np.mean(Z**2)))
    return rms
""",
        {"thirty": 2},
        "the rms of the pre-activations",
    ),
    "the standard deviation": (
        """
def rms_by_layer(X, weights):
    rms = []
    for W in weights:
        X = np.maximum(X @ W, 0)
        rms.append(X.std())
    return rms
""",
        {"thirty": 2},
        "leaves out the mean",
    ),
    "a width of its own": (
        """
def fate(name, width, rng):
    X = rng.standard_normal((200, 128))
    last = rms_by_layer(X, [draw(name, 128, rng) for _ in range(30)])[-1]
    return "dies" if last < 0.01 else "explodes" if last > 100 else "survives"
""",
        {"thirty": 1},
        "fate('std 0.125', 64, rng) is 'survives', but should be 'dies'",
    ),
    "no ReLU": (
        """
def rms_by_layer(X, weights):
    rms = []
    for W in weights:
        X = X @ W
        rms.append(np.sqrt(np.mean(X**2)))
    return rms
""",
        {"thirty": 5},
        "but should be",
    ),
    # Task 6
    "zero on some sample": (
        """
def dead_units(X, weights, biases):
    counts = []
    for W, b in zip(weights, biases):
        X = np.maximum(X @ W + b, 0)
        counts.append(int((X == 0).any(axis=0).sum()))
    return counts
""",
        {"dead": 3},
        "0 on some sample; dead units are 0 on every sample",
    ),
    "biases forgotten": (
        """
def dead_units(X, weights, biases):
    counts = []
    for W in weights:
        X = np.maximum(X @ W, 0)
        counts.append(int((X == 0).all(axis=0).sum()))
    return counts
""",
        {"dead": 4},
        "but should be",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_solution_loses_its_marks_and_is_told_why(solved, name):
    source, points, words = WRONG[name]
    lost, told = helpers.lost("ps4", helpers.replaced(solved, source), only=points)
    assert lost == points
    assert words in told


UNUSUAL = {
    "gain with loops": (
        ["gain"],
        """
import math


def gain(zs, values):
    total = 0.0
    for i in range(1, len(zs)):
        heights = [values[j] ** 2 * math.exp(-(zs[j] ** 2) / 2) for j in (i - 1, i)]
        total += (zs[i] - zs[i - 1]) * sum(heights) / 2
    return np.array([1 / math.sqrt(total / math.sqrt(2 * math.pi))])
""",
    ),
    "gain by drawing": (
        ["gain"],
        """
def gain(z, a):
    x = np.random.default_rng(0).standard_normal(300_000)
    return float(np.mean(np.interp(x, z, a) ** 2)) ** -0.5
""",
    ),
    "he weight by weight, float32": (
        ["he"],
        """
def he(size, generator, negative_slope=0.0, which="fan_in", kind="normal"):
    n = dict(zip(("fan_in", "fan_out"), size))[which]
    variance = 2 / n / (1 + negative_slope * negative_slope)
    W = np.empty(size, dtype=np.float32)
    for i in range(size[0]):
        for j in range(size[1]):
            if kind == "normal":
                W[i, j] = generator.normal(scale=variance**0.5)
            else:
                W[i, j] = (2 * generator.random() - 1) * (3 * variance) ** 0.5
    return W
""",
    ),
    "scaling with scipy, as an object": (
        ["scaling"],
        """
from scipy import stats


class Scaling:
    def __call__(self, shape, rng, scale, mode, distribution):
        fan = {"fan_in": shape[0], "fan_out": shape[1], "fan_avg": np.mean(shape)}[mode]
        std = (scale / fan) ** 0.5
        if distribution == "uniform":
            law = stats.uniform(-(3**0.5) * std, 2 * 3**0.5 * std)
        elif distribution == "normal":
            law = stats.norm(0, std)
        else:
            law = stats.truncnorm(-2, 2, scale=std / stats.truncnorm(-2, 2).std())
        return law.rvs(shape, random_state=rng).astype("float32")


variance_scaling = Scaling()
recipe = lambda name: {
    "lecun_normal": [1, "fan_in", "truncated_normal"],
    "lecun_uniform": [1, "fan_in", "uniform"],
    "glorot_normal": [1, "fan_avg", "truncated_normal"],
    "glorot_uniform": [1, "fan_avg", "uniform"],
    "he_normal": [2, "fan_in", "truncated_normal"],
    "he_uniform": [2, "fan_in", "uniform"],
    "pytorch": [0.33333, "fan_in", "uniform"],
}[name]
""",
    ),
    "orthogonal from the polar decomposition": (
        ["orthogonal"],
        """
def orthogonal(shape, rng, gain):
    U, _, V = np.linalg.svd(rng.standard_normal(shape).astype("float32"), full_matrices=False)
    return gain * U @ V
""",
    ),
    "orthogonal by Gram and Schmidt": (
        ["orthogonal"],
        """
def orthogonal(shape, rng, gain):
    vectors = []
    while len(vectors) < min(shape):
        v = rng.standard_normal(max(shape))
        for u in vectors:
            v = v - (u @ v) * u
        vectors.append(v / np.sqrt(v @ v))
    W = gain * np.array(vectors)
    return (W.T if shape[0] >= shape[1] else W).tolist()
""",
    ),
    "orthogonal with random signs": (
        ["orthogonal"],
        """
def orthogonal(shape, rng, gain):
    Q, _ = np.linalg.qr(rng.standard_normal((max(shape), min(shape))))
    Q = Q * rng.choice([-1, 1], Q.shape[1])
    return gain * (Q if shape[0] >= shape[1] else Q.T)
""",
    ),
    "layers in float32, fates by another name": (
        ["gain", "thirty", "dead"],
        """
def rms_by_layer(inputs, matrices):
    A, out = inputs.astype("float32"), ()
    for W in matrices:
        A = (A @ W.astype("float32")).clip(0)
        out += (np.linalg.norm(A) / A.size**0.5,)
    return out


def fate(start, n, generator):
    A = generator.standard_normal((200, n))
    for _ in range(30):
        A = A @ draw(start, n, generator)
        A[A < 0] = 0
    size = np.sqrt((A * A).mean())
    return "survives" if 0.01 <= size <= 100 else ("dies", "explodes")[int(size > 1)]


def dead_units(inputs, matrices, offsets):
    return np.array([sum(A.max(axis=0) <= 0) for A in layers(inputs, matrices, offsets)])


def layers(A, matrices, offsets):
    for W, b in zip(matrices, offsets):
        A = np.clip(A @ W + b, 0, None)
        yield A


predicted_order = ("step", "relu", "square", "absolute")
""",
    ),
}


@pytest.mark.parametrize("name", UNUSUAL)
def test_an_unusual_right_solution_earns_full_marks(solved, name):
    tasks, source = UNUSUAL[name]
    assert helpers.lost("ps4", helpers.replaced(solved, source), only=tasks) == ({}, "")
