"""course_code.theory, .moments and .gaussian: closed forms, independent integrals, simulation."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import dblquad, quad
from scipy.special import erf

from course_code import activations, gaussian, moments, theory
from course_code.activations import Activation
from course_code.gaussian import correlated_mean, gaussian_mean

ERF = Activation("erf", erf, lambda z, a=None: 2 / math.sqrt(math.pi) * np.exp(-z * z))
HARD_TANH = Activation(
    "hard_tanh", lambda z: np.clip(z, -1, 1), lambda z, a=None: (abs(z) < 1).astype(float)
)
SIN = Activation("sin", np.sin, lambda z, a=None: np.cos(z))
NETWORK_FUNCTIONS = [theory.q_star, theory.chi_1, theory.c_star, theory.xi_c, theory.xi_q]


# One Gaussian variable


@pytest.mark.parametrize(
    ("g", "expected"),
    [
        (lambda z: np.ones_like(z), 1.0),
        (lambda z: z, 0.0),
        (lambda z: z**8, 105.0),
        (lambda z: np.exp(3 * z), math.exp(4.5)),
        (lambda z: np.cos(5 * z), math.exp(-12.5)),
        (np.abs, math.sqrt(2 / math.pi)),
        (lambda z: z > 1.234, 0.5 * math.erfc(1.234 / math.sqrt(2))),  # a jump away from 0
        (lambda z: np.clip(z, -1, 1) ** 2, 1 - 2 * math.exp(-0.5) / math.sqrt(2 * math.pi)),
    ],
)
def test_gaussian_mean_equals_closed_forms(g, expected):
    assert gaussian_mean(g) == pytest.approx(expected, rel=1e-11, abs=1e-13)


@pytest.mark.parametrize("q", [1e-12, 0.3, 1.0, 50.0, 1e4, 1e12])
def test_gaussian_means_of_a_steep_erf(q):
    # Williams 1997, "Computing with infinite networks": 2 asin(2q / (1 + 2q)) / pi, here as atan2.
    second = gaussian_mean(lambda z: erf(math.sqrt(q) * z) ** 2)
    assert second == pytest.approx(2 / math.pi * math.atan2(2 * q, math.sqrt(1 + 4 * q)), rel=1e-12)
    slope = gaussian_mean(lambda z: ERF.df(math.sqrt(q) * z) ** 2)
    assert slope == pytest.approx(4 / math.pi / math.sqrt(1 + 4 * q), rel=1e-12)


def test_gaussian_mean_of_several_integrands_at_once():
    powers = np.array([[0], [2], [4]])
    np.testing.assert_allclose(gaussian_mean(lambda z: z**powers), [1, 1, 3], rtol=1e-12)


def test_gaussian_mean_refuses_what_it_cannot_integrate():
    with pytest.raises(ValueError, match="last axis"):
        gaussian_mean(lambda z: 1.0)
    with pytest.raises(ValueError, match="NaN"):
        gaussian_mean(lambda z: z + math.nan)
    with pytest.raises(ArithmeticError, match="did not converge"):
        gaussian_mean(lambda z: np.sin(1e9 * z))
    assert gaussian_mean(lambda z: np.exp(z**4)) == math.inf


# Two Gaussian variables


@pytest.mark.parametrize("q", [1e-4, 1.0, 100.0, 1e6])
@pytest.mark.parametrize("c", [-1.0, -0.999, -0.4, 0.0, 0.3, 0.9, 1 - 1e-9, 1.0])
def test_correlated_means_of_a_steep_erf(q, c):
    def mean(f):
        return correlated_mean(lambda x, y: f(x) * f(y), math.acos(c), math.sqrt(q))

    expected = 2 / math.pi * math.asin(2 * q * c / (1 + 2 * q))
    assert mean(ERF.f) == pytest.approx(expected, rel=1e-11, abs=1e-13)
    expected = 4 / math.pi / math.sqrt((1 + 2 * q) ** 2 - (2 * q * c) ** 2)
    assert mean(ERF.df) == pytest.approx(expected, rel=1e-8)  # the expression itself cancels


@pytest.mark.parametrize("c", [-1.0, -0.7, 0.0, 0.2, 0.95, 1 - 1e-6, 1 - 1e-12, 1.0])
@pytest.mark.parametrize("slope", [0.0, 0.2])
def test_relu_correlation_map_is_the_arc_cosine_kernel(c, slope):
    # Cho and Saul 2009, n = 1; max(z, sz) = s z + (1 - s) max(z, 0).
    angle = math.acos(c)
    kernel = (math.sin(angle) + (math.pi - angle) * math.cos(angle)) / math.pi
    expected = (2 * slope * c + (1 - slope) ** 2 * kernel) / (1 + slope**2)
    leaky = activations.get("leaky_relu", negative_slope=slope)
    assert theory.c_map(c, leaky, theory.gain(leaky)) == pytest.approx(expected, abs=1e-14)


@pytest.mark.parametrize("angle", [1e-3, 1e-5, 1e-7])
def test_distance_of_nearly_equal_inputs_keeps_its_digits(angle):
    relu = activations.get("relu").f
    square = correlated_mean(lambda x, y: (relu(x) - relu(y)) ** 2, angle, 1.0)
    series = angle**2 / 2 - angle**3 / (3 * math.pi)  # of 1 - the arc-cosine kernel
    assert square == pytest.approx(series, rel=1e-7)


@pytest.mark.parametrize("name", activations.names())
@pytest.mark.parametrize("q", [1e-6, 1.0, 1e6])
def test_doubling_the_nodes_changes_nothing(name, q, monkeypatch):
    f, scale = activations.get(name), math.sqrt(q)

    size = float(f.f(np.array(scale)))  # of the values of f

    def integrals():
        return [
            integral
            for g, norm in ((f.f, size**2), (f.df, 1.0))
            for integral in (
                gaussian_mean(lambda z, g=g: g(scale * z) ** 2) / norm,
                *(
                    correlated_mean(lambda x, y, g=g: g(x) * g(y), angle, scale) / norm
                    for angle in (0.0, 1e-4, 0.5, 2.0, math.pi)
                ),
            )
        ]

    coarse = integrals()
    monkeypatch.setattr(gaussian, "NODES", 2 * gaussian.NODES)
    np.testing.assert_allclose(coarse, integrals(), rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("sigma_w", [1.6, 1000.0])
@pytest.mark.parametrize("name", ["tanh", "sigmoid", "selu"])
def test_doubling_the_nodes_leaves_every_quantity(name, sigma_w, monkeypatch):
    coarse = [function(name, sigma_w, 0.3) for function in NETWORK_FUNCTIONS]
    monkeypatch.setattr(gaussian, "NODES", 2 * gaussian.NODES)
    fine = [function(name, sigma_w, 0.3) for function in NETWORK_FUNCTIONS]
    assert coarse == pytest.approx(fine, rel=1e-9)


# Against scipy.integrate


def density(z):
    return math.exp(-0.5 * z * z) / math.sqrt(2 * math.pi)


@pytest.mark.parametrize("sigma_w", [0.7, 2.0, 50.0])
@pytest.mark.parametrize("name", ["tanh", "sigmoid", "elu", "gelu", "softplus"])
def test_q_map_and_chi_1_against_quad(name, sigma_w):
    f = activations.get(name)
    points = sorted({s * 10.0**k for s in (-1, 1) for k in (-4, -3, -2, -1, 0)} | {0.0})

    def mean_square(g, scale):
        pieces = zip([-12.0, *points], [*points, 12.0], strict=True)
        return sum(
            quad(lambda z: float(g(np.array(scale * z))) ** 2 * density(z), a, b, epsabs=1e-14)[0]
            for a, b in pieces
        )

    q = 0.8 * sigma_w**2
    expected = sigma_w**2 * mean_square(f.f, math.sqrt(q)) + 0.09
    assert theory.q_map(q, name, sigma_w, 0.3) == pytest.approx(expected, rel=1e-9)
    q_star = theory.q_star(name, sigma_w, 0.3)
    if q_star < math.inf:
        expected = sigma_w**2 * mean_square(f.df, math.sqrt(q_star))
        assert theory.chi_1(name, sigma_w, 0.3) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(("name", "c"), [("tanh", 0.6), ("elu", -0.3), ("relu", 0.6)])
def test_c_map_against_dblquad(name, c):
    sigma_w, sigma_b = 1.25, 0.4
    f, q = activations.get(name).f, theory.q_star(name, 1.25, 0.4)

    def integrand(y, x):  # of two variables of correlation c
        norm = 2 * math.pi * math.sqrt(1 - c * c)
        weight = math.exp(-(x * x - 2 * c * x * y + y * y) / (2 * (1 - c * c))) / norm
        return float(f(np.array(math.sqrt(q) * x)) * f(np.array(math.sqrt(q) * y))) * weight

    # The kinks are on the axes: one integral a quadrant.
    mean = sum(
        dblquad(integrand, *x_range, *y_range, epsabs=1e-8, epsrel=1e-8)[0]
        for x_range in ((-7, 0), (0, 7))
        for y_range in ((-7, 0), (0, 7))
    )
    expected = (sigma_w**2 * mean + sigma_b**2) / q
    assert theory.c_map(c, name, sigma_w, sigma_b) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("c", [-0.5, 0.2, 0.8])
def test_steep_correlation_map_against_the_trapezoidal_rule(c):
    # For an analytic integrand the trapezoidal rule converges exponentially once h resolves it.
    sigma_w, sigma_b = 50.0, 0.3
    q = theory.q_star("tanh", sigma_w, sigma_b)
    z = np.arange(-7, 7, 0.006)
    weight = np.exp(-0.5 * z * z) / math.sqrt(2 * math.pi) * 0.006
    u = math.sqrt(q) * z
    other = np.tanh(c * u[:, None] + math.sqrt(1 - c * c) * u) @ weight
    mean = (weight * np.tanh(u) * other).sum()
    expected = (sigma_w**2 * mean + sigma_b**2) / q
    assert theory.c_map(c, "tanh", sigma_w, sigma_b) == pytest.approx(expected, abs=1e-9)


# Fixed points and depth scales


def test_published_numbers_for_tanh():
    # Poole et al. 2016 (sigma_b = 0.3) and Schoenholz et al. 2017 (sigma_b^2 = 0.05).
    assert theory.q_star("tanh", 1.3, 0.3) == pytest.approx(0.607, abs=5e-4)
    assert theory.chi_1("tanh", 1.3, 0.3) == pytest.approx(0.940, abs=5e-4)
    assert theory.c_star("tanh", 1.3, 0.3) == 1.0
    sigma_b = math.sqrt(0.05)
    assert theory.chi_1("tanh", math.sqrt(1.761), sigma_b) == pytest.approx(1.0, abs=2e-4)
    assert theory.xi_c("tanh", 1.0, sigma_b) == pytest.approx(3.63, abs=5e-3)
    assert theory.xi_c("tanh", math.sqrt(1.5), sigma_b) == pytest.approx(15.8, abs=5e-2)


@pytest.mark.parametrize(
    ("sigma_w", "sigma_b", "q", "chi", "c", "xi"),
    [
        (1.0, 0.5, 0.5, 0.5, 1.0, 1 / math.log(2)),  # q* = sigma_b^2 / (1 - sigma_w^2 / 2)
        (1.0, 0.0, 0.0, 0.5, 1.0, 1 / math.log(2)),
        (math.sqrt(2), 0.0, 1.0, 1.0, 1.0, math.inf),  # every q is a fixed point: that of q = 1
        (math.sqrt(2), 0.1, math.inf, 1.0, 1.0, math.inf),
        (2.0, 0.3, math.inf, 2.0, 1.0, math.inf),
    ],
)
def test_relu_in_closed_form(sigma_w, sigma_b, q, chi, c, xi):
    got = [function("relu", sigma_w, sigma_b) for function in NETWORK_FUNCTIONS]
    assert got == pytest.approx([q, chi, c, xi, xi], rel=1e-10)


def test_a_linear_network_and_a_vanishing_one():
    assert theory.q_star("identity", 0.5, 0.3) == pytest.approx(0.09 / 0.75)
    assert theory.xi_q("identity", 0.5, 0.3) == pytest.approx(-1 / math.log(0.25))
    assert theory.c_map(0.3, "identity", 1.0) == pytest.approx(0.3, abs=1e-14)
    assert theory.q_star("tanh", 1.0) == 0.0  # critical: q falls as 1 / l
    assert theory.xi_c("tanh", 1.0) == math.inf
    assert theory.xi_c("tanh", 0.5) == pytest.approx(1 / math.log(4))
    assert theory.q_star("tanh", 1 + 1e-6) == pytest.approx(1e-6, rel=1e-4)
    assert theory.xi_c("relu", 1e-200) == 0.0


def test_chaotic_steep_tanh_is_the_sign_function():
    # sign(u1) sign(u2) has mean 2 asin(c) / pi, so without biases c* = 0 with slope 2 / pi.
    assert theory.c_star("tanh", 1e6) == 0.0
    assert theory.c_map(0.5, "tanh", 1e6) == pytest.approx(1 / 3, abs=1e-5)
    assert theory.xi_c("tanh", 1e6) == pytest.approx(-1 / math.log(2 / math.pi), rel=1e-5)
    sigma_w = 1e3  # chi_1 = sigma_w^2 / sqrt(q*) times the integral of (1 - tanh^2)^2 = 4/3
    expected = sigma_w**2 / math.sqrt(theory.q_star("tanh", sigma_w)) * 4 / 3
    expected /= math.sqrt(2 * math.pi)
    assert theory.chi_1("tanh", sigma_w) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("name", activations.names())
@pytest.mark.parametrize(("sigma_w", "sigma_b"), [(0.9, 0.0), (1.2, 0.3), (1.5, 0.1), (4.0, 1.0)])
def test_q_star_is_the_limit_of_the_iteration_from_one(name, sigma_w, sigma_b):
    q, q_star = 1.0, theory.q_star(name, sigma_w, sigma_b)
    for _ in range(250):
        q = float(theory.q_map(q, name, sigma_w, sigma_b))
        if q > 1e10 or q < 1e-10:
            break
    if q_star == math.inf:
        assert q > 100
    elif q_star == 0:
        assert q < 1e-8
    else:
        assert q == pytest.approx(q_star, rel=1e-6)
        assert theory.q_map(q_star, name, sigma_w, sigma_b) == pytest.approx(q_star, rel=1e-12)


def test_gelu_has_an_unstable_fixed_point_and_the_start_decides():
    # At sigma_w^2 = 2.25: below it q falls to a small fixed point, above it q grows for ever.
    q_star = theory.q_star("gelu", 1.5, 0.1)
    assert q_star == pytest.approx(theory.q_map(q_star, "gelu", 1.5, 0.1), rel=1e-12)
    assert q_star < 0.1
    assert theory.q_map(10.0, "gelu", 1.5, 0.1) > 10.0
    assert theory.q_star("gelu", theory.gain("gelu")) == 1.0
    assert theory.xi_q("gelu", theory.gain("gelu")) == math.inf  # unstable


@pytest.mark.parametrize(
    ("name", "sigma_w", "sigma_b"),
    [("tanh", 2.5, 0.3), ("tanh", 50.0, 0.3), ("sigmoid", 50.0, 0.0), ("elu", 1.3, 0.3)],
)
def test_c_star_attracts_and_xi_c_is_its_rate(name, sigma_w, sigma_b):
    c_star, xi = theory.c_star(name, sigma_w, sigma_b), theory.xi_c(name, sigma_w, sigma_b)
    assert theory.chi_1(name, sigma_w, sigma_b) > 1
    assert 0 < c_star < 1
    assert theory.c_map(c_star, name, sigma_w, sigma_b) == pytest.approx(c_star, abs=1e-12)
    steps = np.array([c_star - 1e-4, c_star + 1e-4])
    after = theory.c_map(steps, name, sigma_w, sigma_b)
    assert (after[1] - after[0]) / 2e-4 == pytest.approx(math.exp(-1 / xi), rel=1e-5)


@pytest.mark.parametrize(("name", "sigma_w", "sigma_b"), [("tanh", 2.0, 0.3), ("gelu", 1.3, 0.3)])
def test_xi_q_is_the_rate_at_q_star(name, sigma_w, sigma_b):
    q = theory.q_star(name, sigma_w, sigma_b)
    ends = theory.q_map(np.array([q - 1e-4, q + 1e-4]), name, sigma_w, sigma_b)
    rate = math.exp(-1 / theory.xi_q(name, sigma_w, sigma_b))
    assert (ends[1] - ends[0]) / 2e-4 == pytest.approx(rate, rel=1e-6)


@pytest.mark.parametrize("excess", [1e-2, 1e-5, 1e-8])
def test_c_star_just_above_criticality(excess):
    from scipy.optimize import brentq

    # With 1 - c_map(c) = chi (1 - c) - k (1 - c)^2, the fixed point is 1 - c* = (chi - 1) / k.
    sigma_w = brentq(lambda s: theory.chi_1("tanh", s, 0.3) - 1 - excess, 1.3, 1.6, xtol=1e-15)
    assert theory.c_star("tanh", sigma_w - 3 * excess, 0.3) == 1.0
    q = theory.q_star("tanh", sigma_w, 0.3)
    second = gaussian_mean(lambda z: (-2 * np.tanh(q**0.5 * z) / np.cosh(q**0.5 * z) ** 2) ** 2)
    curvature = sigma_w**2 * q * second  # the map's second derivative at c = 1
    expected = excess / (curvature / 2)
    got = 1 - theory.c_star("tanh", sigma_w, 0.3)
    assert got == pytest.approx(expected, rel=5 * excess + 1e-5)
    assert theory.xi_c("tanh", sigma_w, 0.3) == pytest.approx(1 / excess, rel=5 * excess + 1e-5)


def test_custom_activations():
    # E[sin(sqrt(q) Z)^2] = (1 - exp(-2q)) / 2 and E[sin u1 sin u2] = exp(-q) sinh(q c).
    q = theory.q_star(SIN, 1.5, 0.3)
    assert q == pytest.approx(2.25 * (1 - math.exp(-2 * q)) / 2 + 0.09, rel=1e-12)
    expected = (2.25 * math.exp(-q) * math.sinh(q * 0.4) + 0.09) / q
    assert theory.c_map(0.4, SIN, 1.5, 0.3) == pytest.approx(expected, rel=1e-11)
    second = 1 - math.sqrt(2 / math.pi) * math.exp(-0.5)  # E[clip(Z, -1, 1)^2], kinks away from 0
    assert theory.gain(HARD_TANH) == pytest.approx(1 / math.sqrt(second), rel=1e-12)
    q = theory.q_star(HARD_TANH, 1.5, 0.3)
    inside = math.erf(1 / math.sqrt(2 * q))
    assert theory.chi_1(HARD_TANH, 1.5, 0.3) == pytest.approx(2.25 * inside, rel=1e-10)
    zero = Activation("zero", np.zeros_like, lambda z, a=None: np.zeros_like(z))
    with pytest.raises(ValueError, match="zero has no gain"):
        theory.gain(zero)


# Gains


def test_gains():
    closed = {
        "identity": 1.0,
        "relu": math.sqrt(2),
        "leaky_relu": math.sqrt(2 / (1 + 0.01**2)),
        "selu": 1.0,
    }
    for name, expected in closed.items():
        assert theory.gain(name) == pytest.approx(expected, rel=1e-13)
        assert activations.get(name).gain == theory.gain(name)
    assert theory.gain("tanh") == pytest.approx(1.5925374, abs=1e-7)
    slope = activations.get("leaky_relu", negative_slope=0.2)
    assert theory.gain(slope) == pytest.approx(math.sqrt(2 / 1.04), rel=1e-13)


def test_gains_against_torch_where_its_table_is_this_formula():
    init = pytest.importorskip("torch.nn.init")
    assert theory.gain("relu") == pytest.approx(init.calculate_gain("relu"), rel=1e-13)
    leaky = activations.get("leaky_relu", negative_slope=0.2)
    assert theory.gain(leaky) == pytest.approx(init.calculate_gain("leaky_relu", 0.2), rel=1e-13)
    conventions = {"tanh": 5 / 3, "sigmoid": 1.0, "selu": 3 / 4}
    for name, value in conventions.items():
        assert init.calculate_gain(name) == value
        assert abs(theory.gain(name) - value) > 0.05


# Layer by layer

SIZES = [50, 300, 120, 400, 200, 60]


def simulate(sizes, f, weight_std, bias_std, n_networks, rng):
    """Return the mean squares of pre-activations and of their gradients: (n_networks, L) each."""
    forward, backward = [], []
    for _ in range(n_networks):
        a = rng.choice([-1.0, 1.0], size=(1, sizes[0]))  # mean square exactly 1
        weights, z = [], []
        for n_in, n_out, w_std, b_std in zip(
            sizes[:-1], sizes[1:], weight_std, bias_std, strict=True
        ):
            weights.append(w_std * rng.standard_normal((n_in, n_out)))
            z.append(a @ weights[-1] + b_std * rng.standard_normal(n_out))
            a = f.f(z[-1])
        delta = [rng.choice([-1.0, 1.0], size=z[-1].shape)]
        for w, pre in zip(reversed(weights[1:]), reversed(z[:-1]), strict=True):
            delta.insert(0, delta[0] @ w.T * f.df(pre))
        forward.append([np.mean(layer**2) for layer in z])
        backward.append([np.mean(layer**2) for layer in delta])
    return np.array(forward), np.array(backward)


@pytest.mark.parametrize("mode", ["fan_in", "fan_out", "fan_avg"])
@pytest.mark.parametrize(
    ("name", "scale", "bias_variance"),
    [("relu", 2.0, 0.0), ("relu", 1.0, 0.2), ("tanh", 1.5, 0.1), ("sigmoid", 4.0, 0.0)],
)
def test_prediction_overlays_simulation(name, scale, bias_variance, mode):
    variances = moments.weight_variances(SIZES, scale, mode)
    arguments = (SIZES, name, variances, bias_variance)
    forward, backward = simulate(
        SIZES,
        activations.get(name),
        np.sqrt(variances),
        [math.sqrt(bias_variance)] * len(variances),
        n_networks=80,
        rng=np.random.default_rng(0),
    )
    # Five standard errors of the mean over networks, which leave room for the error of order
    # 1 / width of the prediction itself.
    for simulated, predicted in (
        (forward, moments.forward_moments(*arguments).preactivation),
        (backward, moments.backward_moments(*arguments)),
    ):
        error = simulated.std(axis=0, ddof=1) / math.sqrt(len(simulated))
        assert predicted.shape == (5,)
        assert (np.abs(simulated.mean(axis=0) - predicted) <= 5 * error).all()
    # The same weights with fan_in and fan_out confused are rejected.
    if mode == "fan_in":
        wrong = moments.forward_moments(
            SIZES, name, moments.weight_variances(SIZES, scale, "fan_out"), bias_variance
        ).preactivation
        error = forward.std(axis=0, ddof=1) / math.sqrt(len(forward))
        assert (np.abs(forward.mean(axis=0) - wrong) > 5 * error).any()


def test_two_inputs_follow_the_correlation_map():
    rng, n, sigma_w, sigma_b, n_networks = np.random.default_rng(0), 300, 2.0, 0.3, 100
    q = theory.q_star("tanh", sigma_w, sigma_b)
    simulated = np.empty((n_networks, 4))
    for network in range(n_networks):
        g = rng.standard_normal((2, n))
        g = np.linalg.qr(g.T)[0].T * math.sqrt(n * q)  # two orthogonal inputs of mean square q
        z = np.stack([g[0], 0.9 * g[0] + math.sqrt(1 - 0.81) * g[1]])  # correlation 0.9
        for layer in range(4):
            weights = sigma_w / math.sqrt(n) * rng.standard_normal((n, n))
            z = np.tanh(z) @ weights + sigma_b * rng.standard_normal(n)
            simulated[network, layer] = z[0] @ z[1] / n
    predicted, c = [], 0.9
    for _ in range(4):
        c = float(theory.c_map(c, "tanh", sigma_w, sigma_b))
        predicted.append(q * c)
    error = simulated.std(axis=0, ddof=1) / math.sqrt(n_networks)
    assert (np.abs(simulated.mean(axis=0) - predicted) < 5 * error).all()


def test_the_activations_of_glorot_and_bengio():
    # 5 hidden layers of 1000, tanh: U(-1/sqrt(n), 1/sqrt(n)) has n Var(W) = 1/3, Glorot's has 1.
    sizes = [1000] * 7
    for scale, stds, ratio in (
        (1 / 3, [0.459, 0.249, 0.141, 0.081, 0.047], 12),
        (1.0, [0.628, 0.487, 0.409, 0.358, 0.323], 2.4),
    ):
        variances = moments.weight_variances(sizes, scale)
        std = moments.forward_moments(sizes, "tanh", variances).activation_std[:5]
        assert std == pytest.approx(stds, abs=0.002)
        gradient = moments.backward_moments(sizes, "tanh", variances)
        assert math.sqrt(gradient[4] / gradient[0]) == pytest.approx(ratio, rel=0.02)


def test_relu_halves_the_second_moment_and_not_the_variance():
    got = moments.forward_moments([8, 8, 8], "relu", 1 / 8)
    assert got.activation[0] == pytest.approx(0.5)
    assert got.activation_std[0] ** 2 == pytest.approx(0.5 - 1 / (2 * math.pi))


def test_one_layer_scalar_variances_and_input_moment():
    got = moments.forward_moments([10, 3], "tanh", 0.2, 0.5, input_second_moment=4.0)
    assert got.preactivation == pytest.approx([8.5])
    assert got.activation.shape == got.activation_std.shape == (0,)
    assert moments.backward_moments([10, 3], "tanh", 0.2).tolist() == [1.0]
    assert moments.weight_variances([4, 6, 8], 3.0, "fan_avg") == pytest.approx([0.6, 3 / 7])
    assert moments.weight_variances([4, 6, 8], 3.0, "fan_out") == pytest.approx([0.5, 3 / 8])


# Bad input

not_positive = st.one_of(
    st.floats(max_value=0.0), st.sampled_from([math.nan, math.inf, -math.inf, 1e11])
)
not_a_number = st.sampled_from([None, "1", True, 1j, [1.0], object()])


@settings(max_examples=30, deadline=None, derandomize=True)
@given(bad=not_positive, wrong=not_a_number)
def test_bad_sigma_is_named(bad, wrong):
    for function in NETWORK_FUNCTIONS:
        with pytest.raises(ValueError, match="sigma_w"):
            function("tanh", bad)
        with pytest.raises(TypeError, match="sigma_w"):
            function("tanh", wrong)
        with pytest.raises(TypeError, match="sigma_b"):
            function("tanh", 1.0, wrong)
        if bad != 0:
            with pytest.raises(ValueError, match="sigma_b"):
                function("tanh", 1.0, bad)


@pytest.mark.parametrize("function", [*NETWORK_FUNCTIONS, lambda f, _: theory.gain(f)])
def test_bad_activation_is_named(function):
    with pytest.raises(ValueError, match=r"activation must be one of identity, .*'tanhh'"):
        function("tanhh", 1.0)
    with pytest.raises(TypeError, match="activation must be a string"):
        function(None, 1.0)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: theory.q_map(-1.0, "tanh", 1.0), ValueError, "q must be at least 0"),
        (lambda: theory.q_map([1.0, math.nan], "tanh", 1.0), ValueError, "q must be finite"),
        (lambda: theory.q_map("1", "tanh", 1.0), TypeError, "q must hold real numbers"),
        (lambda: theory.q_map(1.0, "tanh", 0.0), ValueError, "sigma_w"),
        (lambda: theory.c_map(1.1, "tanh", 1.0), ValueError, r"c must be in \[-1, 1\]"),
        (lambda: theory.c_map(math.inf, "tanh", 1.0), ValueError, "c must be finite"),
        (lambda: theory.c_map(0.5, "tanh", -1.0), ValueError, "sigma_w"),
        (lambda: moments.weight_variances([3]), ValueError, "sizes must have at least 2"),
        (lambda: moments.weight_variances(3), TypeError, "sizes must be a sequence"),
        (lambda: moments.weight_variances("34"), TypeError, "sizes must be a sequence"),
        (lambda: moments.weight_variances([3, 0]), ValueError, "entry of sizes"),
        (lambda: moments.weight_variances([3, 2.0]), TypeError, "entry of sizes"),
        (lambda: moments.weight_variances([3, 2], -1.0), ValueError, "scale"),
        (lambda: moments.weight_variances([3, 2], 1.0, "fan"), ValueError, "mode.*fan_avg"),
        (lambda: moments.forward_moments([3, 2], "no", 1.0), ValueError, "activation"),
        (
            lambda: moments.forward_moments([3, 2], "relu", [1.0, 1.0]),
            ValueError,
            r"weight_variances .*\(1,\).*\(2,\)",
        ),
        (lambda: moments.forward_moments([3, 2], "relu", -1.0), ValueError, "weight_variances"),
        (lambda: moments.backward_moments([3, 2], "relu", math.nan), ValueError, "weight_var"),
        (lambda: moments.backward_moments([3, 2], "relu", 1.0, -1.0), ValueError, "bias_var"),
        (
            lambda: moments.forward_moments([3, 2], "relu", 1.0, 0.0, -1.0),
            ValueError,
            "input_second_moment",
        ),
    ],
)
def test_bad_arguments_are_named(call, error, message):
    with pytest.raises(error, match=message):
        call()


@settings(max_examples=25, deadline=None, derandomize=True)
@given(sigma_w=st.floats(0.1, 200.0), sigma_b=st.floats(0.0, 5.0))
def test_order_and_chaos_anywhere_in_the_plane(sigma_w, sigma_b):
    q, chi, c, xi_c, xi_q = (function("tanh", sigma_w, sigma_b) for function in NETWORK_FUNCTIONS)
    assert 0 <= q <= sigma_w**2 + sigma_b**2
    assert theory.q_map(q, "tanh", sigma_w, sigma_b) == pytest.approx(q, rel=1e-11, abs=1e-29)
    assert (c == 1.0) == (chi <= 1 + 1e-12)
    assert 0 <= c <= 1
    assert xi_c > 0
    assert xi_q > 0
