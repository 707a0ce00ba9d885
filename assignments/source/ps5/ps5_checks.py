"""The visible checks of problem set 5: scaling, normalization, and an experiment.

They look at one or two small cases. The checks that decide the points look at others.
"""

import numpy as np

from course_code import expect
from course_code.exercises import Problem, array, number


def parts(answer, what, n):
    """Return the n parts of a tuple."""
    if not isinstance(answer, list | tuple) or len(answer) != n:
        raise Problem(f"{what} should return a tuple of {n}")
    return answer


def predicted(answers, name, low, high):
    value = answers.value(name)
    if value is None or value is ...:
        raise Problem(f"{name} is still None: guess, it costs nothing to be wrong")
    if not low <= number(value, name) <= high:
        raise Problem(f"{name} should be a number from {low} to {high:g}")


# Task 1

TABLE = np.array([[1.0, 10.0], [2.0, 30.0], [6.0, 80.0]])


def check_standard(answers):
    """Standardizing a small table."""
    shift, scale = parts(answers.call("fit_standard", TABLE), "fit_standard(X)", 2)
    hints = [([21.5, 21.5], "this is the mean of the whole table: each column has its own")]
    expect.close(shift, [3.0, 40.0], "the shift of fit_standard(X)", rtol=1e-5, hints=hints)
    hints = [
        ([2.645751, 36.05551], "this divides by n - 1 (ddof=1); the task divides by n"),
        ([4.666667, 866.6667], "this is the variance: the standard deviation is its root"),
        ([27.89116, 27.89116], "this is that of the whole table: each column has its own"),
    ]
    expect.close(scale, [2.160247, 29.4392], "the scale of fit_standard(X)", rtol=1e-5, hints=hints)


def check_minmax(answers):
    """Min-max scaling of a small table."""
    shift, scale = parts(answers.call("fit_minmax", TABLE), "fit_minmax(X)", 2)
    expect.close(shift, [1.0, 10.0], "the shift of fit_minmax(X)", rtol=1e-5)
    hints = [
        ([6.0, 80.0], "this is the maximum; the width is maximum - minimum"),
        ([79.0, 79.0], "this is that of the whole table: each column has its own"),
    ]
    expect.close(scale, [5.0, 70.0], "the scale of fit_minmax(X)", rtol=1e-5, hints=hints)


def check_constant(answers):
    """A column of equal numbers."""
    X = np.column_stack([TABLE[:, 0], np.full(3, 7.0)])
    for fit in ("fit_standard", "fit_minmax"):
        shift, scale = parts(answers.call(fit, X), f"{fit}(X)", 2)
        shift, scale = (
            array(shift, f"{fit}: the shift", (2,)),
            array(scale, f"{fit}: the scale", (2,)),
        )
        if np.any(scale == 0):
            raise Problem(f"{fit}: the scale of a constant column is 0, and dividing by it is nan")
        expect.close(scale[1], 1.0, f"{fit}: the scale of a constant column")
        expect.close(shift[1], 7.0, f"{fit}: the shift of a column of sevens")


def check_map(answers):
    """The map and its inverse, for new data."""
    shift, scale, new = np.array([1.0, 10.0]), np.array([5.0, 70.0]), np.array([[11.0, -60.0]])
    hints = [([[1.0, 0.0]], "new data may be outside 0 to 1: do not cut it off")]
    expect.close(answers.call("transform", new, shift, scale), [[2, -1]], "transform", hints=hints)
    found = answers.call("inverse", np.array([[2.0, -1.0]]), shift, scale)
    expect.close(found, new, "inverse")


# Task 2

COLUMN, TRAIN = np.array([[0.0], [2.0], [4.0], [10.0]]), np.array([True, True, True, False])


def check_prepare(answers):
    """Preparing one column of four samples."""
    hints = [
        (
            [[-1.069045], [-0.534522], [0.0], [1.603567]],
            "the scaler has been fitted on all data, so the test set has leaked into the training "
            "data: fit it on the training rows only",
        ),
        ([[-1.0], [0.0], [1.0], [4.0]], "the standard deviation divides by n - 1; use n"),
        (
            [[-1.224745], [0.0], [1.224745], [0.0]],
            "the other rows have been scaled with numbers of their own: one scaler, fitted on the "
            "training rows, transforms all",
        ),
    ]
    found = array(answers.call("prepare", COLUMN, TRAIN), "prepare(X, train)")
    if found.shape == (3, 1):
        raise Problem("prepare(X, train) returned the training rows only: return all rows of X")
    right = [[-1.224745], [0.0], [1.224745], [4.898979]]
    expect.close(found, right, "prepare(X, train)", rtol=1e-5, atol=1e-6, hints=hints)


