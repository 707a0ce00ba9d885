"""The arrays that a training reuses: nobody else's numbers change, and no number is another one."""

import copy
import warnings

import numpy as np
import pytest

from course_code import activations, ensembles, initializers, losses, products, training, workspace
from course_code.network import MLP
from course_code.optimizers import SGD, Adam, RMSProp, regroup
from course_code.residual import ResidualMLP

SIZES = [3, 6, 6, 1]


def data(n=24, n_features=3):
    X = np.random.default_rng(3).standard_normal((n, n_features))
    return X, (X.sum(axis=1) > 0).astype(int)


def start(seed=0, sizes=SIZES, **arguments):
    return MLP(sizes, rng=np.random.default_rng(seed), **arguments)


def arrays(network):
    return [*network.parameters, *network.statistics]


def assert_same(one, other):
    for a, b in zip(arrays(one), arrays(other), strict=True):
        np.testing.assert_array_equal(a, b)


def everything(thing):
    return [a for arrays in vars(thing).values() for a in arrays if isinstance(a, np.ndarray)]


# ---- what a user holds stays as it was ---------------------------------------------------------


@pytest.mark.parametrize("name", activations.names())
def test_traces_and_gradients_of_a_user_survive_what_follows(name):
    X, y = data()
    network = start(activation=name)
    trace = network.forward(X)
    _, gradients = network.gradients(X, y)
    held = everything(trace) + everything(gradients)
    before = [array.copy() for array in held]
    network.forward(2 * X)
    network.gradients(2 * X, 1 - y)
    training.fit(network, X, y, epochs=5)
    for array, kept in zip(held, before, strict=True):
        np.testing.assert_array_equal(array, kept)


def test_two_networks_share_no_memory():
    X, y = data()
    one, other = start(), start()
    for network in (one, other):
        training.fit(network, X, y, epochs=3)
    for network in (one.copy(), copy.deepcopy(one), other):
        assert_same(network, one)
        for a in one.parameters:
            assert not any(np.shares_memory(a, b) for b in network.parameters)
    for i, a in enumerate(one.parameters):
        assert not any(np.shares_memory(a, b) for b in one.parameters[:i])


def test_arrays_that_a_user_puts_in_are_those_that_train():
    X, y = data()
    network, expected = start(), start()
    wide = np.zeros((12, 6))
    wide[::2] = network.weights[1]
    network.weights[1] = wide[::2]  # a view, not contiguous
    own = network.weights[0] = network.weights[0].copy(order="F")
    for one in (network, expected):
        training.fit(one, X, y, learning_rate=0.3, epochs=10)
    np.testing.assert_allclose(wide[::2], expected.weights[1], rtol=1e-13)
    assert (wide[1::2] == 0).all()
    assert network.weights[0] is own
    network.weights[0] = np.zeros((3, 6), dtype=int)
    with pytest.raises(TypeError, match="parameters must be float arrays"):
        training.fit(network, X, y, epochs=1)


def test_the_optimizers_memory_comes_back_parameter_by_parameter():
    X, y = data()
    for make in (lambda: SGD(0.1, momentum=0.9), lambda: RMSProp(0.01), lambda: Adam(0.01)):
        network, by_hand, one, other = start(), start(), make(), make()
        training.fit(network, X, y, optimizer=one, epochs=4)
        for _ in range(4):
            other.update(by_hand.parameters, by_hand.gradients(X, y)[1].parameters)
        # A fit goes on where a loop by hand stopped, and the other way round.
        one.update(network.parameters, network.gradients(X, y)[1].parameters)
        training.fit(by_hand, X, y, optimizer=other, epochs=1)
        assert_same(network, by_hand)
        for name in one.remembers:
            shapes = [array.shape for array in getattr(one, name)]
            assert shapes == [parameter.shape for parameter in network.parameters]
        with pytest.raises(ValueError, match="this optimizer remembers parameters of shapes"):
            training.fit(start(sizes=[3, 2, 1]), X, y, optimizer=one, epochs=1)


