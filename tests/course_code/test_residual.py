"""Residual networks: exact gradients, the same use as an MLP, and the growth of the signal."""

import itertools

import numpy as np
import pytest

from course_code import activations, ensembles, losses, training
from course_code.network import MLP
from course_code.residual import ResidualMLP

rng_of = np.random.default_rng


def small(seed=0, **options):
    options = {"activation": "tanh", "bias_initializer": "random_normal", **options}
    return ResidualMLP(3, 5, 2, 2, branch_scale=0.7, rng=rng_of(seed), **options)


def data(n=7, n_features=3, seed=1):
    rng = rng_of(seed)
    return rng.standard_normal((n, n_features)), rng.integers(0, 2, n)


def test_logits_are_the_formula():
    network = small(activation="relu")
    X, _ = data()
    W, b = network.weights, network.biases

    def f(z):
        return np.maximum(z, 0)

    h = X @ W[0] + b[0]
    streams = [h]
    for k in (1, 3):
        h = h + 0.7 * (f(f(h) @ W[k] + b[k]) @ W[k + 1] + b[k + 1])
        streams.append(h)
    np.testing.assert_allclose(network.logits(X), f(h) @ W[5] + b[5], rtol=1e-12)
    for pre_activation, stream in zip(
        network.forward(X).pre_activations[0:5:2], streams, strict=True
    ):
        np.testing.assert_allclose(pre_activation, stream, rtol=1e-12)


def test_trace_is_that_of_a_network_of_its_sizes():
    network = small(normalization="layer")
    trace = network.forward(data()[0])
    assert network.sizes == (3, 5, 5, 5, 5, 5, 2)
    assert [z.shape[-1] for z in trace.pre_activations] == list(network.sizes[1:])
    for a, following in itertools.pairwise(range(6)):
        assert trace.inputs[following] is trace.activations[a]
    for z, a in zip(trace.pre_activations[:-1], trace.activations[:-1], strict=True):
        np.testing.assert_array_equal(a, np.tanh(z))


def test_a_branch_of_scale_zero_leaves_a_shallow_network():
    X, y = data()
    network = ResidualMLP(3, 5, 4, 1, branch_scale=0.0, rng=rng_of(0))
    shallow = MLP([3, 5, 1], activation="relu", rng=rng_of(0))
    shallow.weights, shallow.biases = network.weights[::9], network.biases[::9]
    value, gradients = network.gradients(X, y)
    expected, shallow_gradients = shallow.gradients(X, y)
    assert value == pytest.approx(expected, rel=1e-12)
    np.testing.assert_allclose(gradients.weights[0], shallow_gradients.weights[0], rtol=1e-12)
    assert not gradients.weights[3].any()


def numerical_gradient(network, array, X, y, loss):
    """Central differences of the loss with respect to every entry of one of its arrays."""
    result = np.zeros((*network.ensemble_shape, *array.shape[len(network.ensemble_shape) :]))
    for index in np.ndindex(array.shape):
        kept, values = array[index], []
        for step in (1e-6, -1e-6):
            array[index] = kept + step
            logits = network.copy().forward(X, training=True).logits
            values.append(losses.get(loss).value(logits, y))
        array[index] = kept
        slope = (np.asarray(values[0]) - values[1]) / 2e-6
        result[index] = slope[index[: slope.ndim]] if slope.ndim else slope
    return result


