"""A step cut into blocks of members or samples, on threads: no number is another one."""

import threading
import warnings
from dataclasses import replace

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from course_code import blocks, ensembles, initializers, losses, training, workspace
from course_code.network import MLP
from course_code.optimizers import SGD, Adam
from course_code.residual import ResidualMLP

SIZES = [3, 6, 6, 1]
OURS = "binary_cross_entropy"


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


# ---- blocks of members -------------------------------------------------------------------------


def members(n=7, sizes=SIZES, **arguments):
    scales = np.linspace(0.5, 3.0, n)
    return [
        start(i, sizes, initializer=initializers.get("variance_scaling", scale=s), **arguments)
        for i, s in enumerate(scales)
    ]


@pytest.fixture(params=[1, 3])
def blocks_of_two(request, monkeypatch):
    monkeypatch.setattr(blocks, "AT_MOST", 2 * 24 * 6 * 8)
    monkeypatch.setattr(blocks, "_available_threads", lambda: request.param)


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
    assert blocks._available_threads() == 1
    for value in ("", "many", "0"):
        monkeypatch.setenv("OMP_NUM_THREADS", value)
        processors = blocks._available_threads()
        assert processors >= 1
    monkeypatch.setenv("OMP_NUM_THREADS", "100000")
    assert blocks._available_threads() == processors
    monkeypatch.delattr("os.sched_getaffinity", raising=False)  # as on macOS and Windows
    assert blocks._available_threads() >= 1


# ---- blocks of samples -------------------------------------------------------------------------


@pytest.fixture(params=[2, 3])
def blocks_of_samples(request, monkeypatch):
    monkeypatch.setattr(blocks, "SAMPLES", 4)
    monkeypatch.setattr(blocks, "PRODUCTS", 1)
    monkeypatch.setattr(blocks, "_available_threads", lambda: request.param)
    return request.param


def whole(monkeypatch, function):
    """Return what `function` does without blocks of samples."""
    with monkeypatch.context() as patch:
        patch.setattr(blocks, "SAMPLES", 10**9)
        return function()


def blocks_of(network, n=24, loss=OURS):
    return workspace.Workspace(network, SGD(0.1), losses.get(loss), n)._blocks


