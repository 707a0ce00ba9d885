"""Bad input is a TypeError or ValueError that names the argument, before anything is drawn."""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from course_code import initializers

NAMES = initializers.names()
NO_FANS = ("zeros", "ones", "constant", "random_normal", "random_uniform", "truncated_normal")
REALS = [
    ("constant", "value"),
    ("identity", "gain"),
    ("orthogonal", "gain"),
    ("random_normal", "mean"),
    ("random_normal", "std"),
    ("truncated_normal", "mean"),
    ("truncated_normal", "std"),
    ("random_uniform", "low"),
    ("random_uniform", "high"),
    ("variance_scaling", "scale"),
    ("he_normal", "negative_slope"),
    ("he_uniform", "negative_slope"),
]


def refuse(error, match, name, shape=(3, 2), **parameters):
    """Call the initializer; it must raise, and must not have touched the generator."""
    rng = np.random.default_rng(0)
    with pytest.raises(error, match=match):
        getattr(initializers, name)(shape, rng, **parameters)
    assert rng.random() == np.random.default_rng(0).random(), "drew before it checked"


@pytest.mark.parametrize(
    "rng",
    [None, 0, np.int64(3), "0", np.random, np.random.RandomState(0), np.random.PCG64(0)],
    ids=["None", "int", "np.int64", "str", "np.random", "RandomState", "PCG64"],
)
@pytest.mark.parametrize("name", NAMES)
def test_rng_must_be_a_generator(name, rng):
    with pytest.raises(TypeError, match=r"rng must be a numpy\.random\.Generator.*default_rng"):
        getattr(initializers, name)((3, 2), rng)


@pytest.mark.parametrize("shape", [3, None, "32", b"32", 3.0, {3, 2}, {3: 2}, np.array(3)])
@pytest.mark.parametrize("name", NAMES)
def test_shape_must_be_a_tuple(name, shape):
    refuse(TypeError, "shape must be a tuple of positive integers; got", name, shape)


@pytest.mark.parametrize("shape", [(3.0, 2), (True, 2), ("3", 2), (None, 2), ((3,), 2), (2j, 3)])
@pytest.mark.parametrize("name", NAMES)
def test_shape_must_hold_integers(name, shape):
    refuse(TypeError, "every entry of shape must be an integer", name, shape)


@pytest.mark.parametrize("shape", [(0, 2), (3, 0), (-3, 2), (3, -2), (3, 3, 0, 2), (0,)])
@pytest.mark.parametrize("name", NAMES)
def test_sizes_and_so_fans_must_be_positive(name, shape):
    refuse(ValueError, "every entry of shape must be at least 1; got", name, shape)


@pytest.mark.parametrize("name", NAMES)
def test_shape_must_not_be_empty(name):
    least = 1 if name in NO_FANS else 2
    refuse(ValueError, rf"shape must have at least {least} axes; got \(\)", name, ())


@pytest.mark.parametrize("name", [name for name in NAMES if name not in NO_FANS])
def test_a_bias_has_no_fans(name):
    refuse(ValueError, r"shape must have at least 2 axes; got \(3,\)", name, (3,))


@pytest.mark.parametrize("name", NO_FANS)
def test_a_bias_can_be_drawn_without_fans(name):
    assert getattr(initializers, name)((3,), np.random.default_rng(0)).shape == (3,)


@pytest.mark.parametrize("name", NAMES)
def test_a_shape_that_no_array_can_have(name):
    refuse(ValueError, "shape asks for more numbers than an array", name, (2**40, 2**40))


@pytest.mark.parametrize("shape", [(3,), 3, (0, 2), (2.5, 2), "ab", ()])
def test_compute_fans_refuses_bad_shapes(shape):
    with pytest.raises((TypeError, ValueError), match="shape"):
        initializers.compute_fans(shape)


