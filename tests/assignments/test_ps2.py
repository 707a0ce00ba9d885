"""Problem set 2: who gets which marks, and what they are told."""

from __future__ import annotations

import helpers
import pytest


@pytest.fixture(scope="module")
def solved() -> helpers.Namespace:
    return helpers.work("ps2", solved=True)


def test_the_solution_earns_full_marks(solved):
    assert helpers.lost("ps2", solved) == ({}, "")
    assert sum(of for _, of, _ in helpers.marks("ps2", solved).values()) == 40


def test_the_untouched_version_earns_nothing():
    graded = helpers.marks("ps2", helpers.work("ps2", solved=False))
    assert all(earned == 0 for earned, _, _ in graded.values())


AWAKE = """
def awake(sizes, activation, zero_layers, X, y, learning_rate, steps, rng):
    starts = [{ZERO!r} if l in zero_layers else "lecun_normal" for l in range(1, len(sizes))]
    network = MLP(sizes, activation=activation, initializer=starts, rng=rng)
    result = []
    for i in range(steps):
        _, gradients = network.gradients(X, y)
        row = [np.any(dW != 0) for dW in gradients.weights]
        for parameter, gradient in zip(network.parameters, gradients.parameters):
            parameter -= learning_rate * gradient
        {AFTER}
        result.append(row)
    return np.array(result)
"""
LATE = "row = [np.any(dW != 0) for dW in network.gradients(X, y)[1].weights]"
BREAK = """
def nearly_constant(n_in, n_hidden, value):
    W_1, b_1 = np.full((n_in, n_hidden), float(value)), np.zeros(n_hidden)
    W_2, b_2 = np.full((n_hidden, 1), float(value)), np.zeros(1)
    {CHANGE}
    return W_1, b_1, W_2, b_2
"""
BOUND = """
def symmetric_bound(X, y, w):
    from scipy.special import xlogy
    from sklearn.isotonic import IsotonicRegression

    scores, costs = X @ w, []
    for increasing in {DIRECTIONS}:
        p = IsotonicRegression(increasing=increasing).fit_transform(scores, y)
        costs.append({COST})
    return min(costs)
"""
MEAN = "np.mean(-xlogy(y, p) - xlogy(1 - y, 1 - p))"
GROWTH = """
def growth_factor(X, y, learning_rate):
    m = {M}
    return {RESULT}
"""
RIGHT_M, RIGHT_GROWTH = "(np.mean(y) - y) @ X / len(y)", "1 + learning_rate * np.linalg.norm(m)"
ESCAPE = """
def escape_step(X, y, epsilon, learning_rate, rng):
    p = np.mean(y)
    entropy = -p * np.log(p) - (1 - p) * np.log(1 - p)
    network = MLP([X.shape[1], 8, 1], initializer={START}, rng=rng)
    network.biases[-1][...] = np.log(p / (1 - p))
    loss = fit(network, X, y, learning_rate=learning_rate, epochs=600).loss
    below = loss < 0.9 * entropy
    return int(np.argmax(below)) if below.any() else {NEVER}
"""

