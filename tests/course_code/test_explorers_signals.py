"""Signal through depth: the simulation against the theory, float32's ends, and the words."""

import re

import numpy as np
import pytest

from course_code import moments
from course_code.explorers import signals
from course_code.explorers.signals import SCALES, WIDTH, measure
from course_code.explorers.signals_picture import _expected, describe, draw


@pytest.mark.parametrize("activation", ["tanh", "relu", "sigmoid"])
@pytest.mark.parametrize("scale", [0.5, 2.0])
def test_theory_is_that_of_moments(activation, scale):
    one = measure(activation, [scale], depth=6)[scale]
    sizes = [WIDTH] * 7
    variances = moments.weight_variances(sizes, scale=scale**2)
    forward = moments.forward_moments(sizes, activation, variances).preactivation
    backward = moments.backward_moments(sizes, activation, variances)
    np.testing.assert_allclose(one.forward_theory, np.sqrt(forward), rtol=1e-9)
    np.testing.assert_allclose(one.backward_theory, np.sqrt(backward), rtol=1e-9)


@pytest.mark.parametrize("activation", ["tanh", "relu", "sigmoid"])
def test_simulation_follows_theory(activation):
    for scale, one in measure(activation, SCALES, depth=10).items():
        for simulated, theory in (
            (one.forward, one.forward_theory),
            (one.backward, one.backward_theory),
        ):
            middle = np.median(simulated, axis=0)
            # ReLU's logarithm wanders by about sqrt(5 / width) a layer.
            np.testing.assert_allclose(middle / theory, 1.0, atol=0.6, err_msg=f"{scale}")


def test_weights_are_the_same_at_every_scale_and_depth():
    shallow = measure("relu", [1.0, 2.0], depth=5)
    deep = measure("relu", [1.0], depth=8)[1.0]
    np.testing.assert_allclose(shallow[1.0].forward, deep.forward[:, :5], rtol=1e-5)
    # ReLU is homogeneous: twice the weights are 2^l times the signal.
    ratio = shallow[2.0].forward / shallow[1.0].forward
    np.testing.assert_allclose(ratio, np.tile(2.0 ** np.arange(1, 6), (5, 1)), rtol=1e-5)


def test_where_float32_ends():
    tanh = measure("tanh", [0.1, 1.0], depth=50)
    forward, backward = tanh[0.1].last_alive()
    # 0.1 a layer from 1: float32's smallest number is 1.4e-45.
    assert 44 <= forward <= 46
    assert 3 <= backward <= 6
    assert tanh[1.0].last_alive() == (50, 1)
    assert tanh[0.1].forward[0, -1] == 0

    relu = measure("relu", [0.1, 10.0], depth=50)
    assert relu[0.1].last_alive() == (39, 50)  # where no unit is on, no gradient passes at all
    forward, backward = relu[10.0].last_alive()
    assert 43 <= forward <= 46  # 7.07 a layer reaches 3.4e38 after 45
    assert not np.isfinite(relu[10.0].forward[0, -1])
    assert backward == 51  # nor is the gradient of a loss of inf or nan


def test_at_the_critical_scale_relu_keeps_its_size():
    one = measure("relu", [2**0.5], depth=50)[2**0.5]
    np.testing.assert_allclose(one.forward_theory, np.sqrt(2), rtol=1e-12)
    np.testing.assert_allclose(one.backward_theory, 1.0, rtol=1e-12)
    assert 0.2 < np.median(one.forward[:, -1]) < 7


@pytest.mark.parametrize("activation", ["tanh", "relu", "sigmoid"])
def test_the_expected_histogram_is_that_of_the_activations(activation):
    one = measure(activation, [1.2], depth=3)[1.2]
    values = one.activations[1]
    edges = np.linspace({"tanh": -1, "relu": 0, "sigmoid": 0}[activation], 1, 11)
    expected = _expected(edges, one.forward_theory[0], activation)
    counts = np.histogram(values, edges)[0] / values.size
    np.testing.assert_allclose(counts, expected, atol=0.04)
    if activation != "relu":
        assert expected.sum() == pytest.approx(1)
    # A neighbour's theory fails.
    other = _expected(edges, 2 * one.forward_theory[0], activation)
    assert np.abs(counts - other).sum() > 3 * np.abs(counts - expected).sum()


