"""The fans explorer: measured variances lie on the theory, and the questions' answers are right."""

import re

import numpy as np
import pytest

from course_code import moments
from course_code.explorers import fans as module
from course_code.explorers.fans import HE_QUESTION, MODES, SCALES, XAVIER_QUESTION, fans, flow


@pytest.mark.parametrize("activation", SCALES)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("fan_in", "fan_out"), [(256, 64), (16, 256), (64, 64)])
def test_measured_variances_lie_on_the_theory(activation, mode, fan_in, fan_out):
    found = flow(activation, fan_in, fan_out, mode)
    # The rules differ by the ratio of the fans, 4 and more.
    np.testing.assert_allclose(found.forward, found.forward_theory, rtol=0.3)
    np.testing.assert_allclose(found.backward, found.backward_theory, rtol=0.3)


@pytest.mark.parametrize("activation", ["linear", "relu"])
@pytest.mark.parametrize("mode", MODES)
def test_the_factors_of_the_chapter_are_the_recursion_of_moments(activation, mode):
    sizes = [32, 128] * 3 + [32]
    variances = moments.weight_variances(sizes, SCALES[activation], mode)
    name = "identity" if activation == "linear" else activation
    found = flow(activation, 32, 128, mode)
    forward = moments.forward_moments(sizes, name, variances).preactivation
    np.testing.assert_allclose(found.forward_theory, forward, rtol=1e-9)
    backward = moments.backward_moments(sizes, name, variances)
    np.testing.assert_allclose(found.backward_theory, backward, rtol=1e-9)


def test_xaviers_question():
    found = flow("linear", 16, 256, "fan_avg")
    pair = 4 * 16 / (1 + 16) ** 2
    assert pair == pytest.approx(0.22, abs=0.005)
    assert found.forward_theory[-1] == pytest.approx(pair**3)
    assert 0.005 < pair**3 < 0.02  # "a hundredth"
    assert found.backward_theory[0] == pytest.approx(pair**3 * (1 + 16) / 2 / 16, rel=1e-9)
    assert "both shrink" in XAVIER_QUESTION.answers


def test_hes_question():
    found = flow("relu", 32, 256, "fan_in")
    assert found.backward_theory[0] == pytest.approx(32 / 256)
    np.testing.assert_allclose(found.forward_theory, 2.0)
    assert "one eighth" in HE_QUESTION.answers


def test_states_size_and_description():
    explorer = fans(["linear"], prediction=XAVIER_QUESTION)
    assert len(explorer._pictures) == len(module.WIDTHS) ** 2
    assert explorer.size < 5000 * len(explorer._pictures)
    assert [control.name for control in explorer.controls] == ["fan_in", "fan_out"]
    picture = explorer.picture(fan_in=16, fan_out=256)
    assert picture.description.startswith("linear, widths 16-256-16-256-16-256-16, r = 16. ")
    assert "fan_avg" in picture.description
    assert picture.svg.count("<svg") == 2


def test_the_description_names_the_value_of_every_layer():
    for activation in ("linear", "relu"):
        explorer = fans([activation], (8, 256))
        picture = explorer.picture(fan_in=8, fan_out=256)
        _, *lines = picture.description.split("\n")
        for line, way in zip(lines, ("forward", "backward"), strict=True):
            for mode in MODES:
                measured = getattr(flow(activation, 8, 256, mode), way)
                said = re.search(rf"{mode} ([^;]+?)(?:;|\.(?: |$))", line)[1].split(", ")
                np.testing.assert_allclose(np.array(said, float), measured, rtol=0.06)
                assert len(said) == module.LAYERS
        assert lines[0].startswith("Signal in layers 1 to 6: fan_in ")
        assert lines[1].startswith("Gradient in layers 1 to 6: fan_in ")
        assert max(map(len, lines)) < 250


def test_the_description_says_how_far_the_theory_is():
    for fan_in in (8, 256):
        said = fans(["relu"], (8, 256)).picture(fan_in=fan_in, fan_out=8).description
        percent = int(re.search(r"All are within (\d+)% of the theory\.$", said)[1])
        worst = 0.0
        for mode in MODES:
            found = flow("relu", fan_in, 8, mode)
            worst = max(worst, np.abs(found.forward / found.forward_theory - 1).max())
            worst = max(worst, np.abs(found.backward / found.backward_theory - 1).max())
        assert percent - 1 <= 100 * worst <= percent


def test_mean_squares_are_written_without_powers_of_ten():
    assert [module._short(x) for x in (0.00312, 0.256, 1.0, 31.6, 1024.3)] == [
        "0.0031", "0.26", "1", "32", "1024",
    ]  # fmt: skip


def test_other_widths_are_computed_when_asked_for():
    explorer = fans(["relu"], (8, 16))
    assert "widths 24-8-" in explorer.picture(fan_in=24, fan_out=8).description
    with pytest.raises(ValueError, match="fan_in must be finite and in"):
        explorer.picture(fan_in=0)
    with pytest.raises(TypeError, match="fan_out must be an integer"):
        explorer.picture(fan_out=8.5)


def test_extreme_ratios_are_drawn_whole():
    picture = fans(["relu"], (8, 256)).picture(fan_in=8, fan_out=256)
    assert picture.svg.count("<circle") == 2 * 3 * module.LAYERS


def test_two_activations_are_a_choice():
    explorer = fans(["linear", "tanh"], (8, 16))
    linear, tanh = (explorer.picture(activation=a).description for a in ("linear", "tanh"))
    assert linear.startswith("linear, widths 16-16-")
    assert tanh.startswith("tanh, widths 16-16-")


def test_bad_arguments():
    with pytest.raises(ValueError, match="activation must be one of linear, tanh, relu"):
        fans(["gelu"])
    with pytest.raises(ValueError, match="must increase"):
        fans(["relu"], (16, 8))
    with pytest.raises(ValueError, match="fan_in must be at least 1"):
        flow("relu", 0, 4, "fan_in")
