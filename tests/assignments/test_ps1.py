"""Problem set 1: who gets which marks, and what they are told."""

from __future__ import annotations

import helpers
import pytest


@pytest.fixture(scope="module")
def solved() -> helpers.Namespace:
    return helpers.work("ps1", solved=True)


def test_the_solution_earns_full_marks(solved):
    assert helpers.lost("ps1", solved) == ({}, "")
    assert sum(of for _, of, _ in helpers.marks("ps1", solved).values()) == 40


def test_the_untouched_version_earns_nothing():
    graded = helpers.marks("ps1", helpers.work("ps1", solved=False))
    assert all(earned == 0 for earned, _, _ in graded.values())


WRONG = {
    # Task 1
    "textbook formula": (
        """
def mean_cost(logits, y):
    p = 1 / (1 + np.exp(-logits[:, 0].astype(float)))
    with np.errstate(all="ignore"):
        return np.mean(-(y * 1.0) * np.log(p) - (1.0 - y) * np.log(1 - p))
""",
        {"mean-cost": 2},
        "nan or infinite",
    ),
    "clipped probability": (
        """
def mean_cost(logits, y):
    p = np.clip(1 / (1 + np.exp(-np.clip(logits[:, 0], -500, 500))), 1e-12, 1 - 1e-12)
    y = y.astype(float)
    return np.mean(-y * np.log(p) - (1 - y) * np.log(1 - p))
""",
        {"mean-cost": 2},
        "clipped probability puts an end to the cost",
    ),
    "every logit meets every label": (
        """
def mean_cost(logits, y):
    return np.mean(np.logaddexp(0, logits) - y * logits)
""",
        {"mean-cost": 5, "gradient-check": 2, "train": 2},
        "every logit meets every label",
    ),
    "sum for mean": (
        """
def mean_cost(logits, y):
    return np.sum(np.logaddexp(0, logits[:, 0]) - y * logits[:, 0])
""",
        {"mean-cost": 5, "gradient-check": 2, "train": 2},
        "that is the sum",
    ),
    "negated unsigned labels": (
        """
def mean_cost(logits, y):
    z = logits[:, 0]
    if y.dtype == bool:
        y = y.astype(int)
    return np.mean(np.logaddexp(0, z) + -y * z)
""",
        {"mean-cost": 1},
        "in uint8, -1 is 255",
    ),
    # Task 2
    "bent logits": (
        """
def forward(X, W, b, activation):
    Z, A = [], [X]
    for W_l, b_l in zip(W, b):
        A.append(activate(A[-1] @ W_l + b_l, activation))
        Z.append(A[-1] if len(Z) == len(W) - 1 else A[-2] @ W_l + b_l)
    return Z, A[:-1]
""",
        {"forward": 3, "backward": 8, "gradient-check": 2, "train": 4},
        "the logits are not passed through the activation",
    ),
    "no bias": (
        """
def forward(X, W, b, activation):
    Z, A = [], [X]
    for W_l in W:
        Z.append(A[-1] @ W_l)
        A.append(activate(Z[-1], activation))
    return Z, A[:-1]
""",
        {"forward": 3, "backward": 8, "gradient-check": 2, "train": 4},
        "the bias is missing",
    ),
    "slope at the activation": (
        """
right_slope = slope


def slope(z, name):
    return right_slope(activate(z, name), name)
""",
        {"forward": 1, "backward": 6, "train": 4},
        "take it at z",
    ),
    # Task 3
    "no transpose where the layer is square": (
        """
def gradients(X, y, W, b, activation):
    Z, A = forward(X, W, b, activation)
    delta = (activate(Z[-1], "sigmoid") - y[:, None]) / len(y)
    dW, db = [], []
    for l in reversed(range(len(W))):
        dW.insert(0, A[l].T @ delta)
        db.insert(0, delta.sum(axis=0))
        if l > 0:
            back = W[l] if W[l].shape[0] == W[l].shape[1] else W[l].T
            delta = (delta @ back) * slope(Z[l - 1], activation)
    return dW, db
""",
        {"backward": 1},
        "a transpose is missing",
    ),
    "no slope": (
        """
def gradients(X, y, W, b, activation):
    Z, A = forward(X, W, b, activation)
    delta = (activate(Z[-1], "sigmoid") - y[:, None]) / len(y)
    dW, db = [], []
    for l in reversed(range(len(W))):
        dW.insert(0, A[l].T @ delta)
        db.insert(0, delta.sum(axis=0))
        delta = delta @ W[l].T
    return dW, db
""",
        {"backward": 6, "train": 4},
        "the slope f' of the activation is missing",
    ),
    "gradient of the sum": (
        """
right_gradients = gradients


def gradients(X, y, W, b, activation):
    dW, db = right_gradients(X, y, W, b, activation)
    return [len(y) * d for d in dW], [len(y) * d for d in db]
""",
        {"backward": 8, "train": 4},
        "the loss is a mean, not a sum",
    ),
    "bias gradient averaged twice": (
        """
right_gradients = gradients


def gradients(X, y, W, b, activation):
    dW, db = right_gradients(X, y, W, b, activation)
    return dW, [d / len(y) for d in db]
""",
        {"backward": 8, "train": 4},
        "divide by n only once",
    ),
    "works in place": (
        """
right_gradients = gradients


def gradients(X, y, W, b, activation):
    result = right_gradients(X, y, W, b, activation)
    X -= X.mean(axis=0)
    return result
""",
        {"backward": 1, "train": 4},
        "gradients changed X, y, W or b",
    ),
    # Task 4
    "one-sided difference": (
        """
def measured_slope(X, y, W, b, activation, U, u, h):
    def loss(t):
        V, v = [w + t * d for w, d in zip(W, U)], [c + t * d for c, d in zip(b, u)]
        return mean_cost(forward(X, V, v, activation)[0][-1], y)
    return (loss(h) - loss(0)) / h
""",
        {"gradient-check": 2},
        "one-sided difference",
    ),
    "divided by h": (
        """
right_slope = measured_slope


def measured_slope(X, y, W, b, activation, U, u, h):
    return 2 * right_slope(X, y, W, b, activation, U, u, h)
""",
        {"gradient-check": 2},
        "divide by 2h",
    ),
    "the chapter's h for every format": (
        "best_h_float32 = best_h_float64 = 1e-5",
        {"gradient-check": 2},
        "best_h_float32 is 1e-05",
    ),
    # Task 5
    "records after the update": (
        """
right_train = train


def train(X, y, W, b, activation, learning_rate, steps):
    losses = right_train(X, y, W, b, activation, learning_rate, steps + 1)[0]
    return losses[1:], *right_train(X, y, W, b, activation, learning_rate, steps)[1:]
""",
        {"train": 2},
        "record it before",
    ),
    "trains in place": (
        """
def train(X, y, W, b, activation, learning_rate, steps):
    losses = []
    for _ in range(steps):
        losses.append(mean_cost(forward(X, W, b, activation)[0][-1], y))
        dW, db = gradients(X, y, W, b, activation)
        for l in range(len(W)):
            W[l] -= learning_rate * dW[l]
            b[l] -= learning_rate * db[l]
    return losses, W, b
""",
        {"train": 2},
        "copy them first",
    ),
    "updates on the way back": (
        """
def train(X, y, W, b, activation, learning_rate, steps):
    W, b, losses = [w.copy() for w in W], [c.copy() for c in b], []
    for _ in range(steps):
        Z, A = forward(X, W, b, activation)
        losses.append(mean_cost(Z[-1], y))
        delta = (activate(Z[-1], "sigmoid") - y[:, None]) / len(y)
        for l in reversed(range(len(W))):
            W[l] -= learning_rate * A[l].T @ delta
            b[l] -= learning_rate * delta.sum(axis=0)
            if l > 0:
                delta = (delta @ W[l].T) * slope(Z[l - 1], activation)
    return losses, W, b
""",
        {"train": 4},
        "computed before the first update",
    ),
    # Task 6
    "std for variance": (
        """
right_prediction = predicted_mean_squares


def predicted_mean_squares(sizes, weight_stds, bias_std, m, activation):
    return right_prediction(sizes, [s**0.5 for s in weight_stds], bias_std, m, activation)
""",
        {"signal": 3},
        "takes the standard deviation for the variance",
    ),
    "fan_out for fan_in": (
        """
right_prediction = predicted_mean_squares


def predicted_mean_squares(sizes, weight_stds, bias_std, m, activation):
    return right_prediction(sizes[1:] + [1], weight_stds, bias_std, m, activation)
""",
        {"signal": 3},
        "that is fan_out",
    ),
    "ReLU halves the variance": (
        """
def predicted_mean_squares(sizes, weight_stds, bias_std, m, activation):
    q = []
    for fan_in, s in zip(sizes, weight_stds):
        q.append(fan_in * s**2 * m + bias_std**2)
        m = q[-1] * (0.5 - 0.5 / np.pi if activation == "relu" else 1)
    return q
""",
        {"signal": 2},
        "that is the variance behind a ReLU",
    ),
    "no bias in the prediction": (
        """
right_prediction = predicted_mean_squares


def predicted_mean_squares(sizes, weight_stds, bias_std, m, activation):
    return right_prediction(sizes, weight_stds, 0.0, m, activation)
""",
        {"signal": 3},
        "the variance of the biases is missing",
    ),
    "rand for randn": (
        """
def measured_mean_squares(sizes, weight_stds, bias_std, activation, rng):
    A, q = rng.standard_normal((100, sizes[0])), []
    for fan_in, fan_out, s in zip(sizes, sizes[1:], weight_stds):
        Z = A @ (s * rng.random((fan_in, fan_out))) + bias_std * rng.random(fan_out)
        q.append(np.mean(Z**2))
        A = np.maximum(Z, 0) if activation == "relu" else Z
    return q
""",
        {"signal": 2},
        "the mean of 4 networks",
    ),
    "global random state": (
        """
def measured_mean_squares(sizes, weight_stds, bias_std, activation, rng):
    A, q = np.random.randn(100, sizes[0]), []
    for fan_in, fan_out, s in zip(sizes, sizes[1:], weight_stds):
        Z = A @ np.random.normal(0, s, (fan_in, fan_out)) + np.random.normal(0, bias_std, fan_out)
        q.append(np.mean(Z**2))
        A = np.maximum(Z, 0) if activation == "relu" else Z
    return q
""",
        {"signal": 2},
        "not from np.random",
    ),
    # Task 7
    "float64 slips in": (
        """
def silent_depth(width, weight_std, dtype, rng):
    delta, depth = rng.standard_normal((1, width)).astype(dtype), 0
    with np.errstate(all="ignore"):
        while np.any(delta) and np.all(np.isfinite(delta)):
            delta, depth = delta @ rng.normal(0, weight_std, (width, width)).T, depth + 1
    return depth
""",
        {"silence": 2},
        "one float64 array makes every product float64",
    ),
    "one W for all layers": (
        """
def silent_depth(width, weight_std, dtype, rng):
    delta, depth = np.ones((1, width), dtype), 0
    W = np.full((width, width), weight_std / np.sqrt(width), dtype)
    with np.errstate(all="ignore"):
        while np.any(delta) and np.all(np.isfinite(delta)):
            delta, depth = delta @ W.T, depth + 1
    return depth
""",
        {"silence": 1},
        "draw from the argument rng",
    ),
    "no predictions": (
        "predicted_silence = predicted_h_float32 = None",
        {"gradient-check": 1, "silence": 1},
        "enter a number",
    ),
}


