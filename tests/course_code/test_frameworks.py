"""The zoo against the installed Keras and PyTorch, and what their layers draw by default.

Agreement is in law, not in draws: the same checks as in test_initializers_law.py, applied to the
frameworks' own draws. Flax is not installed; its defaults are checked against the formula.
"""

from __future__ import annotations

import math
import os
import warnings

import numpy as np
import pytest

from course_code import frameworks, initializers
from course_code.network import MLP

DENSE, KERNEL = (1000, 100), (3, 3, 96, 120)
SHAPES = pytest.mark.parametrize(
    "shape", [DENSE, DENSE[::-1], KERNEL], ids=["tall", "wide", "conv"]
)
STD, LOW, HIGH, VALUE = 0.2, -0.3, 0.1, 0.7


@pytest.fixture(scope="module")
def torch():
    torch = pytest.importorskip(
        "torch", reason="PyTorch is not installed (pip install 'course_code[frameworks]')"
    )
    torch.manual_seed(0)
    return torch


@pytest.fixture(scope="module")
def keras(torch):
    os.environ["KERAS_BACKEND"] = "torch"  # read when keras is first imported
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of what keras itself imports
        keras = pytest.importorskip(
            "keras", reason="Keras is not installed (pip install 'course_code[frameworks]')"
        )
    keras.utils.set_random_seed(0)
    return keras


def to_torch(torch, shape):
    """An empty tensor of PyTorch's order of axes: (out, in) or (out, in, height, width)."""
    *window, channels_in, channels_out = shape
    return torch.empty(channels_out, channels_in, *window)


def from_torch(tensor):
    return np.moveaxis(tensor.detach().numpy(), (1, 0), (-2, -1))


def from_keras(value):
    return value.detach().cpu().numpy()


def inside(values, distribution, bound):
    """The values within the bound, all but a few in 100,000.

    Keras on PyTorch draws four normals for each truncated one and takes the first inside the cut:
    with probability 0.0455^4, about 4 in a million, none is, and one outside is taken.
    """
    kept = values[np.abs(values) <= bound * (1 + 1e-6)]
    lost = values.size - kept.size
    assert lost <= (5 if distribution == "truncated_normal" else 0)
    return kept


# ---- the zoo --------------------------------------------------------------------------------

SCHEMES = {
    "lecun_normal": ("truncated_normal", lambda i, o: 1 / i),
    "lecun_uniform": ("uniform", lambda i, o: 1 / i),
    "glorot_normal": ("truncated_normal", lambda i, o: 2 / (i + o)),
    "glorot_uniform": ("uniform", lambda i, o: 2 / (i + o)),
    "he_normal": ("truncated_normal", lambda i, o: 2 / i),
    "he_uniform": ("uniform", lambda i, o: 2 / i),
}


def written(framework, scheme, **names):
    """Evaluate what `frameworks.NAMES` says to write."""
    variables = {"std": STD, "low": LOW, "high": HIGH, "value": VALUE}
    return eval(frameworks.NAMES[scheme][framework], {**variables, **names})


def bound_of(distribution, variance):
    return (
        math.sqrt(variance)
        * {
            "uniform": math.sqrt(3),
            "truncated_normal": 2 / 0.87962566103423978,
            "normal": math.inf,
        }[distribution]
    )


@SHAPES
@pytest.mark.parametrize("scheme", SCHEMES)
def test_keras_draws_the_law_of_the_zoo(scheme, shape, keras, check_law):
    distribution, variance = SCHEMES[scheme]
    variance = variance(*initializers.compute_fans(shape))
    theirs = from_keras(written("keras", scheme, keras=keras)(shape))
    ours = initializers.get(scheme)(shape, np.random.default_rng(0))
    check_law(ours, distribution, variance)
    check_law(
        inside(theirs, distribution, bound_of(distribution, variance)), distribution, variance
    )
    with pytest.raises(AssertionError, match="variance"):
        check_law(1.03 * theirs, distribution, variance)


@SHAPES
@pytest.mark.parametrize("mode", ["fan_in", "fan_out", "fan_avg"])
@pytest.mark.parametrize("distribution", ["truncated_normal", "normal", "uniform"])
def test_keras_variance_scaling(distribution, mode, shape, keras, check_law):
    fan_in, fan_out = initializers.compute_fans(shape)
    fan = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[mode]
    theirs = from_keras(
        written(
            "keras",
            "variance_scaling",
            keras=keras,
            scale=1.7,
            mode=mode,
            distribution="untruncated_normal" if distribution == "normal" else distribution,
        )(shape)
    )
    ours = initializers.variance_scaling(
        shape, np.random.default_rng(0), scale=1.7, mode=mode, distribution=distribution
    )
    check_law(ours, distribution, 1.7 / fan)
    check_law(
        inside(theirs, distribution, bound_of(distribution, 1.7 / fan)), distribution, 1.7 / fan
    )


