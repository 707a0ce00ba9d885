"""Every activation by finite differences, at the ends of the number line, against torch."""

import warnings

import numpy as np
import pytest

from course_code import activations

NAMES = activations.names()
KINKED = {"relu", "leaky_relu", "elu", "selu"}
GRID = np.linspace(-6, 6, 241)


def test_the_contracts_names():
    assert NAMES == [
        "identity",
        "sigmoid",
        "tanh",
        "relu",
        "leaky_relu",
        "elu",
        "selu",
        "gelu",
        "silu",
        "softplus",
    ]
    assert [activations.get(name).name for name in NAMES] == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_the_derivative_is_that_of_the_function(name):
    f = activations.get(name)
    z = GRID[np.abs(GRID) > 0.01] if name in KINKED else GRID
    h = 1e-5  # truncation h^2 |f'''| / 6 < 1e-10, rounding 1e-16 * 6 / h < 1e-10
    numeric = (f.f(z + h) - f.f(z - h)) / (2 * h)
    np.testing.assert_allclose(f.df(z), numeric, rtol=0, atol=2e-9)


@pytest.mark.parametrize("name", NAMES)
def test_the_derivative_from_the_value_is_the_derivative(name):
    f = activations.get(name)
    np.testing.assert_array_equal(f.df(GRID, f.f(GRID)), f.df(GRID))


@pytest.mark.parametrize("name", activations.names())
def test_what_may_work_in_place_can(name):
    activation, z = activations.get(name), np.linspace(-4, 4, 101)
    if not activation.in_place:
        return
    a, slope = activation.f(z), activation.df(z)
    assert activation.into(z, z) is z
    np.testing.assert_array_equal(z, a)
    np.testing.assert_allclose(activation.df(z, z), slope, rtol=1e-13)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", NAMES)
def test_extreme_arguments_give_the_limits_without_a_warning(name, dtype):
    f = activations.get(name)
    large = [30.0, 1e4, 1e38 if dtype is np.float32 else 1e300]
    for size in large:
        z = np.array([size, -size], dtype)
        with np.errstate(all="raise", under="ignore"), warnings.catch_warnings():
            warnings.simplefilter("error")
            value, slope = f.f(z), f.df(z)
        assert value.dtype == slope.dtype == dtype
        below = {"identity": -size, "leaky_relu": -0.01 * size, "tanh": -1.0, "elu": -1.0}
        below["selu"] = -activations.SELU_SCALE * activations.SELU_ALPHA
        above = {"tanh": 1.0, "sigmoid": 1.0, "selu": activations.SELU_SCALE * size}
        limits = [above.get(name, size), below.get(name, 0.0)]
        np.testing.assert_allclose(value, limits, rtol=1e-6, atol=1e-11)
        left = {"identity": 1.0, "leaky_relu": 0.01}.get(name, 0.0)
        right = {"sigmoid": 0.0, "tanh": 0.0, "selu": activations.SELU_SCALE}.get(name, 1.0)
        np.testing.assert_allclose(slope, [right, left], rtol=1e-6, atol=1e-10)


def test_small_tails_keep_their_digits():
    """sigmoid(-40) is 4.2e-18: a form like (1 + tanh(z / 2)) / 2 would give 0."""
    z = np.array([-40.0, -300.0])
    np.testing.assert_allclose(activations.get("sigmoid").f(z), np.exp(z), rtol=1e-14)
    np.testing.assert_allclose(activations.get("silu").f(z), z * np.exp(z), rtol=1e-14)
    np.testing.assert_allclose(activations.get("softplus").f(z), np.exp(z), rtol=1e-14)


@pytest.mark.parametrize("name", NAMES)
def test_any_shape_float32_lists_and_integers(name):
    f = activations.get(name)
    z = np.random.default_rng(0).standard_normal((2, 3, 4)).astype(np.float32)
    for function in (f.f, f.df):
        assert function(z).dtype == np.float32
        assert function(z).shape == z.shape
        np.testing.assert_allclose(
            function(z), function(z.astype(np.float64)), rtol=1e-5, atol=1e-6
        )
        np.testing.assert_array_equal(function([-2, 1]), function(np.array([-2.0, 1.0])))
        np.testing.assert_array_equal(function(np.array([-2, 1])), function([-2.0, 1.0]))
        assert float(function(0.5)) == function([0.5])[0]
        with pytest.raises(TypeError, match="z must hold real numbers"):
            function("0.5")


@pytest.mark.parametrize(("name", "slope"), [("relu", 0.0), ("leaky_relu", 0.01), ("elu", 1.0)])
def test_at_the_kink_the_derivative_is_that_from_the_left(name, slope):
    assert activations.get(name).df(np.zeros(1)).tolist() == [slope]
    assert activations.get("selu").df(np.zeros(1))[0] == pytest.approx(1.7580993408473766)


def test_parameters_change_the_function():
    z = np.array([-1.0, 2.0])
    leaky = activations.get("leaky_relu", negative_slope=0.2)
    assert (leaky.f(z).tolist(), leaky.df(z).tolist()) == ([-0.2, 2.0], [0.2, 1.0])
    assert leaky.parameters == {"negative_slope": 0.2}
    elu = activations.get("elu", alpha=2.0)
    np.testing.assert_allclose(elu.f(z), [2 * np.expm1(-1.0), 2.0])
    np.testing.assert_allclose(elu.df(z), [2 * np.exp(-1.0), 1.0])
    assert elu.parameters == {"alpha": 2.0}


def test_errors_name_what_is_valid():
    with pytest.raises(ValueError, match=r"activation must be one of identity, .*softplus; got 'r"):
        activations.get("relu6")
    with pytest.raises(TypeError, match="tanh has no parameter alpha; it accepts none"):
        activations.get("tanh", alpha=1.0)
    with pytest.raises(TypeError, match="elu has no parameter slope; it accepts alpha"):
        activations.get("elu", slope=1.0)
    with pytest.raises(ValueError, match="alpha must be finite and in"):
        activations.get("elu", alpha=-1.0)
    with pytest.raises(ValueError, match="negative_slope must be finite"):
        activations.get("leaky_relu", negative_slope=np.nan)
    tanh = activations.get("tanh")
    assert activations.get(tanh) is tanh
    with pytest.raises(TypeError, match=r"an Activation takes no parameters; got \['alpha'\]"):
        activations.get(tanh, alpha=1.0)


def test_the_gain_is_that_of_the_theory():
    assert activations.get("relu").gain == pytest.approx(np.sqrt(2), abs=1e-9)
    assert activations.get("identity").gain == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_torch_agrees_on_value_and_derivative_the_kink_included(name):
    torch = pytest.importorskip("torch")
    functional = torch.nn.functional
    theirs = {
        "identity": lambda z: z,
        "sigmoid": torch.sigmoid,
        "tanh": torch.tanh,
        "softplus": lambda z: functional.softplus(z, threshold=1e9),  # linear above 20 otherwise
    }.get(name) or getattr(functional, name)
    z = np.concatenate([GRID, [-40.0, -15.0, 15.0, 40.0]])
    assert 0.0 in z
    tensor = torch.tensor(z, requires_grad=True)
    value = theirs(tensor)
    (slope,) = torch.autograd.grad(value.sum(), tensor)
    ours = activations.get(name)
    np.testing.assert_allclose(ours.f(z), value.detach().numpy(), rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(ours.df(z), slope.numpy(), rtol=1e-10, atol=1e-14)