WRONG = {
    # Task 1
    "exact comparison": (
        "def distinct_units(Z):\n    return np.unique(Z, axis=1).shape[1]",
        {"distinct-units": 3},
        "with noise of",
    ),
    "absolute tolerance": (
        "def distinct_units(Z):\n    return np.unique(np.round(Z, 6), axis=1).shape[1]",
        {"distinct-units": 2},
        "multiplied by 1e-30",
    ),
    "sums of columns": (
        "def distinct_units(Z):\n"
        "    s = Z.sum(axis=0)\n"
        "    return len(np.unique(np.round(s / (np.abs(s).max() + 1e-300), 6)))",
        {"distinct-units": 1},
        "(1, 3, 2)",
    ),
    "neighbours only": (
        """
def distinct_units(Z):
    gaps = np.abs(np.diff(Z, axis=1)).max(axis=0, initial=0)
    return 1 + int((gaps > 1e-6 * np.abs(Z).max()).sum())
""",
        {"distinct-units": 6},
        "a b a c b a d",
    ),
    "rows for columns": (
        """
right = distinct_units


def distinct_units(Z):
    return right(Z.T)
""",
        {"distinct-units": 5},
        "rows are samples, columns are units",
    ),
    # Task 2
    "looks after the update": (
        AWAKE.format(ZERO="zeros", AFTER=LATE),
        {"awake": 4},
        "look at the gradient before the update",
    ),
    "ones for zeros": (AWAKE.format(ZERO="ones", AFTER=""), {"awake": 5}, "not ... ... ..."),
    "layers reversed": (
        AWAKE.format(ZERO="zeros", AFTER="row = row[::-1]"),
        {"awake": 4},
        "reverse order",
    ),
    "all layers zero": (
        AWAKE.format(ZERO="zeros", AFTER="").replace("if l in zero_layers else", "if l else"),
        {"awake": 2},
        "zeros in no layer",
    ),
    "only adjacent zeros stop tanh": (
        'all_awake_tanh = ["1", "2", "3", "13"]',
        {"awake": 1},
        "13 is listed",
    ),
    "ReLU is like tanh": ('all_awake_relu = ["1", "2", "3"]', {"awake": 2 - 1}, "1 is listed"),
    # Task 3
    "another constant": (
        BREAK.format(CHANGE="W_1 += 0.25; b_1 += 0.5"),
        {"break-symmetry": 6},
        "Units with equal changes stay equal",
    ),
    "ones break the symmetry": (
        BREAK.format(CHANGE="W_1[...] = 1; W_2[...] = 1"),
        {"break-symmetry": 6},
        "Units with equal changes stay equal",
    ),
    "one changed weight": (
        BREAK.format(CHANGE="W_1[0, 0] += 0.25"),
        {"break-symmetry": 6},
        "2 of 8 units are distinct",
    ),
    "output bias": (
        BREAK.format(CHANGE="b_2 += 0.5"),
        {"break-symmetry": 6},
        "belongs to no unit",
    ),
    "noise on every weight": (
        BREAK.format(CHANGE="W_1 += 0.2 * np.random.default_rng(0).standard_normal(W_1.shape)"),
        {"break-symmetry": 3},
        "fewer are enough",
    ),
    "one change for each unit": (
        BREAK.format(CHANGE="b_1 += np.linspace(0.1, 1, n_hidden)"),
        {"break-symmetry": 2},
        "one unit may stay as it is",
    ),
    # Task 4
    "rising functions only": (
        BOUND.format(DIRECTIONS="(True,)", COST=MEAN),
        {"symmetric-bound": 2},
        "a falling one may be better",
    ),
    "sum for mean": (
        BOUND.format(DIRECTIONS="(True, False)", COST=MEAN.replace("mean", "sum")),
        {"symmetric-bound": 6},
        "that is the sum",
    ),
    "0 log 0": (
        BOUND.format(DIRECTIONS="(True, False)", COST=MEAN)
        .replace("xlogy(y, p)", "y * np.log(p)")
        .replace("xlogy(1 - y, 1 - p)", "(1 - y) * np.log(1 - p)")
        .replace("costs.append(", "with np.errstate(all='ignore'): costs.append("),
        {"symmetric-bound": 7},
        "nan",
    ),
    "sorts equal scores apart": (
        BOUND.format(DIRECTIONS="(True, False)", COST=MEAN).replace(
            "scores, costs = X @ w, []",
            "scores, costs = np.argsort(np.lexsort((y, X @ w))).astype(float), []",
        ),
        {"symmetric-bound": 2},
        "must get equal probabilities",
    ),
    # Task 5
    "no mean of the labels": (
        GROWTH.format(M="-y @ X / len(y)", RESULT=RIGHT_GROWTH),
        {"saddle": 3},
        "subtract the mean of the labels",
    ),
    "sum of squares": (
        GROWTH.format(M=RIGHT_M, RESULT="1 + learning_rate * np.sum(m**2)"),
        {"saddle": 2},
        "the square of the length",
    ),
    "n - 1": (
        GROWTH.format(M="np.cov(X.T, y)[:-1, -1]", RESULT=RIGHT_GROWTH),
        {"saddle": 2},
        "not by n - 1",
    ),
    "variance for std": (
        ESCAPE.format(START="lambda s, r: r.normal(0, np.sqrt(epsilon), s)", NEVER=600),
        {"saddle": 2},
        "epsilon is the standard deviation",
    ),
    "own generator": (
        ESCAPE.format(
            START="lambda s, r: np.random.default_rng(0).normal(0, epsilon, s)", NEVER=600
        ),
        {"saddle": 1},
        "draw the weights from the argument rng",
    ),
    "argmax of nothing": (
        ESCAPE.format(START="lambda s, r: r.normal(0, epsilon, s)", NEVER=0),
        {"saddle": 1},
        "no way off the saddle",
    ),
    # Task 6
    "random draws": (
        """
def expected_loss(logit_std):
    z = logit_std * np.random.default_rng(0).standard_normal(10_000)
    return np.mean(np.logaddexp(0, z))
""",
        {"large-start": 5},
        "but should be",
    ),
    "variance for std of the logit": (
        """
right = expected_loss


def expected_loss(logit_std):
    return right(np.sqrt(logit_std))
""",
        {"large-start": 5},
        "not its variance",
    ),
    "overflow": (
        """
def expected_loss(logit_std):
    u = np.linspace(-10, 10, 20001)
    density = np.exp(-(u**2) / 2) / np.sqrt(2 * np.pi)
    with np.errstate(over="ignore"):
        return np.sum(np.log(1 + np.exp(logit_std * u)) * density) * (u[1] - u[0])
""",
        {"large-start": 1},
        "nan or infinite",
    ),
    "width for its root": (
        """
right = output_std


def output_std(width, loss):
    return right(width, loss) / np.sqrt(width)
""",
        {"large-start": 2},
        "the variances of the terms add up",
    ),
    "no predictions": (
        "predicted_outer_zeros_learn = predicted_changes = predicted_extra_steps = None",
        {"awake": 1, "break-symmetry": 1, "saddle": 1},
        "enter a number",
    ),
}


