"""The checks of problem set 3 that its notebook runs: ``VISIBLE[task]``.

A check calls the functions of the notebook with small inputs and says what is off. Handing in
runs these and others.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from course_code import expect
from course_code.exercises import Answers, Problem, Seed, array, number

Array = NDArray[Any]
RULES = (
    "heuristic",
    "lecun normal",
    "glorot uniform",
    "glorot normal",
    "glorot truncated",
    "glorot uncorrected",
)


def compare_fans(answers: Answers, shape: tuple[int, ...], right: tuple[int, int]) -> None:
    result, what = answers.call("fans", shape), f"fans({shape})"
    if isinstance(result, list | tuple) and len(result) != 2:
        raise Problem(f"{what} is {result}: a pair (fan_in, fan_out) is expected")
    if not isinstance(result, list | tuple):
        raise Problem(f"{what} must return a pair (fan_in, fan_out); is a `return` missing?")
    if not all(isinstance(fan, int) for fan in result):
        raise Problem(f"{what} is {result}: whole numbers are expected")
    if tuple(result) == right:
        return
    text = f"{what} is {tuple(result)}, but should be {right}"
    if tuple(result) == right[::-1]:
        text += ". They are exchanged: fan_in is the number of terms in a sum, channels in"
    elif tuple(result) == shape[-2:]:
        text += ". The window is missing: every place of the window adds a term for each channel"
    elif tuple(result) == shape[:2]:
        text += ". The channels are the last two axes"
    raise Problem(text)


def check_dense_fans(answers: Answers) -> None:
    """A dense weight."""
    compare_fans(answers, (300, 100), (300, 100))


def check_kernel_fans(answers: Answers) -> None:
    """The kernel of the text."""
    compare_fans(answers, (5, 5, 16, 32), (400, 800))


def sample(
    answers: Answers, name: str, shape: tuple[int, ...], seed: int, gain: float = 1.0
) -> tuple[Array, str]:
    """A draw of one of the student's rules, and how messages call it."""
    settings = [] if gain == 1.0 else [gain]  # by position: the names are the student's own
    what = f"{name}({', '.join([str(shape), 'rng', *map(str, settings)])})"
    W = array(answers.call(name, shape, Seed(seed), *settings), what, shape)
    if not np.any(W):
        raise Problem(f"{what}: all entries are zero; an integer array cannot hold these numbers")
    positive = W.mean() > 0.5 * W.std()
    hint = "rng.random draws from 0 to 1: a law centred on 0 is needed" if positive else ""
    expect.centred(W, what, hint=hint)
    return W, what


# For a layer 300 x 100 at gain 1: wrong standard deviations, and what they come from.
CONFUSED = [
    (0.005, "that is the variance; the scale of a law is its square root"),
    (0.070711 / 3**0.5, "that uses the standard deviation as the bound; the bound is larger"),
    (0.057735, "that is 1 / fan_in, LeCun's rule; Xavier takes the mean of both fans"),
    (0.1, "that is 1 / fan_out alone; Xavier takes the mean of both fans"),
    (0.033333, "that is the old heuristic, U(-1/sqrt(n), 1/sqrt(n))"),
    (0.05, "that is 1 / (fan_in + fan_out): the mean of the fans is half of their sum"),
    (0.12247, "the bound sqrt(6 / (fan_in + fan_out)) is not the standard deviation"),
    (0.081650, "that is 2 / fan_in, He's rule"),
]


def check_xavier_normal(answers: Answers) -> None:
    """Standard deviation of the normal law, 300 x 100."""
    W, what = sample(answers, "xavier_normal", (300, 100), seed=1)
    expect.standard_deviation(W, 0.070711, what, hints=CONFUSED)


def check_xavier_uniform(answers: Answers) -> None:
    """Standard deviation and bound of the uniform law, 300 x 100."""
    W, what = sample(answers, "xavier_uniform", (300, 100), seed=2)
    expect.standard_deviation(W, 0.070711, what, kurtosis=1.8, hints=CONFUSED)
    if not 0.1210 < np.abs(W).max() <= 0.12248:
        raise Problem(f"{what}: the largest entry is {np.abs(W).max():.4f}, not the bound 0.1225")


