"""The network: forward by hand, gradients by finite differences, errors at the door."""

import itertools

import numpy as np
import pytest

from course_code import activations, ensembles, initializers, losses, normalization
from course_code.network import MLP

LOSSES = losses.names()
SIZES = [4, 5, 3, 2]
N = 6


def network_and_data(activation, loss, norm, seed=0, sizes=SIZES):
    """A network of random biases, scales and shifts, and targets for that loss."""
    rng = np.random.default_rng(seed)
    network = MLP(
        sizes,
        activation=activation,
        bias_initializer=initializers.get("random_normal", std=0.5),
        normalization=norm,
        rng=rng,
    )
    for normalizer in network.normalizers:
        normalizer.scale[:] = rng.uniform(0.5, 1.5, normalizer.scale.shape)
        normalizer.shift[:] = 0.5 * rng.standard_normal(normalizer.shift.shape)
    X = rng.standard_normal((N, sizes[0]))
    y = {
        "binary_cross_entropy": rng.integers(0, 2, (N, sizes[-1])),
        "categorical_cross_entropy": rng.integers(0, sizes[-1], N),
        "mean_squared_error": rng.standard_normal((N, sizes[-1])),
    }[loss]
    return network, X, y


def numeric_gradients(parameters, value, h=1e-5):
    """Central differences of value(), an array over an ensemble's members or a number."""
    numeric = []
    for parameter in parameters:
        difference = np.zeros_like(parameter)
        for index in np.ndindex(parameter.shape):
            kept = parameter[index]
            parameter[index] = kept + h
            above = value()
            parameter[index] = kept - h
            below = value()
            parameter[index] = kept
            difference[index] = np.sum(above - below) / (2 * h)
        numeric.append(difference)
    return numeric


def relative_error(one, other):
    # The floor is for gradients that are exactly zero on paper: a bias under batch normalization.
    return np.linalg.norm(one - other) / max(np.linalg.norm(one) + np.linalg.norm(other), 1e-3)


@pytest.mark.parametrize("norm", [None, "batch", "layer", "rms"])
@pytest.mark.parametrize("activation", activations.names())
def test_gradients_by_finite_differences(activation, norm):
    """h = 1e-5: truncation about h^2 = 1e-10, rounding 1e-16 / h = 1e-11, of gradients near 0.1."""
    for loss in LOSSES:
        network, X, y = network_and_data(activation, loss, norm)
        hidden = network.forward(X, training=True).pre_activations[:-1]
        assert min(np.abs(z).min() for z in hidden) > 1e-4  # no kink within reach of h
        value, gradients = network.gradients(X, y, loss)
        loss_object = losses.get(loss)

        def current(network=network, X=X, y=y, loss_object=loss_object):
            return loss_object.value(network.forward(X, training=True).logits, y)

        assert value == pytest.approx(current(), rel=1e-13)
        assert len(gradients.parameters) == len(network.parameters)
        numeric = numeric_gradients(network.parameters, current)
        for ours, theirs in zip(gradients.parameters, numeric, strict=True):
            assert ours.shape == theirs.shape
            assert relative_error(ours, theirs) < 1e-6


@pytest.mark.parametrize("norm", [None, "batch", "layer", "rms"])
def test_an_ensembles_gradients_by_finite_differences(norm):
    members = [network_and_data("tanh", LOSSES[0], norm, seed)[0] for seed in range(3)]
    ensemble = ensembles.stack(members)
    _, X, y = network_and_data("tanh", LOSSES[0], norm)
    loss = losses.get(LOSSES[0])
    value, gradients = ensemble.gradients(X, y)
    assert value.shape == (3,)
    numeric = numeric_gradients(
        ensemble.parameters, lambda: loss.value(ensemble.forward(X, training=True).logits, y)
    )
    for ours, theirs in zip(gradients.parameters, numeric, strict=True):
        assert relative_error(ours, theirs) < 1e-6