def test_no_expectation_without_a_finite_layer():
    edges = np.linspace(0, 1, 4)
    assert _expected(edges, 0.0, "relu") is None
    assert _expected(edges, np.inf, "relu") is None
    assert _expected(edges * np.nan, 1.0, "relu") is None


def test_the_description_has_the_numbers_and_the_layer_where_float32_ends():
    tanh = measure("tanh", [0.1, 1.0], depth=50)
    words = describe(tanh[0.1], "tanh", 0.1)
    assert words.startswith("tanh, weights of standard deviation 0.1 / √fan_in, 50 layers.")
    assert "(theory 1e−50)" in words
    assert "pre-activations are all 0 from layer 46 on and gradients are all 0 from layer" in words
    assert describe(tanh[1.0], "tanh", 1.0).endswith("Float32 holds both.")
    relu = measure("relu", [10.0], depth=50)[10.0]
    assert "pre-activations are not finite from layer 4" in describe(relu, "relu", 10.0)
    few = measure("sigmoid", [0.5], depth=50)[0.5]
    assert "have lost digits" in describe(few, "sigmoid", 0.5)


def test_the_description_says_what_the_histograms_show_at_their_ends():
    wide = measure("tanh", [10.0], depth=30)[10.0]
    found = [np.mean(np.abs(wide.activations[layer]) >= 0.95) for layer in (1, 30)]
    assert min(found) > 0.7
    said = f"beyond ±0.95: {found[0]:.0%} in layer 1, {found[1]:.0%} in layer 30."
    assert said in describe(wide, "tanh", 10.0)
    relu = measure("relu", [1.0, 10.0], depth=50)
    assert re.search(
        r"that are 0: [45]\d% in layer 1, [45]\d% in layer 50", describe(relu[1.0], "relu", 1.0)
    )
    assert re.search(r"that are 0: \d\d% in layer 1\. ", describe(relu[10.0], "relu", 10.0))


def test_the_picture_marks_what_died():
    dead = draw(measure("tanh", [0.1], depth=50)[0.1], "tanh", 0.1)
    assert "(grey: float32 under- or overflows)" in dead.svg
    forward, backward = (
        int(re.search(rf"{what} are all 0 from layer (\d+)", dead.description)[1])
        for what in ("pre-activations", "gradients")
    )
    assert f"● all 0 from {forward} on" in dead.svg
    assert f"▲ all 0 from {backward} down" in dead.svg
    alive = draw(measure("tanh", [1.0], depth=50)[1.0], "tanh", 1.0)
    assert "float32" not in alive.svg
    for picture in (dead, alive):
        assert "nan" not in picture.svg.lower().replace("not finite", "")
        assert "inf" not in picture.svg


def test_the_explorer_has_all_states_and_computes_others():
    explorer = signals.signal_through_depth(("relu",), scales=[1.0, 2.0], start=1.0)
    assert [control.key for control in explorer.controls] == ["depth", "weight_scale"]
    words = explorer.picture(depth=12, weight_scale=1.5).description
    assert words.startswith("relu, weights of standard deviation 1.5 / √fan_in, 12 layers.")
    for value in (0.0, 1001.0):
        with pytest.raises(ValueError, match="weight scale must be finite and in"):
            explorer.picture(weight_scale=value)
    with pytest.raises(ValueError, match="depth must be finite and in"):
        explorer.picture(depth=201)


def test_an_explorer_of_two_activations_is_small_enough():
    explorer = signals.signal_through_depth(("tanh", "relu"))
    assert len(explorer.controls) == 3
    assert explorer.size < 350_000


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match="activation must be one of tanh, relu, sigmoid"):
        signals.signal_through_depth(("selu",))
    with pytest.raises(ValueError, match="weight scale must be finite"):
        measure("tanh", [0.0], depth=10)
    for depth in (1, 201):
        with pytest.raises(ValueError, match="depth must be"):
            measure("tanh", [1.0], depth=depth)
