"""Problem set 5, tasks 4 to 6: the right answers and the usual wrong ones; never handed out."""

import numpy as np
from ps5_expected import unchanged

from course_code import expect
from course_code.exercises import Problem, array, number

EPSILON = 1e-5


# Task 4: batch normalization


def layer(seed, width=3):
    """Return a state whose numbers are all different from those of a fresh layer."""
    rng = np.random.default_rng(seed)
    return {
        "scale": rng.uniform(0.5, 2, width),
        "shift": rng.standard_normal(width),
        "mean": rng.standard_normal(width),
        "variance": rng.uniform(0.5, 2, width),
    }


def output(z, mean, variance, state, epsilon=EPSILON):
    return state["scale"] * (z - mean) / np.sqrt(variance + epsilon) + state["shift"]


def normalized(answers, z, state, training):
    """Return what the student's layer gives, and its new state."""
    what = f"batch_norm(z, state, {training})"
    answer, left = answers.call_and_arguments("batch_norm", z, state, training)
    if not isinstance(answer, list | tuple) or len(answer) != 2 or not isinstance(answer[1], dict):
        raise Problem(f"{what} should return the pair (u, new_state), new_state a dictionary")
    unchanged(left[:1], [z], what)
    u, new = array(answer[0], f"the output of {what}", z.shape), answer[1]
    for key, value in state.items():
        if key not in new:
            raise Problem(f"{what}: new_state has no {key!r}")
        new[key] = array(new[key], f"new_state[{key!r}] of {what}", value.shape)
        if not np.array_equal(left[1].get(key), value):
            raise Problem(f"{what} has changed the state that it was given: return a new one")
    return u, new


def expect_training(answers, z, state):
    """Compare the output in training."""
    u, _ = normalized(answers, z, state, True)
    mean, variance, n = z.mean(axis=0), z.var(axis=0), len(z)
    rows = z.mean(axis=1, keepdims=True), z.var(axis=1, keepdims=True)
    hints = [
        (
            output(z, state["mean"], state["variance"], state),
            "in training the batch's own mean and variance count, not the running ones",
        ),
        (output(z, mean, z.var(axis=0, ddof=1), state), "the variance divides by n - 1; here by n"),
        (output(z, mean, variance**2, state), "this divides by the variance, not by its root"),
        (
            output(z, *rows, state),
            "this is layer normalization: the mean over the units. Batch"
            " normalization takes it over the samples, for each unit",
        ),
        (
            output(z, mean, variance, state | {"scale": 1.0, "shift": 0.0}),
            "scale and shift are not used",
        ),
        (output(z, mean, variance + 1e-300, state, 0.0), "epsilon is missing under the root"),
        ((z - mean) / np.sqrt(variance + EPSILON) * state["scale"], "the shift is not added"),
    ]
    what = f"the output in training, {n} samples"
    expect.close(u, output(z, mean, variance, state), what, rtol=1e-3, atol=1e-4, hints=hints)


def expect_running(answers, z, state):
    """Compare the running statistics after a batch."""
    _, new = normalized(answers, z, state, True)
    mean, old = z.mean(axis=0), state["mean"]
    hints = [
        (old, "they have not moved"),
        (mean, "they are those of this batch alone: move a tenth of the way"),
        (0.1 * old + 0.9 * mean, "the weights 0.9 and 0.1 are exchanged"),
        (old + 0.1 * mean, "the old mean has to be multiplied by 0.9"),
    ]
    what = "the running mean after a batch"
    expect.close(new["mean"], 0.9 * old + 0.1 * mean, what, rtol=1e-4, atol=1e-6, hints=hints)
    old, n = state["variance"], len(z)
    either = [0.9 * old + 0.1 * z.var(axis=0, ddof=ddof) for ddof in (0, 1)]
    if not np.allclose(new["variance"], either[1], rtol=1e-4):  # PyTorch's choice is welcome, too
        hints = [
            (old, "it has not moved"),
            (
                0.9 * old + 0.1 * z.std(axis=0),
                "the standard deviation has been mixed in; the variance is its square",
            ),
        ]
        what = f"the running variance after a batch of {n}"
        expect.close(new["variance"], either[0], what, rtol=1e-4, hints=hints)