@pytest.mark.parametrize("norm", [None, "layer"])
def test_the_signal_backward_is_the_gradient_at_every_pre_activation(norm):
    network, X, y = network_and_data("tanh", LOSSES[0], norm)
    trace = network.forward(X)
    _, gradients = network.gradients(X, y)
    loss = losses.get(LOSSES[0])
    for layer, z in enumerate(trace.pre_activations):

        def from_here(layer=layer, z=z):
            for above in range(layer + 1, len(network.weights)):
                a = network.activation.f(z)
                z = a @ network.weights[above] + network.biases[above]
                if norm and above < len(network.normalizers):
                    z, _ = network.normalizers[above].forward(z, training=True)
            return loss.value(z, y)

        (numeric,) = numeric_gradients([z], from_here)
        assert gradients.pre_activations[layer].shape == z.shape
        assert relative_error(gradients.pre_activations[layer], numeric) < 1e-6


def test_gradients_leave_the_parameters_alone():
    network, X, y = network_and_data("tanh", LOSSES[0], "layer")
    before = [p.copy() for p in network.parameters]
    network.gradients(X, y)
    assert all((a == b).all() for a, b in zip(before, network.parameters, strict=True))


def test_the_default_loss_is_binary_cross_entropy():
    network, X, y = network_and_data("tanh", LOSSES[0], None)
    assert network.gradients(X, y)[0] == network.gradients(X, y, "binary_cross_entropy")[0]
    assert isinstance(network.gradients(X, y)[0], float)


# ---- forward -----------------------------------------------------------------------------------


def test_forward_by_hand_in_loops():
    rng = np.random.default_rng(0)
    network = MLP([3, 4, 2], bias_initializer="ones", rng=rng)
    X = rng.standard_normal((5, 3))
    trace = network.forward(X)
    (W1, W2), (b1, b2) = network.weights, network.biases
    for n in range(5):
        hidden = [sum(X[n, i] * W1[i, j] for i in range(3)) + b1[j] for j in range(4)]
        out = [sum(np.tanh(hidden[j]) * W2[j, k] for j in range(4)) + b2[k] for k in range(2)]
        np.testing.assert_allclose(trace.pre_activations[0][n], hidden, rtol=1e-13)
        np.testing.assert_allclose(trace.activations[0][n], np.tanh(hidden), rtol=1e-13)
        np.testing.assert_allclose(trace.logits[n], out, rtol=1e-13)
    assert trace.inputs[0] is X
    assert trace.inputs[1] is trace.activations[0]
    assert trace.activations[-1] is trace.pre_activations[-1] is trace.logits
    assert len(trace.inputs) == len(trace.activations) == len(trace.pre_activations) == 2
    assert trace.caches == []
    np.testing.assert_array_equal(network.logits(X), trace.logits)


def test_the_input_is_not_changed():
    network, X, y = network_and_data("identity", LOSSES[0], "batch")
    before = X.copy()
    network.gradients(X, y)
    np.testing.assert_array_equal(X, before)


def test_normalization_stands_between_affine_map_and_activation():
    network, X, _ = network_and_data("tanh", LOSSES[0], "layer")
    trace = network.forward(X)
    expected, _ = network.normalizers[0].forward(X @ network.weights[0] + network.biases[0], False)
    np.testing.assert_allclose(trace.pre_activations[0], expected, rtol=1e-13)
    np.testing.assert_array_equal(trace.activations[0], np.tanh(trace.pre_activations[0]))
    assert len(trace.caches) == len(network.normalizers) == 2  # none on the output


def test_only_training_uses_and_remembers_the_batchs_statistics():
    network, X, _ = network_and_data("tanh", LOSSES[0], "batch")
    fresh = [s.copy() for s in network.statistics]
    inference = network.logits(X)
    assert all((a == b).all() for a, b in zip(fresh, network.statistics, strict=True))
    assert not np.allclose(network.forward(X, training=True).logits, inference)
    assert not np.allclose(network.statistics[0], fresh[0])
    assert len(network.statistics) == 4


# ---- construction ------------------------------------------------------------------------------