@pytest.mark.parametrize(
    ("dtype", "error"),
    [
        (complex, ValueError),
        (object, ValueError),
        (bool, ValueError),
        (int, ValueError),
        ("float16", ValueError),
        ("int32", ValueError),
        ("U3", ValueError),
        (None, TypeError),
        ("nonsense", TypeError),
        (32, TypeError),
        ({"names": 1}, TypeError),
    ],
)
@pytest.mark.parametrize("name", NAMES)
def test_dtype_must_be_float32_or_float64(name, dtype, error):
    refuse(error, "dtype must be float32 or float64; got", name, dtype=dtype)


@pytest.mark.parametrize(
    "value",
    [np.nan, np.inf, -np.inf, np.float32("nan"), 10**400, -(10**400), 1e308],
    ids=["nan", "inf", "-inf", "nan32", "10**400", "-10**400", "1e308"],
)
@pytest.mark.parametrize(("name", "parameter"), REALS)
def test_numbers_must_be_finite_and_leave_room(name, parameter, value):
    refuse(ValueError, f"{parameter} must be finite and in ", name, **{parameter: value})


@pytest.mark.parametrize(
    "value", ["1", None, 1j, [1.0], np.ones(1), True, np.True_, Decimal("1"), object()]
)
@pytest.mark.parametrize(("name", "parameter"), REALS)
def test_numbers_must_be_real(name, parameter, value):
    refuse(TypeError, f"{parameter} must be a real number; got", name, **{parameter: value})


# The slope enters as 1 / (1 + slope^2), which no slope makes too large.
@pytest.mark.parametrize(("name", "parameter"), [r for r in REALS if r[1] != "negative_slope"])
def test_what_float32_cannot_hold_is_refused(name, parameter):
    value = 1e38
    getattr(initializers, name)(
        (3, 2),
        np.random.default_rng(0),
        **{"high": value, parameter: value} if parameter == "low" else {parameter: value},
    )
    refuse(ValueError, f"{parameter} must be finite", name, dtype=np.float32, **{parameter: value})


@pytest.mark.parametrize(
    ("name", "parameter", "bad"),
    [
        ("variance_scaling", "scale", (0.0, -1.0)),
        ("orthogonal", "gain", (0.0, -1.0)),
        ("random_normal", "std", (-1e-9,)),
        ("truncated_normal", "std", (-1e-9,)),
    ],
)
def test_scales_must_not_be_negative(name, parameter, bad):
    for value in bad:
        refuse(ValueError, f"{parameter} must be finite and in", name, **{parameter: value})


@pytest.mark.parametrize("name", ["random_normal", "truncated_normal"])
def test_no_spread_at_all_is_a_constant(name):
    W = getattr(initializers, name)((2, 2), np.random.default_rng(0), mean=1.5, std=0.0)
    np.testing.assert_array_equal(W, np.full((2, 2), 1.5))


def test_low_must_not_exceed_high():
    refuse(
        ValueError,
        "low must not exceed high; got low=1, high=0.5",
        "random_uniform",
        low=1.0,
        high=0.5,
    )
    W = initializers.random_uniform((2, 2), np.random.default_rng(0), low=0.5, high=0.5)
    np.testing.assert_array_equal(W, np.full((2, 2), 0.5))


@pytest.mark.parametrize("value", [1, np.int64(1), np.float32(1), Fraction(1)])
@pytest.mark.parametrize(("name", "parameter"), REALS)
def test_any_real_number_will_do(name, parameter, value):
    draw = getattr(initializers, name)
    np.testing.assert_array_equal(
        draw((3, 2), np.random.default_rng(0), **{"high": 2.0, parameter: value}
             if parameter == "low" else {parameter: value}),
        draw((3, 2), np.random.default_rng(0), **{"high": 2.0, parameter: 1.0}
             if parameter == "low" else {parameter: 1.0}),
    )  # fmt: skip