def check_detective(answers):
    """Three tables of four samples."""
    train = np.array([True, True, False, False])
    tables = {"train": [-1.0, 1, 0, 5], "all": [-1.5, -0.5, 1, 1], "apart": [-1.0, 1, 1, -1]}
    for right, column in tables.items():
        Z = np.reshape(column, (4, 1)) / (np.std(column) if right == "all" else 1)
        found = answers.call("fitted_on", Z, train)
        if not isinstance(found, str) or found != right:
            column = Z.ravel().round(2).tolist()
            raise Problem(f"{column}, the first two for training: {found!r} is not right")


# Task 3

X_4, T_4 = np.array([[1.0], [3.0], [-1.0], [2.0]]), np.array([1.0, 1.0, -1.0, 1.0])


def check_eigenvalues(answers):
    """The eigenvalues for four samples."""
    found = array(answers.call("hessian_eigenvalues", X_4), "hessian_eigenvalues(X)")
    if found.shape == (1,) and np.isclose(found, 3.75):
        raise Problem("hessian_eigenvalues(X): the column of ones is missing. It is for the bias")
    hints = [
        ([16.93303, 2.066966], "the division by n is missing"),
        ([4.114977, 1.437695], "these are singular values; square them and divide by n"),
        ([0.5167414, 4.233259], "the largest should stand first"),
    ]
    right = [4.233259, 0.5167414]
    expect.close(found, right, "hessian_eigenvalues(X)", rtol=1e-4, hints=hints)


def check_descent(answers):
    """Three steps of gradient descent."""
    found = array(answers.call("descend", X_4, T_4, 0.1, 3), "descend(X, t, 0.1, 3)")
    if found.shape == (3,):
        raise Problem("descend(X, t, 0.1, 3): with the loss before the first step there are 4")
    hints = [
        ([0.5, 0.1159375, 0.1028914, 0.0993569], "the gradient is twice too large"),
        ([0.5, 0.28875, 0.1857625, 0.1353495], "the division by n is missing in the gradient"),
        ([0.5, 0.9008594, 1.7103838, 3.3475338], "the steps go uphill: subtract the gradient"),
        ([1.0, 0.4767188, 0.2997052, 0.2381454], "the factor 1/2 of the loss is missing"),
    ]
    right = [0.5, 0.2383594, 0.1498526, 0.1190727]
    expect.close(found, right, "descend(X, t, 0.1, 3)", rtol=1e-4, hints=hints)


def check_limit(answers):
    """The measured limit for four samples."""
    hints = [
        (0.2362246, "this is half of the limit. At 1 / lambda_1 the loss falls fastest in the "
         "steepest direction, but it does not grow yet"),
        (0.5333333, "this is the limit without the column of ones"),
        (0.1181123, "this is the limit if the gradient is not divided by n"),
    ]  # fmt: skip
    found = number(answers.call("measured_limit", X_4, T_4), "measured_limit(X, t)")
    expect.close(found, 0.4724493, "measured_limit(X, t)", rtol=0.04, hints=hints)


# Task 4

BATCH = np.array([[1.0, 5.0], [3.0, 5.5], [5.0, 6.0], [7.0, 9.0]])


def state():
    numbers = {"scale": [2.0, 1.0], "shift": [0.0, 3.0], "mean": [1.0, 4.0], "variance": [2.0, 4.0]}
    return {key: np.array(value) for key, value in numbers.items()}


def normalized(answers, training):
    what = f"batch_norm(z, state, {training})"
    u, new = parts(answers.call("batch_norm", BATCH, state(), training), what, 2)
    if not isinstance(new, dict) or not {"scale", "shift", "mean", "variance"} <= set(new):
        raise Problem(f"{what}: the second result should be a dictionary with the four keys")
    return array(u, f"the output of {what}", (4, 2))[:, 0], new


def check_predicted_batches(answers):
    """A prediction was made."""
    predicted(answers, "predicted_batches", 1, 1e6)


def check_training(answers):
    """In training: the first unit of a batch of four."""
    u, _ = normalized(answers, True)
    hints = [
        ([0.0, 2.828420, 5.656840, 8.485260], "in training the batch's own mean and variance "
         "count, not the running ones"),
        ([-2.323788, -0.774596, 0.774596, 2.323788], "the variance divides by n - 1; here by n"),
        ([-1.2, -0.4, 0.4, 1.2], "this divides by the variance, not by its root"),
        ([-1.341641, -0.447214, 0.447214, 1.341641], "the scale is not used"),
        ([-2.0, -2.0, -2.0, -2.0], "this is layer normalization: the mean over the units"),
    ]  # fmt: skip
    right = [-2.683279, -0.894426, 0.894426, 2.683279]
    expect.close(u, right, "the output in training", rtol=1e-4, hints=hints)