def test_shapes_counts_and_order_of_parameters():
    network = MLP([4, 5, 3, 2], normalization="batch", rng=np.random.default_rng(0))
    assert network.sizes == (4, 5, 3, 2)
    assert [W.shape for W in network.weights] == [(4, 5), (5, 3), (3, 2)]
    assert [b.shape for b in network.biases] == [(5,), (3,), (2,)]
    assert [n.scale.shape for n in network.normalizers] == [(5,), (3,)]
    assert network.n_parameters == 20 + 15 + 6 + 5 + 3 + 2 + 2 * (5 + 3)
    assert type(network.n_parameters) is int
    first, second = network.normalizers
    expected = [*network.weights, *network.biases]
    expected += [first.scale, first.shift, second.scale, second.shift]
    assert len(network.parameters) == len(expected)
    assert all(p is e for p, e in zip(network.parameters, expected, strict=True))
    assert network.ensemble_shape == ()
    assert MLP([4, 5, 3, 2], rng=np.random.default_rng(0)).n_parameters == 51
    assert MLP(np.array([3, 1]), rng=np.random.default_rng(0)).sizes == (3, 1)


def test_defaults():
    network = MLP([30, 20, 1], rng=np.random.default_rng(0))
    assert network.activation.name == "tanh"
    rng = np.random.default_rng(0)
    for W in network.weights:
        np.testing.assert_array_equal(W, initializers.glorot_uniform(W.shape, rng))
    assert all((b == 0).all() for b in network.biases)
    assert network.normalizers == []
    assert network.dtype == np.float64


def test_initializers_by_name_by_callable_and_one_a_layer():
    def sevens(shape, rng):
        return np.full(shape, 7)

    rng = np.random.default_rng(0)
    network = MLP(
        [2, 3, 4, 1],
        initializer=["zeros", sevens, initializers.get("constant", value=2.0)],
        bias_initializer=("ones", "zeros", sevens),
        rng=rng,
    )
    assert [np.unique(W).tolist() for W in network.weights] == [[0.0], [7.0], [2.0]]
    assert [np.unique(b).tolist() for b in network.biases] == [[1.0], [0.0], [7.0]]
    assert all(p.dtype == np.float64 for p in network.parameters)
    assert (MLP([2, 3, 1], initializer=sevens, rng=rng).weights[1] == 7).all()


def test_weights_are_drawn_layer_by_layer_each_followed_by_its_biases():
    def normal(shape, rng):
        return rng.standard_normal(shape)

    network = MLP(
        [2, 3, 1], initializer=normal, bias_initializer=normal, rng=np.random.default_rng(0)
    )
    rng = np.random.default_rng(0)
    for W, b in zip(network.weights, network.biases, strict=True):
        np.testing.assert_array_equal(W, rng.standard_normal(W.shape))
        np.testing.assert_array_equal(b, rng.standard_normal(b.shape))


def test_an_initializers_own_array_is_copied():
    start = np.ones((2, 1))
    network = MLP([2, 1], initializer=lambda shape, rng: start, rng=np.random.default_rng(0))
    network.weights[0][:] = 5
    assert (start == 1).all()


@pytest.mark.parametrize("norm", [None, "batch", "layer", "rms"])
@pytest.mark.parametrize("activation", activations.names())
def test_float32_everywhere(activation, norm):
    network = MLP(
        [4, 3, 2], activation=activation, normalization=norm, dtype=np.float32,
        rng=np.random.default_rng(0),
    )  # fmt: skip
    X = np.random.default_rng(1).standard_normal((5, 4))
    trace = network.forward(X, training=True)
    _, gradients = network.gradients(X, [0, 1, 0, 1, 0], "categorical_cross_entropy")
    arrays = [*network.parameters, *network.statistics, *trace.activations, *trace.pre_activations]
    arrays += [*gradients.parameters, *gradients.pre_activations, *trace.inputs]
    assert {array.dtype for array in arrays} == {np.dtype(np.float32)}


def test_a_copy_shares_nothing_that_training_changes():
    network, X, _ = network_and_data("tanh", LOSSES[0], "batch")
    other = network.copy()
    before = network.logits(X)
    for array in itertools.chain(other.parameters, other.statistics):
        array += 1.0
    np.testing.assert_array_equal(network.logits(X), before)
    assert type(other) is MLP
    assert other.kind() == network.kind()
    np.testing.assert_array_equal(network.copy().logits(X), before)
    np.testing.assert_array_equal(
        network.copy().forward(X, training=True).logits, network.forward(X, training=True).logits
    )


