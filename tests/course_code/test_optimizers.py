"""Optimizers: equal to PyTorch's, step for step, on the same gradients."""

import numpy as np
import pytest

from course_code import optimizers
from course_code.optimizers import SGD, Adam, RMSProp

SHAPES = [(3, 2), (2,), (4, 3, 2)]
PAIRS = {
    "sgd": (lambda: SGD(0.1), lambda t, p: t.SGD(p, lr=0.1)),
    "momentum": (lambda: SGD(0.1, 0.9), lambda t, p: t.SGD(p, lr=0.1, momentum=0.9)),
    "nesterov": (
        lambda: SGD(0.1, 0.9, nesterov=True),
        lambda t, p: t.SGD(p, lr=0.1, momentum=0.9, nesterov=True),
    ),
    "rmsprop": (RMSProp, lambda t, p: t.RMSprop(p)),  # PyTorch's defaults are ours
    "rmsprop, other": (
        lambda: RMSProp(0.02, decay=0.9, epsilon=1e-4),
        lambda t, p: t.RMSprop(p, lr=0.02, alpha=0.9, eps=1e-4),
    ),
    "adam": (Adam, lambda t, p: t.Adam(p)),
    "adam, other": (
        lambda: Adam(0.02, beta_1=0.8, beta_2=0.95, epsilon=1e-4),
        lambda t, p: t.Adam(p, lr=0.02, betas=(0.8, 0.95), eps=1e-4),
    ),
}


@pytest.mark.parametrize("name", PAIRS)
def test_torch_agrees_step_for_step(name):
    torch = pytest.importorskip("torch")
    ours, theirs = PAIRS[name]
    rng = np.random.default_rng(0)
    parameters = [rng.standard_normal(shape) for shape in SHAPES]
    tensors = [torch.tensor(p.copy(), requires_grad=True) for p in parameters]
    ours, theirs = ours(), theirs(torch.optim, tensors)
    for _ in range(50):
        gradients = [rng.standard_normal(shape) for shape in SHAPES]
        for tensor, gradient in zip(tensors, gradients, strict=True):
            tensor.grad = torch.tensor(gradient)
        ours.update(parameters, gradients)
        theirs.step()
        for parameter, tensor in zip(parameters, tensors, strict=True):
            np.testing.assert_allclose(parameter, tensor.detach().numpy(), rtol=1e-12, atol=1e-12)


def test_two_steps_by_hand():
    g1, g2 = 2.0, -3.0
    by_hand = {
        "sgd": 1 - 0.1 * g1 - 0.1 * g2,
        "momentum": 1 - 0.1 * g1 - 0.1 * (0.9 * g1 + g2),
        "nesterov": 1 - 0.1 * (g1 + 0.9 * g1) - 0.1 * (g2 + 0.9 * (0.9 * g1 + g2)),
    }
    for name, expected in by_hand.items():
        theta = np.array([1.0])
        optimizer = PAIRS[name][0]()
        for g in (g1, g2):
            optimizer.update([theta], [np.array([g])])
        assert theta[0] == pytest.approx(expected, rel=1e-15), name
    theta, s = np.array([1.0]), 0.0
    optimizer = RMSProp(0.1, decay=0.5, epsilon=1e-3)
    expected = 1.0
    for g in (g1, g2):
        s = 0.5 * s + 0.5 * g * g
        expected -= 0.1 * g / (np.sqrt(s) + 1e-3)
        optimizer.update([theta], [np.array([g])])
    assert theta[0] == pytest.approx(expected, rel=1e-15)
    theta, m, s, expected = np.array([1.0]), 0.0, 0.0, 1.0
    optimizer = Adam(0.1, beta_1=0.5, beta_2=0.8, epsilon=1e-3)
    for t, g in enumerate((g1, g2), start=1):
        m, s = 0.5 * m + 0.5 * g, 0.8 * s + 0.2 * g * g
        expected -= 0.1 * (m / (1 - 0.5**t)) / (np.sqrt(s / (1 - 0.8**t)) + 1e-3)
        optimizer.update([theta], [np.array([g])])
    assert theta[0] == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize("name", PAIRS)
