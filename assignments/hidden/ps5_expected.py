"""Problem set 5, tasks 1 to 3: the right answers and the usual wrong ones; never handed out."""

import numpy as np

from course_code import expect
from course_code.exercises import Problem, array, number


def unchanged(left, given, what):
    """Check that a function has left its arguments as they were."""
    for after, before in zip(left, given):
        if not np.array_equal(after, before):
            raise Problem(f"{what} has changed the array that it was given: make a new one")


# Task 1: two scalers, one map


def table(seed, n=40):
    """Return columns of very different sizes, none of them constant."""
    rng = np.random.default_rng(seed)
    sizes, means = np.array([0.01, 1.0, 30.0, 5000.0]), np.array([3.0, 0.0, -200.0, 9000.0])
    return rng.exponential(size=(n, 4)) * sizes + means


def pair(answer, what, width):
    """Return the shift and the scale that a student's function gave."""
    if not isinstance(answer, list | tuple) or len(answer) != 2:
        raise Problem(f"{what} should return the pair (shift, scale)")
    shift = array(answer[0], f"the shift of {what}", (width,))
    return shift, array(answer[1], f"the scale of {what}", (width,))


def expect_standard(answers, X):
    """Compare the standardizing shift and scale."""
    width, what = X.shape[1], "fit_standard(X)"
    answer, left = answers.call_and_arguments("fit_standard", X)
    shift, scale = pair(answer, what, width)
    unchanged(left, [X], what)
    flat, n = np.ones(width), len(X)
    expect.close(
        shift,
        X.mean(axis=0),
        f"the shift of {what}",
        rtol=1e-4,
        atol=1e-4 * X.std(axis=0).max(),
        hints=[
            (X.mean() * flat, "this is the mean of the whole table: each column has its own"),
            (X.min(axis=0), "these are the smallest values: that is min-max"),
            (np.median(X, axis=0), "this is the median"),
            (-X.mean(axis=0), "the sign is turned: the map is (x - shift) / scale"),
        ],
    )
    expect.close(
        scale,
        X.std(axis=0),
        f"the scale of {what}",
        rtol=1e-4,
        hints=[
            (X.std(axis=0, ddof=1), f"this divides by n - 1 (ddof=1); the task divides by n = {n}"),
            (X.var(axis=0), "this is the variance: the standard deviation is its root"),
            (X.std() * flat, "this is that of the whole table: each column has its own"),
            (1 / X.std(axis=0), "the map divides by the scale: do not invert it"),
            (np.ptp(X, axis=0), "this is the range: that is min-max"),
        ],
    )


def expect_minmax(answers, X):
    """Compare the min-max shift and scale."""
    what = "fit_minmax(X)"
    answer, left = answers.call_and_arguments("fit_minmax", X)
    shift, scale = pair(answer, what, X.shape[1])
    unchanged(left, [X], what)
    low, high, flat = X.min(axis=0), X.max(axis=0), np.ones(X.shape[1])
    hints = [
        (X.min() * flat, "this is the minimum of the whole table: each column has its own"),
        (X.mean(axis=0), "this is the mean: that is standardizing"),
    ]
    expect.close(shift, low, f"the shift of {what}", rtol=1e-5, hints=hints)
    hints = [
        (high, "this is the maximum; the width is maximum - minimum"),
        (np.ptp(X) * flat, "this is the range of the whole table: each column has its own"),
        (X.std(axis=0), "this is the standard deviation: that is standardizing"),
        (1 / (high - low), "the map divides by the scale: do not invert it"),
    ]
    expect.close(scale, high - low, f"the scale of {what}", rtol=1e-4, hints=hints)


