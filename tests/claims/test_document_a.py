"""Claims of document A, "Weights Initialization". Each test fails if the verdict is wrong."""

import itertools
import pathlib
import re

import numpy as np
import pytest

from course_code import activations, initializers, optimizers, preprocessing, theory, training
from course_code.network import MLP

BIBLIOGRAPHY = pathlib.Path(__file__).parents[2] / "book" / "references.bib"


def year_of(key):
    entry = re.search(rf"@\w+{{{key},.*?\n}}", BIBLIOGRAPHY.read_text("utf-8"), re.DOTALL)
    assert entry, f"{key} is not in {BIBLIOGRAPHY.name}"
    return int(re.search(r"year\s*=\s*\{?(\d{4})", entry.group()).group(1))


def test_a1_the_loop_is_all_there_is():
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    X, y = load_digits(return_X_y=True)
    X, X_new, y, y_new = train_test_split(X / 16.0, y, random_state=0, stratify=y)
    by_hand = MLP([64, 16, 10], initializer="glorot_uniform", rng=np.random.default_rng(0))
    by_fit = by_hand.copy()

    optimizer, losses = optimizers.SGD(learning_rate=0.5), []
    for _ in range(300):
        loss, gradients = by_hand.gradients(X, y, "categorical_cross_entropy")
        losses.append(loss)
        optimizer.update(by_hand.parameters, gradients.parameters)
    history = training.fit(
        by_fit, X, y, loss="categorical_cross_entropy", learning_rate=0.5, epochs=300
    )

    np.testing.assert_allclose(history.loss, losses, rtol=1e-12)
    assert training.accuracy(by_hand, X_new, y_new) > 0.9


def test_a2_the_start_decides_the_end(logic_gates):
    X, y = logic_gates["XOR"]
    ends = {}
    for start in ("zeros", "glorot_uniform"):
        network = MLP([2, 8, 1], initializer=start, rng=np.random.default_rng(0))
        training.fit(network, X, y, learning_rate=0.5, epochs=2000)
        ends[start] = training.accuracy(network, X, y)
    assert ends == {"zeros": 0.5, "glorot_uniform": 1.0}


def test_a3_large_weights_saturate_at_both_ends():
    rng = np.random.default_rng(0)
    large = initializers.get("random_normal", std=10.0)
    network = MLP([100, 200, 1], activation="sigmoid", initializer=large, rng=rng)
    a = network.forward(rng.standard_normal((200, 100))).activations[0]
    near_one, near_zero = np.mean(a > 0.99), np.mean(a < 0.01)
    # z has a standard deviation of 100: |z| < log 99 in about 4 % of the cases.
    assert near_one + near_zero > 0.94
    # Each of 200 units is near 1 for half of the samples: five standard errors of that fraction.
    assert abs(near_one - 0.5) < 5 * 0.5 / np.sqrt(200)
    assert near_zero > 0.3
    sigmoid = activations.get("sigmoid")
    assert sigmoid.df(np.array([np.log(99.0)]))[0] < 0.01 < sigmoid.df(np.array([0.0]))[0]


def test_a4_large_weights_explode_wide_and_vanish_narrow(gradient_ratio):
    large = initializers.get("random_normal", std=10.0)
    for activation in ("sigmoid", "tanh"):
        wide = [gradient_ratio(500, activation, large, seed=seed) for seed in range(3)]
        narrow = [gradient_ratio(5, activation, large, seed=seed) for seed in range(21)]
        assert min(wide) > 1e3, activation
        assert np.median(narrow) < 1e-2, activation
    assert theory.chi_1("sigmoid", 10.0 * np.sqrt(500), 0.0) > 1

    # The narrow network's cost does not oscillate around a minimum: it creeps down, far above it.
    rng = np.random.default_rng(0)
    X, y = rng.uniform(0, 1, (100, 500)), np.arange(100) % 2
    network = MLP([500, 5, 5, 1], initializer=large, rng=rng)
    history = training.fit(network, X, y, epochs=1000)
    assert history.loss[-1] > np.log(2)
    assert np.mean(np.diff(history.loss) <= 0) > 0.95