def check_xavier_rng(answers: Answers) -> None:
    """The random numbers come from rng."""
    for name in ("xavier_normal", "xavier_uniform"):
        expect.reproducible(answers, name, (6, 4), Seed(0))


def check_truncated_std(answers: Answers) -> None:
    """truncated_std at 2 and 1"""
    for cut, right in ((2.0, 0.879626), (1.0, 0.539561)):
        what = f"truncated_std({cut:g})"
        hints = [(right**2, "that is the variance: take the square root")]
        hints += [(1 / right, "that is the correction; the standard deviation is its inverse")]
        answer = number(answers.call("truncated_std", cut), what)
        expect.close(answer, right, what, rtol=1e-4, hints=hints)


def compare_truncated(answers: Answers, shape: tuple[int, ...], std: float, seed: int) -> None:
    what = f"truncated_normal({shape}, {std:g}, rng)"
    W = array(answers.call("truncated_normal", shape, std, Seed(seed)), what, shape)
    expect.centred(W, what)
    hints = [
        (0.8796 * std, "that is the standard deviation of an uncorrected law"),
        (0.8796**2 * std, "the correction goes the other way: divide by truncated_std(2)"),
        (std / 0.8796, "is anything cut off? This is the law before the cut"),
        (std / 0.8796**0.5, "correct the standard deviation, not the variance"),
        (std**0.5, "std is the standard deviation, not the variance"),
        (0.9591 * std, "entries that are moved to the border stay there: draw them again"),
        (0.9591 / 0.8796 * std, "entries that are moved to the border stay there: draw again"),
    ]
    expect.standard_deviation(W, std, what, kurtosis=2.37, hints=hints)


def check_truncated_normal(answers: Answers) -> None:
    """Standard deviation after the cut."""
    compare_truncated(answers, (300, 100), 0.02, seed=3)


def two_lists(answers: Answers, name: str, sizes: list[int], *args: Any) -> list[Array]:
    result, depth = answers.call(name, sizes, *args), len(sizes) - 1
    if not isinstance(result, list | tuple) or len(result) != 2:
        raise Problem(f"{name} must return a pair of lists; is a `return` missing?")
    return [
        array(part, f"{name}: the list {part_name}", (depth,))
        for part_name, part in zip("qd", result)
    ]


def compare_ways(
    answers: Answers, sizes: list[int], mode: str, way: int, right: list[float], hints: list[Any]
) -> None:
    found = two_lists(answers, "both_ways", sizes, mode)[way]
    what = f"{mode}, sizes {'-'.join(map(str, sizes))}: {'qd'[way]}"
    hints = [*hints, (right[::-1], "the layers stand in reverse order")]
    expect.close(found, right, what, rtol=1e-6, hints=hints)


def check_forward_ways(answers: Answers) -> None:
    """q of a network 100-50-200."""
    swapped = "fan_in and fan_out are exchanged"
    compare_ways(answers, [100, 50, 200], "fan_in", 0, [1.0, 1.0], [([2.0, 0.5], swapped)])
    compare_ways(answers, [100, 50, 200], "fan_out", 0, [2.0, 0.5], [([1.0, 1.0], swapped)])
    compare_ways(answers, [100, 50, 200], "fan_avg", 0, [4 / 3, 8 / 15], [])


def check_backward_ways(answers: Answers) -> None:
    """d of a network 100-50-200."""
    first = "the step from Delta_2 to Delta_1 goes through W_2, whose fan_out is 200"
    compare_ways(answers, [100, 50, 200], "fan_in", 1, [4.0, 1.0], [([0.5, 1.0], first)])
    compare_ways(answers, [100, 50, 200], "fan_avg", 1, [1.6, 1.0], [([2 / 3, 1.0], first)])


def measured(answers: Answers, sizes: list[int], mode: str, seed: int) -> list[Array]:
    """Measured (q, d), averaged over four networks."""
    args = "measured_both_ways", sizes, mode
    runs = [two_lists(answers, *args, Seed(seed + i)) for i in range(4)]
    return [np.mean([run[way] for run in runs], axis=0) for way in (0, 1)]


def compare_measured(found: Array, right: list[float], what: str) -> None:
    ratio = found / right
    if np.abs(ratio - 1).max() > 0.2:  # more than five standard errors
        l = int(np.abs(ratio - 1).argmax())
        text = f"{what}, layer {l + 1}: the mean of 4 networks is {found[l]:.3g}"
        raise Problem(f"{text}, but should be about {right[l]:.3g}")


