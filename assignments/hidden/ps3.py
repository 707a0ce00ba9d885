"""The checks that decide the points of problem set 3: ``HIDDEN[task]``. Not for students."""

from __future__ import annotations

from typing import Any

import numpy as np
import ps3_checks as visible
from numpy.typing import NDArray
from ps3_expected import FUNCTIONS, confused, drawn, moment, variances, ways

from course_code import expect
from course_code.exercises import Answers, Problem, Seed, array, number

Array = NDArray[Any]


def check_dense_fans(answers: Answers) -> None:
    """Fans of dense weights"""
    visible.compare_fans(answers, (7, 3), (7, 3))
    visible.compare_fans(answers, (1, 250), (1, 250))
    kernel = (3, 3, 8, 20)
    try:
        result = answers.call("fans", kernel)
    except Problem:  # fans of dense weights alone earn this point
        return
    if isinstance(result, list | tuple) and tuple(result) == kernel:
        raise Problem(f"fans({kernel}) gives the shape back: a weight has two fans, whatever shape")


def check_kernel_fans(answers: Answers) -> None:
    """Fans of kernels for images"""
    visible.compare_fans(answers, (3, 3, 8, 20), (72, 180))
    visible.compare_fans(answers, (1, 7, 5, 2), (35, 14))


def check_other_fans(answers: Answers) -> None:
    """Fans of kernels for series and volumes"""
    visible.compare_fans(answers, (9, 4, 6), (36, 54))
    visible.compare_fans(answers, (2, 3, 4, 5, 6), (120, 144))


def check_no_fans(answers: Answers) -> None:
    """A shape without fans"""
    for shape in ((7, 3), (3, 3, 8, 20)):
        try:
            answers.call("fans", shape)
        except Problem as problem:
            raise Problem(f"{problem}; only a shape of fewer than two axes has no fans") from None
    for shape in ((5,), ()):
        try:
            result = answers.call("fans", shape)
        except Problem as problem:
            if "ValueError" in str(problem):
                continue
            raise Problem(f"a ValueError is expected; {problem}") from None
        raise Problem(f"fans({shape}) is {result!r}: a ValueError is expected, not a result")


NAMES = {"xavier_normal": 3.0, "xavier_uniform": 1.8}  # and the kurtosis


def compare_std(
    answers: Answers,
    name: str,
    shape: tuple[int, ...],
    fans: tuple[int, int],
    seed: int,
    gain: float,
) -> Array:
    W, what = visible.sample(answers, name, shape, seed, gain)
    right, hints = gain * np.sqrt(2 / sum(fans)), confused(*fans, gain)
    if len(shape) > 2:
        total = shape[-2] + shape[-1]
        hints = [(gain * np.sqrt(2 / total), "the window of the kernel is missing"), *hints]
    expect.standard_deviation(W, right, what, kurtosis=NAMES[name], hints=hints)
    return W


def check_normal(answers: Answers) -> None:
    """xavier_normal: the standard deviation"""
    for seed, shape in enumerate(((50, 400), (700, 90))):
        compare_std(answers, "xavier_normal", shape, shape, seed + 10, 1.0)


def check_uniform(answers: Answers) -> None:
    """xavier_uniform: the standard deviation and the bound"""
    for seed, shape in enumerate(((50, 400), (700, 90))):
        W = compare_std(answers, "xavier_uniform", shape, shape, seed + 20, 1.0)
        bound, largest = np.sqrt(6 / sum(shape)), np.abs(W).max()
        if not 0.99 * bound < largest < 1.0001 * bound:
            raise Problem(f"{shape}: the largest entry is {largest:.4f}, not the bound {bound:.4f}")


def check_law(answers: Answers) -> None:
    """xavier_normal has tails, and every entry is a draw of its own"""
    W = array(answers.call("xavier_normal", (200, 300), Seed(30)), "xavier_normal", (200, 300))
    if len(np.unique(W)) < 50_000:
        raise Problem("xavier_normal: many entries are equal: every weight must be its own draw")
    largest = np.abs(W).max() / W.std()
    if not 3.5 < largest < 7:
        raise Problem(f"the largest of 60,000 entries has {largest:.2f} std: not a normal law")
    means = [np.abs(W.mean(axis=axis)).max() * np.sqrt(W.shape[axis]) / W.std() for axis in (0, 1)]
    if max(means) > 6:
        raise Problem("the rows or the columns of the weights are not independent draws")


def check_gain(answers: Answers) -> None:
    """The gain"""
    for name in NAMES:
        compare_std(answers, name, (120, 300), (120, 300), 40, 2.5)


def check_kernels(answers: Answers) -> None:
    """Kernels"""
    for name in NAMES:
        compare_std(answers, name, (3, 3, 40, 100), (360, 900), 50, 1.0)


