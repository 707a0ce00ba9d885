"""Claims of document C, "Weight initialization techniques". Each fails if the verdict is wrong."""

import numpy as np
import pytest

from course_code import initializers, training
from course_code.network import MLP


def constant(value):
    return initializers.get("constant", value=value)


def spread_of_units(network):
    """The largest difference between two units of a hidden layer, over their incoming weights."""
    return max(np.ptp(W, axis=-1).max() for W in network.weights[:-1])


def test_c1_vanishing_exploding_slow(gradient_ratio):
    he_std = np.sqrt(2 / 100)

    def scaled(factor):
        return initializers.get("random_normal", std=factor * he_std)

    ratios = [gradient_ratio(100, "relu", scaled(f), depth=20) for f in (0.1, 1.0, 10.0)]
    assert ratios[0] < 1e-15
    assert ratios[2] > 1e15
    assert 1e-2 < ratios[1] < 1e2

    rng = np.random.default_rng(0)
    X = rng.standard_normal((200, 10))
    y = X @ rng.standard_normal(10) > 0
    ends = []
    for initializer in ("glorot_uniform", initializers.get("random_normal", std=10.0)):
        network = MLP([10, 16, 1], activation="sigmoid", initializer=initializer, rng=rng)
        ends.append(training.fit(network, X, y, learning_rate=0.3, epochs=1000).loss[-1])
    assert ends[1] > 2 * ends[0]


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_c2_c3_zero_weights_stay_but_the_output_bias_moves(activation, logic_gates):
    losses = {}
    for gate, (X, y) in logic_gates.items():
        network = MLP(
            [2, 8, 1], activation=activation, initializer="zeros", rng=np.random.default_rng(0)
        )
        losses[gate] = training.fit(network, X, y, learning_rate=0.5, epochs=2000).loss[-1]
        assert all((W == 0).all() for W in network.weights)
    assert losses["XOR"] == pytest.approx(np.log(2), abs=1e-15)  # balanced: nothing moves at all
    entropy = -0.25 * np.log(0.25) - 0.75 * np.log(0.75)  # AND: one label in four is 1
    assert losses["AND"] == pytest.approx(entropy, abs=1e-9)
    assert entropy < np.log(2) - 0.1


def test_c4_zero_sigmoid_trains_like_one_unit(logic_gates):
    X, y = logic_gates["AND"]
    network = MLP(
        [2, 8, 1], activation="sigmoid", initializer="zeros", rng=np.random.default_rng(0)
    )
    assert (network.forward(X).activations[0] == 0.5).all()
    training.fit(network, X, y, learning_rate=0.5, epochs=2000)
    assert training.accuracy(network, X, y) == 1.0
    assert spread_of_units(network) == 0
    # Balanced labels: the sums are exactly zero and the saddle holds.
    network = MLP(
        [2, 8, 1], activation="sigmoid", initializer="zeros", rng=np.random.default_rng(0)
    )
    history = training.fit(network, *logic_gates["XOR"], learning_rate=0.5, epochs=1000)
    assert history.loss[-1] == pytest.approx(np.log(2), abs=1e-15)


def test_c5_one_relu_is_not_linear():
    x = np.linspace(-1, 1, 101)[:, None]
    y = np.maximum(x[:, 0] - 0.2, 0)
    network = MLP(
        [1, 8, 1],
        activation="relu",
        initializer=constant(0.5),
        bias_initializer=constant(0.5),
        rng=np.random.default_rng(0),
    )
    history = training.fit(
        network, x, y, loss="mean_squared_error", learning_rate=0.05, epochs=3000
    )
    line = np.polynomial.Polynomial.fit(x[:, 0], y, 1)
    best_line = np.mean((line(x[:, 0]) - y) ** 2)
    assert history.loss[-1] < best_line / 1000
    assert spread_of_units(network) == 0
    # At the start, on inputs where the one unit is active everywhere, it is linear.
    positive = MLP(
        [1, 8, 1], activation="relu", initializer=constant(0.5), rng=np.random.default_rng(0)
    )
    logits = positive.logits(np.array([[1.0], [2.0], [3.0]]))[:, 0]
    assert logits[2] - logits[1] == pytest.approx(logits[1] - logits[0])


