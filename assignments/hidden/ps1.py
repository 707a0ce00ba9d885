"""The checks that decide the points of problem set 1: ``HIDDEN[task]``. Not for students."""

from __future__ import annotations

from typing import Any

import numpy as np
import ps1_checks as visible
from numpy.typing import NDArray

from course_code import activations, expect
from course_code.exercises import Answers, Problem, Seed, number

Array = NDArray[Any]


def check_cost_values(answers: Answers) -> None:
    """Mean costs of random logits"""
    for seed, n in ((0, 1), (1, 7), (2, 30)):
        rng = np.random.default_rng(seed)
        z, y = (3 * rng.standard_normal(n)).tolist(), rng.integers(0, 2, n).tolist()
        visible.compare_cost(answers, z, y, "float64")


def check_cost_of_extremes(answers: Answers) -> None:
    """Logits of any size"""
    for z in ([40.0, -40.0], [-900.0, 1e4], [300.0, -0.1]):
        for y in ([0, 1], [1, 0]):
            try:
                visible.compare_cost(answers, z, y)
            except Problem as off:
                text = str(off)
                if "should be" in text and text[-1].isdigit():  # no other reason was found
                    text += ". A clipped probability puts an end to the cost: do without p"
                raise Problem(text) from None


def check_cost_of_labels(answers: Answers) -> None:
    """Labels of every type."""
    for dtype in ("float64", "int64", "bool", "uint8"):
        try:
            visible.compare_cost(answers, [2.0, -1.0, 4.0, 0.5], [1, 0, 0, 1], dtype)
        except Problem as off:
            why = " (in uint8, -1 is 255)" if dtype == "uint8" else ""
            raise Problem(f"with labels of type {dtype}{why}, {off}") from None


def check_forward_values(answers: Answers) -> None:
    """Forward, rectangular layers and every activation"""
    visible.compare_forward(answers, [3, 6, 2, 4, 1], "sigmoid", seed=21)
    visible.compare_forward(answers, [7, 5, 1], "relu", seed=22)


def check_forward_alone(answers: Answers) -> None:
    """Forward without hidden layers"""
    visible.compare_forward(answers, [4, 1], "tanh", seed=23)


def wrong_gradients(
    X: Array, y: Array, parameters: list[Array], name: str, fault: str
) -> list[Array]:
    """Backpropagation with one of the usual faults, to name it."""
    f, (W, _) = activations.get(name), visible.split(parameters)
    trace = visible.network(parameters, name).forward(X)
    Z, A = trace.pre_activations, trace.inputs
    delta = (1 / (1 + np.exp(-Z[-1])) - y[:, None]) / len(y)
    if fault == "slope of the output":
        delta = delta * f.df(Z[-1])
    dW, db = [], []
    for l in reversed(range(len(W))):
        dW.insert(0, A[l].T @ delta)
        db.insert(0, delta.sum(axis=0))
        if l > 0:
            square = W[l].shape[0] == W[l].shape[1]
            back = W[l] if fault == "transpose" and square else W[l].T
            z = A[l] if fault == "slope at a" else Z[l - 1]
            delta = (delta @ back) * (1 if fault == "no slope" else f.df(z))
    return dW + db


FAULTS = {
    "no slope": "the slope f' of the activation is missing on the way back",
    "slope at a": "the slope is taken at the activation; take it at the pre-activation",
    "transpose": "a transpose is missing: the gradient comes back through W.T",
    "slope of the output": "the logits are not passed through the activation, so no slope there",
}


def named(answers: Answers, sizes: list[int], activation: str, seed: int) -> None:
    """Compare, and if the answer is what one of the usual faults gives, say which."""
    try:
        visible.compare_gradients(answers, sizes, activation, seed)
    except Problem as off:
        X, y, parameters = visible.problem(sizes, seed)
        W, b = visible.split(parameters)
        result = answers.call("gradients", X, y, W, b, activation)
        parts = visible.pair(result, "gradients", len(W))
        found = [np.asarray(part, dtype=float) for part in [*parts[0], *parts[1]]]
        for fault, reason in FAULTS.items():
            wrong = wrong_gradients(X, y, parameters, activation, fault)
            same = [p.shape == q.shape and np.allclose(p, q) for p, q in zip(found, wrong)]
            if all(same):
                raise Problem(f"{off}. {reason[0].upper()}{reason[1:]}") from None
        raise


def check_output_gradient(answers: Answers) -> None:
    """The output layer's gradient"""
    named(answers, [6, 1], "tanh", seed=31)


def check_tanh_gradients(answers: Answers) -> None:
    """Gradients of rectangular tanh layers"""
    named(answers, [5, 4, 3, 1], "tanh", seed=32)
    named(answers, [3, 5, 2, 4, 1], "tanh", seed=33)


