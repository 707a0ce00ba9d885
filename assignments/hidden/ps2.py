"""The checks that decide the points of problem set 2: ``HIDDEN[task]``. Not for students."""

from __future__ import annotations

from typing import Any

import numpy as np
import ps2_checks as visible
from numpy.typing import NDArray
from scipy.integrate import quad
from scipy.special import xlogy
from sklearn.isotonic import IsotonicRegression

from course_code import expect
from course_code.exercises import Answers, Problem, Seed, number

Array = NDArray[Any]
OR, AND, XOR = [0, 1, 1, 1], [0, 0, 0, 1], [0, 1, 1, 0]


def layer(n: int, seed: int) -> Array:
    return np.random.default_rng(seed).standard_normal((n, 4))


def check_equal_units(answers: Answers) -> None:
    """Equal units anywhere, in layers of any shape"""
    for n, seed in ((1, 0), (7, 1), (30, 2)):
        Z = layer(n, seed)[:, [0, 1, 0, 2, 1, 0, 3]]
        visible.count(answers, Z, 4, f"7 units on {n} samples, with the pattern a b a c b a d")
        visible.count(answers, Z.astype(np.float32), 4, "the same in float32")
    visible.count(answers, layer(5, 3)[:, :1], 1, "a layer of one unit")
    visible.count(answers, np.zeros((3, 4)), 1, "a layer of zeros")


def check_rounding(answers: Answers) -> None:
    """Units that differ by rounding only"""
    Z = layer(9, 4)[:, [0, 0, 1, 0]]
    for noise in (1e-15, 1e-9):
        rounded = Z + noise * np.random.default_rng(5).standard_normal(Z.shape)
        visible.count(answers, rounded, 2, f"a a b a with noise of {noise:g}")


def check_scale(answers: Answers) -> None:
    """Tiny units and huge ones"""
    Z = layer(9, 6)[:, [0, 1, 2, 0]]
    noise = 1e-12 * np.random.default_rng(7).standard_normal(Z.shape)
    for factor in (1e-30, 1e-8, 1e8, 1e30):
        visible.count(answers, factor * (Z + noise), 3, f"a b c a multiplied by {factor:g}")
    visible.count(answers, 1e8 * (Z + noise)[:, [0, 3, 1]], 2, "a a b multiplied by 1e+08")


def check_same_summaries(answers: Answers) -> None:
    """Units with equal sums, lengths or first entries"""
    Z = np.array([[1.0, 1.0, 1.0, -1.0], [2.0, 3.0, 2.0, -2.0], [3.0, 2.0, 3.0, -3.0]])
    visible.count(answers, Z, 3, "units (1, 2, 3), (1, 3, 2), (1, 2, 3) and (-1, -2, -3)")
    Z = np.array([[1.0, 1.0, 1.0], [1.0, 1.0, 1.001]])
    visible.count(answers, Z, 2, "units that differ by a thousandth on one sample")


def check_nothing_moves(answers: Answers) -> None:
    """Zeros everywhere: tanh, ReLU, and sigmoid on balanced labels"""
    for activation, y in (("tanh", AND), ("relu", OR), ("sigmoid", XOR)):
        visible.compare_table(
            answers, [2, 4, 3, 1], activation, [1, 2, 3], y, " ".join(["..."] * 6)
        )


def check_waking_up(answers: Answers) -> None:
    """Zeros everywhere: sigmoid wakes up layer by layer"""
    right = "...x ..xx .xxx xxxx xxxx xxxx"
    visible.compare_table(answers, [2, 5, 4, 3, 1], "sigmoid", [1, 2, 3, 4], AND, right)
    visible.compare_table(answers, [2, 1], "tanh", [1], OR, "x x x x x x")


def check_some_zeros(answers: Answers) -> None:
    """Zeros in some layers"""
    x, dots = "xxx", "..."
    cases: list[tuple[str, list[int], list[str]]] = [
        ("tanh", [], [x] * 6),
        ("tanh", [2], [".x.", x, x, x, x, x]),
        ("tanh", [1, 3], [dots] * 6),
        ("relu", [1], [dots] * 6),
        ("relu", [3], ["..x", x, x, x, x, x]),
    ]
    for activation, zeros, right in cases:
        visible.compare_table(answers, [2, 8, 8, 1], activation, zeros, OR, " ".join(right))


def read_off(answers: Answers, activation: str, right: set[str]) -> None:
    found = visible.choices(answers, f"all_awake_{activation}")
    for name in sorted(found ^ right):
        said = "is listed, but" if name in found else "is missing, but"
        ends = "not all weights wake up" if name in found else "all weights wake up"
        raise Problem(f"{activation}: {name} {said} {ends} from zeros in layers {', '.join(name)}")


def check_tanh_choices(answers: Answers) -> None:
    """The choices for tanh"""
    read_off(answers, "tanh", {"1", "2", "3"})


def check_relu_choices(answers: Answers) -> None:
    """The choices for ReLU"""
    read_off(answers, "relu", {"3"})


CASES = ((3, 8, 0.5), (2, 5, 1.0), (5, 12, -0.3))