def check_truncated_stds(answers: Answers) -> None:
    """truncated_std of any cut"""
    for cut, right in ((0.5, 0.28388229), (1.5, 0.74264690), (3.0, 0.98657839), (8.0, 1.0)):
        what = f"truncated_std({cut:g})"
        hints = [
            (right**2, "that is the variance: take the square root"),
            (1 / right, "that is the correction; the standard deviation is its inverse"),
            (0.8796257, "that is the value for a cut at 2; the cut is an argument"),
        ]
        answer = number(answers.call("truncated_std", cut), what)
        expect.close(answer, right, what, rtol=1e-5, hints=hints)


def check_truncated_law(answers: Answers) -> None:
    """truncated_normal: the standard deviation"""
    visible.compare_truncated(answers, (400, 80), 0.5, seed=61)
    visible.compare_truncated(answers, (3, 3, 60, 70), 3.0, seed=62)


def check_bounds(answers: Answers) -> None:
    """truncated_normal: the cut"""
    W = array(
        answers.call("truncated_normal", (300, 200), 0.1, Seed(63)), "the weights", (300, 200)
    )
    bound, largest = 0.2 / 0.8796257, float(np.abs(W).max())
    if largest > bound * 1.0001:
        raise Problem(f"std 0.1: an entry of {largest:.3f} lies beyond the cut at {bound:.4f}")
    if largest < 0.99 * bound:
        text = f"std 0.1: the largest entry is {largest:.4f}, but the cut should be at {bound:.4f}"
        if largest > 0.198:
            text += ". Two standard deviations of the wider law, before the cut, are meant"
        raise Problem(text)


def check_no_pile(answers: Answers) -> None:
    """truncated_normal: nothing piles up at the border"""
    W = array(
        answers.call("truncated_normal", (300, 200), 0.1, Seed(64)), "the weights", (300, 200)
    )
    largest = np.abs(W).max()
    share = np.mean(np.abs(W) > 0.9999 * largest)
    if share > 0.001:
        raise Problem(f"{share:.1%} of the entries sit at the border: draw again, do not move them")
    z = np.sort(W.ravel()) / largest
    middle = np.mean(np.abs(z) < 0.5)  # a normal law cut at 2: 0.6827 / 0.9545
    if abs(middle - 0.7152) > 0.01:
        raise Problem(f"{middle:.1%} of the entries are in the inner half, not 71.5 %: not normal")
    if len(np.unique(np.abs(W))) < 59_000:
        raise Problem("many entries are equal: every one of them must be a new draw")


def check_truncated_rng(answers: Answers) -> None:
    """truncated_normal: rng"""
    expect.reproducible(answers, "truncated_normal", (30, 20), 0.1, Seed(0))


SIZES = ([90, 30, 60, 10], [16, 64, 16, 64, 16], [50, 200])


def compare_theory(answers: Answers, way: int) -> None:
    for sizes in SIZES:
        for mode in ("fan_in", "fan_out", "fan_avg"):
            v, fans = variances(sizes, mode), list(zip(sizes, sizes[1:]))
            right = ways(sizes, v)[way]
            swapped = {"fan_in": "fan_out", "fan_out": "fan_in"}.get(mode, mode)
            hints: list[Any] = [
                (ways(sizes, variances(sizes, swapped))[way], "fan_in and fan_out are exchanged"),
                (ways(sizes, [2 * x for x in v])[way], "a variance is twice too large"),
                (ways(sizes, [x / 2 for x in v])[way], "a variance is twice too small"),
                (ways(sizes, [x**0.5 for x in v])[way], "the std was taken for the variance"),
                (ways(sizes, [x**2 for x in v])[way], "the variance was squared"),
            ]
            if way == 1:
                off = np.cumprod([1.0] + [m * x for (_, m), x in zip(fans[-2::-1], v[-2::-1])])[
                    ::-1
                ]
                through = np.cumprod([1.0] + [n * x for (n, _), x in zip(fans[:0:-1], v[:0:-1])])[
                    ::-1
                ]
                hints += [
                    (off, "Delta_l goes back through W_l to Delta_(l-1); a layer is off by one"),
                    (through, "backward the sum runs over fan_out terms, not fan_in"),
                ]
            else:
                back = np.cumprod([m * x for (_, m), x in zip(fans, v)])
                hints.append((back, "forward the sum runs over fan_in terms, not fan_out"))
            visible.compare_ways(answers, sizes, mode, way, right, hints)


def check_forward(answers: Answers) -> None:
    """q from theory"""
    compare_theory(answers, 0)


def check_backward(answers: Answers) -> None:
    """d from theory"""
    compare_theory(answers, 1)


