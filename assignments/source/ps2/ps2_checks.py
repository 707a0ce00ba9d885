"""The checks of problem set 2 that its notebook runs: ``VISIBLE[task]``.

A check calls the functions of the notebook with small inputs and says what is off. Handing in
runs these and others.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from course_code import expect
from course_code.diagnostics import layer_statistics
from course_code.exercises import Answers, Problem, Seed, array, number
from course_code.network import MLP
from course_code.training import fit

Array = NDArray[Any]
CORNERS = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])


def count(answers: Answers, Z: Array, expected: int, what: str) -> None:
    """The number of distinct units of `Z`."""
    answer = number(answers.call("distinct_units", Z), "distinct_units")
    if answer != expected:
        text = f"{what}: {answer:g} units were counted, but there are {expected}"
        if answer > Z.shape[1]:
            text += ". That is more than there are columns: rows are samples, columns are units"
        raise Problem(text)


def check_units_of_text(answers: Answers) -> None:
    """The five units of the text."""
    incoming = np.array([[0.3, 0.1 + 0.2, -0.3, 0.6, 0.3]])
    Z = np.array([[1.0], [-2.0], [0.5], [1.5]]) @ incoming
    count(answers, Z, 3, "0.3, 0.1 + 0.2, -0.3, 0.6 and 0.3")


def check_units_of_any_size(answers: Answers) -> None:
    """Small and large layers."""
    Z = np.array([[1.0, 2.0, 1.0], [0.5, 0.1, 0.5]])
    for factor in (1e-12, 1e12):
        what = f"three units, two of them equal, multiplied by {factor:g}"
        count(answers, factor * Z, 2, f"{what}: the tolerance is relative to the largest entry")


def table(answers: Answers, sizes: list[int], activation: str, zeros: list[int], y: Array) -> str:
    """What `awake` says in six steps on the four corners, as text: rows of x and dots."""
    args = sizes, activation, zeros, CORNERS, y, 0.5, 6, Seed(5)
    what = f"awake({sizes}, {activation!r}, {zeros}, ...)"
    found = array(answers.call("awake", *args), what, (6, len(sizes) - 1))
    return " ".join("".join("x" if entry else "." for entry in row) for row in found)


def compare_table(
    answers: Answers, sizes: list[int], activation: str, zeros: list[int], y: list[int], right: str
) -> None:
    found = table(answers, sizes, activation, zeros, np.array(y))
    if found == right:
        return
    layers = f"layers {', '.join(map(str, zeros))}" if zeros else "no layer"
    text = f"{activation} {'-'.join(map(str, sizes))}, zeros in {layers}: {found}, not {right}"
    rows, wanted = found.split(), right.split()
    if rows[:-1] == wanted[1:]:
        text += ". One step late: look at the gradient before the update"
    elif [row[::-1] for row in rows] == wanted:
        text += ". The layers stand in reverse order"
    raise Problem(text)


def check_one_zero_layer(answers: Answers) -> None:
    """tanh, zeros in one of three layers."""
    compare_table(answers, [2, 8, 8, 1], "tanh", [3], [0, 1, 1, 1], "..x xxx xxx xxx xxx xxx")


def check_all_zero(answers: Answers) -> None:
    """tanh, zeros everywhere."""
    compare_table(answers, [2, 8, 1], "tanh", [1, 2], [0, 1, 1, 1], ".. .. .. .. .. ..")


def check_zeros_prediction(answers: Answers) -> None:
    """A prediction for zeros in layers 1 and 3"""
    if answers.value("predicted_outer_zeros_learn") not in (True, False):
        raise Problem("predicted_outer_zeros_learn should be True or False")


def choices(answers: Answers, name: str) -> set[str]:
    """The choices of zero layers that the student lists."""
    value = answers.value(name)
    valid = {"1", "2", "3", "12", "13", "23", "123"}
    if not isinstance(value, list | tuple) or not all(v in valid for v in value):
        raise Problem(f"{name} is {value!r}: a list of names such as '1' or '12' is expected")
    return set(value)


def check_choices(answers: Answers) -> None:
    """The choices that you read off."""
    choices(answers, "all_awake_tanh")
    choices(answers, "all_awake_relu")


def start(answers: Answers, n_in: int, n_hidden: int, value: float) -> tuple[list[Array], int]:
    """The nearly constant start as [W_1, W_2, b_1, b_2], and how many numbers were changed."""
    result = answers.call("nearly_constant", n_in, n_hidden, value)
    if not isinstance(result, list | tuple) or len(result) != 4:
        raise Problem("nearly_constant must return (W_1, b_1, W_2, b_2)")
    shapes = [(n_in, n_hidden), (n_hidden,), (n_hidden, 1), (1,)]
    names = ["W_1", "b_1", "W_2", "b_2"]
    W_1, b_1, W_2, b_2 = (array(*part) for part in zip(result, names, shapes))
    bases = [(W_1, value), (W_2, value), (b_1, 0.0), (b_2, 0.0)]
    changed = sum(int((np.abs(part - base) > 1e-9).sum()) for part, base in bases)
    return [W_1, W_2, b_1, b_2], changed


def distinct_after_training(parameters: list[Array], seed: int) -> int:
    """Train a tanh network from this start on random data, and count its distinct units."""
    rng = np.random.default_rng(seed)
    n_in, n_hidden = parameters[0].shape
    X = rng.standard_normal((40, n_in))
    y = (X[:, 0] * X[:, -1] > 0.2).astype(int)
    network = MLP([n_in, n_hidden, 1], rng=rng)
    for mine, given in zip(network.parameters, parameters):
        mine[...] = given
    fit(network, X, y, learning_rate=0.3, epochs=200)
    return int(layer_statistics(network, X)[0].distinct_units)


def compare_start(answers: Answers, n_in: int, n_hidden: int, value: float, seed: int) -> int:
    parameters, changed = start(answers, n_in, n_hidden, value)
    units = distinct_after_training(parameters, seed)
    if units < n_hidden:
        text = f"nearly_constant({n_in}, {n_hidden}, {value:g}): {changed} numbers differ from "
        text += f"the constant, and {units} of {n_hidden} units are distinct after training"
        if changed >= n_hidden - 1 and units <= 2:
            text += ". Units with equal changes stay equal: change each one differently"
        elif changed and units == 1:
            text += ". The output bias belongs to no unit: it cannot tell units apart"
        raise Problem(text)
    return changed


def check_distinct_start(answers: Answers) -> None:
    """All units of a network 3-8-1 become distinct."""
    compare_start(answers, 3, 8, 0.5, seed=1)


def check_few_changes(answers: Answers) -> None:
    """Fewer changes than weights of layer 1."""
    changed = compare_start(answers, 3, 8, 0.5, seed=1)
    if changed > 8:
        raise Problem(f"{changed} numbers differ from the constant; far fewer are enough")


def check_break_prediction(answers: Answers) -> None:
    """A prediction of the number of changes"""
    expect.prediction(answers, "predicted_changes", 0, 41)


def compare_bound(
    answers: Answers,
    X: Array,
    y: list[int],
    w: list[float],
    right: float,
    what: str,
    hints: list[tuple[float, str]],
) -> None:
    answer = number(answers.call("symmetric_bound", X, np.array(y), np.array(w)), what)
    hints = [*hints, (right * len(y), "that is the sum; the bound is a mean over the samples")]
    hints += [(right / np.log(2), "that is in bits: use the natural logarithm")]
    expect.close(answer, right, what, rtol=1e-4, atol=1e-6, hints=hints)


def check_bound_of_xor(answers: Answers) -> None:
    """XOR along (1, 1)."""
    hints = [
        (0.5623, "that is without the rising and falling: pool only where the order is violated"),
    ]
    what = "the bound of XOR along (1, 1)"
    compare_bound(answers, CORNERS, [0, 1, 1, 0], [1.0, 1.0], 0.477386, what, hints)


def check_bound_of_and(answers: Answers) -> None:
    """AND, which one line separates."""
    hints = [(0.562335, "that is the entropy of the labels: the function may depend on x . w")]
    for w in ([1.0, 1.0], [-1.0, -1.0]):
        what = f"the bound of AND along ({w[0]:g}, {w[1]:g}), rising or falling"
        compare_bound(answers, CORNERS, [0, 0, 0, 1], w, 0.0, what, hints)


def check_growth_by_hand(answers: Answers) -> None:
    """The growth factor of AND and XOR."""
    for name, y, right in (("AND", [0, 0, 0, 1], 1.08838835), ("XOR", [0, 1, 1, 0], 1.0)):
        what = f"the growth factor of {name} at a learning rate of 0.5"
        answer = number(answers.call("growth_factor", CORNERS, np.array(y), 0.5), what)
        hints = [
            (1.17677670, "the learning rate is missing"),
            (1.015625, "that is with the square of the length of m"),
            (1.11785113, "divide by n, not by n - 1"),
            (0.08838835, "the factor is 1 plus this"),
            (1.35355339, "m is a mean over the samples: divide by n"),
        ]
        expect.close(answer, right, what, rtol=1e-6, hints=hints)


def tilted(seed: int) -> tuple[Array, Array]:
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((60, 3))
    noise = 0.3 * rng.standard_normal(60)
    return X, (X @ np.array([1.0, 0.5, 0.0]) + noise > 0.6).astype(int)


def compare_escape(answers: Answers, seed: int, rate: float, per_decade: float) -> None:
    """Four decades of noise cost what the theory says, within an eighth."""
    X, y = tilted(seed)
    steps = [
        number(answers.call("escape_step", X, y, epsilon, rate, Seed(3)), "escape_step")
        for epsilon in (1e-4, 1e-8)
    ]
    extra, wanted = steps[1] - steps[0], 4 * per_decade
    if abs(extra - wanted) <= wanted / 8:
        return
    text = f"1e-8 costs {extra:g} steps more than 1e-4, but the theory says {wanted:.0f}"
    if abs(extra - wanted / 2) <= wanted / 16:
        text += ". That is half: epsilon is the standard deviation, not the variance"
    raise Problem(text)


def check_escape(answers: Answers) -> None:
    """Steps to leave, on the data of the text."""
    compare_escape(answers, 0, 0.3, per_decade=21.08)


def check_saddle_prediction(answers: Answers) -> None:
    """A prediction of the extra steps"""
    expect.prediction(answers, "predicted_extra_steps", 0, 3000)


def check_loss_by_hand(answers: Answers) -> None:
    """Expected losses for s = 0, 1 and 100."""
    for s, right in ((0.0, 0.693147), (1.0, 0.806059), (100.0, 39.900790)):
        what = f"expected_loss({s:g})"
        hints = [
            (0.693147, "log(1 + exp(mean)) is not the mean of log(1 + exp)"),
            (2 * right, "the labels are random: on average half of |z| is paid"),
        ]
        answer = number(answers.call("expected_loss", s), what)
        expect.close(answer, right, what, rtol=5e-4, hints=hints)


def check_output_std(answers: Answers) -> None:
    """The output weights for a loss of 1."""
    answer = number(answers.call("output_std", 18, 1.0), "output_std(18, 1.0)")
    hints = [
        (1.770807, "that is the standard deviation of the logit, a sum of 18 terms"),
        (0.098378, "the variances of 18 terms add up: divide by the root of the width"),
    ]
    expect.close(answer, 0.417383, "output_std(18, 1.0)", rtol=2e-3, hints=hints)


VISIBLE = {
    "distinct-units": [check_units_of_text, check_units_of_any_size],
    "awake": [check_zeros_prediction, check_one_zero_layer, check_all_zero, check_choices],
    "break-symmetry": [check_break_prediction, check_distinct_start, check_few_changes],
    "symmetric-bound": [check_bound_of_xor, check_bound_of_and],
    "saddle": [check_growth_by_hand, check_escape, check_saddle_prediction],
    "large-start": [check_loss_by_hand, check_output_std],
}