def test_in_place_in_the_parameters_dtype_and_the_gradient_untouched(name):
    optimizer = PAIRS[name][0]()
    theta, gradient = np.ones((2, 3), np.float32), np.full((2, 3), 0.5, np.float32)
    for _ in range(3):
        optimizer.update([theta], [gradient])
    assert theta.dtype == np.float32
    assert (theta < 1).all()
    assert (gradient == 0.5).all()


def test_defaults_and_get():
    assert optimizers.names() == ["sgd", "rmsprop", "adam"]
    assert vars(optimizers.get("sgd")) == vars(SGD(0.01, 0.0, False))
    assert vars(optimizers.get("rmsprop")) == vars(RMSProp(0.01, 0.99, 1e-8))
    assert vars(optimizers.get("adam")) == vars(Adam(0.001, 0.9, 0.999, 1e-8))
    assert optimizers.get("sgd", learning_rate=0.0, momentum=0.5, nesterov=True).nesterov is True
    with pytest.raises(ValueError, match="optimizer must be one of sgd, rmsprop, adam; got 'lion'"):
        optimizers.get("lion")
    with pytest.raises(
        TypeError, match="sgd has no parameter decay; it accepts learning_rate, mom"
    ):
        optimizers.get("sgd", decay=0.9)


@pytest.mark.parametrize(
    ("make", "arguments", "message"),
    [
        (SGD, {"learning_rate": -0.1}, "learning_rate must be finite and in"),
        (RMSProp, {"learning_rate": np.nan}, "learning_rate must be finite and in"),
        (Adam, {"learning_rate": np.inf}, "learning_rate must be finite and in"),
        (SGD, {"momentum": 1.0}, r"momentum must be in \[0, 1\); got 1"),
        (SGD, {"momentum": -0.1}, "momentum must be finite and in"),
        (SGD, {"nesterov": True}, "nesterov needs a positive momentum; got momentum=0"),
        (RMSProp, {"decay": 1.0}, r"decay must be in \[0, 1\)"),
        (RMSProp, {"epsilon": 0.0}, "epsilon must be finite and in"),
        (Adam, {"beta_1": 1.0}, r"beta_1 must be in \[0, 1\)"),
        (Adam, {"beta_2": 1.5}, r"beta_2 must be in \[0, 1\)"),
        (Adam, {"epsilon": 0.0}, "epsilon must be finite and in"),
    ],
)
def test_parameters_out_of_range(make, arguments, message):
    with pytest.raises(ValueError, match=message):
        make(**arguments)


@pytest.mark.parametrize("name", ["sgd", "momentum", "rmsprop", "adam"])
def test_arrays_that_do_not_fit_are_refused_before_anything_moves(name):
    optimizer = PAIRS[name][0]()
    theta = [np.ones((2, 3)), np.ones(3)]
    for gradients in ([np.ones((2, 3))], [np.ones(3), np.ones(3)], [np.ones((2, 3)), 1.0]):
        with pytest.raises(
            ValueError, match=r"gradients must have the parameters' shapes \[\(2, 3"
        ):
            optimizer.update(theta, gradients)
    for wrong in ([[1.0]], [np.array([1])], [1.0]):
        with pytest.raises(TypeError, match="parameters must be float arrays"):
            optimizer.update(wrong, [np.ones(1)])
    assert all((p == 1).all() for p in theta)


@pytest.mark.parametrize("name", ["momentum", "rmsprop", "adam"])
def test_an_optimizer_of_another_training_is_refused(name):
    optimizer = PAIRS[name][0]()
    optimizer.update([np.ones(2)], [np.ones(2)])
    with pytest.raises(ValueError, match="give each training an optimizer of its own"):
        optimizer.update([np.ones(3)], [np.ones(3)])