def test_a5_a_sigmoid_maps_small_inputs_to_one_half():
    rng = np.random.default_rng(0)
    small = initializers.get("random_normal", std=0.0007)
    X = rng.standard_normal((50, 20))
    for activation, value in (("sigmoid", 0.5), ("tanh", 0.0), ("relu", 0.0)):
        network = MLP([20, 30, 1], activation=activation, initializer=small, rng=rng)
        # |z| stays below 6 standard deviations of sqrt(20) * 0.0007 * (a row's norm / sqrt(20)).
        z, a = network.forward(X).pre_activations[0], network.forward(X).activations[0]
        assert np.abs(z).max() < 0.05
        np.testing.assert_allclose(a, value, atol=np.abs(z).max())
    z = np.linspace(-10, 10, 2001)
    sigmoid = activations.get("sigmoid")
    assert z[sigmoid.df(z).argmax()] == pytest.approx(0, abs=1e-9)
    assert sigmoid.df(np.zeros(1))[0] == 0.25


def test_a6_small_weights_stall_deep_networks_only(standardized_cancer):
    X, y = standardized_cancer
    p = y.mean()
    entropy = -p * np.log(p) - (1 - p) * np.log(1 - p)
    small = initializers.get("random_normal", std=0.0007)
    for activation in ("tanh", "relu"):
        shallow, deep = (
            MLP(sizes, activation=activation, initializer=small, rng=np.random.default_rng(0))
            for sizes in ([30, 16, 1], [30, 16, 16, 16, 1])
        )
        training.fit(shallow, X, y, learning_rate=0.1, epochs=1000)
        history = training.fit(deep, X, y, learning_rate=0.1, epochs=1000)
        assert training.accuracy(shallow, X, y) > 0.95
        assert history.loss[-1] == pytest.approx(entropy, abs=1e-6)
        assert training.accuracy(deep, X, y) == pytest.approx(max(p, 1 - p))


def test_a7_ten_to_the_fourth():
    assert pytest.approx(0.0001) == 0.1 * 0.1 * 0.1 * 0.1
    assert 10 * 10 * 10 * 10 == 10_000 != 1000


def test_a8_what_explodes_is_the_product_with_the_fan():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((1, 1000))
    signal = x
    for _ in range(10):
        W = rng.uniform(-0.5, 0.5, (1000, 1000))  # every weight is below 1 in size
        signal = signal @ W
    assert np.linalg.norm(signal) / np.linalg.norm(x) > 1e8

    signal = x
    for _ in range(10):
        permutation = np.eye(1000)[rng.permutation(1000)]  # weights of exactly 1
        signal = signal @ permutation
    assert np.linalg.norm(signal) == pytest.approx(np.linalg.norm(x))

    huge = initializers.get("random_normal", std=10.0, dtype=np.float32)
    ends = {}
    for activation in ("relu", "tanh"):
        network = MLP(
            [100] * 30 + [1],
            activation=activation,
            initializer=huge,
            rng=np.random.default_rng(0),
            dtype=np.float32,
        )
        with np.errstate(over="ignore", invalid="ignore"):
            ends[activation] = network.logits(x[:, :100].astype(np.float32))
    assert not np.isfinite(ends["relu"]).all()
    assert np.isfinite(ends["tanh"]).all()


def test_a9_unit_variance_weights_explode():
    rng = np.random.default_rng(0)
    width, depth = 256, 10
    X = rng.standard_normal((50, width))
    variances = {}
    for std in (1.0, 1 / np.sqrt(width)):
        network = MLP(
            [width] * (depth + 1),
            activation="identity",
            initializer=initializers.get("random_normal", std=std),
            rng=rng,
        )
        variances[std] = [z.var() for z in network.forward(X).pre_activations]
    # At each layer the variance is multiplied by about fan_in * Var(W).
    growth = np.array(variances[1.0][1:]) / np.array(variances[1.0][:-1])
    np.testing.assert_allclose(growth, width, rtol=0.2)
    assert 0.3 < variances[1 / np.sqrt(width)][-1] < 3