@pytest.mark.parametrize("name", ["tanh", "relu", "leaky_relu", "gelu"])
@pytest.mark.parametrize("optimizer", [lambda: SGD(0.3, momentum=0.9), lambda: Adam(0.05)])
# 24 samples in batches of 23 leave one for the last: fewer than there are blocks.
@pytest.mark.parametrize("batch_size", [None, 9, 23])
@pytest.mark.usefixtures("blocks_of_samples")
def test_samples_in_blocks_give_the_training_of_the_whole(monkeypatch, name, optimizer, batch_size):
    X, y = data()
    monkeypatch.setattr(workspace, "PIECE", 7)

    def train():
        network = start(activation=name)
        rng = None if batch_size is None else np.random.default_rng(5)
        history = training.fit(
            network, X, y, optimizer=optimizer(), epochs=6, batch_size=batch_size, rng=rng
        )
        return network, history

    (cut, history), (alone, expected) = train(), whole(monkeypatch, train)
    assert isinstance(blocks_of(cut), blocks.SampleBlocks)
    np.testing.assert_allclose(history.loss, expected.loss, rtol=1e-10)
    np.testing.assert_array_equal(history.accuracy, expected.accuracy)
    for a, b in zip(cut.parameters, alone.parameters, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("kind", losses.names())
@pytest.mark.usefixtures("blocks_of_samples")
def test_the_sums_of_the_blocks_are_the_gradient(kind):
    X, y = data()
    network = start(sizes=[3, 6, 6, 2 if kind == "categorical_cross_entropy" else 1])
    value, gradients = network.gradients(X, y, kind)
    loss = losses.get(kind)
    cut = blocks_of(network)
    got, logits = cut.step(X, network.encode(loss, X, y), loss)
    np.testing.assert_allclose(got, value, rtol=1e-13)
    np.testing.assert_allclose(logits, network.logits(X), rtol=1e-12)
    expected = np.concatenate([gradient.ravel() for gradient in gradients.parameters])
    np.testing.assert_allclose(sum(cut.sums), expected, rtol=1e-9, atol=1e-14)


@pytest.mark.usefixtures("blocks_of_samples")
def test_float32_stays_float32_and_a_divergence_raises_no_warning():
    X, y = data()
    network = start(dtype=np.float32, activation="identity")
    training.fit(network, X, y, epochs=3)
    assert {array.dtype for array in network.parameters} == {np.dtype(np.float32)}
    network.weights[0][:] = 3e38
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        history = training.fit(network, X, y, epochs=5)
    assert history.diverged_at == 0
    np.testing.assert_array_equal(network.weights[0], np.float32(3e38))


def blas_threads():
    return [library["num_threads"] for library in threadpool_info()]


@pytest.mark.parametrize("n_members", [0, 7])
def test_the_blas_has_one_thread_in_a_block_and_its_own_number_outside(
    monkeypatch, blocks_of_samples, n_members
):
    monkeypatch.setattr(blocks, "AT_MOST", 7 * 24 * 6 * 8 // blocks_of_samples + 1)
    X, y = data()
    network = ensembles.stack(members()) if n_members else start()
    inside, outside = [], []
    gradients = MLP._gradients

    def watched(*arguments):
        inside.append(blas_threads())
        return gradients(*arguments)

    monkeypatch.setattr(MLP, "_gradients", watched)
    with threadpool_limits(2):
        before = blas_threads()
        training.fit(
            network, X, y, epochs=2, callback=lambda step, network: outside.append(blas_threads())
        )
        outside.append(blas_threads())
    assert len(inside) == 2 * blocks_of_samples
    assert {n for threads in inside for n in threads} == {1}
    assert outside == [before] * 3


@pytest.mark.usefixtures("blocks_of_samples")
def test_only_what_can_be_cut_into_samples_is():
    assert isinstance(blocks_of(start()), blocks.SampleBlocks)
    assert isinstance(blocks_of(start(), n=7), blocks.Whole)  # fewer than 4 in a block
    # Batch normalization needs the whole batch; a residual network has a forward pass of its own.
    assert isinstance(blocks_of(start(normalization="batch")), blocks.Whole)
    residual = ResidualMLP(3, 6, 2, 1, rng=np.random.default_rng(0))
    assert isinstance(blocks_of(residual), blocks.Whole)
    # The gradient of a coefficient of `course_code.span` is no sum over the samples.
    span = training.SpanNetwork(start(), data()[0])
    assert isinstance(blocks_of(span), blocks.Whole)
    # The number of the BLAS's threads belongs to the process: only its main thread changes it.
    found = []

    def find():
        found.extend([blocks_of(start()), blocks_of(ensembles.stack(members(250, [3, 300, 1])))])

    thread = threading.Thread(target=find)
    thread.start()
    thread.join()
    assert isinstance(found[0], blocks.Whole)
    assert isinstance(found[1], blocks.MemberBlocks)
    assert found[1].threads._pool is None
    # A loss of one's own may have a weight for each sample.
    assert isinstance(blocks_of(start(), loss=replace(losses.get(OURS), name="own")), blocks.Whole)


def test_sizes_from_which_a_step_is_cut(monkeypatch):
    monkeypatch.setattr(blocks, "_available_threads", lambda: 2)
    deep = start(sizes=[256] * 6 + [1], dtype=np.float32)
    assert isinstance(blocks_of(deep, n=512), blocks.SampleBlocks)
    assert isinstance(blocks_of(deep, n=128), blocks.Whole)
    assert isinstance(blocks_of(start(), n=4096), blocks.Whole)
    for n_members, sizes in ((10, []), (256, [128, 128]), (1000, [125] * 8)):
        cut = blocks_of(ensembles.stack([start(sizes=[2, 16, 16, 1])] * n_members), n=128)
        if not sizes:
            assert isinstance(cut, blocks.Whole)
        else:
            assert [len(block._model.weights[0]) for block in cut._blocks] == sizes
    monkeypatch.setattr(blocks, "_available_threads", lambda: 1)
    assert isinstance(blocks_of(deep, n=512), blocks.Whole)