def expect_prediction(answers, z, state):
    """Compare the output in prediction."""
    u, _ = normalized(answers, z, state, False)
    hints = [
        (
            output(z, z.mean(axis=0), z.var(axis=0), state),
            "in prediction the running statistics"
            " count: an answer must not depend on who else is in the batch",
        ),
        (
            output(z, state["mean"], state["variance"], state, 0.0),
            "epsilon is missing under the root",
        ),
        (
            output(z, state["mean"], state["variance"] ** 2, state),
            "take the root of the running variance",
        ),
    ]
    right = output(z, state["mean"], state["variance"], state)
    expect.close(u, right, "the output in prediction", rtol=1e-4, atol=1e-6, hints=hints)


def expect_kept(answers, z, state):
    """Check that a prediction leaves the state as it is."""
    _, new = normalized(answers, z, state, False)
    for key, value in state.items():
        if not np.allclose(new[key], value, rtol=1e-6):
            raise Problem(
                f"a prediction has changed the running {key}: predictions must not learn from the "
                "data that they are made for"
            )


def expect_count(answers, z, tolerance):
    """Compare the number of batches."""
    right = int(np.ceil(round(np.log(tolerance) / np.log(0.9), 9)))
    found = number(answers.call("batches_until", z, tolerance), "batches_until(z, tolerance)")
    if abs(found - right) > 1e-9:
        hint = {right - 1: "one more is needed", right + 1: "one too many: count after each batch"}
        raise Problem(
            f"batches_until(z, {tolerance:g}) is {found:g}, but should be {right}, the smallest k "
            f"with 0.9^k <= {tolerance:g}. {hint.get(int(found), '')}".rstrip()
        )


# Task 5: training in the span


def direct(X, t, W, v, rate, steps):
    losses = []
    for _ in range(steps):
        A = np.tanh(X @ W)
        error = A @ v - t
        losses.append(np.mean(error**2) / 2)
        delta = np.outer(error, v) * (1 - A**2) / len(X)
        W, v = W - rate * X.T @ delta, v - rate * A.T @ error / len(X)
    return np.array(losses), W, v


def wide_problem(seed, n=6, width=30, h=3):
    rng = np.random.default_rng(seed)
    X, t = rng.standard_normal((n, width)), rng.choice([-1.0, 1.0], n)
    return X, t, rng.standard_normal((width, h)) / np.sqrt(width), rng.standard_normal(h)


def trained(answers, X, t, W, v, rate, steps):
    """Return the student's losses, B and v."""
    what = "train_in_span(K, Z_0, t, v, rate, steps)"
    given = [X @ X.T, X @ W, t, v, rate, steps]
    answer, left = answers.call_and_arguments("train_in_span", *given)
    if not isinstance(answer, list | tuple) or len(answer) != 3:
        raise Problem(f"{what} should return the three (losses, B, v)")
    unchanged(left[:4], given[:4], what)
    losses = array(answer[0], f"the losses of {what}")
    B = array(answer[1], f"B of {what}", (len(X), W.shape[1]))
    return losses, B, array(answer[2], f"v of {what}", v.shape)


def expect_losses(answers, X, t, W, v, rate, steps):
    """Compare the losses with those of direct training."""
    losses, _, _ = trained(answers, X, t, W, v, rate, steps)
    right = direct(X, t, W, v, rate, steps + 1)[0]
    if losses.shape == (steps + 1,) and np.allclose(losses, right, rtol=1e-5):
        raise Problem(f"{steps + 1} losses came back for {steps} steps: one before each step")
    frozen = np.full(steps, right[0])
    hints = [
        (right[1:], "each loss has been computed after its step; compute it before"),
        (frozen, "nothing is trained: do B and v change?"),
        (2 * right[:-1], "the factor 1/2 of the loss is missing"),
        (
            span_losses(X, t, W, v, rate, steps, K_delta=True),
            "the update of B is not K times delta:"
            " a step of W is X' delta, so B moves by delta alone",
        ),
        (
            span_losses(X, t, W, v, rate, steps, new_v=True),
            "the update of B uses the v that has"
            " just been changed: take both gradients before either step",
        ),
        (span_losses(X, t, W, v, rate, steps, keep_v=True), "v is not trained"),
    ]
    expect.close(losses, right[:-1], "the losses", rtol=1e-5, hints=hints)