def test_c6_small_weights_hurt_sigmoid_most(gradient_ratio):
    small = initializers.get("random_normal", std=0.0007)
    ratio = {
        activation: np.median(
            [gradient_ratio(64, activation, small, depth=5, seed=seed) for seed in range(9)]
        )
        for activation in ("tanh", "relu", "sigmoid")
    }
    assert max(ratio.values()) < 1e-6  # all vanish
    # Four layers back, each with the slope 1, about 1/sqrt(2) (rms) or 1/4.
    assert ratio["sigmoid"] / ratio["tanh"] == pytest.approx(4.0**-4, rel=0.5)
    assert ratio["sigmoid"] < ratio["relu"] < ratio["tanh"]


def test_c7_large_weights_saturate_or_explode():
    rng = np.random.default_rng(0)
    X = rng.uniform(0, 1, (100, 64))
    large = initializers.get("random_uniform", low=0.0, high=1.0)
    for activation in ("tanh", "sigmoid"):
        network = MLP([64, 64, 64, 64, 1], activation=activation, initializer=large, rng=rng)
        trace = network.forward(X)
        slopes = [network.activation.df(z) for z in trace.pre_activations[:-1]]
        assert np.mean(np.array(slopes) < 0.01) > 0.99
    trace = MLP([64, 64, 64, 64, 1], activation="relu", initializer=large, rng=rng).forward(X)
    sizes = [np.mean(a) for a in (X, *trace.activations[:3])]
    assert all(a > 0 for a in sizes)
    assert not (trace.activations[2] == 0).any()
    # Positive inputs, mean weight 1/2: each layer multiplies the mean by about fan_in / 2.
    np.testing.assert_allclose(np.array(sizes[1:]) / sizes[:-1], 64 / 2, rtol=0.1)


def test_c8_the_heuristic_is_not_xavier():
    n = 500
    rng = np.random.default_rng(0)
    heuristic = rng.uniform(-1 / np.sqrt(n), 1 / np.sqrt(n), (n, n))
    xavier = initializers.glorot_uniform((n, n), rng)
    assert np.abs(xavier).max() > 1.7 / np.sqrt(n) > np.abs(heuristic).max()
    # A uniform law's kurtosis is 9/5: the standard error of its variance is sqrt(0.8 / size).
    for W, variance in ((heuristic, 1 / (3 * n)), (xavier, 1 / n)):
        assert abs(W.var() / variance - 1) < 5 * np.sqrt(0.8 / W.size)


def test_c9_xavier_is_lecun_only_when_square():
    rng = np.random.default_rng(0)
    for (fan_in, fan_out), equal in (((400, 400), True), ((400, 1600), False)):
        as_document = rng.standard_normal((fan_in, fan_out)) * np.sqrt(1 / fan_in)
        xavier = initializers.glorot_normal((fan_in, fan_out), rng)
        ratio = as_document.var() / xavier.var()
        assert (abs(ratio - 1) < 5 * np.sqrt(4 / as_document.size)) == equal
    assert (
        initializers.glorot_normal((1600, 400), rng).std()
        < initializers.glorot_normal((100, 400), rng).std()
    )


def test_c10_xavier_uniform_bound():
    fan_in, fan_out = 300, 700
    bound = np.sqrt(6 / (fan_in + fan_out))
    W = initializers.glorot_uniform((fan_in, fan_out), np.random.default_rng(0))
    # The largest of N uniform draws falls short of the bound by more than 20/N with odds e^-20.
    assert bound * (1 - 20 / W.size) < np.abs(W).max() <= bound


def test_c11_he_normal_and_uniform():
    fan_in, fan_out = 300, 700
    rng = np.random.default_rng(0)
    by_hand = rng.standard_normal((fan_in, fan_out)) * np.sqrt(2 / fan_in)
    normal = initializers.he_normal((fan_in, fan_out), rng)
    uniform = initializers.he_uniform((fan_in, fan_out), rng)
    for W in (by_hand, normal, uniform):
        assert abs(W.var() / (2 / fan_in) - 1) < 5 * np.sqrt(2 / W.size)
    bound = np.sqrt(6 / fan_in)
    assert bound * (1 - 20 / uniform.size) < np.abs(uniform).max() <= bound