def test_a10_one_over_n_is_lecun_and_linear():
    n = 400
    assert theory.gain("identity") == pytest.approx(1.0)
    for shape, same in (((n, n), True), ((n, 4 * n), False)):
        fan_in, fan_out = shape
        xavier, lecun = 2 / (fan_in + fan_out), 1 / fan_in
        assert np.isclose(xavier, lecun) == same
        rng = np.random.default_rng(0)
        W = initializers.glorot_normal(shape, rng)
        # Five standard errors of a variance; a normal's kurtosis of 3 bounds the truncated one's.
        assert abs(W.var() / xavier - 1) < 5 * np.sqrt(2 / W.size)

    rng = np.random.default_rng(1)
    X = rng.standard_normal((500, n))
    network = MLP([n] * 11, initializer="lecun_normal", rng=rng)
    trace = network.forward(X)
    assert abs(trace.pre_activations[0].var() - 1) < 0.05
    assert abs(trace.activations[0].var() - 0.394) < 0.02  # E[tanh(Z)^2], Z ~ N(0, 1)
    assert trace.activations[9].var() < 0.1


def test_a11_the_factor_is_the_second_moment_not_the_kink():
    z = np.random.default_rng(0).standard_normal(1_000_000)
    # Var(Z^2 [Z > 0]) = 3/2 - 1/4: five standard errors of the mean.
    assert abs(np.mean(np.maximum(z, 0) ** 2) - 0.5) < 5 * np.sqrt(1.25 / z.size)
    absolute = activations.Activation("absolute", np.abs, lambda z, a=None: np.sign(z))
    assert theory.gain("relu") ** 2 == pytest.approx(2.0)
    assert theory.gain(absolute) ** 2 == pytest.approx(1.0)  # a kink, and no factor
    # No kink, and nearly He's factor: what counts is the moment.
    assert theory.gain("gelu") ** 2 == pytest.approx(2.35, abs=0.01)


def test_a12_normalization_and_standardization(standardized_cancer):
    from sklearn.datasets import load_wine

    X = load_wine().data
    scaled = preprocessing.MinMaxScaler().fit(X[::2]).transform(X[::2])
    np.testing.assert_allclose(
        [scaled.min(axis=0), scaled.max(axis=0)], [[0] * 13, [1] * 13], atol=1e-12
    )
    standard = preprocessing.StandardScaler().fit(X).transform(X)
    np.testing.assert_allclose(standard.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(standard.std(axis=0), 1)
    # Conditions: new data may leave the interval, a constant column cannot have deviation 1.
    outside = preprocessing.MinMaxScaler().fit(X[::2]).transform(X[1::2])
    assert outside.min() < 0 or outside.max() > 1
    constant = np.column_stack([X[:, 0], np.full(len(X), 7.0)])
    assert preprocessing.StandardScaler().fit_transform(constant)[:, 1].std() == 0


def test_a13_layers_and_dates():
    shallow = MLP([4, 8, 1], rng=np.random.default_rng(0))
    assert len(shallow.sizes) == 3
    assert len(shallow.weights) == 2
    assert year_of("mcculloch1943") == 1943
    assert year_of("mccarthy1955") == 1955  # the proposal, for the workshop of 1956
    assert year_of("krizhevsky2012") == 2012


def test_a14_images_without_a_network(standardized_cancer):
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split
    from sklearn.neighbors import KNeighborsClassifier

    X, X_new, y, y_new = train_test_split(*load_digits(return_X_y=True), random_state=0)
    assert KNeighborsClassifier(1).fit(X, y).score(X_new, y_new) > 0.95

    X, X_new, y, y_new = train_test_split(*standardized_cancer, random_state=0)
    scores = {}
    for name, sizes in (("logistic", [30, 1]), ("network", [30, 16, 16, 1])):
        model = MLP(sizes, rng=np.random.default_rng(0))
        training.fit(model, X, y, learning_rate=0.1, epochs=1000)
        scores[name] = training.accuracy(model, X_new, y_new)
    # 143 test samples: the two differ by less than five standard errors of a difference.
    assert abs(scores["logistic"] - scores["network"]) < 5 * np.sqrt(2 * 0.04 * 0.96 / len(y_new))
    assert scores["logistic"] > 0.9


def test_a15_support_vector_machines_came_later():
    dates = [year_of(key) for key in ("minsky1969", "boser1992", "cortes1995")]
    assert all(earlier < later for earlier, later in itertools.pairwise([1960, *dates]))