def span_losses(X, t, W, v, rate, steps, K_delta=False, new_v=False, keep_v=False):
    """Return the losses of usual mistakes in the span."""
    K, Z_0, losses = X @ X.T, X @ W, []
    B = np.zeros_like(Z_0)
    for _ in range(steps):
        A = np.tanh(Z_0 + K @ B)
        error = A @ v - t
        losses.append(np.mean(error**2) / 2)
        new = v if keep_v else v - rate * A.T @ error / len(X)
        delta = np.outer(error, new if new_v else v) * (1 - A**2) / len(X)
        B, v = B - rate * (K @ delta if K_delta else delta), new
    return np.array(losses)


def expect_fixed(answers, X):
    """Compare the number of dimensions that never move."""
    n, width = X.shape
    right = width - np.linalg.matrix_rank(X)
    hints = [
        (width - n, "that would be n_features - n. Is every sample a new direction?"),
        (width - right, "these are the dimensions that do move"),
        (max(width - n, 0), "two samples may point in the same direction: count the rank"),
    ]
    what = f"never_moves(X) for X of shape {X.shape}"
    expect.close(answers.call("never_moves", X), right, what, hints=hints)


# Task 6: learned, or learned by heart?

N_TRAIN, N_TEST = 60, 100
MEAN_SQUARE = 0.0524  # of the centred training pictures


def outcome_of(answers, start, seed):
    """Return the four numbers of one experiment."""
    what = f"experiment({start!r}, {seed})"
    run, keys = answers.call("experiment", start, seed), ("rms", "loss", "train", "test")
    if not isinstance(run, dict) or not set(keys) <= set(run):
        raise Problem(f"{what} should return a dictionary with the keys {', '.join(keys)}")
    return {key: number(run[key], f"{what}[{key!r}]") for key in keys}


def counted(share, n, what):
    """Check that a fraction is one of n pictures."""
    if not 0 <= share <= 1:
        raise Problem(f"{what} should be a fraction between 0 and 1; got {share:g}")
    if abs(share * n - round(share * n)) > 1e-4:
        raise Problem(f"{what} is {share:.4f}, no fraction of {n} pictures: of which is it?")


def expect_zeros(answers, seed):
    """Check that the zero start stays at log 2."""
    run = outcome_of(answers, "zeros", seed)
    expect.close(run["loss"], np.log(2), "the loss from zeros", rtol=1e-6)
    expect.close(run["train"], 0.5, "the training accuracy from zeros")


def expect_rms(answers, start, seed):
    """Compare the rms of the first pre-activations with the theory, E[Z^2] = n_0 v E[x^2]."""
    theory = {"large": 3072 * 100, "he": 2, "xavier": 1}
    size = {name: np.sqrt(value * MEAN_SQUARE) for name, value in theory.items()}
    found = outcome_of(answers, start, seed)["rms"]
    if 0.6 < found / size[start] < 1.6:
        return
    text = f"the rms from {start!r} is {found:.3g}, but should be near {size[start]:.3g}"
    if start != "large" and found < 0.1 * size[start]:
        text += ": is the standard deviation the root of the variance?"
    raise Problem(text)


def expect_good(answers, start, seed):
    """Check that He and Xavier learn the training pictures."""
    run = outcome_of(answers, start, seed)
    counted(run["train"], N_TRAIN, "the fraction of right training pictures")
    if run["train"] < 0.95 or run["loss"] > 0.2:
        raise Problem(
            f"experiment({start!r}, {seed}) ends at a loss of {run['loss']:.3f} with "
            f"{run['train']:.0%} right; from this start nearly all 60 should be right"
        )
    return run
