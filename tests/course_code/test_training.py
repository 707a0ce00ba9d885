"""The training loop against loops by hand; divergence, interruption and errors."""

import dataclasses

import numpy as np
import pytest

from course_code import activations, ensembles, initializers, losses, training
from course_code.network import MLP
from course_code.optimizers import SGD, Adam

SIZES = [4, 5, 1]


def data(n=20, n_features=4, seed=10):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, n_features))
    return X, (X[:, 0] > 0).astype(int)


def start(sizes=SIZES, seed=0, **arguments):
    return MLP(sizes, rng=np.random.default_rng(seed), **arguments)


def assert_same(one, other):
    for a, b in zip(
        one.parameters + one.statistics, other.parameters + other.statistics, strict=True
    ):
        np.testing.assert_array_equal(a, b)


# ---- what a history says -----------------------------------------------------------------------


def test_full_batches_against_the_loop_by_hand():
    """loss[i] is the loss of step i before that step's update."""
    X, y = data()
    network, by_hand = start(), start()
    history = training.fit(network, X, y, learning_rate=0.3, epochs=25)
    loss = losses.get("binary_cross_entropy")
    expected, right = [], []
    for _ in range(25):
        expected.append(loss.value(by_hand.logits(X), y))
        right.append(training.accuracy(by_hand, X, y))
        _, gradients = by_hand.gradients(X, y)
        for parameter, gradient in zip(by_hand.parameters, gradients.parameters, strict=True):
            parameter -= 0.3 * gradient
    np.testing.assert_array_equal(history.loss, expected)
    np.testing.assert_array_equal(history.accuracy, right)
    assert_same(network, by_hand)
    assert history.loss.dtype == history.accuracy.dtype == np.float64
    assert history.diverged_at is None
    assert history.validation_loss is None
    assert history.validation_accuracy is None


def test_minibatches_against_the_loop_by_hand():
    X, y = data()
    X_val, y_val = data(seed=11)
    network, by_hand = start(), start()
    history = training.fit(
        network, X, y, optimizer="adam", learning_rate=0.02, epochs=4, batch_size=6,
        rng=np.random.default_rng(3), validation_data=(X_val, y_val),
    )  # fmt: skip
    rng, optimizer = np.random.default_rng(3), Adam(0.02)
    expected, validation = [], []
    for _ in range(4):
        order = rng.permutation(20)
        for batch in (order[:6], order[6:12], order[12:18], order[18:]):
            value, gradients = by_hand.gradients(X[batch], y[batch])
            expected.append(value)
            optimizer.update(by_hand.parameters, gradients.parameters)
        validation.append(
            (
                losses.get("binary_cross_entropy").value(by_hand.logits(X_val), y_val),
                training.accuracy(by_hand, X_val, y_val),
            )
        )
    np.testing.assert_array_equal(history.loss, expected)
    assert history.accuracy.shape == (16,)
    np.testing.assert_array_equal(history.validation_loss, [value for value, _ in validation])
    np.testing.assert_array_equal(history.validation_accuracy, [right for _, right in validation])
    assert_same(network, by_hand)


def test_a_batch_larger_than_the_data_is_all_of_them():
    X, y = data()
    one, other = start(), start()
    history = training.fit(one, X, y, epochs=3, batch_size=500, rng=np.random.default_rng(0))
    assert history.loss.shape == (3,)
    expected = training.fit(other, X, y, epochs=3)
    np.testing.assert_allclose(history.loss, expected.loss, rtol=1e-13)


def test_shuffling_is_reproducible_and_changes_from_epoch_to_epoch():
    X, y = data()

    def loss(seed):
        return training.fit(
            start(), X, y, learning_rate=0.0, epochs=3, batch_size=5,
            rng=np.random.default_rng(seed),
        ).loss.reshape(3, 4)  # fmt: skip

    np.testing.assert_array_equal(loss(0), loss(0))
    assert (loss(0) != loss(1)).any()
    assert (loss(0)[0] != loss(0)[1]).any()
    # Without learning, the batches of every epoch are the same samples in another order.
    np.testing.assert_allclose(loss(0).mean(axis=1), loss(1).mean(), rtol=1e-13)


def test_full_batches_do_not_touch_the_generator():
    X, y = data()
    rng = np.random.default_rng(0)
    training.fit(start(), X, y, epochs=2, rng=rng)
    assert rng.bit_generator.state == np.random.default_rng(0).bit_generator.state