def test_in_keras_normal_means_truncated(keras, check_law):
    theirs = from_keras(keras.initializers.VarianceScaling(distribution="normal")(DENSE))
    kept = inside(theirs, "truncated_normal", bound_of("truncated_normal", 1 / DENSE[0]))
    check_law(kept, "truncated_normal", 1 / DENSE[0])


@SHAPES
@pytest.mark.parametrize("scheme", SCHEMES)
def test_pytorch_draws_the_law_of_the_zoo(scheme, shape, torch, check_law):
    """The same variance; its normal schemes are not truncated, so they are rejected as ours."""
    distribution, variance = SCHEMES[scheme]
    variance = variance(*initializers.compute_fans(shape))
    w = to_torch(torch, shape)
    written("pytorch", scheme, torch=torch, w=w)
    theirs = from_torch(w)
    assert theirs.shape == shape
    if distribution == "uniform":
        check_law(theirs, "uniform", variance)
    else:
        check_law(theirs, "normal", variance)
        with pytest.raises(AssertionError, match="bounds"):
            check_law(theirs, distribution, variance)
        ours = initializers.variance_scaling(
            shape,
            np.random.default_rng(0),
            scale=variance * initializers.compute_fans(shape)[0],
            distribution="normal",
        )
        check_law(ours, "normal", variance)


@SHAPES
@pytest.mark.parametrize("mode", ["fan_in", "fan_out"])
@pytest.mark.parametrize("negative_slope", [0.0, 0.3])
def test_pytorch_kaiming_with_mode_and_slope(negative_slope, mode, shape, torch, check_law):
    fan = initializers.compute_fans(shape)[("fan_in", "fan_out").index(mode)]
    variance = 2 / (1 + negative_slope**2) / fan
    w = to_torch(torch, shape)
    torch.nn.init.kaiming_uniform_(w, a=negative_slope, mode=mode)
    check_law(from_torch(w), "uniform", variance)
    ours = initializers.he_uniform(
        shape, np.random.default_rng(0), negative_slope=negative_slope, mode=mode
    )
    check_law(ours, "uniform", variance)


def pairs(framework, torch, keras, schemes):
    """For each scheme: what the framework draws at DENSE's shape."""
    for scheme in schemes:
        if framework == "keras":
            yield scheme, from_keras(written("keras", scheme, keras=keras)(DENSE))
        else:
            w = to_torch(torch, DENSE)
            written("pytorch", scheme, torch=torch, w=w)
            yield scheme, from_torch(w)


@pytest.mark.parametrize("framework", ["keras", "pytorch"])
def test_draws_of_given_spread(framework, torch, keras, check_law):
    laws = {
        "random_normal": ({"std": STD}, "normal", STD**2, 0.0),
        "random_uniform": (
            {"low": LOW, "high": HIGH}, "uniform", (HIGH - LOW) ** 2 / 12, (HIGH + LOW) / 2,
        ),
        "truncated_normal": (
            {"std": STD}, "truncated_normal", (0.87962566103423978 * STD) ** 2, 0.0,
        ),
    }  # fmt: skip
    for scheme, theirs in pairs(framework, torch, keras, laws):
        parameters, *law = laws[scheme]
        bound = 2 * STD if scheme == "truncated_normal" else math.inf
        check_law(inside(theirs, law[0], bound), *law)
        check_law(initializers.get(scheme, **parameters)(DENSE, np.random.default_rng(0)), *law)


@pytest.mark.parametrize("framework", ["keras", "pytorch"])
def test_constants_and_identity_are_equal(framework, torch, keras):
    given = {"zeros": {}, "ones": {}, "constant": {"value": VALUE}, "identity": {}}
    for scheme, theirs in pairs(framework, torch, keras, given):
        ours = initializers.get(scheme, dtype=np.float32, **given[scheme])
        np.testing.assert_array_equal(theirs, ours(DENSE, np.random.default_rng(0)))


@pytest.mark.parametrize("window", [(3, 3), (1, 5), (4, 2)])
def test_identity_of_a_kernel_is_pytorchs_dirac(window, torch):
    w = to_torch(torch, (*window, 5, 4))
    torch.nn.init.dirac_(w)
    ours = initializers.identity((*window, 5, 4), np.random.default_rng(0))
    np.testing.assert_array_equal(from_torch(w), ours)