@pytest.mark.parametrize("activation", activations.names())
def test_gradients_of_every_activation(activation):
    network, (X, y) = small(activation=activation), data()
    _, gradients = network.gradients(X, y, "categorical_cross_entropy")
    for array, gradient in zip(network.parameters, gradients.parameters, strict=True):
        expected = numerical_gradient(network, array, X, y, "categorical_cross_entropy")
        np.testing.assert_allclose(gradient, expected, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("normalization", ["batch", "layer", "rms"])
def test_gradients_with_normalization(normalization):
    network, (X, y) = small(normalization=normalization), data()
    for i, normalizer in enumerate(network.normalizers):
        normalizer.scale[:] = 1 + 0.1 * np.arange(5) * (i + 1)
        normalizer.shift[:] = 0.1 * i
    # Before the numbers are taken: gradients let batch normalization remember this batch.
    numerical = [
        numerical_gradient(network, array, X, y, "categorical_cross_entropy")
        for array in network.parameters
    ]
    _, gradients = network.gradients(X, y, "categorical_cross_entropy")
    for gradient, expected in zip(gradients.parameters, numerical, strict=True):
        np.testing.assert_allclose(gradient, expected, rtol=1e-5, atol=1e-8)


def test_gradients_of_an_ensemble():
    ensemble, (X, y) = ensembles.stack([small(0), small(1), small(2)]), data()
    _, gradients = ensemble.gradients(X, y, "categorical_cross_entropy")
    for array, gradient in zip(ensemble.parameters, gradients.parameters, strict=True):
        expected = numerical_gradient(ensemble, array, X, y, "categorical_cross_entropy")
        np.testing.assert_allclose(gradient, expected, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("normalization", [None, "layer"])
@pytest.mark.parametrize("layer", [0, 1, 2, 4, 5])
def test_gradient_with_respect_to_pre_activations(layer, normalization):
    """That of a bias, or of a normalization's shift, is its sum over the samples."""
    network, (X, y) = small(normalization=normalization), data()
    _, gradients = network.gradients(X, y, "categorical_cross_entropy")
    total = gradients.pre_activations[layer].sum(axis=0)
    if normalization and layer < 5:
        expected = gradients.normalization[2 * layer + 1]
    else:
        scale = 0.7 if layer in (2, 4) else 1.0  # a branch's bias is scaled on its way
        expected = gradients.biases[layer] / scale
    np.testing.assert_allclose(total, expected, rtol=1e-10, atol=1e-15)


@pytest.mark.parametrize("normalization", [None, "batch"])
def test_fit_trains_members_as_it_trains_them_alone(normalization):
    X, y = data(n=30)
    alone = [small(seed, normalization=normalization) for seed in range(3)]
    ensemble = ensembles.stack(alone)
    options = {"loss": "categorical_cross_entropy", "learning_rate": 0.1, "epochs": 40}
    together = training.fit(ensemble, X, y, **options)
    for index, network in enumerate(alone):
        history = training.fit(network, X, y, **options)
        np.testing.assert_allclose(together.loss[:, index], history.loss, rtol=1e-9)
        member = ensembles.member(ensemble, index)
        assert isinstance(member, ResidualMLP)
        np.testing.assert_allclose(member.logits(X), network.logits(X), rtol=1e-8, atol=1e-10)
        assert history.loss[-1] < history.loss[0]


def test_fit_with_more_features_than_samples():
    """The shortcut through the span of the samples is written for an MLP: it must not be taken."""
    X, y = data(n=5, n_features=20)
    network = ResidualMLP(20, 8, 2, 1, rng=rng_of(0))
    before = network.copy()
    history = training.fit(network, X, y, learning_rate=0.05, epochs=1)
    value, gradients = before.gradients(X, y)
    assert history.loss[0] == pytest.approx(value, rel=1e-12)
    np.testing.assert_allclose(
        network.weights[0], before.weights[0] - 0.05 * gradients.weights[0], rtol=1e-10
    )


def test_float32_throughout():
    network = small(dtype=np.float32, normalization="batch")
    X, y = data()
    _, gradients = network.gradients(X, y, "categorical_cross_entropy")
    arrays = [*network.parameters, *gradients.parameters, *gradients.pre_activations]
    assert {array.dtype for array in arrays} == {np.dtype(np.float32)}


def test_copy_is_independent_and_keeps_the_scale():
    network = small()
    X, _ = data()
    other = network.copy()
    before = network.logits(X)
    np.testing.assert_array_equal(other.logits(X), before)
    other.weights[1] += 1
    np.testing.assert_array_equal(network.logits(X), before)


def test_stack_refuses_other_scales():
    networks = [ResidualMLP(3, 5, 2, 1, branch_scale=s, rng=rng_of(0)) for s in (1.0, 0.5)]
    with pytest.raises(ValueError, match="alike"):
        ensembles.stack(networks)


# ---- the growth of the second moment ---------------------------------------------------------


def stream_moments(n_blocks, scale, initializer="he_normal", n_networks=80, width=100):
    """The mean square of the stream after each block over that at its start, one row a network."""
    X = rng_of(1).standard_normal((4, 10))
    rows = []
    for seed in range(n_networks):
        network = ResidualMLP(
            10,
            width,
            n_blocks,
            1,
            branch_scale=scale,
            initializer=initializer,
            rng=rng_of(seed),
        )
        z = network.forward(X).pre_activations[: 2 * n_blocks + 1 : 2]
        moments = np.array([np.square(h).mean() for h in z])
        rows.append(moments / moments[0])
    return np.array(rows)


def assert_mean(samples, expected):
    """Within five standard errors of the mean, and that error is small enough to tell."""
    error = samples.std(axis=0, ddof=1) / np.sqrt(len(samples))
    assert (error < 0.06 * expected).all()
    assert (np.abs(samples.mean(axis=0) - expected) < 5 * error).all()


def test_he_branch_doubles_the_second_moment_at_each_block():
    moments = stream_moments(6, 1.0)
    assert_mean(moments[:, 1:], 2.0 ** np.arange(1, 7))


def test_a_xavier_branch_does_not_double_it():
    """Two layers of half the variance: a quarter of the branch."""
    moments = stream_moments(6, 1.0, ["he_normal", *["lecun_normal"] * 12, "he_normal"])
    assert_mean(moments[:, 1:], 1.25 ** np.arange(1, 7))


@pytest.mark.parametrize("n_blocks", [2, 16])
def test_scaled_branches_end_below_e(n_blocks):
    """(1 + 1/L)^L with branches of scale 1/sqrt(L)."""
    moments = stream_moments(n_blocks, n_blocks**-0.5)
    expected = (1 + 1 / n_blocks) ** np.arange(1, n_blocks + 1)
    assert_mean(moments[:, 1:], expected)
    assert expected[-1] < np.e


def test_batch_norm_gradients_grow_with_depth():
    """Yang et al. 2019: sqrt(pi / (pi - 1)) = 1.211 a layer for ReLU, in wide networks and batches.

    Each of eight networks of width 200 and a batch of 100 gives one mean growth over ten layers.
    A finite width and batch shift it by an order of 1/100, which the tolerance allows for.
    """
    X = rng_of(0).standard_normal((100, 200))
    y = np.arange(100) % 2
    growths = []
    for seed in range(8):
        network = MLP(
            [200] * 16 + [1],
            activation="relu",
            initializer="he_normal",
            normalization="batch",
            rng=rng_of(seed),
        )
        _, gradients = network.gradients(X, y)
        norms = [np.linalg.norm(delta) for delta in gradients.pre_activations]
        growths.append((norms[2] / norms[12]) ** 0.1)
    error = np.std(growths, ddof=1) / np.sqrt(len(growths))
    assert abs(np.mean(growths) - np.sqrt(np.pi / (np.pi - 1))) < 5 * error + 0.02
    assert error < 0.01


# ---- errors ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["n_features", "width", "n_blocks", "n_outputs"])
@pytest.mark.parametrize(("value", "error"), [(0, ValueError), (-1, ValueError), (2.0, TypeError)])
def test_bad_sizes(name, value, error):
    sizes = {"n_features": 2, "width": 3, "n_blocks": 1, "n_outputs": 1, name: value}
    with pytest.raises(error, match=name):
        ResidualMLP(**sizes, rng=rng_of(0))


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"branch_scale": np.inf}, ValueError, "branch_scale"),
        ({"branch_scale": "1"}, TypeError, "branch_scale"),
        ({"rng": 0}, TypeError, "rng must be a numpy.random.Generator"),
        ({"activation": "rely"}, ValueError, "activation must be one of"),
        ({"initializer": ["zeros"] * 3}, ValueError, "3 entries; the network has 4 layers"),
        ({"normalization": "group"}, ValueError, "normalization must be one of"),
        ({"dtype": int}, ValueError, "dtype"),
    ],
)
def test_bad_options(options, error, message):
    with pytest.raises(error, match=message):
        ResidualMLP(2, 3, 1, 1, **{"rng": rng_of(0), **options})


def test_bad_inputs_are_named():
    with pytest.raises(ValueError, match="4 features"):
        small().logits(np.ones((2, 4)))