def test_with_arrays_puts_every_array_in_its_place():
    network, _, _ = network_and_data("tanh", LOSSES[0], "batch")
    other = network.with_arrays(network.parameters, network.statistics)
    assert all(a is b for a, b in zip(other.parameters, network.parameters, strict=True))
    assert all(a is b for a, b in zip(other.statistics, network.statistics, strict=True))
    assert [n.kind for n in other.normalizers] == ["batch", "batch"]
    for missing in (1, 2):  # a shift; a whole layer
        with pytest.raises(ValueError, match="zip"):
            network.with_arrays(network.parameters[:-missing], network.statistics[:-missing])


def test_kind_tells_networks_apart():
    def kind(sizes=(2, 3, 1), **arguments):
        return MLP(sizes, rng=np.random.default_rng(0), **arguments).kind()

    leaky = activations.get("leaky_relu", negative_slope=0.3)
    kinds = [
        kind(),
        kind((2, 4, 1)),
        kind(activation="relu"),
        kind(activation="leaky_relu"),
        kind(activation=leaky),
        kind(normalization="batch"),
        kind(normalization="layer"),
        kind(dtype=np.float32),
        ensembles.stack([MLP([2, 3, 1], rng=np.random.default_rng(0))]).kind(),
        type("Other", (MLP,), {})([2, 3, 1], rng=np.random.default_rng(0)).kind(),
    ]
    for one, other in itertools.combinations(kinds, 2):
        assert one != other
    assert kind(initializer="zeros") == kind(bias_initializer="ones") == kinds[0]


def test_write_back_has_nothing_to_do():
    network, X, _ = network_and_data("tanh", LOSSES[0], None)
    before = network.logits(X)
    assert network.write_back() is None
    np.testing.assert_array_equal(network.logits(X), before)


# ---- errors ------------------------------------------------------------------------------------


def returning(value):
    return lambda shape, rng: value


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"sizes": [3]}, ValueError, "^sizes needs at least an input and an output size; got"),
        ({"sizes": "31"}, TypeError, "^sizes must be a list of positive integers; got '31'$"),
        ({"sizes": 3}, TypeError, "^sizes must be a list of positive integers; got 3$"),
        ({"sizes": np.array(3)}, TypeError, "^sizes must be a list of positive integers; got 3$"),
        ({"sizes": [3, 0, 1]}, ValueError, "^every entry of sizes must be at least 1; got 0"),
        ({"sizes": [3, 2.0]}, TypeError, r"every entry of sizes must be an integer; got 2\.0"),
        ({"activation": "tan"}, ValueError, "activation must be one of identity"),
        ({"initializer": "he"}, ValueError, "initializer must be one of zeros"),
        ({"initializer": 3}, TypeError, r"^initializer must be a name, a callable"),
        ({"initializer": ["zeros"]}, ValueError, "^initializer has 1 entries; the network has 2"),
        ({"initializer": ["zeros", 3]}, TypeError, "initializer must be a string"),
        ({"bias_initializer": 3}, TypeError, "bias_initializer must be a name"),
        ({"bias_initializer": ["ones"] * 3}, ValueError, "bias_initializer has 3 entries"),
        ({"normalization": "group"}, ValueError, "normalization must be one of batch, layer, rms"),
        ({"rng": 0}, TypeError, "rng must be a numpy.random.Generator"),
        ({"dtype": int}, ValueError, "dtype must be float32 or float64; got int64"),
        (
            {"initializer": returning(np.zeros((4, 3)))}, ValueError,
            r"^initializer must return shape \(3, 4\); it returned \(4, 3\)",
        ),
        (
            {"bias_initializer": returning([0.0])}, ValueError,
            r"^bias_initializer must return shape \(4,\); it returned \(1,\)",
        ),
        (
            {"initializer": returning([np.nan])}, ValueError,
            "what initializer returned must be finite in float64; got nan",
        ),
        ({"initializer": returning("W")}, TypeError, "what initializer returned must hold real"),
        (
            {"bias_initializer": returning(np.full(4, 1e300)), "dtype": np.float32}, ValueError,
            "what bias_initializer returned must be finite in float32",
        ),
    ],
)  # fmt: skip
def test_a_network_that_cannot_be_made(arguments, error, message):
    with pytest.raises(error, match=message):
        MLP(**({"sizes": [3, 4, 1], "rng": np.random.default_rng(0)} | arguments))


