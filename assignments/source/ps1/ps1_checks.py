"""The checks of problem set 1 that its notebook runs: ``VISIBLE[task]``.

A check calls the functions of the notebook with small inputs and says what is off. Handing in
runs these and others.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from course_code import expect, losses, training
from course_code.exercises import Answers, Problem, Seed, array, number
from course_code.network import MLP

Array = NDArray[Any]
ACTIVATIONS = ("tanh", "sigmoid", "relu")


def problem(sizes: list[int], seed: int, n: int = 12) -> tuple[Array, Array, list[Array]]:
    """Inputs, labels, and the parameters (weights, then biases) of a random network."""
    rng = np.random.default_rng(seed)
    shapes = list(zip(sizes, sizes[1:]))
    W = [rng.standard_normal(shape) / np.sqrt(shape[0]) for shape in shapes]
    b = [0.3 * rng.standard_normal(shape[1]) for shape in shapes]
    X = rng.standard_normal((n, sizes[0]))
    y = np.arange(n) % 3 // 2  # a third are 1
    return X, y, W + b


def network(parameters: list[Array], activation: str) -> MLP:
    """The course's own network with these parameters."""
    half = len(parameters) // 2
    sizes = [len(parameters[0]), *(w.shape[1] for w in parameters[:half])]
    result = MLP(sizes, activation=activation, rng=np.random.default_rng(0))
    for mine, given in zip(result.parameters, parameters):
        mine[...] = given
    return result


def loss(X: Array, y: Array, parameters: list[Array], activation: str) -> float:
    return float(network(parameters, activation).gradients(X, y)[0])


def true_gradients(X: Array, y: Array, parameters: list[Array], activation: str) -> list[Array]:
    return list(network(parameters, activation).gradients(X, y)[1].parameters)


def split(parameters: list[Array]) -> tuple[list[Array], list[Array]]:
    half = len(parameters) // 2
    return parameters[:half], parameters[half:]


def pair(value: Any, what: str, length: int) -> tuple[list[Any], list[Any]]:
    """Two lists with one entry for each layer."""
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise Problem(f"{what} must return a pair of lists; is a `return` missing?")
    for part in value:
        if not isinstance(part, list | tuple) or len(part) != length:
            got = f"{len(part)}" if isinstance(part, list | tuple) else "no list"
            raise Problem(f"{what}: each list must have {length} entries, one a layer; got {got}")
    return list(value[0]), list(value[1])


def cost(z: list[float], y: list[int]) -> float:
    """The mean cost, by the course's own loss."""
    return float(losses.get("binary_cross_entropy").value(np.array(z)[:, None], y))


def compare_cost(answers: Answers, z: list[float], y: list[int], dtype: str = "int64") -> None:
    """The mean cost of logits `z` with labels `y`, and what may be wrong with it."""
    logits, labels = np.array(z)[:, None], np.array(y).astype(dtype)
    right, ones, zeros = cost(z, y), cost(z, [1] * len(z)), cost(z, [0] * len(z))
    every = np.mean(y) * ones + (1 - np.mean(y)) * zeros
    hints = [
        (every, "(n, 1) with (n,) gives an (n, n) array: every logit meets every label"),
        (right * len(z), "that is the sum; divide by the number of samples"),
        (-right, "the sign is reversed"),
        (ones + zeros - right, "the labels 0 and 1 are exchanged"),
        (right / np.log(2), "that is in bits: use the natural logarithm"),
    ]
    given = f"of {len(z)} logits"
    if len(z) < 5:
        given = f"of the logits {', '.join(f'{t:g}' for t in z)}"
    answer = number(answers.call("mean_cost", logits, labels), f"the mean cost {given}")
    expect.close(answer, right, f"the mean cost {given}", rtol=1e-6, atol=1e-9, hints=hints)


def check_cost_by_hand(answers: Answers) -> None:
    """The three costs of the text."""
    compare_cost(answers, [2.0, -1.0, 4.0], [1, 0, 0])


def check_cost_of_extremes(answers: Answers) -> None:
    """Logits of 40 and 800."""
    compare_cost(answers, [2.0, -1.0, 40.0], [1, 0, 0])
    compare_cost(answers, [800.0, -800.0, 800.0], [0, 1, 1])


