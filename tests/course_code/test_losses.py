"""Losses: stable for logits of any size, exact gradients, equal to torch's, strict labels."""

import warnings

import numpy as np
import pytest

from course_code import losses

BINARY = losses.get("binary_cross_entropy")
CATEGORICAL = losses.get("categorical_cross_entropy")
SQUARED = losses.get("mean_squared_error")


def example(name, rng, n=7, k=3):
    """Logits and targets for that loss: one column for the binary one."""
    if name == "binary_cross_entropy":
        return 3 * rng.standard_normal((n, 1)), rng.integers(0, 2, n)
    if name == "categorical_cross_entropy":
        return 3 * rng.standard_normal((n, k)), rng.integers(0, k, n)
    return 3 * rng.standard_normal((n, k)), rng.standard_normal((n, k))


def test_names_and_errors():
    assert losses.names() == [
        "binary_cross_entropy",
        "categorical_cross_entropy",
        "mean_squared_error",
    ]
    assert losses.get(BINARY) is BINARY
    with pytest.raises(
        ValueError, match=r"loss must be one of binary_cross_entropy, .*; got 'mse'"
    ):
        losses.get("mse")


def test_values_by_hand():
    z, y = np.array([0.3, -1.2, 2.0]), np.array([1, 0, 0])
    p = 1 / (1 + np.exp(-z))
    by_hand = -(y * np.log(p) + (1 - y) * np.log(1 - p)).mean()
    assert BINARY.value(z, y) == pytest.approx(by_hand, rel=1e-14)
    Z, c = np.array([[0.3, -1.2, 2.0], [1.0, 0.5, -0.5]]), np.array([2, 1])
    softmax = np.exp(Z) / np.exp(Z).sum(axis=1, keepdims=True)
    by_hand = -np.log(softmax[[0, 1], c]).mean()
    assert CATEGORICAL.value(Z, c) == pytest.approx(by_hand, rel=1e-14)
    assert SQUARED.value([1.0, 2.0], [0.0, 4.0]) == 2.5
    assert SQUARED.value([[1.0, 2.0]], [[0.0, 4.0]]) == 2.5  # the mean over outputs too


def test_no_information_costs_the_logarithm_of_the_number_of_classes():
    assert BINARY.value(np.zeros((8, 1)), np.arange(8) % 2) == np.log(2)
    assert CATEGORICAL.value(np.zeros((9, 3)), np.arange(9) % 3) == pytest.approx(np.log(3))


@pytest.mark.parametrize("name", losses.names())
def test_gradient_by_finite_differences(name):
    loss = losses.get(name)
    logits, y = example(name, np.random.default_rng(0))
    gradient = loss.gradient(logits, y)
    h = 1e-5
    for index in np.ndindex(logits.shape):
        step = np.zeros_like(logits)
        step[index] = h
        numeric = (loss.value(logits + step, y) - loss.value(logits - step, y)) / (2 * h)
        assert gradient[index] == pytest.approx(numeric, abs=1e-9)


@pytest.mark.parametrize("n_outputs", [1, 3])
@pytest.mark.parametrize("name", losses.names())
def test_cost_and_slope_together_are_both_alone(name, n_outputs):
    n_outputs += name == "categorical_cross_entropy"
    loss, rng = losses.get(name), np.random.default_rng(0)
    logits = 5 * rng.standard_normal((20, n_outputs))
    y = rng.integers(0, 2, 20 if name.startswith("cat") or n_outputs == 1 else (20, n_outputs))
    targets = loss.encode(y, logits.shape, "y")
    cost, slope = loss._cost_and_slope(logits, targets)
    np.testing.assert_array_equal(cost, loss.cost(logits, targets))
    np.testing.assert_array_equal(slope, loss.slope(logits, targets))


def test_a_tiny_slope_keeps_its_digits_for_both_labels():
    slopes = losses.get("binary_cross_entropy").gradient([[-40.0], [40.0]], [0, 1])
    np.testing.assert_allclose(2 * slopes[:, 0], [np.exp(-40), -np.exp(-40)], rtol=1e-14)


def test_several_binary_outputs_are_averaged():
    rng = np.random.default_rng(0)
    logits, y = rng.standard_normal((6, 4)), rng.integers(0, 2, (6, 4))
    columns = [BINARY.value(logits[:, j], y[:, j]) for j in range(4)]
    assert BINARY.value(logits, y) == pytest.approx(np.mean(columns), rel=1e-14)
    np.testing.assert_allclose(
        BINARY.gradient(logits, y)[:, 2], BINARY.gradient(logits[:, 2], y[:, 2]) / 4, rtol=1e-14
    )