def test_regroup_keeps_every_number_in_its_place():
    optimizer = SGD(0.1, momentum=0.9)
    optimizer.velocities = [np.arange(6.0).reshape(2, 3), np.array([6.0])]
    regroup(optimizer, [(4,), (3,)])
    assert [v.tolist() for v in optimizer.velocities] == [[0, 1, 2, 3], [4, 5, 6]]
    regroup(optimizer, [(2, 3), (1,)])
    assert [v.tolist() for v in optimizer.velocities] == [[[0, 1, 2], [3, 4, 5]], [6]]


# ---- pieces, blocks and threads change no number -----------------------------------------------


@pytest.mark.parametrize("make", [lambda: SGD(0.1, momentum=0.9), lambda: Adam(0.01)])
def test_pieces(monkeypatch, make):
    X, y = data()
    whole, cut = start(), start()
    expected = training.fit(whole, X, y, optimizer=make(), epochs=6)
    monkeypatch.setattr(workspace, "PIECE", 7)
    optimizer = make()
    history = training.fit(cut, X, y, optimizer=optimizer, epochs=6)
    np.testing.assert_array_equal(history.loss, expected.loss)
    assert_same(whole, cut)


def members(n=7, sizes=SIZES, **arguments):
    scales = np.linspace(0.5, 3.0, n)
    return [
        start(i, sizes, initializer=initializers.get("variance_scaling", scale=s), **arguments)
        for i, s in enumerate(scales)
    ]


@pytest.fixture(params=[1, 3])
def blocks_of_two(request, monkeypatch):
    monkeypatch.setattr(workspace, "BLOCK", 2 * 24 * 6 * 8)
    monkeypatch.setattr(workspace, "_available_threads", lambda: request.param)