@pytest.mark.parametrize("n_members", [None, 3])
@pytest.mark.parametrize("waiting", [1, 250, 10**9])
def test_accuracies_do_not_depend_on_when_they_are_counted(monkeypatch, waiting, n_members):
    monkeypatch.setattr("course_code.history.WAITING", waiting)
    X, y = data()
    networks = [start(seed=i) for i in range(n_members or 1)]
    network = ensembles.stack(networks) if n_members else networks[0]
    accuracies = []

    def callback(step, network):
        accuracies.append(training.accuracy(network, X, y))

    history = training.fit(network, X, y, learning_rate=0.5, epochs=15, callback=callback)
    np.testing.assert_array_equal(history.accuracy, accuracies)


def test_regression_has_no_accuracy():
    X, _ = data()
    history = training.fit(
        start(), X, X[:, 0], loss="mean_squared_error", epochs=50, learning_rate=0.1,
        validation_data=(X, X[:, 0]),
    )  # fmt: skip
    assert history.accuracy is None
    assert history.validation_accuracy is None
    assert history.validation_loss.shape == (50,)
    # A validation after an epoch is the next step's training loss.
    np.testing.assert_allclose(history.validation_loss[:-1], history.loss[1:], rtol=1e-14)
    constant = training.fit(start(), X, np.ones(20), loss="mean_squared_error", epochs=2)
    assert constant.loss.shape == (2,)  # equal targets are one class only where they are classes


def test_several_classes():
    X, _ = data()
    y = np.arange(20) % 3
    network = start([4, 5, 3])
    history = training.fit(
        network, X, y, loss="categorical_cross_entropy", epochs=300, optimizer="adam",
        learning_rate=0.05,
    )  # fmt: skip
    assert history.loss[-1] < 0.5 * history.loss[0]
    assert training.accuracy(network, X, y) >= history.accuracy[-1] > 0.8
    predicted = training.predict(network, X)
    assert predicted.dtype.kind == "i"
    np.testing.assert_array_equal(predicted, network.logits(X).argmax(axis=1))
    assert training.accuracy(network, X, y) == np.mean(predicted == y)


def test_predict_and_accuracy_of_one_output():
    X, y = data()
    network = start()
    network.biases[-1][:] = 0.1
    logits = network.logits(X)[:, 0]
    np.testing.assert_array_equal(training.predict(network, X), (logits > 0).astype(int))
    assert 0 < training.predict(network, X).mean() < 1
    assert training.accuracy(network, X, y) == np.mean((logits > 0) == y)
    assert isinstance(training.accuracy(network, X, y), float)
    ensemble = ensembles.stack([network, start(seed=1)])
    assert training.predict(ensemble, X).shape == (2, 20)
    assert training.accuracy(ensemble, X, y).shape == (2,)
    assert training.accuracy(network, [[0.0] * 4], [1]) == 1.0  # one class is fine here


def test_the_callback_sees_the_parameters_of_its_step():
    X, y = data()
    network = start()
    seen = []
    history = training.fit(
        network, X, y, epochs=3, batch_size=10, rng=np.random.default_rng(0),
        callback=lambda step, net: seen.append((step, net is network, net.weights[0].copy())),
    )  # fmt: skip
    assert [(step, same) for step, same, _ in seen] == [(i, True) for i in range(6)]
    np.testing.assert_array_equal(seen[0][2], start().weights[0])
    assert history.loss.shape == (6,)
    after_two = start()
    training.fit(after_two, X, y, epochs=1, batch_size=10, rng=np.random.default_rng(0))
    np.testing.assert_array_equal(seen[2][2], after_two.weights[0])


def test_an_optimizer_object_brings_its_own_learning_rate():
    X, y = data()
    one, other = start(), start()
    training.fit(one, X, y, optimizer=SGD(0.3), epochs=5)
    training.fit(other, X, y, learning_rate=0.3, epochs=5)
    assert_same(one, other)
    training.fit(start(), X, y, optimizer=SGD(0.3), learning_rate=0.3, epochs=1)
    with pytest.raises(ValueError, match=r"learning_rate=0\.2 and an optimizer with its own, 0\.3"):
        training.fit(one, X, y, optimizer=SGD(0.3), learning_rate=0.2, epochs=1)
    assert_same(one, other)


def test_the_default_learning_rate_is_a_hundredth():
    X, y = data()
    one, other = start(), start()
    training.fit(one, X, y, epochs=5)
    training.fit(other, X, y, learning_rate=0.01, optimizer="sgd", epochs=5)
    assert_same(one, other)


def test_the_progress_bar(capsys):
    X, y = data()
    quiet, shown = start(), start()
    training.fit(quiet, X, y, epochs=3)
    assert capsys.readouterr() == ("", "")
    training.fit(shown, X, y, epochs=3, progress=True)
    out, err = capsys.readouterr()
    assert out == ""
    assert "training: 100%" in err
    assert "3/3" in err
    assert_same(quiet, shown)