@pytest.mark.parametrize("size", [1e4, 1e10, 1e300])
def test_logits_of_any_size_are_stable(size):
    with np.errstate(all="raise", under="ignore"), warnings.catch_warnings():
        warnings.simplefilter("error")
        assert BINARY.value([size, -size], [1, 0]) == 0
        assert BINARY.value([size, -size], [0, 1]) == size
        assert BINARY.gradient([size, -size], [0, 1]).tolist() == [0.5, -0.5]
        assert BINARY.gradient([size, -size], [1, 0]).tolist() == [0.0, 0.0]
        Z = [[size, -size, 0.0]]
        assert [CATEGORICAL.value(Z, [c]) for c in (0, 1, 2)] == [0.0, 2 * size, size]
        assert CATEGORICAL.gradient(Z, [1]).tolist() == [[1.0, -1.0, 0.0]]


def test_a_confident_right_answer_costs_its_tiny_exact_cost():
    """log(1 + e^z) - z would cancel to 0 here."""
    assert BINARY.value([40.0], [1]) == pytest.approx(np.exp(-40.0), rel=1e-12)


def test_a_square_beyond_the_largest_float_is_infinite_without_a_warning():
    assert SQUARED.value([1e300], [0.0]) == np.inf
    assert SQUARED.gradient([1e300], [0.0]).tolist() == [2e300]


@pytest.mark.parametrize("name", losses.names())
def test_an_ensemble_gets_each_members_own_numbers(name):
    loss = losses.get(name)
    rng = np.random.default_rng(0)
    logits, y = example(name, rng)
    stacked = np.stack([logits, -logits, 2 * logits])
    value, gradient = loss.value(stacked, y), loss.gradient(stacked, y)
    assert value.shape == (3,)
    for member in range(3):
        assert value[member] == loss.value(stacked[member], y)
        np.testing.assert_array_equal(gradient[member], loss.gradient(stacked[member], y))
    own = np.stack([y, np.roll(y, 1, axis=0), y])  # each member its own targets
    np.testing.assert_array_equal(
        loss.value(stacked, own), [loss.value(z, t) for z, t in zip(stacked, own, strict=True)]
    )


@pytest.mark.parametrize("name", losses.names())
def test_float32_stays_and_agrees_with_float64(name):
    loss = losses.get(name)
    logits, y = example(name, np.random.default_rng(0))
    assert loss.gradient(logits.astype(np.float32), y).dtype == np.float32
    assert loss.value(logits.astype(np.float32), y).dtype == np.float32
    assert loss.value(logits.astype(np.float32), y) == pytest.approx(
        loss.value(logits, y), rel=1e-5
    )


def test_gradient_has_the_shape_of_the_logits():
    assert BINARY.gradient([0.0, 1.0], [0, 1]).shape == (2,)
    assert BINARY.gradient([[0.0], [1.0]], [0, 1]).shape == (2, 1)
    assert BINARY.gradient([[0.0], [1.0]], [[0], [1]]).shape == (2, 1)


def test_hits():
    logits = np.array([[0.0], [0.1], [-0.1]])
    assert BINARY.hits(logits, np.array([[0.0], [0.0], [0.0]])).tolist() == [True, False, True]
    assert CATEGORICAL.hits(np.eye(2), np.eye(2)[::-1]).tolist() == [False, False]
    assert CATEGORICAL.hits(np.eye(2), np.eye(2)).tolist() == [True, True]
    assert SQUARED.hits is None


@pytest.mark.parametrize("label", [2, -1, 0.5])
def test_labels_outside_the_domain(label):
    with pytest.raises(ValueError, match=rf"y must hold the labels 0 and 1; got {label}"):
        BINARY.value([0.0, 0.0], [0, label])


@pytest.mark.parametrize("label", [3, -1, 1.5])
def test_classes_outside_the_domain(label):
    with pytest.raises(ValueError, match=rf"y must hold whole numbers from 0 to 2; got {label}"):
        CATEGORICAL.gradient(np.zeros((2, 3)), [0, label])


