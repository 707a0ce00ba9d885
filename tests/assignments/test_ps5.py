"""Problem set 5: who gets which marks, and what they are told."""

from __future__ import annotations

import helpers
import pytest

for name in ("ps5_expected", "ps5_layers"):
    helpers.module(helpers.ASSIGNMENTS / "hidden" / f"{name}.py")


@pytest.fixture(scope="module")
def solved() -> helpers.Namespace:
    return helpers.work("ps5", solved=True)


def test_the_solution_earns_full_marks(solved):
    graded = helpers.marks("ps5", solved)
    assert [off for _, _, off in graded.values() if off] == []
    assert sum(of for _, of, _ in graded.values()) == 40


def test_the_untouched_version_earns_nothing():
    graded = helpers.marks("ps5", helpers.work("ps5", solved=False))
    assert all(earned == 0 for earned, _, _ in graded.values())


WRONG = {
    # Task 1
    "n - 1": (
        "def fit_standard(X): return X.mean(axis=0), X.std(axis=0, ddof=1)",
        {"scalers": 4, "leak": 3},
        "divides by n - 1 (ddof=1)",
    ),
    "the variance for the standard deviation": (
        "def fit_standard(X): return X.mean(axis=0), X.var(axis=0)",
        {"scalers": 4, "leak": 3},
        "This is the variance",
    ),
    "one scale for the whole table": (
        "def fit_standard(X): return np.full(X.shape[1], X.mean()), np.full(X.shape[1], X.std())",
        {"scalers": 4},
        "mean of the whole table: each column has its own",
    ),
    "division by zero": (
        """
def fit_standard(X):
    return X.mean(axis=0), X.std(axis=0)


def fit_minmax(X):
    return X.min(axis=0), X.max(axis=0) - X.min(axis=0)
""",
        {"scalers": 2},
        "the scale is 0, and dividing by it makes nan",
    ),
    "a constant column by its standard deviation": (
        """
def fit_standard(X):
    std = X.std(axis=0)
    return X.mean(axis=0), np.where(std == 0, 1.0, std)
""",
        {"scalers": 1},
        "nothing but rounding",
    ),
    "the maximum for the width": (
        "def fit_minmax(X): return X.min(axis=0), X.max(axis=0)",
        {"scalers": 2},
        "the width is maximum - minimum",
    ),
    "fitted again to new data": (
        "def transform(X, shift, scale): return (X - X.mean(axis=0)) / X.std(axis=0)",
        {"scalers": 1, "leak": 3},
        "has been fitted to the new data again",
    ),
    "changed in place": (
        """
def transform(X, shift, scale):
    X -= shift
    X /= scale
    return X
""",
        {"scalers": 1, "leak": 3},
        "has changed the array that it was given",
    ),
    # Task 2
    "scaler fitted on all data": (
        "def prepare(X, train): return transform(X, *fit_standard(X))",
        {"leak": 3},
        "the test set has leaked into the training data",
    ),
    "each part scaled by its own": (
        """
def prepare(X, train):
    Z = np.empty(X.shape)
    for rows in (train, ~train):
        Z[rows] = transform(X[rows], *fit_standard(X[rows]))
    return Z
""",
        {"leak": 3},
        "scaled with numbers of their own",
    ),
    "training rows only": (
        "def prepare(X, train): return transform(X[train], *fit_standard(X[train]))",
        {"leak": 3},
        "return all rows of X",
    ),
    "a detective who looks at the training rows only": (
        """
def fitted_on(Z, train):
    return "train" if np.allclose(Z[train].mean(axis=0), 0) else "all"
""",
        {"leak": 1},
        "both the training rows and the others have mean 0",
    ),
    # Task 3
    "no column of ones": (
        "def hessian_eigenvalues(X): return np.linalg.eigvalsh(X.T @ X / len(X))[::-1]",
        {"curvature": 3},
        "the column of ones is missing",
    ),
    "not divided by n": (
        """
def hessian_eigenvalues(X):
    A = np.column_stack([X, np.ones(len(X))])
    return np.linalg.svd(A, compute_uv=False) ** 2


def descend(X, t, rate, steps):
    A, losses = np.column_stack([X, np.ones(len(X))]), []
    theta = np.zeros(A.shape[1])
    for _ in range(steps + 1):
        error = A @ theta - t
        losses.append(np.mean(error**2) / 2)
        theta = theta - rate * A.T @ error
    return losses
""",
        {"curvature": 8},
        "The division by n is missing",
    ),
    "one over lambda": (
        """
def measured_limit(X, t):
    return 1 / hessian_eigenvalues(X)[0]
""",
        {"curvature": 3},
        "half of the largest rate",
    ),
    "a loss too few": (
        """
def descend(X, t, rate, steps):
    A, losses = np.column_stack([X, np.ones(len(X))]), []
    theta = np.zeros(A.shape[1])
    for _ in range(steps):
        error = A @ theta - t
        losses.append(np.mean(error**2) / 2)
        theta = theta - rate * A.T @ error / len(X)
    return losses
""",
        {"curvature": 2},
        "with the first there are steps + 1",
    ),
    "nan is not larger than anything": (
        """
def measured_limit(X, t):
    low, high = 1e-9, 1e3
    with np.errstate(all="ignore"):
        while high / low > 1.005:
            middle = np.sqrt(low * high)
            losses = descend(X, t, middle, 400)
            if losses[-1] > losses[0]:
                high = middle
            else:
                low = middle
    return low
""",
        {"curvature": 3},
        "but should be",
    ),
    # Task 4
    "epsilon forgotten": (
        """
def batch_norm(z, state, training):
    state = dict(state)
    mean, variance = state["mean"], state["variance"]
    if training:
        mean, variance = z.mean(axis=0), z.var(axis=0)
        state["mean"] = 0.9 * state["mean"] + 0.1 * mean
        state["variance"] = 0.9 * state["variance"] + 0.1 * variance
    with np.errstate(all="ignore"):
        return state["scale"] * (z - mean) / np.sqrt(variance) + state["shift"], state
""",
        {"batch-norm": 1},
        "nan or infinite",
    ),
    "batch statistics in prediction": (
        """
def batch_norm(z, state, training):
    state, mean, variance = dict(state), z.mean(axis=0), z.var(axis=0)
    if training:
        state["mean"] = 0.9 * state["mean"] + 0.1 * mean
        state["variance"] = 0.9 * state["variance"] + 0.1 * variance
    return state["scale"] * (z - mean) / np.sqrt(variance + 1e-5) + state["shift"], state
""",
        {"batch-norm": 2},
        "must not depend on who else is in the batch",
    ),
    "running statistics updated at test time": (
        """
def batch_norm(z, state, training):
    state, old = dict(state), state
    mean, variance = z.mean(axis=0), z.var(axis=0)
    state["mean"] = 0.9 * state["mean"] + 0.1 * mean
    state["variance"] = 0.9 * state["variance"] + 0.1 * variance
    if not training:
        mean, variance = old["mean"], old["variance"]
    return state["scale"] * (z - mean) / np.sqrt(variance + 1e-5) + state["shift"], state
""",
        {"batch-norm": 1},
        "predictions must not learn",
    ),
    "running statistics in training": (
        """
def batch_norm(z, state, training):
    new = dict(state)
    if training:
        new["mean"] = 0.9 * state["mean"] + 0.1 * z.mean(axis=0)
        new["variance"] = 0.9 * state["variance"] + 0.1 * z.var(axis=0)
    z = (z - state["mean"]) / np.sqrt(state["variance"] + 1e-5)
    return state["scale"] * z + state["shift"], new
""",
        {"batch-norm": 3},
        "In training the batch's own mean",
    ),
    "momentum exchanged": (
        """
def batch_norm(z, state, training):
    state = dict(state)
    mean, variance = state["mean"], state["variance"]
    if training:
        mean, variance = z.mean(axis=0), z.var(axis=0)
        state["mean"] = 0.1 * state["mean"] + 0.9 * mean
        state["variance"] = 0.1 * state["variance"] + 0.9 * variance
    z = (z - mean) / np.sqrt(variance + 1e-5)
    return state["scale"] * z + state["shift"], state
""",
        {"batch-norm": 2},
        "The weights 0.9 and 0.1 are exchanged",
    ),
    "the variance of the batch by n - 1": (
        """
def batch_norm(z, state, training):
    state = dict(state)
    mean, variance = state["mean"], state["variance"]
    if training:
        mean, variance = z.mean(axis=0), z.var(axis=0, ddof=1)
        state["mean"] = 0.9 * state["mean"] + 0.1 * mean
        state["variance"] = 0.9 * state["variance"] + 0.1 * variance
    z = (z - mean) / np.sqrt(variance + 1e-5)
    return state["scale"] * z + state["shift"], state
""",
        {"batch-norm": 3},
        "The variance divides by n - 1",
    ),
    "the state changed in place": (
        """
def batch_norm(z, state, training):
    mean, variance = state["mean"], state["variance"]
    if training:
        mean, variance = z.mean(axis=0), z.var(axis=0)
        state["mean"] = 0.9 * state["mean"] + 0.1 * mean
        state["variance"] = 0.9 * state["variance"] + 0.1 * variance
    z = (z - mean) / np.sqrt(variance + 1e-5)
    return state["scale"] * z + state["shift"], state
""",
        {"batch-norm": 4},
        "has changed the state that it was given",
    ),
    # Task 5
    "K times delta": (
        """
def train_in_span(K, Z_0, t, v, rate, steps):
    B, losses = np.zeros(Z_0.shape), []
    for _ in range(steps):
        A = np.tanh(Z_0 + K @ B)
        error = A @ v - t
        losses.append(np.mean(error**2) / 2)
        delta = np.outer(error, v) * (1 - A**2) / len(K)
        B, v = B - rate * K @ delta, v - rate * A.T @ error / len(K)
    return losses, B, v
""",
        {"span": 5},
        "so B moves by delta alone",
    ),
    "v before B": (
        """
def train_in_span(K, Z_0, t, v, rate, steps):
    B, losses = np.zeros(Z_0.shape), []
    for _ in range(steps):
        A = np.tanh(Z_0 + K @ B)
        error = A @ v - t
        losses.append(np.mean(error**2) / 2)
        v = v - rate * A.T @ error / len(K)
        B = B - rate * np.outer(error, v) * (1 - A**2) / len(K)
    return losses, B, v
""",
        {"span": 5},
        "take both gradients before either step",
    ),
    "n_features - n": (
        "def never_moves(X): return max(X.shape[1] - len(X), 0)",
        {"span": 1},
        "Is every sample a new direction?",
    ),
    # Task 6
    "tested on the training pictures": (
        """
honest = experiment


def experiment(start, seed):
    run = honest(start, seed)
    return run | {"test": run["train"]}
""",
        {"pets": 1},
        "memorized",
    ),
    "the variance as the standard deviation": (
        """
def experiment(start, seed):
    def draw(shape, rng):
        stds = {"zeros": 0, "large": 10, "he": 2 / shape[0], "xavier": 1 / shape[0]}
        return stds[start] * rng.standard_normal(shape)

    rng = np.random.default_rng(seed)
    network = MLP([3072, 5, 5, 1], initializer=draw, rng=rng)
    rms = np.sqrt(np.mean(network.forward(pets).pre_activations[0] ** 2))
    loss = fit(network, pets, species, learning_rate=0.05, epochs=400).loss[-1]
    right = accuracy(network, pets, species), accuracy(network, new_pets, new_species)
    return {"rms": rms, "loss": loss, "train": right[0], "test": right[1]}
""",
        {"pets": 1},
        "is the standard deviation the root of the variance",
    ),
    "the factor 2 missing": (
        """
honest = experiment


def experiment(start, seed):
    return honest("xavier" if start == "he" else start, seed)
""",
        {"pets": 1},
        "the factor 2 is missing",
    ),
    "the seed not used": (
        """
honest = experiment


def experiment(start, seed):
    return honest(start, 0)
""",
        {"pets": 1},
        "the seed is not used",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_solution_loses_its_marks_and_is_told_why(solved, name):
    source, points, words = WRONG[name]
    lost, told = helpers.lost("ps5", helpers.replaced(solved, source), only=points)
    assert lost == points
    assert words in told


UNUSUAL = {
    "scalers with loops, in float32": (
        ["scalers", "leak"],
        """
def fit_standard(data):
    means, stds = [], []
    for column in np.asarray(data, dtype="float32").T.astype(float):
        mean = sum(column) / len(column)
        std = (sum((x - mean) ** 2 for x in column) / len(column)) ** 0.5
        means.append(mean)
        stds.append(std if max(column) > min(column) else 1)
    return [means, stds]


def fit_minmax(data):
    low, high = data.min(axis=0), data.max(axis=0)
    return low.astype("float32"), np.where(high > low, high - low, 1).astype("float32")


def transform(new, c, s):
    return np.array([[(x - m) / w for x, m, w in zip(row, c, s)] for row in new], dtype="float32")


def inverse(scaled, c, s):
    return (np.multiply(scaled, s) + c).tolist()


def fitted_on(table, rows):
    off = [np.max(np.abs(table[part].mean(0))) for part in (rows, ~rows)]
    return ("all", "train", "apart")[0 if off[0] > 1e-6 else 1 + (off[1] < 1e-6)]
""",
    ),
    "scalers from scikit-learn": (
        ["scalers", "leak"],
        """
from sklearn.preprocessing import MinMaxScaler, StandardScaler


def fit_standard(X):
    scaler = StandardScaler().fit(X)
    return scaler.mean_, scaler.scale_


def fit_minmax(X):
    scaler = MinMaxScaler().fit(X)
    return scaler.data_min_, 1 / scaler.scale_


def prepare(X, train):
    return StandardScaler().fit(X[train]).transform(X)
""",
    ),
    "curvature from singular values, the limit by small steps": (
        ["curvature"],
        """
def hessian_eigenvalues(inputs):
    s = np.linalg.svd(np.hstack([inputs, np.ones((len(inputs), 1))]), compute_uv=False)
    return (s**2 / len(inputs)).tolist()


def descend(inputs, targets, eta, n):
    w, b, losses = np.zeros(inputs.shape[1]), 0.0, []
    for step in range(n + 1):
        error = inputs @ w + b - targets
        losses.append(0.5 * float(error @ error) / len(error))
        w, b = w - eta * inputs.T @ error / len(error), b - eta * error.mean()
    return losses


def measured_limit(inputs, targets):
    eta = 1e-8
    with np.errstate(all="ignore"):
        for factor in (2, 1.1, 1.01):
            while descend(inputs, targets, eta * factor, 300)[-1] < np.mean(targets**2) / 2:
                eta *= factor
    return eta
""",
    ),
    "batch normalization unit by unit, running variance as in PyTorch": (
        ["batch-norm"],
        """
import copy


class BatchNorm:
    def __call__(self, batch, memory, learn=False):
        new, out = copy.deepcopy(memory), np.zeros(batch.shape, dtype="float32")
        for j in range(batch.shape[1]):
            unit = batch[:, j]
            m, v = memory["mean"][j], memory["variance"][j]
            if learn:
                m, v = np.mean(unit), np.mean(unit * unit) - np.mean(unit) ** 2
                new["mean"][j] += 0.1 * (m - new["mean"][j])
                new["variance"][j] += 0.1 * (unit.var(ddof=1) - new["variance"][j])
            out[:, j] = memory["scale"][j] * (unit - m) / (v + 1e-5) ** 0.5 + memory["shift"][j]
        return [out, new]


batch_norm = BatchNorm()


def batches_until(batch, within):
    k, rest = 0, 1.0
    while rest > within:
        k, rest = k + 1, 0.9 * rest
    return float(k)


predicted_batches = np.float64(10)
""",
    ),
    "the span with loops": (
        ["span"],
        """
def train_in_span(gram, start, targets, out, eta, n_steps):
    n, h = start.shape
    B, out, history = np.zeros((n, h)), out.copy(), np.zeros(n_steps)
    for step in range(n_steps):
        A = np.tanh(start + gram @ B)
        residual = A @ out - targets
        history[step] = 0.5 * residual @ residual / n
        change = np.zeros(h)
        for i in range(n):
            change += residual[i] * A[i] / n
            for j in range(h):
                B[i, j] -= eta * residual[i] * out[j] * (1 - A[i, j] ** 2) / n
        out -= eta * change
    return [history, B, out]


recover = lambda start, samples, B: np.einsum("nd,nh->dh", samples, B) + start


def never_moves(samples):
    s = np.linalg.svd(samples, compute_uv=False)
    return int(samples.shape[1] - (s > 1e-10 * s[0]).sum())
""",
    ),
    "the experiment with the course's initializers": (
        ["pets"],
        """
from course_code import initializers


def experiment(kind, number):
    scaled = {"distribution": "normal"}
    rule = {
        "zeros": initializers.zeros,
        "large": initializers.get("random_normal", std=10.0),
        "he": initializers.get("variance_scaling", scale=2.0, **scaled),
        "xavier": initializers.get("variance_scaling", scale=1.0, **scaled),
    }[kind]
    net = MLP([3072, 5, 5, 1], initializer=rule, rng=np.random.default_rng(number))
    rms = np.linalg.norm(pets @ net.weights[0]) / 300**0.5
    h = fit(net, pets, species, learning_rate=0.05, epochs=400)
    right = [np.mean((net.logits(X)[:, 0] > 0) == (y > 0)) for X, y in (
        (pets, species), (new_pets, new_species)
    )]
    return {"rms": rms, "loss": h.loss[-1], "train": right[0], "test": right[1]}
""",
    ),
}


@pytest.mark.parametrize("name", UNUSUAL)
def test_an_unusual_right_solution_earns_full_marks(solved, name):
    tasks, source = UNUSUAL[name]
    assert helpers.lost("ps5", helpers.replaced(solved, source), only=tasks) == ({}, "")