# ---- divergence and interruption ---------------------------------------------------------------


def test_divergence_is_recorded_and_stops_the_training():
    X, _ = data()
    y = X @ [1.0, -2.0, 0.5, 3.0]
    steps = []
    network = start(activation="identity")
    history = training.fit(
        network, X, y, loss="mean_squared_error", learning_rate=1.0, epochs=100,
        validation_data=(X, y), callback=lambda step, net: steps.append(step),
    )  # fmt: skip
    step = history.diverged_at
    assert 0 < step < 99
    assert type(step) is int
    assert history.loss.shape == (step + 1,)
    assert np.isfinite(history.loss[:-1]).all()
    assert not np.isfinite(history.loss[-1])
    assert history.validation_loss.shape == (step,)
    assert steps == list(range(step))
    kept = start(activation="identity")
    training.fit(
        kept, X, y, loss="mean_squared_error", learning_rate=1.0, epochs=step
    )  # the parameters that gave the first loss that is not finite
    assert_same(network, kept)


def test_a_divergence_leaves_batch_normalizations_memory_as_it_was():
    X, y = data()
    network = start(normalization="batch")
    network.weights[-1][:] = 1e200
    history = training.fit(network, X, y, loss="mean_squared_error", epochs=5)
    assert history.diverged_at == 0
    assert_same(network.with_arrays(network.parameters, start(normalization="batch").statistics),
                network)  # fmt: skip


def test_an_accuracy_after_divergence_is_not_a_number():
    X, y = data()
    linear = start(activation="identity")
    linear.weights[0][:] = 1e308  # the sums overflow: inf - inf in the next layer
    history = training.fit(ensembles.stack([linear, start(activation="identity")]), X, y, epochs=3)
    assert history.diverged_at == [0, None]
    assert np.isnan(history.accuracy[:, 0]).all()
    assert np.isfinite(history.accuracy[:, 1]).all()
    assert np.isnan(history.loss[1:, 0]).all()


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_an_interruption_keeps_the_last_complete_step(error):
    X, y = data()
    complete, interrupted = start(), start()
    training.fit(complete, X, y, optimizer="adam", epochs=7)

    def stop(step, _):
        if step == 7:
            raise error

    with pytest.raises(error):
        training.fit(interrupted, X, y, optimizer="adam", epochs=50, callback=stop)
    assert_same(complete, interrupted)


# ---- the article's experiment in small ---------------------------------------------------------


def images(n=12, n_features=60):
    rng = np.random.default_rng(2)
    return rng.uniform(0, 1, (n, n_features)), np.arange(n) % 2


def test_zeros_cost_log_2_at_every_step_and_half_of_the_images_are_right():
    X, y = images()
    network = MLP([60, 5, 5, 1], initializer="zeros", rng=np.random.default_rng(0))
    history = training.fit(network, X, y, epochs=200)
    np.testing.assert_allclose(history.loss, np.log(2), rtol=0, atol=1e-15)
    assert (history.accuracy == 0.5).all()
    assert training.accuracy(network, X, y) == 0.5


def textbook(weights, X, y, learning_rate, steps):
    """The second document's loop: samples are columns, W is (n_l, n_(l-1)), sigmoid at the end."""
    W, b = [w.copy() for w in weights], [np.zeros((w.shape[0], 1)) for w in weights]
    X, y = X.T, y[None, :]
    m, costs = X.shape[1], []
    for _ in range(steps):
        A = [X]
        for layer in range(len(W) - 1):
            A.append(np.tanh(W[layer] @ A[-1] + b[layer]))
        AL = 1 / (1 + np.exp(-(W[-1] @ A[-1] + b[-1])))
        costs.append(-np.sum(y * np.log(AL) + (1 - y) * np.log(1 - AL)) / m)
        dZ = AL - y
        for layer in reversed(range(len(W))):
            dW, db = dZ @ A[layer].T / m, dZ.sum(axis=1, keepdims=True) / m
            if layer > 0:
                dZ = W[layer].T @ dZ * (1 - A[layer] ** 2)
            W[layer] -= learning_rate * dW
            b[layer] -= learning_rate * db
    return costs, W, b