def check_slope(answers: Answers) -> None:
    """The slopes, against differences of activate."""
    z, h = np.linspace(-2.95, 3.05, 13).reshape(1, 13), 1e-6

    def difference(at: Array, name: str) -> Array:
        up, down = (array(answers.call("activate", at + s, name), "activate") for s in (h, -h))
        return (up - down) / (2 * h)

    for name in ACTIVATIONS:
        what = f"slope(z, {name!r})"
        a = array(answers.call("activate", z, name), f"activate(z, {name!r})", z.shape)
        if a.min() == a.max():
            raise Problem(f"activate(z, {name!r}) is the same for every z")
        formula = {"tanh": 1 - z**2, "sigmoid": z * (1 - z)}.get(name, np.nan)
        hints = [
            (difference(a, name), "that is the slope at the activation; take it at z"),
            (formula, "the formula in terms of the activation was given z: put activate(z) in"),
        ]
        found = array(answers.call("slope", z, name), what, z.shape)
        expect.close(found, difference(z, name), what, rtol=1e-4, atol=1e-7, hints=hints)


def check_activate(answers: Answers) -> None:
    """The three activation functions."""
    z = np.array([[-1.5, 0.0, 0.5], [2.0, -30.0, 30.0]])
    expected = {"tanh": np.tanh(z), "relu": np.where(z > 0, z, 0.0)}
    expected["sigmoid"] = 1 / (1 + np.exp(-z))
    for name in ACTIVATIONS:
        answer = answers.call("activate", z, name)
        expect.close(answer, expected[name], f"activate(z, {name!r})", rtol=1e-7, atol=1e-12)


def compare_forward(answers: Answers, sizes: list[int], activation: str, seed: int) -> None:
    X, _, parameters = problem(sizes, seed)
    W, b = split(parameters)
    depth, what = len(W), f"forward for sizes {'-'.join(map(str, sizes))}, {activation}"
    Z, A = pair(answers.call("forward", X, W, b, activation), what, depth)
    trace = network(parameters, activation).forward(X)
    expect.close(A[0], X, f"{what}: A[0], which is X")
    for l in range(depth):
        expected = trace.pre_activations[l]
        hints = [(trace.inputs[l] @ W[l], "the bias is missing")]
        if l == depth - 1:
            bent = {"tanh": np.tanh, "relu": lambda z: np.maximum(z, 0)}
            f = bent.get(activation, lambda z: 1 / (1 + np.exp(-z)))
            hints.append((f(expected), "the logits are not passed through the activation"))
        expect.close(Z[l], expected, f"{what}: Z[{l}]", atol=1e-9, hints=hints)
        expect.close(A[l], trace.inputs[l], f"{what}: A[{l}], the input of layer {l}", atol=1e-9)


def check_forward(answers: Answers) -> None:
    """Z and A of a tanh network 5-4-3-1."""
    compare_forward(answers, [5, 4, 3, 1], "tanh", seed=1)


def compare_gradients(answers: Answers, sizes: list[int], activation: str, seed: int) -> None:
    """Every layer's gradient against the course's own, from the output down."""
    X, y, parameters = problem(sizes, seed)
    W, b = split(parameters)
    what = f"gradients for sizes {'-'.join(map(str, sizes))}, {activation}"
    dW, db = pair(answers.call("gradients", X, y, W, b, activation), what, len(W))
    right_W, right_b = split(true_gradients(X, y, parameters, activation))
    n = len(y)
    for l in reversed(range(len(W))):
        for name, found, right in (("dW", dW[l], right_W[l]), ("db", db[l], right_b[l])):
            hints = [
                (n * right, "n times too large: the loss is a mean, not a sum"),
                (right / n, "n times too small: sum over the samples, divide by n only once"),
                (-right, "the sign is reversed"),
            ]
            scale = 1e-4 * np.abs(right).max()
            expect.close(found, right, f"{what}: {name}[{l}]", rtol=1e-4, atol=scale, hints=hints)


def check_output_gradient(answers: Answers) -> None:
    """A single layer, 4-1."""
    compare_gradients(answers, [4, 1], "tanh", seed=2)