@pytest.mark.parametrize("name", ["variance_scaling", "he_normal", "he_uniform"])
def test_an_unknown_mode_lists_the_modes(name):
    refuse(ValueError, "mode must be one of fan_in, fan_out, fan_avg; got 'avg'", name, mode="avg")
    refuse(TypeError, "mode must be a string, one of fan_in, fan_out, fan_avg", name, mode=None)


def test_an_unknown_distribution_lists_the_distributions():
    known = "truncated_normal, normal, uniform"
    for bad, error in (("cauchy", ValueError), (3, TypeError), (["normal"], TypeError)):
        match = f"distribution must be .*{known}; got {re.escape(repr(bad))}"
        refuse(error, match, "variance_scaling", distribution=bad)


# ---- get ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["xaver_normal", "", "Zeros", "compute_fans"])
def test_an_unknown_name_lists_the_names(name):
    with pytest.raises(ValueError, match="initializer must be one of zeros, ones, ") as caught:
        initializers.get(name)
    for valid in [*NAMES, "xavier_normal", "xavier_uniform", "kaiming_normal", "kaiming_uniform"]:
        assert re.search(rf"\b{valid}\b", str(caught.value))
    assert str(caught.value).endswith(f"got {name!r}")


@pytest.mark.parametrize("name", [None, 3, ["zeros"], initializers.zeros])
def test_a_name_must_be_a_string(name):
    with pytest.raises(TypeError, match="initializer must be a string, one of zeros"):
        initializers.get(name)


def test_an_unknown_parameter_lists_the_parameters():
    with pytest.raises(
        TypeError,
        match="he_normal has no parameter slope; it accepts negative_slope, mode, dtype",
    ):
        initializers.get("he_normal", slope=0.1)
    with pytest.raises(TypeError, match="zeros has no parameter a, b; it accepts dtype"):
        initializers.get("zeros", b=1, a=2)
    with pytest.raises(TypeError, match="xavier_normal has no parameter rng"):
        initializers.get("xavier_normal", rng=np.random.default_rng(0))


# ---- anything at all ------------------------------------------------------------------------

junk = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.complex_numbers(),
    st.text(max_size=3),
    st.binary(max_size=3),
    st.lists(st.one_of(st.integers(-1, 3), st.floats()), max_size=3),
    st.tuples(st.integers(-1, 3), st.integers(-1, 3)),
)
shapes = st.one_of(junk, st.lists(st.integers(-1, 4), max_size=4).map(tuple))


@given(st.sampled_from(NAMES), shapes, st.data())
def test_either_a_finite_array_or_a_named_error(name, shape, data):
    """Whatever comes in: no warning, no silent NaN, no other exception."""
    parameters = {p: data.draw(junk, label=p) for n, p in REALS if n == name}
    if data.draw(st.booleans()):
        shape = (2, 3)
    try:
        W = getattr(initializers, name)(shape, np.random.default_rng(0), **parameters)
    except (TypeError, ValueError) as error:
        message = str(error)
        if not any(argument in message for argument in ("shape", *parameters)):
            pytest.fail(f"does not name the argument: {message}")
    else:
        assert W.shape == tuple(shape)
        assert np.isfinite(W).all()


@given(st.floats(1e-300, 1e300), st.integers(1, 5), st.integers(1, 5))
def test_uniform_weights_stay_inside_the_formulas_bound(scale, fan_in, fan_out):
    W = initializers.variance_scaling(
        (fan_in, fan_out), np.random.default_rng(0), scale=scale, distribution="uniform"
    )
    assert (np.abs(W) <= np.sqrt(3.0 * (scale / fan_in)) * (1 + 1e-12)).all()


@given(st.floats(-1e100, 1e100), st.sampled_from(["he_normal", "he_uniform"]))
def test_the_sign_of_the_slope_does_not_matter(slope, name):
    draw = getattr(initializers, name)
    np.testing.assert_array_equal(
        draw((2, 3), np.random.default_rng(0), negative_slope=slope),
        draw((2, 3), np.random.default_rng(0), negative_slope=-slope),
    )