def test_errors_come_before_anything_is_drawn():
    for wrong in ({"normalization": "no"}, {"initializer": ["zeros", "no"]}, {"dtype": "no"}):
        rng = np.random.default_rng(0)
        with pytest.raises((TypeError, ValueError)):
            MLP([3, 4, 1], **({"initializer": "he_normal"} | wrong), rng=rng)
        assert rng.bit_generator.state == np.random.default_rng(0).bit_generator.state


def test_inputs_that_do_not_fit():
    network = MLP([3, 1], rng=np.random.default_rng(0))
    for call in (network.logits, network.forward, lambda X: network.gradients(X, [0, 1])):
        with pytest.raises(
            ValueError, match=r"^X has 4 features \(shape \(2, 4\)\); the .* takes 3"
        ):
            call(np.ones((2, 4)))
        with pytest.raises(ValueError, match=r"^X must have at least 2 axes; got shape \(3,\)"):
            call(np.ones(3))
        with pytest.raises(ValueError, match=r"X is empty: shape \(0, 3\)"):
            call(np.ones((0, 3)))
        with pytest.raises(ValueError, match="X must be finite"):
            call(np.full((2, 3), np.inf))
        with pytest.raises(ValueError, match=r"^X of shape \(5, 2, 3\) .* ensemble of shape \(\)$"):
            call(np.ones((5, 2, 3)))
    ensemble = ensembles.stack([network] * 4)
    assert ensemble.logits(np.ones((4, 2, 3))).shape == (4, 2, 1)
    with pytest.raises(ValueError, match=r"^X of shape \(5, 2, 3\) .* ensemble of shape \(4,\)$"):
        ensemble.logits(np.ones((5, 2, 3)))


def test_targets_that_do_not_fit():
    network = MLP([3, 1], rng=np.random.default_rng(0))
    X = np.ones((2, 3))
    with pytest.raises(ValueError, match=r"y of shape \(3,\) .* logits of shape \(2, 1\)"):
        network.gradients(X, [0, 1, 0])
    with pytest.raises(ValueError, match="y must hold the labels 0 and 1; got 2"):
        network.gradients(X, [0, 2])
    with pytest.raises(ValueError, match="loss must be one of"):
        network.gradients(X, [0, 1], "mse")
    small = MLP([3, 1], dtype=np.float32, rng=np.random.default_rng(0))
    assert small.gradients(X, [0.0, 1.0], "mean_squared_error")[0].dtype == np.float32
    with pytest.raises(ValueError, match=r"y must be finite in float32; got 1e\+300"):
        small.gradients(X, [0.0, 1e300], "mean_squared_error")


def test_torch_agrees_on_a_whole_network():
    torch = pytest.importorskip("torch")
    network, X, y = network_and_data("gelu", "categorical_cross_entropy", "layer")
    tensors = [torch.tensor(p, requires_grad=True) for p in network.parameters]
    (W1, W2, W3), (b1, b2, b3), rest = tensors[:3], tensors[3:6], tensors[6:]
    norm, gelu = torch.nn.functional.layer_norm, torch.nn.functional.gelu
    a = gelu(norm(torch.tensor(X) @ W1 + b1, (5,), rest[0], rest[1], eps=normalization.EPSILON))
    a = gelu(norm(a @ W2 + b2, (3,), rest[2], rest[3], eps=normalization.EPSILON))
    value = torch.nn.functional.cross_entropy(a @ W3 + b3, torch.tensor(y))
    value.backward()
    ours, gradients = network.gradients(X, y, "categorical_cross_entropy")
    assert ours == pytest.approx(value.item(), rel=1e-12)
    for gradient, tensor in zip(gradients.parameters, tensors, strict=True):
        np.testing.assert_allclose(gradient, tensor.grad.numpy(), rtol=1e-9, atol=1e-14)