@pytest.mark.parametrize("framework", ["keras", "pytorch"])
def test_orthogonal_is_orthogonal_there_too(framework, torch, keras, check_law):
    for shape in (DENSE, DENSE[::-1], (3, 3, 10, 300)):
        if framework == "keras":
            theirs = from_keras(written("keras", "orthogonal", keras=keras)(shape))
            matrix = theirs.reshape(-1, shape[-1])
        else:
            w = to_torch(torch, shape)
            written("pytorch", "orthogonal", torch=torch, w=w)
            matrix = w.numpy().reshape(shape[-1], -1).T  # (in * window, out)
        np.testing.assert_allclose(np.linalg.svd(matrix, compute_uv=False), 1.0, rtol=1e-4)
        check_law(matrix, "normal", 1 / max(matrix.shape))
        ours = initializers.orthogonal(shape, np.random.default_rng(0)).reshape(matrix.shape)
        np.testing.assert_allclose(np.linalg.svd(ours, compute_uv=False), 1.0, rtol=1e-12)
        check_law(ours, "normal", 1 / max(matrix.shape))


@pytest.mark.parametrize("shape", [(7, 5), (5, 7), (3, 3, 4, 8), (5, 4, 8)])
def test_fans_are_the_frameworks(shape, torch, keras):
    from keras.src.initializers.random_initializers import compute_fans

    assert initializers.compute_fans(shape) == compute_fans(shape)
    w = to_torch(torch, shape)
    assert initializers.compute_fans(shape) == torch.nn.init._calculate_fan_in_and_fan_out(w)


def test_every_initializer_has_a_row_in_the_table_of_names(torch, keras):
    assert list(frameworks.NAMES) == initializers.names()
    assert all(set(row) == {"keras", "pytorch", "jax"} for row in frameworks.NAMES.values())
    assert [scheme for scheme, row in frameworks.NAMES.items() if row["pytorch"] is None] == [
        "variance_scaling"
    ]


# ---- what a layer draws by default ------------------------------------------------------------


def check_default(check_law, law, values):
    if law.distribution == "zeros":
        assert law.variance == law.bound == 0.0
        assert not values.any()
        return
    assert bound_of(law.distribution, law.variance) == pytest.approx(law.bound, rel=1e-12)
    check_law(values, law.distribution, law.variance)
    # The bound is the law's own, and nearly reached.
    assert 0.99 * law.bound < np.abs(values).max() <= law.bound * (1 + 1e-6)


@SHAPES
@pytest.mark.parametrize("framework", frameworks.FRAMEWORKS)
def test_draws_by_default_have_the_law_by_default(framework, shape, check_law):
    default = frameworks.default_initialization(framework, shape)
    rng = np.random.default_rng(0)
    weights, biases = zip(
        *(frameworks.draw_default(framework, shape, rng) for _ in range(3)), strict=True
    )
    assert weights[0].shape == shape
    assert biases[0].shape == (shape[-1],)
    check_default(check_law, default.weight, np.array(weights))
    check_default(check_law, default.bias, np.array(biases))


@pytest.mark.parametrize(
    ("framework", "shape", "variance", "bound", "bias_variance"),
    [
        ("pytorch", (300, 100), 1 / 900, 1 / math.sqrt(300), 1 / 900),
        ("keras", (300, 100), 1 / 200, math.sqrt(0.015), 0.0),
        ("flax", (300, 100), 1 / 300, 2 / 0.8796256610342398 / math.sqrt(300), 0.0),
        ("pytorch", (3, 3, 16, 32), 1 / 432, 1 / 12, 1 / 432),
        ("keras", (3, 3, 16, 32), 1 / 216, math.sqrt(3 / 216), 0.0),
        ("flax", (3, 3, 16, 32), 1 / 144, 2 / 0.8796256610342398 / 12, 0.0),
    ],
)
def test_defaults_as_formulas(framework, shape, variance, bound, bias_variance):
    default = frameworks.default_initialization(framework, shape)
    assert default.weight.variance == pytest.approx(variance, rel=1e-12)
    assert default.weight.bound == pytest.approx(bound, rel=1e-12)
    assert default.bias.variance == pytest.approx(bias_variance, rel=1e-12)
    names = {"pytorch": "uniform", "keras": "uniform", "flax": "truncated_normal"}
    assert default.weight.distribution == names[framework]
    assert default.bias.distribution == ("uniform" if framework == "pytorch" else "zeros")


def enough(layers):
    """Weights and biases of several layers: a bias alone is too few numbers to test its law."""
    weights, biases = zip(*layers, strict=True)
    return np.array(weights), np.array(biases)


def rejected_elsewhere(check_law, framework, shape, weight):
    """The negative test: no other framework's default passes for this one."""
    for other in set(frameworks.FRAMEWORKS) - {framework}:
        law = frameworks.default_initialization(other, shape).weight
        with pytest.raises(AssertionError, match=r"^(variance|bounds|shape)"):
            check_law(weight, law.distribution, law.variance)


