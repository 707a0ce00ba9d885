"""Every random initializer has the law it names, and the checks reject every neighbouring law."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from course_code import initializers

SHAPES = {
    "tall": (1000, 100),
    "wide": (100, 1000),
    "square": (320, 320),
    "conv1d": (5, 100, 200),
    "conv2d": (3, 3, 96, 120),
}
SEEDS = (0, 1, 2)
CUT_VAR = stats.truncnorm(-2, 2).var()


def fans(shape):
    """Written out here again, so as not to trust the package."""
    window = np.prod(shape[:-2], dtype=int)
    return int(window * shape[-2]), int(window * shape[-1])


def fan_of(mode, fan_in, fan_out):
    return {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[mode]


# Initializer, parameters, distribution, variance as the papers write it.
LAWS = [
    ("lecun_normal", {}, "truncated_normal", lambda i, o: 1 / i),
    ("lecun_uniform", {}, "uniform", lambda i, o: 1 / i),
    ("glorot_normal", {}, "truncated_normal", lambda i, o: 2 / (i + o)),
    ("glorot_uniform", {}, "uniform", lambda i, o: 2 / (i + o)),
    ("he_normal", {}, "truncated_normal", lambda i, o: 2 / i),
    ("he_uniform", {}, "uniform", lambda i, o: 2 / i),
    ("he_normal", {"mode": "fan_out"}, "truncated_normal", lambda i, o: 2 / o),
    ("he_uniform", {"mode": "fan_out"}, "uniform", lambda i, o: 2 / o),
    ("he_normal", {"mode": "fan_avg"}, "truncated_normal", lambda i, o: 4 / (i + o)),
    ("he_uniform", {"mode": "fan_avg"}, "uniform", lambda i, o: 4 / (i + o)),
    ("he_normal", {"negative_slope": 0.5}, "truncated_normal", lambda i, o: 2 / (1.25 * i)),
    ("he_uniform", {"negative_slope": 0.5}, "uniform", lambda i, o: 2 / (1.25 * i)),
    ("he_uniform", {"negative_slope": math.sqrt(5)}, "uniform", lambda i, o: 1 / (3 * i)),
    ("variance_scaling", {}, "truncated_normal", lambda i, o: 1 / i),
    *(
        (
            "variance_scaling",
            {"scale": 0.7, "mode": mode, "distribution": distribution},
            distribution,
            lambda i, o, mode=mode: 0.7 / fan_of(mode, i, o),
        )
        for mode, distribution in itertools.product(
            ("fan_in", "fan_out", "fan_avg"), ("truncated_normal", "normal", "uniform")
        )
    ),
    ("random_normal", {}, "normal", lambda i, o: 0.05**2),
    ("random_normal", {"std": 10.0}, "normal", lambda i, o: 100.0),
    ("random_uniform", {}, "uniform", lambda i, o: 0.1**2 / 12),
    ("random_uniform", {"low": -3.0, "high": 3.0}, "uniform", lambda i, o: 3.0),
    ("truncated_normal", {}, "truncated_normal", lambda i, o: 0.05**2 * CUT_VAR),
]  # fmt: skip


def label(law):
    name, parameters, *_ = law
    return "-".join([name, *(f"{value:.3g}" if isinstance(value, float) else value
                             for value in parameters.values())])  # fmt: skip


IDS = [label(law) for law in LAWS]


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("law", LAWS, ids=IDS)
def test_draws_have_the_law_that_the_name_says(law, shape, check_law):
    name, parameters, distribution, variance = law
    for seed in SEEDS:
        W = getattr(initializers, name)(shape, np.random.default_rng(seed), **parameters)
        assert W.shape == shape
        assert W.size >= 1e5
        check_law(W, distribution, variance(*fans(shape)))


def test_float32_draws_have_the_law_too(check_law):
    for name, parameters, distribution, variance in LAWS:
        shape = SHAPES["conv2d"]
        W = getattr(initializers, name)(
            shape, np.random.default_rng(3), dtype=np.float32, **parameters
        )
        assert W.dtype == np.float32
        check_law(W, distribution, variance(*fans(shape)))


@pytest.mark.parametrize("seed", SEEDS)
def test_the_mean_of_a_shifted_draw(seed, check_law):
    shape, rng = SHAPES["tall"], np.random.default_rng(seed)
    W = initializers.random_normal(shape, rng, mean=-2.0, std=0.5)
    check_law(W, "normal", 0.25, mean=-2.0)
    W = initializers.truncated_normal(shape, rng, mean=3.0, std=0.5)
    check_law(W, "truncated_normal", 0.25 * CUT_VAR, mean=3.0)
    for low in (1.0, -2.0):
        W = initializers.random_uniform(shape, rng, low=low, high=low + 1.0)
        check_law(W, "uniform", 1 / 12, mean=low + 0.5)
        assert low <= W.min() <= W.max() < low + 1.0


# ---- the same checks reject the neighbours --------------------------------------------------


@pytest.mark.parametrize("shape", [SHAPES["tall"], SHAPES["conv2d"]], ids=["tall", "conv2d"])
@pytest.mark.parametrize("drawn", LAWS, ids=IDS)
def test_a_law_is_rejected_where_any_other_is_named(drawn, shape, check_law):
    """He for Xavier, fan_in for fan_out, uniform for normal: all pairs whose laws differ."""
    name, parameters, distribution, variance = drawn
    W = getattr(initializers, name)(shape, np.random.default_rng(4), **parameters)
    rejected = 0
    for _, _, other_distribution, other_variance in LAWS:
        own, other = variance(*fans(shape)), other_variance(*fans(shape))
        if distribution == other_distribution and math.isclose(own, other):
            continue
        with pytest.raises(AssertionError, match=r"^(variance|mean|bounds|shape)"):
            check_law(W, other_distribution, other)
        rejected += 1
    assert rejected >= len(LAWS) - 3


SHAPE = SHAPES["wide"]
FAN_IN, FAN_OUT = SHAPE


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    ("mistake", "draw", "distribution", "variance", "check"),
    [
        ("He where Xavier is named", lambda r: initializers.he_normal(SHAPE, r),
         "truncated_normal", 2 / (FAN_IN + FAN_OUT), "variance"),
        ("Xavier where He is named", lambda r: initializers.glorot_uniform(SHAPE, r),
         "uniform", 2 / FAN_IN, "variance"),
        ("fan_in for fan_out", lambda r: initializers.he_normal(SHAPE, r),
         "truncated_normal", 2 / FAN_OUT, "variance"),
        ("fan_out for fan_in", lambda r: initializers.lecun_uniform(SHAPE[::-1], r),
         "uniform", 1 / FAN_IN, "variance"),
        ("truncation not corrected",
         lambda r: initializers.truncated_normal(SHAPE, r, std=math.sqrt(2 / FAN_IN)),
         "truncated_normal", 2 / FAN_IN, "variance"),
        ("truncation corrected where it is not named",
         lambda r: initializers.variance_scaling(SHAPE, r, scale=FAN_IN * 0.05**2),
         "truncated_normal", 0.05**2 * CUT_VAR, "variance"),
        ("the variance used as the standard deviation",
         lambda r: r.normal(0, 2 / FAN_IN, SHAPE), "normal", 2 / FAN_IN, "variance"),
        ("the standard deviation used as a uniform bound",
         lambda r: r.uniform(-1, 1, SHAPE) * math.sqrt(2 / (FAN_IN + FAN_OUT)),
         "uniform", 2 / (FAN_IN + FAN_OUT), "variance"),
        ("the heuristic U(-1/sqrt n, 1/sqrt n) where Xavier is named",
         lambda r: r.uniform(-1, 1, SHAPE) / math.sqrt(FAN_IN),
         "uniform", 2 / (FAN_IN + FAN_OUT), "variance"),
        ("a standard deviation 2 % too large",
         lambda r: 1.02 * initializers.glorot_uniform(SHAPE, r),
         "uniform", 2 / (FAN_IN + FAN_OUT), "variance"),
        ("a mean of 3 % of the standard deviation",
         lambda r: 1.0 + initializers.random_normal(SHAPE, r, mean=0.03, std=1.0),
         "normal", 1.0, "mean|variance"),
        ("a normal that is not truncated",
         lambda r: initializers.random_normal(SHAPE, r, std=0.1),
         "truncated_normal", 0.01, "bounds"),
        ("a cut at 2.5 standard deviations",
         lambda r: stats.truncnorm(-2.5, 2.5).rvs(SHAPE, random_state=r)
         / stats.truncnorm(-2.5, 2.5).std(), "truncated_normal", 1.0, "bounds"),
        ("values beyond the cut clipped to it",
         lambda r: np.clip(z := r.standard_normal(SHAPE), -2, 2) / np.clip(z, -2, 2).std(),
         "truncated_normal", 1.0, "shape"),
        ("a uniform where a truncated normal is named",
         lambda r: initializers.lecun_uniform(SHAPE, r),
         "truncated_normal", 1 / FAN_IN, "shape"),
        ("a truncated normal where a normal is named",
         lambda r: initializers.lecun_normal(SHAPE, r), "normal", 1 / FAN_IN, "variance|shape"),
        ("a truncated normal where a uniform is named",
         lambda r: initializers.lecun_normal(SHAPE, r), "uniform", 1 / FAN_IN, "bounds"),
    ],
    ids=lambda value: value.replace(" ", "_") if isinstance(value, str) and " " in value else "",
)  # fmt: skip
def test_a_neighbouring_law_is_rejected(
    mistake, draw, distribution, variance, check, seed, check_law
):
    with pytest.raises(AssertionError, match=f"^({check}):"):
        check_law(draw(np.random.default_rng(seed)), distribution, variance)


def test_the_checks_use_scipys_truncated_normal():
    """The distribution function of the checks is SciPy's; so is the package's constant."""
    from course_code.initializers.random import TRUNCATED_STD

    law = stats.truncnorm(-2, 2)
    z = np.linspace(-2, 2, 101)
    cdf = (stats.norm.cdf(z) - stats.norm.cdf(-2)) / (stats.norm.cdf(2) - stats.norm.cdf(-2))
    np.testing.assert_allclose(cdf, law.cdf(z), atol=1e-14)
    assert pytest.approx(law.std(), abs=1e-14) == TRUNCATED_STD
    # The constant in Keras's and JAX's sources.
    assert pytest.approx(0.87962566103423978, abs=1e-15) == TRUNCATED_STD


# ---- randomness -----------------------------------------------------------------------------

RANDOM = [*dict.fromkeys(name for name, *_ in LAWS), "orthogonal"]


@pytest.mark.parametrize("name", RANDOM)
def test_draws_come_from_the_generator_alone(name):
    draw = getattr(initializers, name)
    before = np.random.get_state()  # noqa: NPY002
    rng = np.random.default_rng(5)
    first, second = draw((6, 4), rng), draw((6, 4), rng)
    after = np.random.get_state()  # noqa: NPY002
    assert not np.array_equal(first, second), "the generator did not advance"
    np.testing.assert_array_equal(first, draw((6, 4), np.random.default_rng(5)))
    assert not np.array_equal(first, draw((6, 4), np.random.default_rng(6)))
    assert before[2] == after[2]
    assert np.array_equal(before[1], after[1])


def test_normal_draws_are_numpys_scaled_and_only_those_beyond_the_cut_are_drawn_again():
    """So that a seed goes on giving the same weights, as the stored numbers of the book need."""
    z = np.random.default_rng(8).standard_normal((50, 20))
    rng = np.random.default_rng(8)
    W = initializers.random_normal((50, 20), rng, mean=1.0, std=0.5)
    np.testing.assert_array_equal(W, 1.0 + 0.5 * z)
    rng = np.random.default_rng(8)
    W = initializers.truncated_normal((50, 20), rng, mean=1.0, std=0.5)
    kept = np.abs(z) <= 2
    np.testing.assert_array_equal(W[kept], 1.0 + 0.5 * z[kept])
    assert (np.abs(W - 1.0) <= 1.0).all()
    # Then the first redraw, and so on: only what lies outside takes new numbers.
    again = np.random.default_rng(8)
    again.standard_normal((50, 20))
    redrawn = again.standard_normal((~kept).sum())
    inside = np.abs(redrawn) <= 2
    np.testing.assert_array_equal(W[~kept][inside], 1.0 + 0.5 * redrawn[inside])


@pytest.mark.parametrize("name", initializers.names())
def test_float32_is_float64_rounded(name):
    draw = getattr(initializers, name)
    double = draw((3, 2, 4, 5), np.random.default_rng(7))
    single = draw((3, 2, 4, 5), np.random.default_rng(7), dtype="float32")
    assert double.dtype == np.float64
    assert single.dtype == np.float32
    np.testing.assert_array_equal(single, double.astype(np.float32))


@pytest.mark.parametrize("name", initializers.names())
def test_every_call_returns_a_new_writable_array(name):
    draw = getattr(initializers, name)
    first, second = (draw((3, 3), np.random.default_rng(0)) for _ in range(2))
    first[:] = 7.0
    assert not np.array_equal(first, second)


@pytest.mark.parametrize(
    "name", [n for n in RANDOM if n not in ("random_normal", "random_uniform", "truncated_normal")]
)
def test_a_scheme_of_fans_takes_one_unit_and_one_input(name):
    W = getattr(initializers, name)((1, 1), np.random.default_rng(0))
    assert W.shape == (1, 1)
    assert W.item() != 0.0