def expect_constant(answers, fit, value):
    """Check a constant column between two others."""
    X = table(3, n=10)
    X[:, 1] = value
    what = f"{fit}(X) with a column of ten times {value:g}"
    shift, scale = pair(answers.call(fit, X), what, 4)
    if scale[1] == 0:
        raise Problem(f"{what}: the scale is 0, and dividing by it makes nan: use 1")
    if abs(scale[1]) < 1e-6:
        raise Problem(
            f"{what}: the scale is {scale[1]:.2g}, which is nothing but rounding: the standard "
            "deviation of equal numbers is not always exactly 0. Compare minimum and maximum"
        )
    expect.close(scale[1], 1.0, f"{what}: its scale", rtol=1e-6)
    expect.close(shift[1], value, f"{what}: its shift", rtol=1e-6)


def expect_map(answers, name, X, shift, scale):
    """Compare transform or inverse."""
    forward = name == "transform"
    right = (X - shift) / scale if forward else X * scale + shift
    what = f"{name}({'X' if forward else 'Z'}, shift, scale)"
    found, left = answers.call_and_arguments(name, X, shift, scale)
    unchanged(left, [X, shift, scale], what)
    hints = [
        (right.clip(0, 1), "values outside 0 to 1 have been cut off: new data may be outside"),
        (X / scale - shift, "first subtract, then divide"),
        (
            (X - X.mean(axis=0)) / X.std(axis=0),
            "use the shift and scale that are given: this has been fitted to the new data again",
        ),
        ((X - shift) * scale, "divide by the scale"),
        ((X + shift) * scale, "first multiply, then add"),
        (X / scale + shift, "multiply by the scale to undo the division"),
    ]
    expect.close(found, right, what, rtol=1e-4, atol=1e-5 * np.abs(right).max(), hints=hints)


# Task 2: who fitted this scaler?


def split(seed, n=40, share=0.6):
    """Return a table whose other rows differ from its training rows, and the mask."""
    rng = np.random.default_rng(seed)
    train = rng.permutation(n) < share * n
    X = table(seed, n)
    X[~train] = 1.3 * X[~train] + 0.3 * X.std(axis=0)
    return X, train


def standard(X, fitted):
    return (X - fitted.mean(axis=0)) / fitted.std(axis=0)


def scaled_by(who, X, train):
    """Standardize X as `who` does: "train", "all" or "apart"."""
    if who == "apart":
        Z = np.empty_like(X)
        Z[train], Z[~train] = standard(X[train], X[train]), standard(X[~train], X[~train])
        return Z
    return standard(X, X[train] if who == "train" else X)


def expect_prepared(answers, X, train):
    """Compare the prepared table; name the leak."""
    what = "prepare(X, train)"
    found, left = answers.call_and_arguments("prepare", X, train)
    unchanged(left, [X, train], what)
    found = array(found, what)
    if found.shape == X[train].shape != X.shape:
        raise Problem(f"{what} returned the training rows only: return all rows of X")
    right, right_ddof = scaled_by("train", X, train), X[train].std(axis=0, ddof=1)
    hints = [
        (
            scaled_by("all", X, train),
            "the scaler has been fitted on all data, so the test set has"
            " leaked into the training data: fit it on the training rows only",
        ),
        (
            scaled_by("apart", X, train),
            "the other rows have been scaled with numbers of their own:"
            " one scaler, fitted on the training rows, transforms all",
        ),
        (
            standard(X, X[~train]),
            "the scaler has been fitted on the rows that are not for training:"
            " train is True for the training rows",
        ),
        ((X - X[train].mean(axis=0)) / right_ddof, "the standard deviation divides by n - 1"),
    ]
    expect.close(found, right, what, rtol=1e-4, atol=1e-4, hints=hints)


def expect_detected(answers, who, seed, **options):
    """Check one answer of the detective."""
    X, train = split(seed, **options)
    found = answers.call("fitted_on", scaled_by(who, X, train), train)
    if not isinstance(found, str) or found not in ("train", "all", "apart"):
        raise Problem(f'fitted_on should be "train", "all" or "apart"; got {found!r}')
    if found != who:
        evidence = {
            "train": "the training rows have mean 0 and standard deviation 1, the others do not",
            "all": "all rows together have mean 0 and standard deviation 1, the training rows not",
            "apart": "both the training rows and the others have mean 0 and standard deviation 1",
        }
        raise Problem(f"a table is {who!r}, but fitted_on says {found!r}. In it {evidence[who]}")


