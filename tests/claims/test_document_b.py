"""Claims of document B, "Coding neural network: parameters' initialization".

Its experiment, on drawn cats and dogs: 100 images of 67,500 features, 67,500-5-5-1, tanh,
full-batch gradient descent at a learning rate of 0.01, 1000 steps. Ten seeds of a start train as
one ensemble.
"""

import functools

import numpy as np
import pytest

from course_code import datasets, ensembles, initializers, training
from course_code.network import MLP

N_SEEDS = 10
# The paths are chaotic: one in fifty He starts collapses, and rounding decides which (chapter 9).
MOST = 0.7
SIZES = [67_500, 5, 5, 1]
STARTS = {
    "zeros": initializers.get("zeros"),
    "large": initializers.get("random_normal", std=10.0),
    "large_uniform": initializers.get("random_uniform", low=-10 * 3**0.5, high=10 * 3**0.5),
    "rand": initializers.get("random_uniform", low=0.0, high=10.0),
    "he": initializers.get("variance_scaling", scale=2.0, distribution="normal"),
    "xavier": initializers.get("variance_scaling", scale=1.0, distribution="normal"),
}


@functools.cache
def pets(n_samples, seed):
    X, y = datasets.make_pets(n_samples, rng=np.random.default_rng(seed))
    return X / 255, y


@functools.cache
def trained(start):
    networks = [
        MLP(SIZES, initializer=STARTS[start], rng=np.random.default_rng(seed))
        for seed in range(N_SEEDS)
    ]
    ensemble = ensembles.stack(networks)
    history = training.fit(ensemble, *pets(100, 0), epochs=1000)
    return ensemble, history


def errors_on(n_samples, seed):
    X, y = pets(n_samples, seed)
    starts = ("zeros", "large", "he", "xavier")
    return {start: 1 - training.accuracy(trained(start)[0], X, y) for start in starts}


def test_b1_one_solution_only_where_the_minimizer_is_unique(standardized_cancer):
    X, y = standardized_cancer
    X = X[:, [1, 4, 8]]  # three features whose classes overlap: one finite minimizer
    starts = (initializers.get("zeros"), initializers.get("random_normal", std=3.0))

    def fitted(sizes, X, y, starts, seeds, **how):
        networks = [
            MLP(sizes, initializer=start, rng=np.random.default_rng(seed))
            for start, seed in zip(starts, seeds, strict=True)
        ]
        ensemble = ensembles.stack(networks)
        return ensemble, training.fit(ensemble, X, y, **how).loss[-1]

    logistic, ends = fitted([3, 1], X, y, starts, (0, 0), learning_rate=4.0, epochs=3000)
    np.testing.assert_allclose(logistic.weights[0][0], logistic.weights[0][1], rtol=1e-4)
    assert ends[0] == pytest.approx(ends[1], rel=1e-9)

    gate = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]), np.array([0, 1, 1, 0])
    large = [starts[1]] * 10
    _, losses = fitted([2, 2, 1], *gate, large, range(10), learning_rate=0.5, epochs=5000)
    assert min(losses) < 0.01 < 0.3 < max(losses)  # XOR with two hidden units: some starts fail

    # More features than samples: what the samples do not see of the start stays for ever.
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((20, 100)), np.arange(20) % 2
    ensemble, _ = fitted([100, 1], X, y, starts, (0, 0), learning_rate=0.1, epochs=2000)
    models = [ensembles.member(ensemble, k) for k in (0, 1)]
    unseen = np.eye(100) - np.linalg.pinv(X) @ X
    start = MLP([100, 1], initializer=starts[1], rng=np.random.default_rng(0)).weights[0]
    np.testing.assert_allclose(unseen @ models[1].weights[0], unseen @ start, atol=1e-9)
    X_new = rng.standard_normal((500, 100))
    disagreement = np.mean(training.predict(models[0], X_new) != training.predict(models[1], X_new))
    assert all(training.accuracy(model, X, y) == 1 for model in models)
    assert disagreement > 0.2


def test_b2_zeros_stay_at_log_two():
    X, y = pets(100, 0)
    network = MLP(SIZES, initializer="zeros", rng=np.random.default_rng(0))
    history = training.fit(network, X, y, epochs=1000)
    assert (history.loss == 0.6931471805599453).all()
    assert (history.accuracy == 0.5).all()
    assert training.accuracy(network, X, y) == 0.5


def test_b3_symmetry_does_not_stop_the_cost():
    X, y = pets(100, 0)
    zeros = MLP(SIZES, initializer="zeros", rng=np.random.default_rng(0))
    _, gradients = zeros.gradients(X, y)
    assert all((gradient == 0).all() for gradient in gradients.weights)  # the saddle

    X, y = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]), np.array([0, 0, 1, 1])
    constant = MLP(
        [2, 5, 5, 1],
        initializer=initializers.get("constant", value=0.5),
        rng=np.random.default_rng(0),
    )
    history = training.fit(constant, X, y, learning_rate=0.1, epochs=2000)
    for W in constant.weights[:-1]:
        assert np.ptp(W, axis=1).max() == 0  # as symmetric as ever
    assert history.loss[-1] < 0.1 < np.log(2)