def check_gradients(answers: Answers) -> None:
    """A tanh network 5-4-3-1."""
    compare_gradients(answers, [5, 4, 3, 1], "tanh", seed=3)


def direction(parameters: list[Array], seed: int) -> tuple[list[Array], list[Array]]:
    rng = np.random.default_rng(seed)
    return split([rng.standard_normal(p.shape) for p in parameters])


def compare_slope(answers: Answers, sizes: list[int], activation: str, h: float, seed: int) -> None:
    X, y, parameters = problem(sizes, seed)
    W, b = split(parameters)
    U, u = direction(parameters, seed + 100)
    moved = [[p + s * h * d for p, d in zip(parameters, U + u)] for s in (1, -1)]
    up, down = (loss(X, y, p, activation) for p in moved)
    middle = loss(X, y, parameters, activation)
    hints = [
        ((up - middle) / h, "that is a one-sided difference, wrong by h instead of h squared"),
        ((up - down) / h, "divide by 2h: the two points are 2h apart"),
        ((down - up) / (2 * h), "the sign is reversed"),
    ]
    answer, left = answers.call_and_arguments("measured_slope", X, y, W, b, activation, U, u, h)
    what = f"measured_slope with h = {h:g}"
    expect.close(number(answer, what), (up - down) / (2 * h), what, rtol=1e-4, hints=hints)
    if not all(np.array_equal(old, new) for old, new in zip(W + b, [*left[2], *left[3]])):
        raise Problem("measured_slope changed the caller's W or b: nudge copies")


def check_measured_slope(answers: Answers) -> None:
    """measured_slope, with a large h"""
    compare_slope(answers, [5, 4, 1], "tanh", 0.3, seed=5)


def check_slope_error(answers: Answers) -> None:
    """slope_error, by hand."""
    dW, db = [np.array([[1.0], [2.0]])], [np.array([3.0])]
    U, u = [np.array([[1.0], [-1.0]])], [np.array([2.0])]  # the slope is 1 - 2 + 6 = 5
    for measured, expected in ((4.0, 0.25), (-5.0, 2.0), (5.0, 0.0)):
        what = f"slope_error for a slope of 5 where {measured:g} was measured"
        answer = number(answers.call("slope_error", dW, db, U, u, measured), what)
        hints = [(5 - measured, "divide by the size of the measured slope")]
        hints += [((5 - measured) / measured, "take the absolute values")]
        hints += [(abs(5 - measured) / 5, "relative to the measured slope, not to the other one")]
        expect.close(answer, expected, what, atol=1e-9, hints=hints)


def check_h_prediction(answers: Answers) -> None:
    """A prediction of the best h in float32"""
    expect.prediction(answers, "predicted_h_float32", 1e-12, 1.0)


def check_best_h(answers: Answers) -> None:
    """The best h, as you measured it"""
    expect.prediction(answers, "best_h_float64", 1e-16, 1.0)
    expect.prediction(answers, "best_h_float32", 1e-16, 1.0)
    if not answers.value("best_h_float32") > answers.value("best_h_float64"):
        raise Problem(
            "the best h in float32 should be the larger one: its rounding error is larger, and h "
            "divides it"
        )


def descend(
    X: Array, y: Array, parameters: list[Array], activation: str, rate: float, steps: int
) -> tuple[list[float], list[Array]]:
    """The course's own loop: the loss before each update, and the parameters at the end."""
    net = network(parameters, activation)
    history = training.fit(net, X, y, learning_rate=rate, epochs=steps)
    return history.loss.tolist(), net.parameters


def trained(
    answers: Answers, sizes: list[int], activation: str, rate: float, steps: int, seed: int
) -> tuple[list[float], list[float], list[Any], list[Array], bool]:
    """Losses, the right losses, parameters, the right parameters; and: was the start changed?"""
    X, y, parameters = problem(sizes, seed)
    W, b = split(parameters)
    result, left = answers.call_and_arguments("train", X, y, W, b, activation, rate, steps)
    if not isinstance(result, list | tuple) or len(result) != 3:
        raise Problem("train must return (losses, W, b)")
    found = array(result[0], "the losses").ravel().tolist()
    ends = [*pair(result[1:], "the trained W and b", len(W))[0], *result[2]]
    right_losses, right_ends = descend(X, y, parameters, activation, rate, steps)
    changed = not all(np.array_equal(p, q) for p, q in zip(parameters, [*left[2], *left[3]]))
    return found, right_losses, ends, right_ends, changed


