"""Problem set 3: who gets which marks, and what they are told."""

from __future__ import annotations

import helpers
import pytest


@pytest.fixture(scope="module")
def solved() -> helpers.Namespace:
    return helpers.work("ps3", solved=True)


def test_the_solution_earns_full_marks(solved):
    assert helpers.lost("ps3", solved) == ({}, "")
    assert sum(of for _, of, _ in helpers.marks("ps3", solved).values()) == 40


def test_the_untouched_version_earns_nothing():
    graded = helpers.marks("ps3", helpers.work("ps3", solved=False))
    assert all(earned == 0 for earned, _, _ in graded.values())


def normal(std: str, draw: str = "rng.normal(0, {std}, shape)") -> str:
    """A wrong xavier_normal."""
    return f"""
def xavier_normal(shape, rng, gain=1.0):
    fan_in, fan_out = fans(shape)
    return {draw.format(std=std)}
"""


def uniform(bound: str) -> str:
    """A wrong xavier_uniform."""
    return f"""
def xavier_uniform(shape, rng, gain=1.0):
    fan_in, fan_out = fans(shape)
    bound = {bound}
    return rng.uniform(-bound, bound, shape)
"""


RIGHT = "gain * np.sqrt(2 / (fan_in + fan_out))"
TRUNCATED = """
def truncated_normal(shape, std, rng):
    W = rng.standard_normal(shape)
    {CUT}
    return {SCALE} * W
"""
REDRAW = "while np.any(out := np.abs(W) > 2): W[out] = rng.standard_normal(out.sum())"
WAYS = """
right = both_ways


def both_ways(sizes, mode):
    {BODY}
"""