@pytest.mark.parametrize(("source", "points", "words"), WRONG.values(), ids=WRONG)
def test_a_wrong_solution_loses_its_marks_and_is_told_why(solved, source, points, words):
    found, feedback = helpers.lost("ps1", helpers.replaced(solved, source))
    assert found == points, feedback
    assert words.lower() in feedback.lower()


UNUSUAL = {
    "loops and lists": """
import math


def mean_cost(logits, labels):
    total = 0.0
    for (z,), label in zip(logits.tolist(), labels.tolist()):
        total += max(z, 0.0) + math.log1p(math.exp(-abs(z))) - int(label) * z
    return total / len(labels)


def gradients(X, y, W, b, activation="tanh"):
    Z, A = forward(X, W, b, activation)
    p = activate(Z[-1], "sigmoid")[:, 0]
    dW, db = [0 * w for w in W], [0 * c for c in b]
    for i in range(len(y)):
        delta = np.array([(p[i] - y[i]) / len(y)])
        for l in range(len(W) - 1, -1, -1):
            dW[l] = dW[l] + np.outer(A[l][i], delta)
            db[l] = db[l] + delta
            if l:
                delta = W[l] @ delta * slope(Z[l - 1][i], activation)
    return tuple(dW), tuple(db)
""",
    "float32 and other names": """
def forward(inputs, weights, biases, f):
    Z, A = [], [np.asarray(inputs)]
    for l, (w, c) in enumerate(zip(weights, biases)):
        Z += [A[l] @ w + c]
        A += [activate(Z[l], f)]
    return (Z, A[: len(Z)])


def measured_mean_squares(*arguments):
    sizes, stds, t, name, rng = arguments
    x, squares = rng.standard_normal((100, sizes[0]), dtype=np.float32), []
    for l, s in enumerate(stds):
        w = rng.standard_normal((sizes[l], sizes[l + 1]), dtype=np.float32) * np.float32(s)
        z = x @ w + np.float32(t) * rng.standard_normal(sizes[l + 1], dtype=np.float32)
        squares.append((z * z).mean())
        x = {"relu": np.maximum(z, 0), "identity": z}[name]
    return np.array(squares)
""",
    "a class and a lambda": """
class Train:
    def __call__(self, X, y, W, b, activation, learning_rate=0.1, steps=10):
        W, b, losses = list(W), list(b), np.zeros(steps)
        for i in range(steps):
            losses[i] = mean_cost(forward(X, W, b, activation)[0][-1], y)
            dW, db = gradients(X, y, W, b, activation)
            W = [w - learning_rate * d for w, d in zip(W, dW)]
            b = [c - learning_rate * d for c, d in zip(b, db)]
        return [losses, W, b]


train = Train()
slope_error = lambda dW, db, U, u, m: np.array(
    [abs(sum((g * d).sum() for g, d in zip(dW + db, U + u)) / m - 1)]
)
""",
}


@pytest.mark.parametrize("source", UNUSUAL.values(), ids=UNUSUAL)
def test_an_unusual_right_solution_earns_full_marks(solved, source):
    assert helpers.lost("ps1", helpers.replaced(solved, source)) == ({}, "")