def check_measured_ways(answers: Answers) -> None:
    """Measured q and d of a network 100-50-200."""
    q, d = measured(answers, [100, 50, 200], "fan_in", seed=1)
    compare_measured(q, [1.0, 1.0], "fan_in: q")
    compare_measured(d, [4.0, 1.0], "fan_in: d")


def check_ways_prediction(answers: Answers) -> None:
    """A prediction for the autoencoder"""
    mode, q = answers.value("predicted_mode"), answers.value("predicted_q_2")
    if mode not in ("fan_in", "fan_out", "fan_avg"):
        raise Problem(f"predicted_mode is {mode!r}: enter one of 'fan_in', 'fan_out', 'fan_avg'")
    if isinstance(q, bool) or not isinstance(q, int | float) or not 0 < q < 1e6:
        raise Problem(f"predicted_q_2 is {q!r}: enter a positive number")


def compare_moment(answers: Answers, name: str, q: float, right: float, hints: list[Any]) -> None:
    what = f"second_moment({name!r}, {q:g})"
    answer = number(answers.call("second_moment", name, q), what)
    expect.close(answer, right, what, rtol=5e-4, hints=hints)


def check_moment_values(answers: Answers) -> None:
    """Second moments of tanh, sigmoid and ReLU at q = 1."""
    compare_moment(answers, "relu", 1.0, 0.5, [(0.340845, "that is the variance, not the square")])
    hints = [(0.043379, "that is the variance; E[f^2] contains the mean of 1/2 as well")]
    compare_moment(answers, "sigmoid", 1.0, 0.293379, hints)
    root = 2.506628
    hints = [
        (0.394294 * root, "divide by sqrt(2 pi): the weights must add up to 1"),
        (0.394294 / root, "divided by sqrt(2 pi) once too often"),
        (0.627929, "that is the root of the mean square"),
    ]
    compare_moment(answers, "tanh", 1.0, 0.394294, hints)


def check_gain_values(answers: Answers) -> None:
    """The gains of tanh and ReLU."""
    for name, q, right in (("tanh", 1.0, 1.592537), ("relu", 4.0, 1.414214)):
        what = f"gain({name!r}, {q:g})"
        hints = [
            (right**2, "that is the factor on the variance; a gain multiplies the std"),
            (1 / right, "a gain gives back what the activation takes: the inverse"),
            (right / q**0.5, "the mean square to be kept is q, not 1"),
        ]
        expect.close(
            number(answers.call("gain", name, q), what), right, what, rtol=5e-4, hints=hints
        )


def check_gain_prediction(answers: Answers) -> None:
    """A prediction for arctan"""
    if answers.value("predicted_arctan_gain") not in ("smaller", "larger"):
        raise Problem('predicted_arctan_gain should be "smaller" or "larger"')


def identify(answers: Answers, W: Array, right: str, how: str) -> None:
    """One matrix, drawn by the rule `right`."""
    answer = answers.call("rule_of", W)
    if not isinstance(answer, str) or answer not in RULES:
        shown = repr(answer)[:60]
        raise Problem(f"rule_of returned {shown}, which is none of the six names")
    if answer != right:
        raise Problem(
            f"a matrix of shape {W.shape}, drawn by {right!r}, was taken for {answer!r}{how}"
        )


def check_first_matrices(answers: Answers) -> None:
    """Two dense matrices."""
    rng = np.random.default_rng(7)
    identify(answers, rng.normal(0, 0.070711, (300, 100)), "glorot normal", "")
    identify(answers, rng.uniform(-0.057735, 0.057735, (300, 100)), "heuristic", "")


VISIBLE = {
    "fans": [check_dense_fans, check_kernel_fans],
    "xavier": [check_xavier_normal, check_xavier_uniform, check_xavier_rng],
    "truncated": [check_truncated_std, check_truncated_normal],
    "both-ways": [
        check_ways_prediction,
        check_forward_ways,
        check_backward_ways,
        check_measured_ways,
    ],
    "gain": [check_gain_prediction, check_moment_values, check_gain_values],
    "detective": [check_first_matrices],
}