@pytest.mark.parametrize("own_samples", [False, True])
@pytest.mark.parametrize("span", [False, True])
@pytest.mark.usefixtures("blocks_of_two")
def test_members_in_blocks_are_networks_trained_alone(span, own_samples):
    sizes = [40, 6, 6, 1] if span else SIZES
    networks = members(sizes=sizes)
    X, y = data(n_features=sizes[0])
    if own_samples:
        X, y = np.stack([X * (1 + i / 7) for i in range(7)]), np.stack([y, 1 - y, *[y] * 5])
    ensemble = ensembles.stack(networks)
    validation = (X, y)
    history = training.fit(
        ensemble, X, y, learning_rate=0.2, epochs=8, span=span, validation_data=validation
    )
    assert history.loss.shape == (8, 7)
    for i, network in enumerate(networks):
        Xi, yi = (X[i], y[i]) if own_samples else (X, y)
        alone = training.fit(
            network, Xi, yi, learning_rate=0.2, epochs=8, span=span, validation_data=(Xi, yi)
        )
        for field in ("loss", "accuracy", "validation_loss", "validation_accuracy"):
            np.testing.assert_allclose(
                getattr(history, field)[:, i], getattr(alone, field), rtol=1e-12
            )
        for a, b in zip(ensembles.member(ensemble, i).parameters, network.parameters, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize("kind", [None, "batch"])
@pytest.mark.usefixtures("blocks_of_two")
def test_minibatches_in_blocks(kind):
    X, y = data()
    networks = members(normalization=kind)
    ensemble = ensembles.stack(networks)
    how = {"optimizer": "adam", "epochs": 3, "batch_size": 10}
    together = training.fit(ensemble, X, y, **how, rng=np.random.default_rng(1))
    for i, network in enumerate(networks):
        alone = training.fit(network, X, y, **how, rng=np.random.default_rng(1))
        np.testing.assert_allclose(together.loss[:, i], alone.loss, rtol=1e-9)
        for a, b in zip(arrays(ensembles.member(ensemble, i)), arrays(network), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-7, atol=1e-10)


@pytest.mark.usefixtures("blocks_of_two")
def test_a_divergence_in_a_block_is_recorded_without_a_warning():
    X, y = data()
    networks = members(activation="identity")
    networks[3].weights[0][:] = 1e308
    ensemble = ensembles.stack(networks)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        history = training.fit(ensemble, X, y, epochs=5)
    assert history.diverged_at == [None, None, None, 0, None, None, None]
    assert np.isnan(history.loss[1:, 3]).all()
    assert np.isnan(history.accuracy[:, 3]).all()
    assert np.isfinite(np.delete(history.loss, 3, axis=1)).all()
    np.testing.assert_array_equal(ensemble.weights[0][3], 1e308)


@pytest.mark.usefixtures("blocks_of_two")
def test_an_error_in_the_callback_leaves_the_last_complete_step():
    X, y = data()
    complete, interrupted = ensembles.stack(members()), ensembles.stack(members())
    training.fit(complete, X, y, epochs=3)

    def stop(step, network):
        if step == 3:
            assert_same(network, complete)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        training.fit(interrupted, X, y, epochs=9, callback=stop)
    assert_same(complete, interrupted)


def test_the_number_of_threads(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert workspace._available_threads() == 1
    for value in ("", "many", "0"):
        monkeypatch.setenv("OMP_NUM_THREADS", value)
        processors = workspace._available_threads()
        assert processors >= 1
    monkeypatch.setenv("OMP_NUM_THREADS", "100000")
    assert workspace._available_threads() == processors
    monkeypatch.delattr("os.sched_getaffinity", raising=False)  # as on macOS and Windows
    assert workspace._available_threads() >= 1


# ---- what is reused, and of which type ---------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("span", [False, True])
@pytest.mark.parametrize("name", ["tanh", "relu", "sigmoid", "leaky_relu"])
def test_a_step_overwrites_the_arrays_of_the_last_and_keeps_the_type(name, span, dtype):
    X, y = data(n_features=40)
    network = start(sizes=[40, 6, 6, 1], activation=name, dtype=dtype)
    loss = losses.get("binary_cross_entropy")
    inputs = network.check_inputs(X)
    targets = network.encode(loss, inputs, y)
    if span:
        network = training.SpanNetwork(network, inputs)
        inputs = network.project(inputs)
    work = workspace.Workspace(network, SGD(0.1), 24)
    held = []
    for _ in range(2):
        work.step(inputs, targets, loss)
        trace, gradients = work._blocks[0]._last[24]
        held.append((trace.pre_activations, gradients.parameters, gradients.pre_activations[:-1]))
        work.update()
        parts = [*trace.pre_activations, *trace.activations, *everything(gradients)]
        assert {array.dtype for array in [*parts, *work.model.parameters]} == {np.dtype(dtype)}
    for first, second in zip(*held, strict=True):
        assert all(a is b for a, b in zip(first, second, strict=True))


@pytest.mark.parametrize("norm", [None, "batch", "layer", "rms"])
@pytest.mark.parametrize("residual", [False, True])
def test_overwriting_gives_the_gradients_of_new_arrays(residual, norm):
    X, y = data()
    how = {"normalization": norm, "rng": np.random.default_rng(0), "activation": "tanh"}
    network = ResidualMLP(3, 6, 2, 1, **how) if residual else MLP(SIZES, **how)
    loss = losses.get("binary_cross_entropy")
    targets = network.encode(loss, X, y)
    work = workspace.Workspace(network, SGD(0.5), 24)
    for _ in range(3):
        fresh_value, fresh = work.model.copy().gradients(X, y)
        value, _ = work.step(X, targets, loss)
        assert value == fresh_value
        ours = work._blocks[0]._last[24][1]
        for a, b in zip(everything(ours), everything(fresh), strict=True):
            np.testing.assert_array_equal(a, b)
        work.update()


# ---- products ----------------------------------------------------------------------------------


@pytest.mark.parametrize("leading", [(), (3,), (2, 3)])
@pytest.mark.parametrize("inner", [1, 4])
def test_product(leading, inner):
    rng = np.random.default_rng(0)
    a = rng.standard_normal((*leading, 5, inner))
    b = rng.standard_normal((*leading, 2, inner)).mT
    out = np.empty((*leading, 5, 2))
    assert products.product(a, b, out) is out
    np.testing.assert_allclose(out, a @ b, rtol=1e-13)
    np.testing.assert_array_equal(products.product(a, b, None), out)


def test_sum_over_samples():
    delta = np.random.default_rng(0).standard_normal((2, 7, 3))
    total = products.sum_over_samples(delta, None)
    np.testing.assert_allclose(total, delta.sum(axis=-2), rtol=1e-13)
    assert products.sum_over_samples(delta.astype(np.float32), None).dtype == np.float32