WRONG = {
    # Task 1
    "fans swapped": (
        "def fans(shape):\n    return int(np.prod(shape[:-2])) * shape[-1],"
        " int(np.prod(shape[:-2])) * shape[-2]",
        {"fans": 5},
        "They are exchanged",
    ),
    "no window": ("def fans(shape):\n    return shape[-2:]", {"fans": 4}, "The window is missing"),
    "the shape itself": ("def fans(shape):\n    return shape", {"fans": 5}, "gives the shape back"),
    "the shape as a list": (
        "def fans(shape):\n    return list(shape)",
        {"fans": 5},
        "a pair (fan_in, fan_out) is expected",
    ),
    "no shape has fans": (
        "def fans(shape):\n    raise ValueError('no fans')",
        {"fans": 5},
        "only a shape of fewer than two axes has no fans",
    ),
    "dense weights only": (
        "def fans(shape):\n    n_in, n_out = shape\n    return n_in, n_out",
        {"fans": 4},
        "only a shape of fewer than two axes has no fans",
    ),
    "the shape, and an error": (
        "def fans(shape):\n    if len(shape) < 2:\n        raise ValueError('no fans')\n"
        "    return shape",
        {"fans": 4},
        "gives the shape back",
    ),
    "PyTorch's order of axes": (
        "def fans(shape):\n    window = int(np.prod(shape[2:]))\n"
        "    return shape[0] * window, shape[1] * window",
        {"fans": 4},
        "a ValueError is expected",
    ),
    "floats": (
        "def fans(shape):\n    window = np.prod(shape[:-2]) if len(shape) > 1 else shape[9]\n"
        "    return window * float(shape[-2]), window * float(shape[-1])",
        {"fans": 5},
        "whole numbers are expected",
    ),
    # Task 2
    "variance for std": (
        normal("gain * 2 / (fan_in + fan_out)"),
        {"xavier": 4},
        "that is the variance",
    ),
    "LeCun": (normal("gain * np.sqrt(1 / fan_in)"), {"xavier": 4}, "LeCun's rule"),
    "sum for mean": (
        normal("gain * np.sqrt(1 / (fan_in + fan_out))"),
        {"xavier": 4},
        "the mean of the fans is half of their sum",
    ),
    "rand for randn": (
        normal(RIGHT, "{std} * rng.random(shape)"),
        {"xavier": 5},
        "rng.random draws from 0 to 1",
    ),
    "integers": (
        normal(RIGHT, "rng.normal(0, {std}, shape).astype(int)"),
        {"xavier": 6},
        "an integer array cannot hold",
    ),
    "global random state": (
        normal(RIGHT, "{std} * np.random.randn(*shape)"),
        {"xavier": 1},
        "not from np.random",
    ),
    "fixed seed": (
        normal(RIGHT, "np.random.default_rng(0).normal(0, {std}, shape)"),
        {"xavier": 1},
        "not from a generator with a fixed seed",
    ),
    "one row for all": (
        normal(RIGHT, "np.ones(shape) * rng.normal(0, {std}, shape[-1])"),
        {"xavier": 5},
        "its own draw",
    ),
    "gain on the variance": (
        normal("np.sqrt(gain * 2 / (fan_in + fan_out))"),
        {"xavier": 1},
        "the gain multiplies the standard deviation",
    ),
    "no gain": (normal("np.sqrt(2 / (fan_in + fan_out))"), {"xavier": 1}, "the gain is missing"),
    "dense only": (
        normal("gain * np.sqrt(2 / (shape[-2] + shape[-1]))"),
        {"xavier": 1},
        "the window of the kernel is missing",
    ),
    "the heuristic": (uniform("gain / np.sqrt(fan_in)"), {"xavier": 4}, "the old heuristic"),
    "std for bound": (uniform(RIGHT), {"xavier": 4}, "uses the standard deviation as the bound"),
    # Task 3
    "uncorrected": (
        TRUNCATED.format(CUT=REDRAW, SCALE="std"),
        {"truncated": 3},
        "an uncorrected law",
    ),
    "corrected the wrong way": (
        TRUNCATED.format(CUT=REDRAW, SCALE="std * truncated_std(2.0)"),
        {"truncated": 3},
        "the correction goes the other way",
    ),
    "clipped": (
        TRUNCATED.format(CUT="W = np.clip(W, -2, 2)", SCALE="std / 0.9589"),
        {"truncated": 2},
        "do not move them",
    ),
    "cut at two of the final std": (
        TRUNCATED.format(
            CUT="while np.any(out := np.abs(W) > 2 * 0.8796):"
            " W[out] = rng.standard_normal(out.sum())",
            SCALE="std / truncated_std(2 * 0.8796)",
        ),
        {"truncated": 2},
        "the cut should be at",
    ),
    "not cut": (TRUNCATED.format(CUT="", SCALE="std"), {"truncated": 2}, "beyond the cut"),
    "variance of the cut": (
        """
right = truncated_std


def truncated_std(cut):
    return right(cut) ** 2
""",
        {"truncated": 5},
        "take the square root",
    ),
    # Task 4
    "fans swapped in the modes": (
        WAYS.format(
            BODY='return right(sizes, {"fan_in": "fan_out", "fan_out": "fan_in"}.get(mode, mode))'
        ),
        {"both-ways": 5},
        "fan_in and fan_out are exchanged",
    ),
    "backward off by one": (
        WAYS.format(
            BODY="""v = [x / n for x, n in zip(np.divide(right(sizes, mode)[0],
            [1, *right(sizes, mode)[0][:-1]]), sizes)]
    steps = [m * x for m, x in zip(sizes[1:-1], v)]
    return right(sizes, mode)[0], np.cumprod([1.0, *steps[::-1]])[::-1]"""
        ),
        {"both-ways": 3},
        "off by one",
    ),
    "std for variance in a network": (
        WAYS.format(BODY="return [np.sqrt(part) for part in right(sizes, mode)]"),
        {"both-ways": 5},
        "should be",
    ),
    "forward only": (
        WAYS.format(BODY="return right(sizes, mode)[0], np.ones(len(sizes) - 1)"),
        {"both-ways": 3},
        "fan_in and fan_out are exchanged",
    ),
    "no transpose, new weights backward": (
        """
right = measured_both_ways


def measured_both_ways(sizes, mode, rng):
    q, d = right(sizes, mode, rng)
    return q, right(sizes[::-1], mode, rng)[0][::-1]
""",
        {"both-ways": 1},
        "the mean of 4 networks",
    ),
    # Task 5
    "variance for second moment": (
        """
def second_moment(name, q):
    z = np.linspace(-10, 10, 40001)
    density = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi) * (z[1] - z[0])
    f = ACTIVATIONS[name](np.sqrt(q) * z)
    return np.sum(f**2 * density) - np.sum(f * density) ** 2
""",
        {"gain": 5},
        "that is the variance",
    ),
    "q for its root": (
        """
right = second_moment


def second_moment(name, q):
    return right(name, q**2)
""",
        {"gain": 5},
        "take its root",
    ),
    "random draws": (
        """
def second_moment(name, q):
    z = np.random.default_rng(0).standard_normal(20_000)
    return np.mean(ACTIVATIONS[name](np.sqrt(q) * z) ** 2)
""",
        {"gain": 5},
        "should be",
    ),
    "too few nodes": (
        """
def second_moment(name, q):
    z, w = np.polynomial.hermite_e.hermegauss(200)
    return np.sum(w * ACTIVATIONS[name](np.sqrt(q) * z) ** 2) / np.sqrt(2 * np.pi)
""",
        {"gain": 1},
        "fine enough to see it",
    ),
    "gain of the variance": (
        "def gain(name, q):\n    return q / second_moment(name, q)",
        {"gain": 2},
        "a gain multiplies the std",
    ),
    "gain to size one": (
        "def gain(name, q):\n    return 1 / np.sqrt(second_moment(name, q))",
        {"gain": 2},
        "the mean square to be kept is q, not 1",
    ),
    # Task 6
    "looks at the std only": (
        """
def rule_of(W):
    fan_in, fan_out = fans(W.shape)
    stds = {"heuristic": (3 * fan_in) ** -0.5, "lecun normal": fan_in**-0.5}
    stds["glorot normal"] = (2 / (fan_in + fan_out)) ** 0.5
    stds["glorot uncorrected"] = 0.8796 * stds["glorot normal"]
    return min(stds, key=lambda name: abs(np.log(W.std() / stds[name])))
""",
        {"detective": 4},
        "look at the largest entry",
    ),
    "looks at two axes only": (
        """
right = rule_of


def rule_of(W):
    return right(W[0, 0]) if W.ndim > 2 else right(W)
""",
        {"detective": 6},
        "a kernel has a window",
    ),
    "no predictions": (
        "predicted_mode = predicted_q_2 = predicted_arctan_gain = None",
        {"both-ways": 1, "gain": 1},
        "enter one of",
    ),
}