# Task 3: the largest learning rate


def problem(seed, sizes, n=60):
    """Return inputs with columns of the given sizes and targets of +-1."""
    rng = np.random.default_rng(seed)
    X = (rng.standard_normal((n, len(sizes))) + 0.5) * np.array(sizes, dtype=float)
    return X, np.where(X @ (1 / np.array(sizes)) + rng.standard_normal(n) > 0.5, 1.0, -1.0)


def eigenvalues(A):
    return np.linalg.eigvalsh(A.T @ A / len(A))[::-1]


def expect_eigenvalues(answers, X):
    """Compare the eigenvalues of the Hessian."""
    A = np.column_stack([X, np.ones(len(X))])
    right, n, what = eigenvalues(A), len(X), "hessian_eigenvalues(X)"
    found = array(answers.call("hessian_eigenvalues", X), what)
    bare = eigenvalues(X)
    if found.shape == bare.shape and np.allclose(found, bare, rtol=1e-4):
        raise Problem(f"{what}: the column of ones is missing. It stands for the bias")
    hints = [
        (n * right, "the division by n is missing"),
        (right[::-1], "the largest should stand first"),
        (np.sqrt(n * right), "these are the singular values; eigenvalues are their squares / n"),
        (np.sqrt(right), "these are roots of the eigenvalues"),
        (
            eigenvalues(np.column_stack([standard(X, X), np.ones(n)])),
            "X has been standardized: take it as it is",
        ),
        (2 * right, "this is for a loss without the factor 1/2"),
    ]
    expect.close(found, right, what, rtol=1e-3, atol=1e-9 * right[0], hints=hints)


def descent(X, t, rate, steps, factor=1.0):
    A = np.column_stack([X, np.ones(len(X))])
    theta, losses = np.zeros(A.shape[1]), []
    for _ in range(steps + 1):
        error = A @ theta - t
        losses.append(np.mean(error**2) / 2)
        theta = theta - factor * rate * A.T @ error / len(A)
    return np.array(losses)


def expect_descent(answers, X, t, rate, steps):
    """Compare the losses of gradient descent."""
    right, what = descent(X, t, rate, steps), "descend(X, t, rate, steps)"
    found = array(answers.call("descend", X, t, rate, steps), what)
    if found.shape == (steps,):
        raise Problem(f"{what}: {steps} losses came back; with the first there are steps + 1")
    hints = [
        (2 * right, "the factor 1/2 of the loss is missing"),
        (len(X) * right, "the division by n is missing in the loss"),
        (descent(X, t, rate, steps, 2.0), "the gradient is twice too large: the 1/2 cancels the 2"),
        (descent(X, t, rate, steps, len(X)), "the division by n is missing in the gradient"),
        (descent(X, t, rate, steps, -1.0), "the steps go uphill: subtract the gradient"),
    ]
    expect.close(found, right, what, rtol=1e-4, hints=hints)


def expect_limit(answers, X, t):
    """Compare the measured limit with 2 / lambda_1."""
    largest = eigenvalues(np.column_stack([X, np.ones(len(X))]))[0]
    hints = [
        (
            1 / largest,
            "this is half of the largest rate: there the steps are shortest for the"
            " steepest direction, but the loss does not grow before 2 / lambda_1",
        ),
        (2 / eigenvalues(X)[0], "this is the limit without the column of ones"),
        (2 / (largest * len(X)), "this is the limit if the gradient is not divided by n"),
    ]
    found = number(answers.call("measured_limit", X, t), "measured_limit(X, t)")
    expect.close(found, 2 / largest, "measured_limit(X, t)", rtol=0.04, hints=hints)