def check_square_gradients(answers: Answers) -> None:
    """Gradients of square layers"""
    named(answers, [4, 4, 4, 1], "tanh", seed=34)


def check_other_gradients(answers: Answers) -> None:
    """Gradients of sigmoid and ReLU layers"""
    named(answers, [4, 5, 3, 1], "sigmoid", seed=35)
    named(answers, [4, 6, 5, 1], "relu", seed=36)


def check_arguments_kept(answers: Answers) -> None:
    """Gradients leave their arguments alone"""
    X, y, parameters = visible.problem([4, 3, 1], 37)
    W, b = visible.split(parameters)
    result, left = answers.call_and_arguments("gradients", X, y, W, b, "tanh")
    visible.pair(result, "gradients", 2)
    if not all(
        np.array_equal(p, q) for p, q in zip([X, y, *parameters], [*left[:2], *left[2], *left[3]])
    ):
        raise Problem("gradients changed X, y, W or b: `-=` and `*=` work in place")


def check_slope_values(answers: Answers) -> None:
    """measured_slope, for several networks and steps"""
    visible.compare_slope(answers, [4, 1], "tanh", 0.5, seed=41)
    visible.compare_slope(answers, [5, 3, 4, 1], "sigmoid", 1e-2, seed=42)


def check_best_h(answers: Answers) -> None:
    """The best h for each format"""
    for name, low, high in (("best_h_float64", 1e-8, 1e-4), ("best_h_float32", 1e-4, 1e-2)):
        expect.prediction(answers, name, 1e-16, 1.0)
        if not 0.99 * low <= answers.value(name) <= 1.01 * high:
            raise Problem(f"{name} is {answers.value(name):g}: read the smallest error's row again")


def check_losses(answers: Answers) -> None:
    """The loss before each update"""
    visible.compare_losses(answers, "relu", 0.3, seed=51)
    visible.compare_losses(answers, "tanh", 1.0, seed=52)


def check_trained(answers: Answers) -> None:
    """The trained weights and biases"""
    for activation, steps in (("tanh", 1), ("sigmoid", 5)):
        _, _, ends, right, _ = visible.trained(answers, [5, 4, 3, 1], activation, 0.7, steps, 53)
        for found, wanted in zip(ends, right):
            what = f"a parameter after {steps} steps of {activation}"
            try:
                expect.close(found, wanted, what, rtol=1e-4, atol=1e-6)
            except Problem as off:
                visible.compare_gradients(answers, [5, 4, 3, 1], activation, 53)  # task 3 first
                raise Problem(
                    f"{off}. `gradients` is right here, so the loop is not: is every gradient "
                    "computed before the first update?"
                ) from None


def check_start_kept(answers: Answers) -> None:
    """Two runs from one start"""
    visible.check_start_kept(answers)
    X, y, parameters = visible.problem([4, 3, 1], 54)
    W, b = visible.split(parameters)
    runs = [answers.call("train", X, y, W, b, "tanh", rate, 3)[0] for rate in (0.5, 0.1, 0.5)]
    if not np.array_equal(runs[0], runs[2]):
        raise Problem("a second run from the same start differs: something is kept between calls")


def mean_squares(
    sizes: list[int], stds: list[float], bias_std: float, m: float, kept: float, passed: float
) -> list[float]:
    """The recursion, with the fraction of a mean square that the activation keeps."""
    result, m = [], m * passed
    for fan_in, std in zip(sizes, stds):
        result.append(fan_in * std**2 * m + bias_std**2)
        m = kept * result[-1]
    return result


def compare_prediction(
    answers: Answers, sizes: list[int], stds: list[float], t: float, m: float, activation: str
) -> None:
    kept = 0.5 if activation == "relu" else 1.0

    def q(sizes: list[int], stds: list[float], t: float, kept: float, first: float = 1.0) -> Any:
        return mean_squares(sizes, stds, t, m, kept, first)

    right, roots = q(sizes, stds, t, kept), [s**0.5 for s in stds]
    hints = [
        (q(sizes[1:], stds, t, kept), "that is fan_out: a unit sums fan_in terms"),
        (q(sizes, roots, t, kept), "that takes the standard deviation for the variance: square it"),
        (q(sizes, stds, t, kept, kept), "the inputs do not pass through an activation"),
        (q(sizes, stds, 0.0, kept), "the variance of the biases is missing"),
        (q(sizes, stds, t**0.5, kept), "square the standard deviation of the biases"),
    ]
    if activation == "relu":
        half = "a ReLU lets half of the mean square through"
        hints += [
            (q(sizes, stds, t, 1.0), half),
            (q(sizes, stds, t, 0.25), f"{half}: that is 1/2, not 1/4"),
            (
                q(sizes, stds, t, 0.5 - 0.5 / np.pi),
                "that is the variance behind a ReLU; the second moment counts, one half",
            ),
        ]
    what = f"predicted_mean_squares for {'-'.join(map(str, sizes))}, {activation}"
    answer = answers.call("predicted_mean_squares", sizes, stds, t, m, activation)
    expect.close(answer, right, what, hints=hints)


