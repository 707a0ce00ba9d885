"""Fans, constants, identity, orthogonal matrices, and the register of names."""

from __future__ import annotations

import inspect
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import signal, stats

from course_code import initializers

# ---- fans -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shape", "fans"),
    [
        ((784, 100), (784, 100)),
        ((1, 1), (1, 1)),
        ((5, 16, 32), (80, 160)),
        ((3, 3, 16, 32), (144, 288)),
        ((3, 5, 16, 32), (240, 480)),
        ((2, 3, 4, 5, 6), (120, 144)),
        ([3, 4], (3, 4)),
        ((np.int64(3), np.int32(4)), (3, 4)),
    ],
)
def test_fans(shape, fans):
    assert initializers.compute_fans(shape) == fans
    assert all(type(fan) is int for fan in initializers.compute_fans(shape))


@given(st.lists(st.integers(1, 50), min_size=2, max_size=6))
def test_fans_count_the_connections(sizes):
    *window, channels_in, channels_out = sizes
    fan_in, fan_out = initializers.compute_fans(tuple(sizes))
    assert fan_in * channels_out == fan_out * channels_in == math.prod(sizes)
    assert (fan_out, fan_in) == initializers.compute_fans((*window, channels_out, channels_in))


# ---- constants and the identity -------------------------------------------------------------


def test_constants():
    rng = np.random.default_rng(0)
    np.testing.assert_array_equal(initializers.zeros((2, 3), rng), np.zeros((2, 3)))
    np.testing.assert_array_equal(initializers.ones((2, 3), rng), np.ones((2, 3)))
    np.testing.assert_array_equal(initializers.constant((4,), rng), np.zeros(4))
    np.testing.assert_array_equal(initializers.constant((2, 1), rng, value=-1.5), [[-1.5], [-1.5]])
    assert rng.random() == np.random.default_rng(0).random(), "a constant drew from the generator"


