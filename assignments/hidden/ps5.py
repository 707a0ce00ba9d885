"""The checks of problem set 5 that decide the points; students do not see this file."""

import numpy as np
import ps5_checks as visible
import ps5_expected as expected
import ps5_layers as layers

from course_code.exercises import Problem, array

# Task 1


def check_standard(answers):
    """Standardizing other tables."""
    expected.expect_standard(answers, expected.table(11, n=7))
    expected.expect_standard(answers, expected.table(12, n=300)[:, :2])


def check_minmax(answers):
    """Min-max scaling of other tables."""
    expected.expect_minmax(answers, expected.table(13, n=7))
    expected.expect_minmax(answers, -expected.table(14, n=100)[:, 1:])


def check_constant(answers):
    """A constant column."""
    for fit in ("fit_standard", "fit_minmax"):
        expected.expect_constant(answers, fit, -3.0)


def check_constant_rounding(answers):
    """A constant column whose standard deviation is rounding."""
    expected.expect_constant(answers, "fit_standard", 0.1)


def check_transform(answers):
    """The map, for new data."""
    X, scale = expected.table(15), np.array([0.02, 1.5, 40.0, 800.0])
    expected.expect_map(answers, "transform", X, X[:9].mean(axis=0), scale)


def check_inverse(answers):
    """The inverse, for new data."""
    Z = 3 * np.random.default_rng(16).standard_normal((11, 3))
    expected.expect_map(answers, "inverse", Z, np.array([5.0, -2, 0]), np.array([1.0, 30, 0.2]))


# Task 2


def check_prepare(answers):
    """Preparing with the training rows of other tables."""
    expected.expect_prepared(answers, *expected.split(21, n=30, share=0.3))
    expected.expect_prepared(answers, *expected.split(22, n=90, share=0.8))


def check_no_leak(answers):
    """A test row with a typing error does not reach the training rows."""
    X, train = expected.split(23)
    typo = X.copy()
    typo[np.flatnonzero(~train)[0]] *= 1e6
    expected.expect_prepared(answers, X, train)
    clean, after = (
        array(answers.call("prepare", data, train), "prepare(X, train)", X.shape)
        for data in (X, typo)
    )
    if not np.allclose(clean[train], after[train], rtol=1e-6):
        raise Problem(
            "a typing error in a test row changes the training rows: the scaler has been fitted on "
            "all data"
        )


def check_honest(answers):
    """The detective: an honest scaler and a leak."""
    for seed in (24, 25):
        expected.expect_detected(answers, "train", seed, n=50)
        expected.expect_detected(answers, "all", seed, n=50, share=0.5)


def check_apart(answers):
    """The detective: two scalers."""
    for seed in (26, 27):
        expected.expect_detected(answers, "apart", seed, n=80, share=0.75)


# Task 3


def check_eigenvalues(answers):
    """The eigenvalues for other inputs."""
    expected.expect_eigenvalues(answers, expected.problem(31, [1, 20, 3], n=25)[0])
    expected.expect_eigenvalues(answers, expected.problem(32, [0.1, 5], n=200)[0])


def check_descent(answers):
    """Gradient descent on other data."""
    expected.expect_descent(answers, *expected.problem(33, [2, 1, 1]), 0.1, 30)
    expected.expect_descent(answers, *expected.problem(34, [5]), 0.001, 3)


def check_limit(answers):
    """The measured limit on other data."""
    expected.expect_limit(answers, *expected.problem(35, [1, 2, 1]))
    expected.expect_limit(answers, *expected.problem(36, [0.3, 0.2]))


def check_limit_raw(answers):
    """The measured limit for inputs that are far too large."""
    expected.expect_limit(answers, *expected.problem(37, [300, 20]))


# Task 4


def batch(seed, n=20, width=3):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n, width)) * [0.5, 2.0, 7.0] + [3.0, -1.0, 0.0]


def check_training(answers):
    """The output in training."""
    layers.expect_training(answers, batch(41), layers.layer(42))
    layers.expect_training(answers, batch(43, n=4), layers.layer(44))


def check_epsilon(answers):
    """A unit that is constant in the batch, and one that nearly is."""
    z = batch(45)
    z[:, 0] = 0.25
    z[:, 1] *= 1e-3
    layers.expect_training(answers, z, layers.layer(46))


def check_running(answers):
    """The running statistics, over two batches."""
    state = layers.layer(47)
    layers.expect_running(answers, batch(48), state)
    _, state = layers.normalized(answers, batch(48), state, True)
    layers.expect_running(answers, batch(49), state)


def check_prediction(answers):
    """The output in prediction, also of a single sample."""
    layers.expect_prediction(answers, batch(50), layers.layer(51))
    layers.expect_prediction(answers, batch(52, n=1), layers.layer(53))


