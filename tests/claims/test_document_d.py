"""Claims of document D. Each test fails if the verdict is wrong."""

import numpy as np
import pytest

from course_code import initializers, theory, training
from course_code.network import MLP


def test_d1_weights_and_edges():
    sizes = [4, 5, 3, 1]
    network = MLP(sizes, rng=np.random.default_rng(0))
    edges = [
        (layer, source, target)
        for layer in range(len(sizes) - 1)
        for source in range(sizes[layer])
        for target in range(sizes[layer + 1])
    ]
    n_biases = sum(sizes[1:])
    assert sum(W.size for W in network.weights) == len(edges)
    assert network.n_parameters == len(edges) + n_biases
    # A 3 x 3 convolution of 8 x 8 pixels without padding: 36 positions share 9 weights.
    kernel = initializers.he_normal((3, 3, 1, 1), np.random.default_rng(0))
    positions = (8 - 3 + 1) ** 2
    assert kernel.size == 9
    assert positions * kernel.size == 324


def test_d2_gradient_descent_does_not_need_random_numbers(standardized_cancer):
    X, y = standardized_cancer
    rng = np.random.default_rng(0)
    logistic = MLP([30, 1], initializer="zeros", rng=rng)
    training.fit(logistic, X, y, learning_rate=0.1, epochs=20, batch_size=32, rng=rng)
    assert training.accuracy(logistic, X, y) > 0.97
    # "Small" has no meaning without the fan: one standard deviation, two widths, two fates.
    finals = []
    for width in (16, 4096):
        W = initializers.random_normal((width, 8), rng, std=0.1)
        finals.append(np.std(rng.standard_normal((500, width)) @ W))
    assert finals[0] < 0.5 < 5 < finals[1]


def test_d3_the_forward_pass_is_half_of_it(logic_gates):
    # Widths shrink 4-fold, twice: weights of variance 1/fan_in keep the forward signal...
    sizes = [1024, 256, 64, 16]
    rng = np.random.default_rng(0)
    network = MLP(sizes, activation="identity", initializer="lecun_normal", rng=rng)
    X = rng.standard_normal((400, 1024))
    trace = network.forward(X)
    assert all(abs(np.log(z.var())) < 0.5 for z in trace.pre_activations)
    # ...while the backward signal shrinks by fan_out / fan_in at each layer.
    _, gradients = network.gradients(X, rng.standard_normal((400, 16)), "mean_squared_error")
    variances = [delta.var() for delta in gradients.pre_activations]
    assert variances[1] / variances[2] == pytest.approx(1 / 4, rel=0.5)
    assert variances[0] / variances[2] == pytest.approx(1 / 16, rel=0.5)
    # A permutation-like constant start keeps sizes, and leaves all units equal.
    X, y = logic_gates["XOR"]
    equal = MLP([2, 2, 1], initializer=initializers.get("constant", value=0.5), rng=rng)
    training.fit(equal, X, y, learning_rate=0.5, epochs=2000)
    assert training.accuracy(equal, X, y) < 1


def test_d4_equal_across_units_not_across_inputs(logic_gates):
    X, y = np.array([[0.0, 1.0], [1.0, 0.0], [1.0, 3.0], [0.0, 0.5]]), np.array([0, 1, 1, 1])
    network = MLP(
        [2, 4, 1], activation="sigmoid", initializer="zeros", rng=np.random.default_rng(0)
    )
    for step in range(5):
        _, gradients = network.gradients(X, y)
        dW = gradients.weights[0]
        assert np.ptp(dW, axis=1).max() == 0  # the same for every unit
        if step:
            assert np.ptp(dW, axis=0).min() > 1e-4  # not for every weight: inputs differ
        for parameter, gradient in zip(network.parameters, gradients.parameters, strict=True):
            parameter -= 0.5 * gradient


def test_d5_ones_do_not_break_symmetry(logic_gates):
    X, y = logic_gates["XOR"]
    accuracies = {}
    for start in ("zeros", "ones", "glorot_uniform"):
        for activation in ("tanh", "sigmoid", "relu"):
            network = MLP(
                [2, 8, 1], activation=activation, initializer=start, rng=np.random.default_rng(0)
            )
            training.fit(network, X, y, learning_rate=0.5, epochs=1500)
            accuracies[start, activation] = training.accuracy(network, X, y)
            if start != "glorot_uniform":
                assert np.ptp(network.weights[0], axis=1).max() == 0
    for activation in ("tanh", "sigmoid", "relu"):
        assert accuracies["ones", activation] <= 0.75
        assert accuracies["glorot_uniform", activation] == 1.0


def test_d7_orthogonal_needs_linear_layers_or_a_gain():
    n, depth = 200, 10
    rng = np.random.default_rng(0)
    starts = {"orthogonal": initializers.orthogonal, "lecun_normal": initializers.lecun_normal}
    singular_values = {}
    for name, draw in starts.items():
        product = np.linalg.multi_dot([draw((n, n), rng) for _ in range(depth)])
        singular_values[name] = np.linalg.svd(product, compute_uv=False)
    np.testing.assert_allclose(singular_values["orthogonal"], 1, rtol=1e-10)
    gaussian = singular_values["lecun_normal"]
    assert gaussian[0] > 3
    assert gaussian[-1] < 1e-3

    X = rng.standard_normal((100, n))
    ends = {}
    for gain in (1.0, np.sqrt(2)):
        network = MLP(
            [n] * 21 + [1],
            activation="relu",
            initializer=initializers.get("orthogonal", gain=gain),
            rng=rng,
        )
        ends[gain] = np.mean(network.forward(X).activations[19] ** 2)
    assert ends[1.0] < 1e-4
    assert ends[np.sqrt(2)] > 0.05
    assert theory.gain("relu") == pytest.approx(np.sqrt(2))