@pytest.mark.parametrize(("source", "points", "words"), WRONG.values(), ids=WRONG)
def test_a_wrong_solution_loses_its_marks_and_is_told_why(solved, source, points, words):
    found, feedback = helpers.lost("ps2", helpers.replaced(solved, source), only=points)
    assert found == points, feedback
    assert words.lower() in feedback.lower()


UNUSUAL = {
    "loops": """
def distinct_units(layer):
    units, scale = [], max(abs(v) for row in layer.tolist() for v in row)
    for j in range(layer.shape[1]):
        mine = layer[:, j].tolist()
        if not any(all(abs(a - b) <= 1e-6 * scale for a, b in zip(mine, u)) for u in units):
            units.append(mine)
    return np.int64(len(units))


def symmetric_bound(samples, labels, direction):
    scores = np.round(samples @ direction, 9)
    best = np.inf
    for sign in (1, -1):
        blocks = []  # pool adjacent violators: [ones, size]
        for s in sorted(set((sign * scores).tolist())):
            blocks.append([labels[sign * scores == s].sum(), (sign * scores == s).sum()])
            while len(blocks) > 1 and np.divide(*blocks[-2]) >= np.divide(*blocks[-1]):
                ones, size = blocks.pop()
                blocks[-1] = [blocks[-1][0] + ones, blocks[-1][1] + size]
        total = 0.0
        for ones, size in blocks:
            for k in (ones, size - ones):
                total -= k * np.log(k / size) if k else 0.0
        best = min(best, total / len(labels))
    return best
""",
    "other places, other names": """
def nearly_constant(inputs, units, c):
    outgoing = c + np.arange(units).reshape(-1, 1) / units
    return [np.zeros((inputs, units)) + c, np.zeros(units), outgoing, np.zeros(1)]


def awake(sizes, f, zeros, X, y, rate, steps, rng):
    names = ["lecun_normal"] * (len(sizes) - 1)
    for l in zeros:
        names[l - 1] = "zeros"
    net, rows = MLP(sizes, activation=f, initializer=names, rng=rng), []
    while len(rows) < steps:
        rows.append([float(np.abs(g).max() > 0) for g in net.gradients(X, y)[1].weights])
        fit(net, X, y, learning_rate=rate, epochs=1)
    return rows
""",
    "quadrature, lambdas and keywords": """
from scipy.integrate import quad

normal = lambda u: np.exp(-u * u / 2) / np.sqrt(2 * np.pi)
expected_loss = lambda logit_std, *, nodes=200: sum(
    quad(lambda u: np.logaddexp(0, logit_std * u) * normal(u), a, b, limit=nodes)[0]
    for a, b in ((-12, 0), (0, 12))
)
growth_factor = lambda X, y, rate: 1 + rate * np.sqrt(
    sum(np.mean((x - x.mean()) * (y - y.mean())) ** 2 for x in X.T)
)
""",
}


@pytest.mark.parametrize("source", UNUSUAL.values(), ids=UNUSUAL)
def test_an_unusual_right_solution_earns_full_marks(solved, source):
    assert helpers.lost("ps2", helpers.replaced(solved, source)) == ({}, "")