def check_kept(answers):
    """A prediction leaves the state as it is."""
    layers.expect_prediction(answers, batch(54), layers.layer(55))
    layers.expect_kept(answers, batch(54), layers.layer(55))


def check_count(answers):
    """The number of batches."""
    for tolerance in (0.5, 0.01, 0.003):
        layers.expect_count(answers, batch(56) + 2.0, tolerance)


# Task 5


def check_losses(answers):
    """The losses on other data."""
    layers.expect_losses(answers, *layers.wide_problem(61), 0.03, 40)
    layers.expect_losses(answers, *layers.wide_problem(62, n=9, width=200, h=5), 0.01, 15)


def check_same_weights(answers):
    """B and v lead to the weights of the direct way."""
    X, t, W, v = layers.wide_problem(63)
    losses, B, v_end = layers.trained(answers, X, t, W, v, 0.03, 25)
    _, W_direct, v_direct = layers.direct(X, t, W, v, 0.03, 25)
    if len(losses) != 25 or not np.allclose(W + X.T @ B, W_direct, rtol=1e-4, atol=1e-5):
        raise Problem("W_0 + X' B, with your B, is not what the direct way ends with")
    recovered = array(answers.call("recover", W, X, B), "recover(W_0, X, B)", W.shape)
    if not np.allclose(recovered, W_direct, rtol=1e-4, atol=1e-5):
        raise Problem("recover(W_0, X, B) is not W_0 + X' B, where the direct way ends")
    if not np.allclose(v_end, v_direct, rtol=1e-4, atol=1e-5):
        raise Problem("your v is not what the direct way ends with")


def check_fixed(answers):
    """Dimensions that never move, with repeated samples and with many."""
    X = layers.wide_problem(64)[0]
    layers.expect_fixed(answers, X)
    layers.expect_fixed(answers, np.vstack([X, X[:2], 3 * X[2:3]]))
    layers.expect_fixed(answers, np.random.default_rng(65).standard_normal((12, 7)))


# Task 6


def check_bad_starts(answers):
    """The zero and the large start."""
    layers.expect_zeros(answers, 1)
    losses = [layers.outcome_of(answers, "large", seed)["loss"] for seed in (1, 3, 5)]
    if np.median(losses) < np.log(2):
        raise Problem(
            f"the large start ends at a median loss of {np.median(losses):.2f}, below log 2: are "
            "its weights normal numbers times 10, in every layer?"
        )


def check_good_starts(answers):
    """He's and Xavier's start, on other seeds."""
    runs = [layers.expect_good(answers, start, 3) for start in ("he", "xavier")]
    other = layers.expect_good(answers, "he", 4)
    if runs[0]["loss"] == other["loss"]:
        raise Problem("seeds 3 and 4 give the same loss: the seed is not used")
    if runs[0]["loss"] == runs[1]["loss"]:
        raise Problem("He and Xavier give the same loss: the factor 2 is missing")


def check_rms(answers):
    """The size of the first signal."""
    for start in ("he", "xavier", "large"):
        layers.expect_rms(answers, start, 3)


def check_test(answers):
    """The test accuracy is that of new pictures."""
    run = layers.expect_good(answers, "he", 3)
    if run["test"] >= 0.95:
        raise Problem(
            f"{run['test']:.0%} of the new pictures are right: has the network been trained or "
            "tested on the wrong set? What is counted on the training pictures is memorized"
        )
    layers.counted(run["test"], layers.N_TEST, "the fraction of right new pictures")
    if not 0.55 <= run["test"] <= 0.85:
        raise Problem(f"{run['test']:.0%} right on new pictures; about 67 % should be")


HIDDEN = {
    "scalers": [
        (2, check_standard),
        (1, check_minmax),
        (1, check_constant),
        (1, check_constant_rounding),
        (1, check_transform),
        (1, check_inverse),
    ],
    "leak": [(2, check_prepare), (1, check_no_leak), (2, check_honest), (1, check_apart)],
    "curvature": [
        (3, check_eigenvalues),
        (2, check_descent),
        (2, check_limit),
        (1, check_limit_raw),
    ],
    "batch-norm": [
        (1, visible.check_predicted_batches),
        (2, check_training),
        (1, check_epsilon),
        (1, check_running),
        (1, check_prediction),
        (1, check_kept),
        (1, check_count),
    ],
    "span": [(3, check_losses), (2, check_same_weights), (1, check_fixed)],
    "pets": [
        (1, visible.check_predicted_test),
        (1, check_bad_starts),
        (1, check_good_starts),
        (1, check_rms),
        (1, check_test),
    ],
}