def test_b4_normal_or_uniform_if_centred():
    loss = {start: trained(start)[1].loss for start in ("large", "large_uniform", "rand")}
    medians = {start: np.median(loss[start][-1]) for start in loss}
    # Of two samples of ten from one law, each median is inside the other's range.
    for one, other in (("large", "large_uniform"), ("large_uniform", "large")):
        assert loss[one][-1].min() < medians[other] < loss[one][-1].max()
    # The same law moved to [0, 10] is another matter: every image saturates the same units.
    X, y = pets(100, 0)
    distinct = {}
    for start in ("large_uniform", "rand"):
        network = MLP(SIZES, initializer=STARTS[start], rng=np.random.default_rng(0))
        distinct[start] = len(np.unique(network.logits(X).round(6)))
    assert distinct["rand"] == 1 < distinct["large_uniform"]
    accuracies = training.accuracy(trained("rand")[0], X, y)
    assert np.mean(accuracies == 0.5) > 0.8


def test_b5_large_starts_stay_above_log_two_by_different_amounts():
    final = trained("large")[1].loss[-1]
    assert (final > np.log(2)).all()
    assert final.max() > 3 * final.min()
    assert np.median(training.accuracy(trained("large")[0], *pets(100, 0))) < 0.65


def test_b6_he_and_xavier_reach_the_end_by_unrepeatable_paths():
    X, y = pets(100, 0)
    for start in ("he", "xavier"):
        ensemble, history = trained(start)
        assert np.mean(training.accuracy(ensemble, X, y) >= 0.95) >= MOST
        assert history.loss[-1].max() > 1.2 * history.loss[-1].min()
    # The last digit of one weight changes the path.
    network = MLP(SIZES, initializer=STARTS["he"], rng=np.random.default_rng(0))
    nudged = network.copy()
    nudged.weights[0] *= 1 + 1e-12
    paths = [training.fit(model, X, y, epochs=1000).loss for model in (network, nudged)]
    apart = np.abs(paths[0] / paths[1] - 1)
    assert apart[0] < 1e-9
    assert apart.max() > 1e4 * max(apart[0], 1e-16)


def test_b7_good_starts_reach_lower_training_error():
    errors = errors_on(100, 0)
    for good in ("he", "xavier"):
        for bad in ("zeros", "large"):
            assert np.mean(errors[good] < errors[bad]) >= MOST
        final, large = trained(good)[1].loss[-1], trained("large")[1].loss[-1]
        assert np.mean(final < large.min()) >= MOST


def test_b8_the_test_error():
    new_errors, training_errors = errors_on(200, 1), errors_on(100, 0)
    # 200 new images: an error of 0.5 has a standard error of 0.035.
    chance = 0.5 - 2 * 0.035
    for good in ("he", "xavier"):
        assert np.median(new_errors[good]) < chance
        assert min(np.median(new_errors[bad]) for bad in ("zeros", "large")) > chance
        # The direction holds, the size does not: nothing like the training error.
        assert np.median(training_errors[good]) < 0.02
        assert np.median(new_errors[good]) > 0.25


def test_b9_dividing_by_255_does_not_standardize():
    X, _ = pets(100, 0)
    assert 0 <= X.min() < X.max() <= 1
    assert X.mean() > 0.1
    assert X.std() < 0.5
    assert np.abs(X.mean(axis=0)).min() > 0.05  # not one pixel has mean 0


def test_b10_he_for_relu_xavier_for_tanh():
    width, depth = 512, 30
    X = np.random.default_rng(0).standard_normal((50, width))

    def last_rms(activation, initializer):
        network = MLP(
            [width] * (depth + 1) + [1],
            activation=activation,
            initializer=initializer,
            rng=np.random.default_rng(1),
        )
        return np.sqrt(np.mean(network.forward(X).activations[depth - 1] ** 2))

    assert 0.3 < last_rms("relu", "he_normal") < 3
    halvings = -2 * np.log2(last_rms("relu", "glorot_normal"))
    assert halvings == pytest.approx(depth, abs=3)
    assert last_rms("tanh", "glorot_normal") > 0.05
    assert last_rms("tanh", "he_normal") > last_rms("tanh", "glorot_normal")  # He saturates more


def test_b11_big_starts_cost_more_than_zeros():
    assert 1.004767088515343 > 0.6931471805599453  # the document's own last two costs
    assert (trained("large")[1].loss[-1] > trained("zeros")[1].loss[-1]).all()