@pytest.mark.parametrize("span", [None, False])
@pytest.mark.parametrize("as_list", [False, True])
def test_the_documents_own_start_handed_in_gives_the_textbooks_costs(as_list, span):
    X, y = images()
    sizes = [60, 5, 5, 1]
    rng = np.random.default_rng(1)
    drawn = [rng.standard_normal(shape) * 10 for shape in zip(sizes[1:], sizes[:-1], strict=True)]
    costs, W, b = textbook(drawn, X, y, 0.01, 200)
    assert np.isfinite(costs).all()
    assert costs[0] > 1.5  # a large start, far above log 2

    queue = iter(drawn)

    def one_after_the_other(shape, rng):
        return next(queue).T

    each = [lambda shape, rng, w=w: w.T for w in drawn]
    network = MLP(
        sizes, initializer=each if as_list else one_after_the_other, rng=np.random.default_rng(0)
    )
    history = training.fit(network, X, y, learning_rate=0.01, epochs=200, span=span)
    np.testing.assert_allclose(history.loss, costs, rtol=1e-9)
    for ours, theirs in zip(network.weights + network.biases, W + b, strict=True):
        np.testing.assert_allclose(ours, theirs.T.reshape(ours.shape), rtol=1e-9, atol=1e-9)


# ---- errors before any work --------------------------------------------------------------------

