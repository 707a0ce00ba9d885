"""Training in the span of the data: the direct route's numbers where it is valid, else a reason."""

import numpy as np
import pytest

from course_code import ensembles, initializers, training
from course_code.network import MLP
from course_code.optimizers import SGD, Adam, RMSProp
from course_code.span import SpanNetwork, reason_against

N, FEATURES = 12, 60


def data(n=N):
    rng = np.random.default_rng(5)
    X = rng.uniform(0, 1, (n, FEATURES))
    return X, np.arange(n) % 2


def start(initializer="glorot_uniform", seed=0, **arguments):
    return MLP(
        [FEATURES, 5, 5, 1], initializer=initializer, rng=np.random.default_rng(seed), **arguments
    )


LARGE = initializers.get("random_normal", std=10.0)
OPTIMIZERS = {
    "plain": lambda: SGD(0.05),
    "momentum": lambda: SGD(0.05, momentum=0.9),
    "nesterov": lambda: SGD(0.05, momentum=0.9, nesterov=True),
}


def both_routes(network, X, y, make_optimizer, **arguments):
    direct, spanned = network.copy(), network.copy()
    optimizers = make_optimizer(), make_optimizer()
    histories = [
        training.fit(one, X, y, optimizer=optimizer, span=span, **arguments)
        for one, optimizer, span in zip((direct, spanned), optimizers, (False, True), strict=True)
    ]
    return (direct, spanned), optimizers, histories


def assert_equal_routes(networks, optimizers, histories, rtol=1e-9):
    (direct, spanned), (one, other) = networks, optimizers
    for field in ("loss", "accuracy", "validation_loss", "validation_accuracy"):
        expected, ours = (getattr(history, field) for history in histories)
        if expected is None:
            assert ours is None
        else:
            np.testing.assert_allclose(ours, expected, rtol=rtol)
    for arrays in (
        zip(direct.parameters, spanned.parameters, strict=True),
        zip(direct.statistics, spanned.statistics, strict=True),
        zip(one.velocities, other.velocities, strict=True),
    ):
        for expected, ours in arrays:
            assert ours.shape == expected.shape
            np.testing.assert_allclose(ours, expected, rtol=rtol, atol=rtol)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("initializer", ["zeros", LARGE, "glorot_uniform"])
def test_the_same_losses_and_weights_as_the_direct_route(initializer, optimizer):
    X, y = data()
    X_val, y_val = data(5)
    routes = both_routes(
        start(initializer), X, y, OPTIMIZERS[optimizer], epochs=100, validation_data=(X_val, y_val)
    )
    assert_equal_routes(*routes)
    (direct, spanned), _, _ = routes
    new = np.random.default_rng(7).uniform(0, 1, (9, FEATURES))  # outside the span of the samples
    np.testing.assert_allclose(spanned.logits(new), direct.logits(new), rtol=1e-9, atol=1e-12)
    np.testing.assert_array_equal(training.predict(spanned, new), training.predict(direct, new))


@pytest.mark.parametrize("norm", ["batch", "layer", "rms"])
def test_with_normalization(norm):
    X, y = data()
    network = start(normalization=norm)
    routes = both_routes(network, X, y, OPTIMIZERS["momentum"], epochs=50, validation_data=(X, y))
    assert_equal_routes(*routes)


@pytest.mark.parametrize("own_samples", [False, True])
def test_an_ensemble(own_samples):
    X, y = data()
    if own_samples:
        X, y = np.stack([X, X[:, ::-1], 2 * X]), np.stack([y, 1 - y, y])
    ensemble = ensembles.stack([start(LARGE), start(seed=1), start("zeros")])
    routes = both_routes(ensemble, X, y, OPTIMIZERS["nesterov"], epochs=50, validation_data=(X, y))
    assert_equal_routes(*routes)


def test_it_is_chosen_wherever_it_is_valid_and_only_there():
    X, y = data()

    def loss(**arguments):
        return training.fit(start(), X, y, epochs=30, **arguments).loss

    chosen, spanned, direct = loss(), loss(span=True), loss(span=False)
    np.testing.assert_array_equal(chosen, spanned)
    assert (chosen != direct).any()  # another order of the sums shows in the last digits
    np.testing.assert_allclose(chosen, direct, rtol=1e-12)
    np.testing.assert_array_equal(loss(optimizer="adam"), loss(optimizer="adam", span=False))


class OtherMLP(MLP):
    """A subclass may use its first weight in another way."""