@pytest.mark.parametrize(("source", "points", "words"), WRONG.values(), ids=WRONG)
def test_a_wrong_solution_loses_its_marks_and_is_told_why(solved, source, points, words):
    found, feedback = helpers.lost("ps3", helpers.replaced(solved, source), only=points)
    assert found == points, feedback
    assert words.lower() in feedback.lower()


UNUSUAL = {
    "float32, positional gain, Box-Muller": """
def xavier_normal(s, generator, g=1.0, *, dtype=np.float32):
    n = int(np.prod(s))
    u, v = generator.random(n, dtype=dtype), generator.random(n, dtype=dtype)
    z = np.sqrt(-2 * np.log1p(-u)) * np.cos(2 * np.pi * v)
    return (z.reshape(s) * dtype(g * np.sqrt(2 / sum(fans(s))))).astype(dtype)


xavier_normal = lambda shape, rng, gain=1.0, f=xavier_normal: f(shape, rng, gain)


def xavier_uniform(shape, rng, *options):
    bound = (options or (1,))[0] * (6 / sum(fans(shape))) ** 0.5
    return [[x for x in row] for row in bound * (2 * rng.random(shape) - 1)]
""",
    "loops": """
class Fans:
    def __call__(self, shape):
        if len(shape) < 2:
            raise ValueError("no fans")
        window = 1
        for n in shape[:-2]:
            window *= n
        return [np.int64(window * shape[-2]), np.int32(window * shape[-1])]


fans = Fans()


def truncated_normal(shape, std, rng):
    kept, size, parent = [], int(np.prod(shape)), std / 0.87962566103423978
    while len(kept) < size:
        kept += [w for w in rng.normal(0, parent, size).tolist() if abs(w) <= 2 * parent]
    return np.reshape(kept[:size], shape)


def both_ways(sizes, mode):
    v = []
    for l in range(1, len(sizes)):
        fan = {"fan_in": sizes[l - 1], "fan_out": sizes[l]}
        v.append(1 / fan.get(mode, (sizes[l - 1] + sizes[l]) / 2))
    q = [1.0]
    for n, x in zip(sizes, v):
        q.append(q[-1] * n * x)
    d = [1.0]
    for l in range(len(v) - 1, 0, -1):
        d.append(d[-1] * sizes[l + 1] * v[l])
    return np.array(q[1:]), np.array(d[::-1])
""",
    "other statistics": """
from scipy.integrate import quad


def second_moment(name, q):
    f, s = ACTIVATIONS[name], q**0.5
    g = lambda z: f(s * z) ** 2 * NormalDist().pdf(z)
    cuts = [-12, -1, -3 / s, 0, 3 / s, 1, 12]
    cuts = sorted(c for c in cuts if abs(c) <= 12)
    return sum(quad(g, a, b, limit=200)[0] for a, b in zip(cuts, cuts[1:]))


def rule_of(W):
    W = W.astype(np.float64).ravel(), fans(W.shape)
    W, (n, m) = W
    kurtosis = np.mean(W**4) / np.mean(W**2) ** 2
    scaled = W.var() * (n + m) / 2
    if kurtosis < 2:
        return "glorot uniform" if abs(scaled - 1) < 0.1 else "heuristic"
    if kurtosis < 2.7:
        return "glorot truncated" if scaled > 0.88 else "glorot uncorrected"
    return "glorot normal" if abs(scaled - 1) < 0.1 else "lecun normal"
""",
}


@pytest.mark.parametrize("source", UNUSUAL.values(), ids=UNUSUAL)
def test_an_unusual_right_solution_earns_full_marks(solved, source):
    assert helpers.lost("ps3", helpers.replaced(solved, source)) == ({}, "")