def compare_losses(answers: Answers, activation: str, rate: float, seed: int) -> None:
    found, right, *_ = trained(answers, [5, 4, 3, 1], activation, rate, 6, seed)
    if len(found) != 6:
        raise Problem(f"6 steps must give 6 losses; got {len(found)}")
    after = descend(*problem([5, 4, 3, 1], seed), activation, rate, 7)[0][1]
    hints = [(after, "that is the loss after the first update: record it before")]
    expect.close(found[0], right[0], "losses[0], the loss of the start", hints=hints)
    expect.close(found[1], right[1], "losses[1], the loss after one update")
    expect.close(found, right, "the losses", rtol=1e-5)


def check_losses(answers: Answers) -> None:
    """The loss before each update."""
    compare_losses(answers, "tanh", 0.5, seed=6)


def check_start_kept(answers: Answers) -> None:
    """The caller's start."""
    if trained(answers, [4, 3, 1], "tanh", 0.5, 3, seed=7)[-1]:
        raise Problem("train changed the caller's W or b: `-=` works in place; copy them first")


def check_signal_by_hand(answers: Answers) -> None:
    """The network 200-100-400-50 of the text."""
    answer = answers.call(
        "predicted_mean_squares", [200, 100, 400, 50], [0.1] * 3, 0.0, 1.0, "relu"
    )
    first = array(answer, "the prediction", (3,))[0]
    hints = [
        (20.0, "the variance of the weights is the square of their standard deviation"),
        (1.0, "it is fan_in that counts, and the inputs do not pass through a ReLU"),
    ]
    expect.close(first, 2.0, "q_1, which is 200 * 0.1^2", rtol=1e-9, hints=hints)


def measured_mean(answers: Answers, activation: str, bias_std: float, seed: int) -> Array:
    """The measured mean squares by layer, averaged over four networks."""
    args = [200, 100, 250, 80], [0.05, 0.1, 0.06], bias_std, activation
    runs = [answers.call("measured_mean_squares", *args, Seed(seed + i)) for i in range(4)]
    return np.mean([array(run, "the measured mean squares", (3,)) for run in runs], axis=0)


def compare_measured(found: Array, right: list[float], what: str) -> None:
    ratio = found / right
    if np.abs(ratio - 1).max() > 0.3:  # more than five standard errors
        l = int(np.abs(ratio - 1).argmax())
        text = f"{what}, layer {l + 1}: the mean of 4 networks is {found[l]:.3g}"
        raise Problem(f"{text}, but should be about {right[l]:.3g}")


def check_measured_signal(answers: Answers) -> None:
    """Measured mean squares, linear network 200-100-250-80."""
    found = measured_mean(answers, "identity", 0.0, seed=0)
    compare_measured(found, [0.5, 0.5, 0.45], "weight_stds 0.05, 0.1, 0.06")


def check_silence_prediction(answers: Answers) -> None:
    """A prediction of the depth"""
    expect.prediction(answers, "predicted_silence", 1, 10_000)


def check_silence(answers: Answers) -> None:
    """The depth in float32, for width 100 and 0.03."""
    depth = number(answers.call("silent_depth", 100, 0.03, "float32", Seed(8)), "the depth")
    if not 66 <= depth <= 98:  # a CPU without subnormal numbers ends earlier
        text = f"{depth:g} layers are too few or too many for a factor of 0.3 and float32"
        if 550 < depth < 680:
            text += ". That is the depth in float64: one float64 array makes every product float64"
        raise Problem(text)


VISIBLE = {
    "mean-cost": [check_cost_by_hand, check_cost_of_extremes],
    "forward": [check_activate, check_slope, check_forward],
    "backward": [check_output_gradient, check_gradients],
    "gradient-check": [check_measured_slope, check_slope_error, check_h_prediction, check_best_h],
    "train": [check_losses, check_start_kept],
    "signal": [check_signal_by_hand, check_measured_signal],
    "silence": [check_silence_prediction, check_silence],
}