X, Y = data()
BAD = {
    "network": (
        {"network": None}, TypeError, "network must be of class MLP; got None"),
    "features": ({"X": X[:, :3]}, ValueError, r"X has 3 features .*; the network takes 4"),
    "lengths": ({"y": Y[:-1]}, ValueError, r"y of shape \(19,\) .* logits of shape \(20, 1\)"),
    "nan": ({"X": np.where(X > 1, np.nan, X)}, ValueError, "X must be finite in float64; got nan"),
    "empty": ({"X": X[:0], "y": Y[:0]}, ValueError, r"X is empty: shape \(0, 4\)"),
    "complex": ({"X": X + 0j}, TypeError, "X must hold real numbers; got dtype complex128"),
    "object": ({"y": Y.astype(object)}, TypeError, "y must hold real numbers; got dtype object"),
    "label": ({"y": Y + 1}, ValueError, "y must hold the labels 0 and 1; got 2"),
    "one class": ({"y": 0 * Y}, ValueError, "y holds one class only"),
    "loss": ({"loss": "hinge"}, ValueError, "loss must be one of binary_cross_entropy"),
    "optimizer": ({"optimizer": "lion"}, ValueError, "optimizer must be one of sgd, rmsprop, adam"),
    "a class": ({"optimizer": SGD}, TypeError, "optimizer must be a string, one of sgd"),
    "learning rate": ({"learning_rate": -1.0}, ValueError, "learning_rate must be finite and in"),
    "both": ({"optimizer": SGD(), "learning_rate": "x"}, TypeError, "learning_rate must be a real"),
    "epochs": ({"epochs": 0}, ValueError, "epochs must be at least 1; got 0"),
    "half": ({"epochs": 1.5}, TypeError, "epochs must be an integer"),
    "batch": ({"batch_size": 0}, ValueError, "batch_size must be at least 1; got 0"),
    "no rng": ({"batch_size": 5, "rng": None}, TypeError, "rng must be a numpy.random.Generator"),
    "seed": ({"rng": 0}, TypeError, "rng must be a numpy.random.Generator"),
    "triple": ({"validation_data": (X, Y, Y)}, TypeError, "validation_data must be a pair"),
    "no pair": ({"validation_data": X}, TypeError, r"validation_data must be a pair \(X, y\)"),
    "validation X": (
        {"validation_data": (X[:, :3], Y)}, ValueError, r"validation_data\[0\] has 3 features"),
    "validation y": (
        {"validation_data": (X, Y + 1)}, ValueError, r"validation_data\[1\] must hold the labels"),
    "validation lengths": (
        {"validation_data": (X, Y[:3])}, ValueError, r"validation_data\[1\] of shape \(3,\)"),
    "callback": ({"callback": 3}, TypeError, r"callback must be callable\(step, network\) or None"),
    "progress": ({"progress": "no"}, TypeError, "progress must be True or False; got 'no'"),
    "span": ({"span": "no"}, TypeError, "span must be True or False; got 'no'"),
    "span invalid": ({"span": True}, ValueError, "span=True is not valid here"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_errors_come_before_any_work(case):
    wrong, error, message = BAD[case]
    network, rng = start(normalization="batch"), np.random.default_rng(0)
    arguments = {"network": network, "X": X, "y": Y, "epochs": 2, "rng": rng} | wrong
    with pytest.raises(error, match=message):
        training.fit(arguments.pop("network"), arguments.pop("X"), arguments.pop("y"), **arguments)
    assert_same(network, start(normalization="batch"))
    assert rng.bit_generator.state == np.random.default_rng(0).bit_generator.state


def test_one_class_in_one_member_is_refused_too():
    ensemble = ensembles.stack([start(), start(seed=1)])
    with pytest.raises(ValueError, match="y holds one class only"):
        training.fit(ensemble, X, np.stack([Y, 0 * Y]), epochs=1)
    with pytest.raises(ValueError, match="y holds one class only"):
        training.fit(start([4, 3]), X, np.ones(20), loss="categorical_cross_entropy", epochs=1)


def test_predict_and_accuracy_refuse_the_same():
    network = start()
    with pytest.raises(TypeError, match="network must be of class MLP; got 'net'"):
        training.predict("net", X)
    with pytest.raises(TypeError, match="network must be of class MLP; got 'net'"):
        training.accuracy("net", X, Y)
    with pytest.raises(ValueError, match="X has 3 features"):
        training.predict(network, X[:, :3])
    with pytest.raises(ValueError, match="y must hold the labels 0 and 1; got 2"):
        training.accuracy(network, X, Y + 1)
    with pytest.raises(ValueError, match="y must hold whole numbers from 0 to 2; got 3"):
        training.accuracy(start([4, 3]), X, np.arange(20) % 4)
    with pytest.raises(ValueError, match=r"y of shape \(19,\)"):
        training.accuracy(network, X, Y[:-1])


def test_a_start_can_be_a_partial_of_the_zoo():
    large = initializers.get("random_normal", std=10.0)
    assert start(initializer=large).weights[0].std() > 3


# ---- a loss of one's own -----------------------------------------------------------------------


def own_loss(weights=1.0, dtype=float):
    """Return a squared error that is written for one network and all of its samples."""

    def encode(y, shape, name):
        return y.reshape(shape)

    def cost(logits, targets):
        return ((weights * np.square(logits - targets)).astype(dtype)).sum(axis=1)

    def slope(logits, targets):
        return (2.0 * weights * (logits - targets)).astype(dtype)

    def hits(logits, targets):
        return ((logits > 0.5) == (targets > 0.5)).all(axis=1)

    return losses.Loss("own", encode, cost, slope, hits)


@pytest.mark.parametrize("parts", [1, 3])
def test_a_loss_of_ones_own_sees_the_whole_batch_of_each_step(monkeypatch, parts):
    monkeypatch.setattr("course_code.blocks.SAMPLES", 4)
    monkeypatch.setattr("course_code.blocks.PRODUCTS", 1)
    monkeypatch.setattr("course_code.blocks._available_threads", lambda: parts)
    X, y = data()
    network, by_hand = start(), start()
    loss, accuracies = own_loss(np.linspace(0.5, 2.0, len(y))[:, None]), []

    def callback(step, network):
        accuracies.append(np.mean((network.logits(X)[:, 0] > 0.5) == y))

    history = training.fit(
        network, X, y, loss=loss, learning_rate=0.05, epochs=20, callback=callback
    )
    np.testing.assert_array_equal(history.accuracy, accuracies)
    for step in range(20):
        value, gradients = by_hand.gradients(X, y, loss)
        assert history.loss[step] == pytest.approx(value, rel=1e-12)
        for parameter, gradient in zip(by_hand.parameters, gradients.parameters, strict=True):
            parameter -= 0.05 * gradient
    assert len(set(accuracies)) > 2


def test_a_loss_made_from_one_of_ours_is_not_taken_for_it():
    ours = losses.get("binary_cross_entropy")
    half = dataclasses.replace(ours, slope=lambda logits, targets: ours.slope(logits, targets) / 2)
    X, y = data()
    one, other = start(), start()
    training.fit(one, X, y, loss=half, learning_rate=0.2, epochs=5)
    training.fit(other, X, y, loss=ours, learning_rate=0.1, epochs=5)
    for a, b in zip(one.parameters, other.parameters, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)


def test_float32_training_with_a_loss_and_an_activation_that_return_float64():
    wide = activations.Activation("wide", lambda z: np.sin(z.astype(float)), lambda z, a: np.cos(z))
    X, y = data()
    network, expected = start(dtype=np.float32, activation=wide), start(activation=wide)
    history = training.fit(network, X, y, loss=own_loss(), learning_rate=0.1, epochs=5)
    reference = training.fit(expected, X, y, loss=own_loss(), learning_rate=0.1, epochs=5)
    np.testing.assert_allclose(history.loss, reference.loss, rtol=1e-5)
    parts = [*network.parameters, *network.forward(X).activations]
    assert {array.dtype for array in parts} == {np.dtype(np.float32)}