def check_distinct(answers: Answers) -> None:
    """All units become distinct"""
    for seed, (n_in, n_hidden, value) in enumerate(CASES):
        visible.compare_start(answers, n_in, n_hidden, value, seed + 20)


def check_few(answers: Answers) -> None:
    """No more than one change a unit"""
    for seed, (n_in, n_hidden, value) in enumerate(CASES):
        changed = visible.compare_start(answers, n_in, n_hidden, value, seed + 30)
        if changed > n_hidden:
            raise Problem(f"{changed} numbers are changed for {n_hidden} units; fewer are enough")


def check_fewest(answers: Answers) -> None:
    """As few changes as possible"""
    for seed, (n_in, n_hidden, value) in enumerate(CASES):
        changed = visible.compare_start(answers, n_in, n_hidden, value, seed + 40)
        if changed > n_hidden - 1:
            raise Problem(
                f"{changed} numbers are changed for {n_hidden} units: one unit may stay as it is"
            )
    _, changed = visible.start(answers, 3, 1, 0.5)
    if changed:
        raise Problem(f"one hidden unit: {changed} numbers are changed, but nothing is to break")


def bound(X: Array, y: Array, w: Array, directions: tuple[bool, ...] = (True, False)) -> float:
    costs = []
    for increasing in directions:
        p = IsotonicRegression(increasing=increasing).fit_transform(X @ w, y)
        costs.append(np.mean(-xlogy(y, p) - xlogy(1 - y, 1 - p)))
    return float(min(costs))


def best_step(X: Array, y: Array, w: Array) -> float:
    """The best function with a single threshold, for the hint."""
    y, n = y[np.argsort(X @ w)], len(y)
    costs = []
    for k in range(n + 1):
        parts = [part for part in (y[:k], y[k:]) if len(part)]
        each = [(len(part), part.mean()) for part in parts]
        costs.append(sum(-m * (xlogy(p, p) + xlogy(1 - p, 1 - p)) for m, p in each) / n)
    return float(min(costs))


def compare_random(answers: Answers, n: int, seed: int, falling: bool, steps: float) -> None:
    rng = np.random.default_rng(seed)
    X, w = rng.standard_normal((n, 3)), rng.standard_normal(3)
    X = np.round(X, 1)
    score = X @ w * (-1 if falling else 1)
    y = (score + steps * rng.standard_normal(n) > 0).astype(int)
    hints = [
        (bound(X, y, w, (True,)), "that is the best rising function; a falling one may be better"),
        (bound(X, y, w, (False,)), "that is the best falling function; a rising one may be better"),
        (best_step(X, y, w), "that is a single threshold; a rising function may have many levels"),
    ]
    what = f"the bound for {n} random samples"
    visible.compare_bound(answers, X, y.tolist(), w.tolist(), bound(X, y, w), what, hints)


def check_rising(answers: Answers) -> None:
    """The bound where the labels rise"""
    compare_random(answers, 40, 51, falling=False, steps=1.0)
    compare_random(answers, 9, 52, falling=False, steps=2.0)


def check_falling(answers: Answers) -> None:
    """The bound where the labels fall"""
    compare_random(answers, 40, 53, falling=True, steps=1.0)


def check_ties(answers: Answers) -> None:
    """The bound with equal scores"""
    visible.check_bound_of_xor(answers)
    X, y = np.repeat(np.arange(3.0), 4)[:, None], np.array([0, 0, 1, 0, 1, 0, 0, 1, 1, 1, 0, 1])
    apart = np.argsort(np.lexsort((y, X[:, 0])))[:, None].astype(float)  # as if all differed
    w = np.ones(1)
    hint = [(bound(apart, y, w), "samples with equal scores must get equal probabilities")]
    right = bound(X, y, w)
    visible.compare_bound(answers, X, y.tolist(), [1.0], right, "12 samples, 3 scores", hint)


def check_separable(answers: Answers) -> None:
    """The bound is 0 for separable labels, without a nan"""
    visible.check_bound_of_and(answers)
    visible.compare_bound(
        answers, visible.CORNERS, [1, 1, 1, 1], [1.0, 0.5], 0.0, "all labels 1", []
    )
    mixed = answers.call("symmetric_bound", visible.CORNERS, np.array([0, 1, 1, 0]), np.ones(2))
    if number(mixed, "the bound of XOR along (1, 1)") <= 0:
        raise Problem("the bound of XOR along (1, 1) is 0: its labels are not separable")


def check_growth(answers: Answers) -> None:
    """The growth factor of random data"""
    for seed, rate in ((61, 0.1), (62, 1.5)):
        X, y = visible.tilted(seed)
        length = np.linalg.norm((y.mean() - y) @ X / 60)
        raw = np.linalg.norm(X.T @ y / 60)
        hints = [
            (1 + rate * raw, "subtract the mean of the labels: m has y_mean - y_i"),
            (1 + rate * length**2, "that is with the square of the length of m"),
            (1 + rate * length * 60 / 59, "divide by n, not by n - 1"),
            (1 + length, "the learning rate is missing"),
            (1 + rate * 60 * length, "m is a mean over the samples: divide by n"),
            (1 - rate * length, "away from the saddle, the factor is above 1"),
        ]
        answer = number(answers.call("growth_factor", X, y, rate), "the growth factor")
        what = f"the growth factor of random data at a learning rate of {rate:g}"
        expect.close(answer, 1 + rate * length, what, rtol=1e-6, hints=hints)