@pytest.mark.parametrize("name", ["zeros", "ones", "constant"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_constants_have_the_dtype_asked_for(name, dtype):
    values = getattr(initializers, name)((2, 3), np.random.default_rng(0), dtype=dtype)
    assert values.dtype == dtype


@pytest.mark.parametrize("shape", [(3, 3), (2, 4), (4, 2), (1, 1)])
def test_identity_of_a_dense_layer(shape):
    rng = np.random.default_rng(0)
    np.testing.assert_array_equal(initializers.identity(shape, rng), np.eye(*shape))
    np.testing.assert_array_equal(initializers.identity(shape, rng, gain=-2.0), -2 * np.eye(*shape))


@pytest.mark.parametrize(
    ("window", "channels_in", "channels_out"),
    [((3, 3), 3, 3), ((1, 5), 2, 2), ((5, 3), 2, 3),
     ((3, 3), 3, 2), ((3,), 2, 2), ((1, 3, 3), 2, 2)],
)  # fmt: skip
def test_a_same_convolution_with_the_identity_passes_its_input_on(
    window, channels_in, channels_out
):
    rng = np.random.default_rng(1)
    kernel = initializers.identity((*window, channels_in, channels_out), rng, gain=3.0)
    image = rng.standard_normal((*(7 for _ in window), channels_in))
    output = np.stack(
        [
            sum(
                signal.correlate(image[..., i], kernel[..., i, o], mode="same", method="direct")
                for i in range(channels_in)
            )
            for o in range(channels_out)
        ],
        axis=-1,
    )
    kept = min(channels_in, channels_out)
    np.testing.assert_array_equal(output[..., :kept], 3.0 * image[..., :kept])
    assert not output[..., kept:].any()


def test_the_centre_of_an_even_window():
    kernel = initializers.identity((4, 2, 1, 1), np.random.default_rng(0))
    assert np.argwhere(kernel).tolist() == [[2, 1, 0, 0]]


# ---- orthogonal -----------------------------------------------------------------------------


@pytest.mark.parametrize("gain", [1.0, 0.25, 3.0])
@pytest.mark.parametrize(
    "shape", [(40, 10), (10, 40), (20, 20), (1, 5), (5, 1), (3, 3, 4, 8), (2, 2, 3, 50)]
)
def test_every_singular_value_is_the_gain(shape, gain):
    W = initializers.orthogonal(shape, np.random.default_rng(2), gain=gain)
    assert W.shape == shape
    matrix = W.reshape(-1, shape[-1])
    np.testing.assert_allclose(np.linalg.svd(matrix, compute_uv=False), gain, rtol=1e-12)


def test_orthogonal_in_float32():
    W = initializers.orthogonal((30, 12), np.random.default_rng(0), dtype=np.float32)
    assert W.dtype == np.float32
    np.testing.assert_allclose(W.T @ W, np.eye(12), atol=1e-5)


def haar(shape, n=4000, seed=0):
    rng = np.random.default_rng(seed)
    return np.array([initializers.orthogonal(shape, rng) for _ in range(n)])


def uncorrected(shape, n=4000, seed=0):
    """The mistake: the factor Q as LAPACK gives it, without the signs of R's diagonal."""
    rng = np.random.default_rng(seed)
    return np.array([np.linalg.qr(rng.standard_normal(shape))[0] for _ in range(n)])


def check_haar(W, check_law):
    """Every entry has the law of a coordinate of a random point on the sphere; signs are even.

    In three dimensions that law is uniform on (-1, 1): Archimedes' theorem.
    """
    for i in range(W.shape[1]):
        for j in range(W.shape[2]):
            check_law(W[:, i, j], "uniform", 1 / 3)
    if W.shape[1] == W.shape[2]:
        trace = np.trace(W, axis1=1, axis2=2)
        assert abs(trace.mean()) < 5 / math.sqrt(len(W)), "trace"  # of variance 1
        assert abs(np.linalg.det(W).mean()) < 5 / math.sqrt(len(W)), "determinant"


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("shape", [(3, 3), (3, 2), (2, 3)])
def test_orthogonal_matrices_are_uniform(shape, seed, check_law):
    check_haar(haar(shape, seed=seed), check_law)


@pytest.mark.parametrize("shape", [(3, 3), (3, 2)])
def test_the_uncorrected_qr_is_not_uniform(shape, check_law):
    with pytest.raises(AssertionError, match=r"^(mean|bounds|shape|trace|determinant)"):
        check_haar(uncorrected(shape), check_law)


def test_rotating_changes_nothing_in_law(check_law):
    """Haar means invariant: the first column of U W is as uniform as that of W."""
    U = stats.ortho_group(3, seed=1).rvs()
    check_haar(U @ haar((3, 3), seed=3), check_law)
    check_haar(haar((3, 3), seed=4) @ U, check_law)


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("shape", [(400, 300), (300, 400), (3, 3, 40, 300)])
def test_the_entries_of_a_large_orthogonal_matrix_are_nearly_normal(shape, seed, check_law):
    """Their squares sum to min(rows, columns): the variance is exactly 1 / max(rows, columns)."""
    W = initializers.orthogonal(shape, np.random.default_rng(seed), gain=2.0)
    variance = 4.0 / max(math.prod(shape[:-1]), shape[-1])
    assert np.mean(W**2) == pytest.approx(variance, rel=1e-12)
    check_law(W, "normal", variance)
    with pytest.raises(AssertionError, match=r"^variance"):
        check_law(W, "normal", variance / 2)


# ---- names ----------------------------------------------------------------------------------

NAMES = [
    "zeros", "ones", "constant", "identity", "orthogonal",
    "random_normal", "random_uniform", "truncated_normal", "variance_scaling",
    "lecun_normal", "lecun_uniform", "glorot_normal", "glorot_uniform", "he_normal", "he_uniform",
]  # fmt: skip
ALIASES = {
    "xavier_normal": "glorot_normal",
    "xavier_uniform": "glorot_uniform",
    "kaiming_normal": "he_normal",
    "kaiming_uniform": "he_uniform",
}


def test_names():
    assert initializers.names() == NAMES
    initializers.names().clear()
    assert initializers.names() == NAMES, "a caller could change the register"


@pytest.mark.parametrize("name", [*NAMES, *ALIASES])
def test_get_gives_the_function_of_that_name(name):
    by_name = initializers.get(name)((4, 3), np.random.default_rng(0))
    by_hand = getattr(initializers, name)((4, 3), np.random.default_rng(0))
    np.testing.assert_array_equal(by_name, by_hand)


@pytest.mark.parametrize(("alias", "name"), ALIASES.items())
def test_an_alias_is_the_same_function(alias, name):
    assert getattr(initializers, alias) is getattr(initializers, name)
    drawn = [initializers.get(n)((4, 3), np.random.default_rng(0)) for n in (alias, name)]
    np.testing.assert_array_equal(*drawn)


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("constant", {"value": 2.5}),
        ("identity", {"gain": 2.0}),
        ("orthogonal", {"gain": 0.5}),
        ("random_normal", {"mean": 1.0, "std": 0.1}),
        ("random_uniform", {"low": 1.0, "high": 2.0}),
        ("truncated_normal", {"mean": 1.0, "std": 0.1}),
        ("variance_scaling", {"scale": 3.0, "mode": "fan_avg", "distribution": "uniform"}),
        ("lecun_normal", {"dtype": np.float32}),
        ("he_normal", {"negative_slope": 0.3, "mode": "fan_out"}),
        ("kaiming_uniform", {"negative_slope": 0.3, "mode": "fan_out", "dtype": "float32"}),
    ],
)
def test_get_passes_parameters_on(name, parameters):
    drawn = initializers.get(name, **parameters)((4, 3), np.random.default_rng(0))
    function = getattr(initializers, name)
    by_hand = function((4, 3), np.random.default_rng(0), **parameters)
    np.testing.assert_array_equal(drawn, by_hand)
    assert drawn.dtype == by_hand.dtype
    assert not np.array_equal(drawn, function((4, 3), np.random.default_rng(0)))


def test_every_public_name_exists_and_every_initializer_is_public():
    assert all(hasattr(initializers, name) for name in initializers.__all__)
    assert {*NAMES, *ALIASES, "compute_fans", "get", "names"} <= set(initializers.__all__)


@pytest.mark.parametrize("name", NAMES)
def test_shape_and_rng_come_first_and_the_rest_by_name(name):
    shape, rng, *rest = inspect.signature(getattr(initializers, name)).parameters.values()
    assert (shape.name, rng.name) == ("shape", "rng")
    assert shape.kind is rng.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD
    assert {parameter.kind for parameter in rest} == {inspect.Parameter.KEYWORD_ONLY}
    assert rest[-1].name == "dtype"


@pytest.mark.parametrize("name", NAMES)
def test_docstrings_say_what_the_fans_do_and_what_is_raised(name):
    doc = getattr(initializers, name).__doc__
    for part in ("fan_in", "fan_out", "Parameters", "Raises", "Examples"):
        assert part in doc.replace("\\_", "_"), part