@pytest.mark.parametrize(
    ("loss", "logits", "y", "expected"),
    [
        (BINARY, (4, 1), (3,), r"\(4,\)"),
        (BINARY, (4,), (1, 4), r"\(4,\)"),
        (BINARY, (4, 2), (4,), r"\(4, 2\)"),
        (BINARY, (5, 4, 1), (5, 3), r"\(4,\)"),
        (BINARY, (5, 4, 1), (2, 4, 1), r"\(4,\)"),
        (BINARY, (4, 1), (), r"\(4,\)"),
        (CATEGORICAL, (4, 3), (3,), r"\(4,\)"),
        (CATEGORICAL, (4, 3), (4, 3), r"\(4,\)"),
        (SQUARED, (4, 3), (4,), r"\(4, 3\)"),
        (SQUARED, (4, 3), (3, 4), r"\(4, 3\)"),
    ],
)
def test_a_shape_that_does_not_fit_is_told_with_both_shapes(loss, logits, y, expected):
    with pytest.raises(ValueError, match="does not fit") as caught:
        loss.value(np.zeros(logits), np.zeros(y))
    inner = logits if len(logits) > 1 else (*logits, 1)
    assert f"y of shape {y}" in str(caught.value)
    assert f"logits of shape {inner}" in str(caught.value)
    assert caught.match(f"expected {expected}$")


def test_categorical_needs_two_logits():
    with pytest.raises(ValueError, match=r"at least 2 logits a sample; got shape \(4, 1\)"):
        CATEGORICAL.value(np.zeros((4, 1)), np.zeros(4))


def test_numbers_that_are_none():
    with pytest.raises(ValueError, match="logits must be finite"):
        BINARY.value([np.nan], [0])
    with pytest.raises(ValueError, match="y must be finite"):
        SQUARED.value([0.0], [np.inf])
    with pytest.raises(ValueError, match="logits is empty"):
        BINARY.value(np.zeros((0, 1)), [])
    with pytest.raises(ValueError, match=r"y must be finite in float32; got 1e\+300"):
        SQUARED.value(np.zeros(1, np.float32), [1e300])


@pytest.mark.parametrize("name", losses.names())
def test_torch_agrees(name):
    torch = pytest.importorskip("torch")
    logits, y = example(name, np.random.default_rng(1))
    tensor = torch.tensor(logits, requires_grad=True)
    functional = torch.nn.functional
    theirs = {
        "binary_cross_entropy": lambda: functional.binary_cross_entropy_with_logits(
            tensor[:, 0], torch.tensor(y, dtype=torch.float64)
        ),
        "categorical_cross_entropy": lambda: functional.cross_entropy(tensor, torch.tensor(y)),
        "mean_squared_error": lambda: functional.mse_loss(tensor, torch.tensor(y)),
    }[name]()
    theirs.backward()
    loss = losses.get(name)
    assert loss.value(logits, y) == pytest.approx(theirs.item(), rel=1e-13)
    np.testing.assert_allclose(
        loss.gradient(logits, y), tensor.grad.numpy(), rtol=1e-12, atol=1e-15
    )


def test_logits_as_far_apart_as_floats_can_be():
    loss = losses.get("categorical_cross_entropy")
    logits = [[1e308, -1e308, 0.0], [0.0, 745.0, -1e308]]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert loss.value(logits, [0, 0]) == 372.5
        slopes = loss.gradient(logits, [0, 0])
    np.testing.assert_allclose(slopes, [[0, 0, 0], [-0.5, 0.5, 0]], atol=1e-15)


def test_binary_cost_and_slope_against_more_digits():
    """To within a few units in the last place, from the far left to the far right."""
    logits = np.linspace(-740.0, 740.0, 20001)[:, None]
    loss = losses.get("binary_cross_entropy")
    for dtype, far in ((np.float64, 708), (np.float32, 87)):
        z = logits[np.abs(logits[:, 0]) < far].astype(dtype)
        for sign in (-1, 1):
            margins = sign * z.astype(np.longdouble)
            cost, slope = loss._cost_and_slope(z, np.full_like(z, sign))
            assert cost.dtype == slope.dtype == dtype
            expected = np.log1p(np.exp(-np.abs(margins))) - np.minimum(margins, 0)
            near = 5 * np.finfo(dtype).eps
            np.testing.assert_allclose(cost, expected[:, 0].astype(dtype), rtol=near)
            np.testing.assert_allclose(slope, -sign / (1 + np.exp(margins)), rtol=near)