def check_shift(answers: Answers) -> None:
    """The growth factor of shifted inputs"""
    X, y = visible.tilted(63)
    factors = [number(answers.call("growth_factor", X + s, y, 0.4), "it") for s in (0.0, 50.0)]
    if factors[0] <= 1 or abs(factors[1] - factors[0]) > 1e-6:
        raise Problem(
            f"adding 50 to all inputs changes the factor from {factors[0]:.4f} to "
            f"{factors[1]:.4f}; m is a covariance, which a shift leaves alone"
        )
    twice = number(answers.call("growth_factor", X, y, 0.8), "it")
    if abs((twice - 1) - 2 * (factors[0] - 1)) > 1e-4 * twice:
        raise Problem("with twice the rate, the factor is not twice as far above 1")


def check_escape(answers: Answers) -> None:
    """Steps to leave the saddle"""
    X, y = visible.tilted(65)
    growth = 1 + 0.6 * np.linalg.norm((y.mean() - y) @ X / 60)
    visible.compare_escape(answers, 65, 0.6, float(np.log(10) / np.log(growth)))


def check_escape_rng(answers: Answers) -> None:
    """Steps to leave: other random weights, and no escape"""
    X, y = visible.tilted(66)
    steps = [
        number(answers.call("escape_step", X, y, 1e-3, 0.1, Seed(seed)), "escape_step")
        for seed in (1, 2, 3, 1)
    ]
    if steps[0] != steps[3] or len(set(steps)) == 1:
        raise Problem(f"seeds 1, 2, 3, 1 give {steps}: draw the weights from the argument rng")
    answer = number(answers.call("escape_step", X, y, 0.0, 0.1, Seed(1)), "escape_step")
    if answer != 600:
        raise Problem(f"with epsilon 0 there is no way off the saddle: 600, not {answer:g}")


def true_loss(s: float) -> float:
    def tail(u: float) -> float:  # log(1 + e^z) is max(z, 0) and this
        return float(np.log1p(np.exp(-s * u)) * np.exp(-(u**2) / 2) / np.sqrt(2 * np.pi))

    return float(s / np.sqrt(2 * np.pi) + 2 * quad(tail, 0, 12, points=[min(1 / s, 11.0)])[0])


def check_losses(answers: Answers) -> None:
    """Expected losses of ordinary starts"""
    for s in (0.3, 2.0, 7.0, 42.0):
        answer = number(answers.call("expected_loss", s), f"expected_loss({s:g})")
        hints = [
            (true_loss(s**0.5), "s is the standard deviation of the logit, not its variance"),
            (true_loss(s**2), "s is the standard deviation of the logit, not its variance"),
        ]
        what = f"expected_loss({s:g})"
        expect.close(answer, true_loss(s), what, rtol=5e-4, hints=hints)


def check_extreme_losses(answers: Answers) -> None:
    """Expected losses of no start and of a huge one"""
    for s, right in ((0.0, np.log(2)), (1e-3, true_loss(1e-3)), (1e4, true_loss(1e4))):
        what = f"expected_loss({s:g})"
        expect.close(answers.call("expected_loss", s), right, what, rtol=5e-4)


def check_output_std(answers: Answers) -> None:
    """The output weights for a given loss"""
    for width, s in ((5, 0.8), (100, 3.0), (400, 60.0)):
        what = f"output_std({width}, {true_loss(s):.4f})"
        answer = number(answers.call("output_std", width, true_loss(s)), what)
        hints = [
            (s, "that is the standard deviation of the logit, a sum of `width` terms"),
            (s / width, "the variances of the terms add up: divide by the root of the width"),
            (s * np.sqrt(width), "divide by the root of the width, do not multiply"),
        ]
        expect.close(answer, s / np.sqrt(width), what, rtol=5e-3, hints=hints)


HIDDEN = {
    "distinct-units": [
        (2, check_equal_units),
        (1, check_rounding),
        (2, check_scale),
        (1, check_same_summaries),
    ],
    "awake": [
        (1, visible.check_zeros_prediction),
        (1, check_nothing_moves),
        (2, check_waking_up),
        (2, check_some_zeros),
        (1, check_tanh_choices),
        (1, check_relu_choices),
    ],
    "break-symmetry": [
        (1, visible.check_break_prediction),
        (3, check_distinct),
        (1, check_few),
        (2, check_fewest),
    ],
    "symmetric-bound": [
        (3, check_rising),
        (1, check_falling),
        (2, check_ties),
        (1, check_separable),
    ],
    "saddle": [
        (1, visible.check_saddle_prediction),
        (2, check_growth),
        (1, check_shift),
        (2, check_escape),
        (1, check_escape_rng),
    ],
    "large-start": [(2, check_losses), (1, check_extreme_losses), (2, check_output_std)],
}