@pytest.mark.parametrize("shape", [DENSE, (10, 2000)])
def test_torch_linear_draws_the_default_we_say(shape, torch, check_law):
    layers = [torch.nn.Linear(*shape) for _ in range(5)]
    weight, bias = enough(
        (from_torch(layer.weight), layer.bias.detach().numpy()) for layer in layers
    )
    default = frameworks.default_initialization("pytorch", shape)
    check_default(check_law, default.weight, weight)
    check_law(bias, default.bias.distribution, default.bias.variance)
    assert np.abs(bias).max() <= default.bias.bound * (1 + 1e-6)
    rejected_elsewhere(check_law, "pytorch", shape, weight)


def test_torch_conv2d_draws_the_default_we_say(torch, check_law):
    layers = [torch.nn.Conv2d(96, 120, (3, 3)) for _ in range(5)]
    weight, bias = enough(
        (from_torch(layer.weight), layer.bias.detach().numpy()) for layer in layers
    )
    assert weight.shape[1:] == KERNEL
    default = frameworks.default_initialization("pytorch", KERNEL)
    check_default(check_law, default.weight, weight)
    check_law(bias, default.bias.distribution, default.bias.variance)
    rejected_elsewhere(check_law, "pytorch", KERNEL, weight)


@pytest.mark.parametrize("kind", ["Dense", "Conv2D"])
def test_keras_layers_draw_the_default_we_say(kind, keras, check_law):
    if kind == "Dense":
        layer, shape = keras.layers.Dense(DENSE[1]), DENSE
        layer.build((None, DENSE[0]))
    else:
        layer, shape = keras.layers.Conv2D(120, 3), KERNEL
        layer.build((None, 8, 8, 96))
    weight, bias = (from_keras(variable.value) for variable in (layer.kernel, layer.bias))
    assert weight.shape == shape
    default = frameworks.default_initialization("keras", shape)
    check_default(check_law, default.weight, weight)
    check_default(check_law, default.bias, bias)
    rejected_elsewhere(check_law, "keras", shape, weight)


# ---- in a network -----------------------------------------------------------------------------


@pytest.mark.parametrize("framework", frameworks.FRAMEWORKS)
def test_a_network_starts_as_the_framework_would(framework, check_law):
    sizes = [400, 300, 1000]
    weights, biases = frameworks.initializers_for(framework, sizes)
    network = MLP(sizes, initializer=weights, bias_initializer=biases, rng=np.random.default_rng(0))
    for W, b in zip(network.weights, network.biases, strict=True):
        default = frameworks.default_initialization(framework, W.shape)
        check_default(check_law, default.weight, W)
        if framework == "pytorch":
            assert 0.95 * default.bias.bound < np.abs(b).max() <= default.bias.bound
            check_law(b, default.bias.distribution, default.bias.variance)
        else:
            assert not b.any()


def test_draw_default_in_float32():
    for array in frameworks.draw_default(
        "pytorch", (3, 2), np.random.default_rng(0), dtype="float32"
    ):
        assert array.dtype == np.float32


# ---- bad input --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "call",
    [
        lambda name: frameworks.default_initialization(name, (3, 2)),
        lambda name: frameworks.draw_default(name, (3, 2), np.random.default_rng(0)),
        lambda name: frameworks.initializers_for(name, [3, 2]),
    ],
)
def test_an_unknown_framework_lists_the_known(call):
    with pytest.raises(
        ValueError, match="framework must be one of pytorch, keras, flax; got 'mxnet'"
    ):
        call("mxnet")
    with pytest.raises(TypeError, match="framework must be a string, one of pytorch, keras, flax"):
        call(None)


def test_bad_shapes_sizes_generators_and_dtypes():
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="shape must have at least 2 axes"):
        frameworks.default_initialization("keras", (3,))
    with pytest.raises(ValueError, match="every entry of shape must be at least 1"):
        frameworks.draw_default("keras", (3, 0), rng)
    with pytest.raises(TypeError, match="rng must be a numpy"):
        frameworks.draw_default("keras", (3, 2), 0)
    with pytest.raises(ValueError, match="dtype must be float32 or float64"):
        frameworks.draw_default("keras", (3, 2), rng, dtype=int)
    with pytest.raises(TypeError, match="sizes must be a list of positive integers; got 3"):
        frameworks.initializers_for("keras", 3)
    with pytest.raises(ValueError, match=r"sizes needs at least an input and an output.*\[3\]"):
        frameworks.initializers_for("keras", [3])
    with pytest.raises(ValueError, match="every entry of sizes must be at least 1; got 0"):
        frameworks.initializers_for("keras", [3, 0, 1])
    with pytest.raises(TypeError, match="every entry of sizes must be an integer"):
        frameworks.initializers_for("keras", [3, 2.5])


def test_nothing_is_imported_from_a_framework():
    import subprocess
    import sys

    code = (
        "import sys, course_code.frameworks; "
        "print(*sorted({'torch', 'keras', 'jax', 'flax', 'scipy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