def check_linear_prediction(answers: Answers) -> None:
    """The prediction for linear networks"""
    compare_prediction(answers, [30, 50, 20, 70], [0.2, 0.1, 0.3], 0.0, 2.0, "identity")
    compare_prediction(answers, [30, 5, 20], [0.2, 0.3], 0.4, 1.0, "identity")


def check_relu_prediction(answers: Answers) -> None:
    """The prediction for ReLU networks"""
    compare_prediction(answers, [30, 50, 20, 70], [0.2, 0.1, 0.3], 0.0, 2.0, "relu")
    compare_prediction(answers, [9, 25, 16, 4], [0.5, 0.1, 0.3], 0.6, 1.5, "relu")


def check_measurement(answers: Answers) -> None:
    """Measured mean squares"""
    expect.reproducible(
        answers, "measured_mean_squares", [5, 6, 4], [0.3, 0.4], 0.1, "relu", Seed(0)
    )
    for activation, t, kept in (("relu", 0.0, 0.5), ("identity", 0.5, 1.0)):
        right = mean_squares([200, 100, 250, 80], [0.05, 0.1, 0.06], t, 1.0, kept, 1.0)
        found = visible.measured_mean(answers, activation, t, seed=10)
        visible.compare_measured(found, right, f"{activation}, bias_std {t}")


def compare_depth(answers: Answers, width: int, std: float, dtype: str, seed: int) -> None:
    """The depth, within what the theory leaves open (a fifth for a CPU without subnormals)."""
    depth = number(answers.call("silent_depth", width, std, dtype, Seed(seed)), "the depth")
    factor = np.sqrt(width) * std

    def theory(kind: str) -> float:
        limits = np.finfo(kind)
        if factor > 1:
            return float(np.log(limits.max) / np.log(factor))
        return float((np.log(limits.smallest_subnormal) - np.log(2)) / np.log(factor))

    wanted = theory(dtype)
    if 0.78 * wanted - 1 <= depth <= 1.1 * wanted + 3:
        return
    text = f"silent_depth({width}, {std:g}, {dtype!r}, rng) is {depth:g}, not about {wanted:.0f}"
    if dtype == "float32" and 0.8 < depth / theory("float64") < 1.2:
        text += ". That is the depth in float64: one float64 array makes every product float64"
    raise Problem(text)


def check_depths(answers: Answers) -> None:
    """The depth in float32"""
    compare_depth(answers, 64, 0.05, "float32", seed=61)
    compare_depth(answers, 30, 0.01, "float32", seed=62)


def check_other_depths(answers: Answers) -> None:
    """The depth in float64, and an overflow"""
    compare_depth(answers, 30, 0.01, "float64", seed=63)
    compare_depth(answers, 50, 1.0, "float32", seed=64)


def check_depth_of_rng(answers: Answers) -> None:
    """The depth is that of the rng's weights"""
    depths = [
        number(answers.call("silent_depth", 4, 0.15, "float32", Seed(seed)), "the depth")
        for seed in (1, 2, 3, 4, 1)
    ]
    if depths[0] != depths[4] or len(set(depths)) == 1:
        raise Problem(
            f"five calls with the seeds 1, 2, 3, 4, 1 gave the depths {depths}: draw from the "
            "argument rng, a new W in each layer"
        )


HIDDEN = {
    "mean-cost": [
        (2, check_cost_values),
        (2, check_cost_of_extremes),
        (1, check_cost_of_labels),
    ],
    "forward": [
        (1, visible.check_activate),
        (1, visible.check_slope),
        (2, check_forward_values),
        (1, check_forward_alone),
    ],
    "backward": [
        (2, check_output_gradient),
        (3, check_tanh_gradients),
        (1, check_square_gradients),
        (2, check_other_gradients),
        (1, check_arguments_kept),
    ],
    "gradient-check": [
        (2, check_slope_values),
        (1, visible.check_slope_error),
        (1, visible.check_h_prediction),
        (2, check_best_h),
    ],
    "train": [(2, check_losses), (2, check_trained), (2, check_start_kept)],
    "signal": [(1, check_linear_prediction), (2, check_relu_prediction), (2, check_measurement)],
    "silence": [
        (1, visible.check_silence_prediction),
        (1, check_depths),
        (1, check_other_depths),
        (1, check_depth_of_rng),
    ],
}