def check_running(answers):
    """In training: the running statistics."""
    _, new = normalized(answers, True)
    hints = [
        ([1.0, 4.0], "they have not moved"),
        ([3.7, 6.1375], "the weights 0.9 and 0.1 are exchanged"),
        ([4.0, 6.375], "they are those of this batch alone: move a tenth of the way"),
    ]
    expect.close(new["mean"], [1.3, 4.2375], "the running mean", rtol=1e-4, hints=hints)
    hints = [([2.0, 4.0], "it has not moved"), ([2.023607, 3.755624], "mix in the variance")]
    right = [2.3, 3.842188]
    if not np.allclose(new["variance"], [2.466667, 3.922917], rtol=1e-4):  # n - 1, as PyTorch does
        expect.close(new["variance"], right, "the running variance", rtol=1e-4, hints=hints)


def check_prediction_mode(answers):
    """In prediction: the first unit."""
    u, _ = normalized(answers, False)
    hint = "in prediction the running statistics count, not those of this batch"
    hints = [([-2.683279, -0.894426, 0.894426, 2.683279], hint)]
    right = [0.0, 2.828420, 5.656840, 8.485260]
    expect.close(u, right, "the output in prediction", rtol=1e-4, atol=1e-6, hints=hints)


# Task 5

X_2 = np.array([[1.0, 0.0, 2.0], [0.0, 1.0, -1.0]])
W_2 = np.array([[0.1, -0.2], [0.3, 0.0], [0.0, 0.2]])


def check_losses(answers):
    """Four losses of a tiny network."""
    given = X_2 @ X_2.T, X_2 @ W_2, np.array([1.0, -1.0]), np.array([1.0, -0.5]), 0.1, 4
    answer = answers.call("train_in_span", *given)
    losses, B, _ = parts(answer, "train_in_span(K, Z_0, t, v, 0.1, 4)", 3)
    array(B, "B", (2, 2))
    hints = [
        ([0.391333, 0.243768, 0.164513, 0.116776], "compute each loss before its step"),
        ([0.732535, 0.029493, 0.025428, 0.022293], "the step of B is not multiplied by K"),
        ([0.732535, 0.397162, 0.246211, 0.165169], "take both gradients before either step"),
        ([0.732535, 0.391250, 0.239760, 0.162070], "v is not trained"),
        ([0.732535] * 4, "nothing is trained: do B and v change?"),
    ]
    right = [0.7325353, 0.3913328, 0.2437681, 0.1645127]
    expect.close(losses, right, "the losses", rtol=1e-4, hints=hints)


def check_recover(answers):
    """The recovered weights."""
    found = answers.call("recover", W_2, X_2, np.array([[1.0, 0.0], [2.0, -1.0]]))
    hints = [([[1.0, 0.0], [2.0, -1.0], [0.0, 1.0]], "W_0 is missing")]
    right = [[1.1, -0.2], [2.3, -1.0], [0.0, 1.2]]
    expect.close(found, right, "recover(W_0, X, B)", rtol=1e-5, atol=1e-6, hints=hints)


def check_fixed(answers):
    """Two samples of three features."""
    hints = [(2, "these are the dimensions that do move")]
    expect.close(answers.call("never_moves", X_2), 1, "never_moves(X)", hints=hints)


# Task 6


def outcome(answers, start):
    what = f"experiment({start!r}, 0)"
    run = answers.call("experiment", start, 0)
    keys = "rms", "loss", "train", "test"
    if not isinstance(run, dict) or not set(keys) <= set(run):
        raise Problem(f"{what} should return a dictionary with the keys {', '.join(keys)}")
    return {key: number(run[key], f"{what}[{key!r}]") for key in keys}


def check_predicted_test(answers):
    """A prediction was made."""
    predicted(answers, "predicted_test", 0, 1)


def check_zeros(answers):
    """The zero start."""
    run = outcome(answers, "zeros")
    expect.close(run["loss"], 0.69314718, "the loss from zeros", rtol=1e-6)
    expect.close(run["train"], 0.5, "the training accuracy from zeros")


def check_he(answers):
    """He's start."""
    run = outcome(answers, "he")
    if not 0.2 < run["rms"] < 0.5:
        raise Problem(f"the rms is {run['rms']:.3g}; about 0.32 is to be expected before training")
    if run["train"] < 0.95:
        raise Problem(
            f"{run['train']:.0%} of the training pictures are right; nearly all should be"
        )
    if run["test"] > 0.95:
        raise Problem('is "test" counted on the training pictures? Those are learned by heart')


VISIBLE = {
    "scalers": [check_standard, check_minmax, check_constant, check_map],
    "leak": [check_prepare, check_detective],
    "curvature": [check_eigenvalues, check_descent, check_limit],
    "batch-norm": [
        check_predicted_batches,
        check_training,
        check_running,
        check_prediction_mode,
    ],
    "span": [check_losses, check_recover, check_fixed],
    "pets": [check_predicted_test, check_zeros, check_he],
}