def compare_simulation(answers: Answers, way: int) -> None:
    sizes = [120, 60, 180, 90]
    expect.reproducible(answers, "measured_both_ways", [6, 4, 5], "fan_in", Seed(0))
    for mode in ("fan_out", "fan_avg"):
        found = visible.measured(answers, sizes, mode, seed=70)[way]
        right = ways(sizes, variances(sizes, mode))[way]
        visible.compare_measured(found, right, f"{mode}, sizes 120-60-180-90: {'qd'[way]}")


def check_measured_forward(answers: Answers) -> None:
    """q, measured"""
    compare_simulation(answers, 0)


def check_measured_backward(answers: Answers) -> None:
    """d, measured"""
    compare_simulation(answers, 1)


def compare_moments(answers: Answers, cases: list[tuple[str, float]]) -> None:
    for name, q in cases:
        right, mean = moment(name, q), moment(name, q, 1)
        hints = [
            (right - mean**2, "that is the variance; E[f^2] contains the square of the mean"),
            (moment(name, q**2), "q is the mean square of z: take its root"),
            (right**0.5, "that is the root of the mean square"),
            (right * np.sqrt(2 * np.pi), "divide by sqrt(2 pi): the weights must add up to 1"),
        ]
        visible.compare_moment(answers, name, q, right, hints)


def check_moments(answers: Answers) -> None:
    """Second moments of ordinary signals"""
    compare_moments(answers, [(name, q) for name in FUNCTIONS for q in (0.3, 2.0)])


def check_far_moments(answers: Answers) -> None:
    """Second moments of tiny and of huge signals"""
    names = ("tanh", "relu", "sigmoid")
    compare_moments(answers, [(name, 1e-6) for name in names])
    try:
        compare_moments(answers, [(name, 900.0) for name in names])
    except Problem as off:
        raise Problem(
            f"{off}. There the function is nearly a step, within a strip of width 1/30: is your "
            "grid, or your number of nodes, fine enough to see it?"
        ) from None


def check_gains(answers: Answers) -> None:
    """Gains"""
    for name in FUNCTIONS:
        for q in (0.25, 1.0, 3.0):
            right, what = np.sqrt(q / moment(name, q)), f"gain({name!r}, {q:g})"
            hints = [
                (right**2, "that is the factor on the variance; a gain multiplies the std"),
                (1 / right, "a gain gives back what the activation takes: the inverse"),
                (right / q**0.5, "the mean square to be kept is q, not 1"),
                (right * q**0.5, "the mean square to be kept is q"),
            ]
            answer = number(answers.call("gain", name, q), what)
            expect.close(answer, right, what, rtol=5e-4, hints=hints)


def compare_rules(answers: Answers, rules: list[str], seed: int) -> None:
    for shape in ((300, 100), (40, 130), (3, 3, 16, 48), (500, 60)):
        for rule in rules:
            how = ""
            if len(shape) > 2:
                how = " (a kernel has a window: it counts in both fans)"
            elif "uniform" in rule or "truncated" in rule or rule == "glorot normal":
                how = " (look at the largest entry, in standard deviations)"
            visible.identify(answers, drawn(rule, shape, seed), rule, how)
            seed += 1


def check_scales(answers: Answers) -> None:
    """Rules with different standard deviations"""
    compare_rules(answers, ["heuristic", "lecun normal", "glorot uncorrected"], 80)


def check_shapes(answers: Answers) -> None:
    """Rules with the same standard deviation"""
    compare_rules(answers, ["glorot normal", "glorot uniform", "glorot truncated"], 200)


def check_all_rules(answers: Answers) -> None:
    """All six rules, other seeds"""
    compare_rules(answers, list(visible.RULES), 300)


HIDDEN = {
    "fans": [
        (1, check_dense_fans),
        (2, check_kernel_fans),
        (1, check_other_fans),
        (1, check_no_fans),
    ],
    "xavier": [
        (2, check_normal),
        (2, check_uniform),
        (1, check_law),
        (1, check_gain),
        (1, check_kernels),
        (1, visible.check_xavier_rng),
    ],
    "truncated": [
        (2, check_truncated_stds),
        (2, check_truncated_law),
        (1, check_bounds),
        (1, check_no_pile),
        (1, check_truncated_rng),
    ],
    "both-ways": [
        (1, visible.check_ways_prediction),
        (2, check_forward),
        (3, check_backward),
        (1, check_measured_forward),
        (1, check_measured_backward),
    ],
    "gain": [
        (1, visible.check_gain_prediction),
        (2, check_moments),
        (1, check_far_moments),
        (2, check_gains),
    ],
    "detective": [(2, check_scales), (2, check_shapes), (2, check_all_rules)],
}