def test_it_refuses_with_a_reason():
    X, y = data()
    used = SGD(0.1, momentum=0.9)
    training.fit(start(), X, y, optimizer=used, epochs=1)
    wide = start()
    other = OtherMLP([FEATURES, 2, 1], rng=np.random.default_rng(0))
    square = MLP([N, 2, 1], rng=np.random.default_rng(0))
    cases = [
        (wide, X, Adam(), None, "Adam divides each weight by its own gradients: only SGD stays"),
        (wide, X, RMSProp(), None, "RMSProp divides each weight by its own gradients"),
        (wide, X, SGD(), 4, "it needs the full batch at every step: batch_size must be None"),
        (wide, X, used, None, "it needs a fresh optimizer: this one remembers an earlier training"),
        (
            square,
            X[:, :N],
            SGD(),
            None,
            "it needs more features than samples; X has 12 samples of 12",
        ),
        (other, X, SGD(), None, "it is written for an MLP; got OtherMLP"),
    ]
    for network, inputs, optimizer, batch_size, reason in cases:
        assert reason in reason_against(network, inputs, optimizer, batch_size)
        with pytest.raises(ValueError, match=f"span=True is not valid here: {reason}"):
            training.fit(
                network, inputs, y, optimizer=optimizer, batch_size=batch_size, epochs=1, span=True,
                rng=np.random.default_rng(0),
            )  # fmt: skip
    assert reason_against(wide, X, SGD(0.1, 0.9), None) is None
    narrow = MLP([N + 1, 2, 1], rng=np.random.default_rng(0))
    assert reason_against(narrow, X[:, : N + 1], SGD(), None) is None


def test_a_training_goes_on_with_the_same_optimizer():
    """Its velocities come back in the coordinates of the full weights."""
    X, y = data()
    once, twice = start(), start()
    optimizer = SGD(0.05, momentum=0.9)
    training.fit(once, X, y, optimizer=SGD(0.05, momentum=0.9), epochs=40)
    for _ in range(2):
        training.fit(twice, X, y, optimizer=optimizer, epochs=20)
    for expected, ours in zip(once.parameters, twice.parameters, strict=True):
        np.testing.assert_allclose(ours, expected, rtol=1e-10, atol=1e-12)


def test_the_callback_sees_the_parameters_of_its_step():
    X, y = data()
    network = start(LARGE)
    seen = []
    history = training.fit(
        network, X, y, epochs=20, span=True,
        callback=lambda step, net: seen.append((step, net, net.gradients(X, y)[0])),
    )  # fmt: skip
    assert [step for step, _, _ in seen] == list(range(20))
    assert all(net is network for _, net, _ in seen)
    np.testing.assert_allclose([value for _, _, value in seen], history.loss, rtol=1e-10)


def test_an_interruption_keeps_the_last_complete_step():
    X, y = data()
    complete, interrupted = start(), start()
    training.fit(complete, X, y, epochs=7, span=True)

    def stop(step, _):
        if step == 7:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        training.fit(interrupted, X, y, epochs=50, span=True, callback=stop)
    for expected, ours in zip(complete.parameters, interrupted.parameters, strict=True):
        np.testing.assert_array_equal(ours, expected)


def test_a_divergence_is_that_of_the_direct_route():
    X, y = data()
    network = start(activation="identity")
    (direct, spanned), _, (expected, ours) = both_routes(
        network, X, y, lambda: SGD(50.0), epochs=60, loss="mean_squared_error"
    )
    assert ours.diverged_at == expected.diverged_at > 0
    np.testing.assert_allclose(ours.loss[:-1], expected.loss[:-1], rtol=1e-6)
    scale = np.abs(direct.weights[0]).max()
    np.testing.assert_allclose(spanned.weights[0] / scale, direct.weights[0] / scale, atol=1e-6)


def test_the_arrays_of_the_network_stay_its_own():
    X, y = data()
    network = start()
    before = list(network.parameters)
    training.fit(network, X, y, epochs=3, span=True)
    assert all(a is b for a, b in zip(before, network.parameters, strict=True))


def test_float32():
    X, y = data()
    network = start(dtype=np.float32)
    reference = start()
    reference.weights = [W.astype(np.float64) for W in network.weights]
    history = training.fit(network, X, y, epochs=50, span=True)
    assert {p.dtype for p in network.parameters} == {np.dtype(np.float32)}
    expected = training.fit(reference, X, y, epochs=50, span=False)
    np.testing.assert_allclose(history.loss, expected.loss, rtol=1e-5)


def test_the_first_weight_in_terms_of_the_samples():
    X, _ = data()
    network = start()
    model = SpanNetwork(network, X)
    assert model.weights[0].shape == (N, 5)
    assert all(a is b for a, b in zip(model.parameters[1:], network.parameters[1:], strict=True))
    A = np.random.default_rng(0).standard_normal((N, 5))
    model.weights[0] += A
    expected = network.weights[0] + X.T @ A
    new = np.random.default_rng(1).standard_normal((4, FEATURES))
    logits = model._forward(model.project(new), training=False).logits
    model.write_back()
    np.testing.assert_allclose(network.weights[0], expected, rtol=1e-13)
    np.testing.assert_allclose(network.logits(new), logits, rtol=1e-10)
