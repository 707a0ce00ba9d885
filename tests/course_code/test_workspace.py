"""The arrays that a training reuses: nobody else's numbers change, and no number is another one."""

import copy

import numpy as np
import pytest

from course_code import activations, ensembles, losses, products, training, workspace
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


# ---- pieces change no number -------------------------------------------------------------------


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
    work = workspace.Workspace(network, SGD(0.1), loss, 24)
    held = []
    for _ in range(2):
        work.step(inputs, targets)
        trace, gradients = work._blocks._last[24]
        held.append([*trace.pre_activations, *gradients.parameters, *gradients.pre_activations])
        work.update()
        parts = [*trace.pre_activations, *trace.activations, *everything(gradients)]
        assert {array.dtype for array in [*parts, *work.model.parameters]} == {np.dtype(dtype)}
    first, second = held
    assert all(a is b for a, b in zip(first[:-1], second[:-1], strict=True))
    # A signal lasts until the next but one; an activation may overwrite its pre-activation.
    upper, middle, _ = gradients.pre_activations
    assert not np.shares_memory(upper, middle)
    in_place = network.activation.in_place
    assert (trace.activations[0] is trace.pre_activations[0]) == in_place


@pytest.mark.parametrize("norm", [None, "batch", "layer", "rms"])
@pytest.mark.parametrize("residual", [False, True])
def test_overwriting_gives_the_gradients_of_new_arrays(residual, norm):
    X, y = data()
    how = {"normalization": norm, "rng": np.random.default_rng(0), "activation": "tanh"}
    network = ResidualMLP(3, 6, 2, 1, **how) if residual else MLP(SIZES, **how)
    loss = losses.get("binary_cross_entropy")
    targets = network.encode(loss, X, y)
    work = workspace.Workspace(network, SGD(0.5), loss, 24)
    for _ in range(3):
        fresh_value, fresh = work.model.copy().gradients(X, y)
        value, _ = work.step(X, targets)
        assert value == fresh_value
        ours = work._blocks._last[24][1]
        for a, b in zip(ours.parameters, fresh.parameters, strict=True):
            np.testing.assert_array_equal(a, b)
        work.update()


@pytest.mark.parametrize("sizes", [[3, 1], [3, 4, 1, 7, 2, 5, 3, 1], [3, 1, 1, 1, 1, 1, 1]])
@pytest.mark.parametrize("name", ["tanh", "gelu"])
@pytest.mark.parametrize("n_members", [0, 2])
def test_signals_that_take_turns_do_not_overwrite_each_other(sizes, name, n_members):
    X, y = data()
    network = start(sizes=sizes, activation=name)
    if n_members:
        network = ensembles.stack([start(i, sizes, activation=name) for i in range(n_members)])
    loss = losses.get("binary_cross_entropy")
    work = workspace.Workspace(network, SGD(0.5), loss, 24)
    for n in (24, 23, 24):  # the arrays for each size of batch are its own
        value, fresh = work.model.copy().gradients(X[:n], y[:n])
        got, _ = work.step(X[:n], network.encode(loss, X[:n], y[:n]))
        np.testing.assert_array_equal(got, value)
        for a, b in zip(work._blocks._last[n][1].parameters, fresh.parameters, strict=True):
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
