"""The symmetry explorer: what chapter 4 and its question say about it is what happens."""

import numpy as np
import pytest

from course_code.explorers import symmetry as module
from course_code.explorers.symmetry import FRAMES, NOISES, QUESTION, paths, symmetry


@pytest.fixture(scope="module")
def explorer():
    return symmetry()


def ends(start, **noise):
    found = paths(start, NOISES, (0, 1000, 2000))
    return {
        n: (found.distinct[i], found.differences[i], found.losses[i]) for i, n in enumerate(NOISES)
    }


def test_equal_units_stay_equal():
    for start in module.STARTS:
        found = paths(start, (0.0,), (0, 1000, 2000))
        assert (found.distinct == 1).all()
        assert (found.differences == 0).all()


def test_the_question_and_its_answers():
    distinct, difference, loss = ends("constant 0.5")[1e-8]
    assert distinct[0] < 8
    assert distinct[1:].tolist() == [8, 8]
    assert difference[1] / difference[0] > 1000  # "several thousandfold"
    assert difference[2] == pytest.approx(2e-4, rel=0.2)  # "by 0.0002 at most"
    assert difference[2] / difference[1] < 4  # "the growth almost stops"
    assert loss[2] > module.SYMMETRIC_BOUND
    assert list(QUESTION.answers)[2] == "8, not solved"


def test_noise_of_1e_4_is_early_enough():
    distinct, _, loss = ends("constant 0.5")[1e-4]
    assert distinct[2] == 8
    assert loss[2] < 0.02


def test_growth_does_not_depend_on_the_size_of_small_noise():
    growth = [ends("constant 0.5")[n][1][1] / ends("constant 0.5")[n][1][0] for n in (1e-12, 1e-8)]
    assert growth[0] == pytest.approx(growth[1], rel=0.01)


def test_around_zero_all_units_are_distinct_and_nothing_moves():
    distinct, difference, loss = ends("zeros")[1e-8]
    assert distinct.tolist() == [8, 8, 8]
    assert difference[2] == pytest.approx(difference[0], rel=1e-3)
    assert loss[2] == pytest.approx(np.log(2), abs=1e-6)


def test_float32_rounds_small_noise_away():
    _, difference, loss = ends("constant 0.5 in float32")[1e-12]
    assert (difference == 0).all()
    assert loss[2] > module.SYMMETRIC_BOUND
    assert ends("constant 0.5")[1e-12][1][0] > 0


def test_states_and_size(explorer):
    assert len(explorer.controls) == 3
    assert len(explorer._pictures) == 3 * len(NOISES) * len(FRAMES)
    assert explorer.size < 650_000


def test_the_descriptions_have_the_numbers(explorer):
    picture = explorer.picture(start="constant 0.5", noise=1e-8, step=2000)
    assert picture.description == (
        "Constant 0.5, noise 1e-08, step 2000: 8 distinct units of 8, "
        "largest difference 0.00022, loss 0.485 nats."
    )
    assert picture.svg.count("<svg") == 3
    assert picture.svg.count("<circle") == 2 + module.UNITS


def test_other_values_are_computed_when_asked_for(explorer):
    assert "noise 3e-06, step 150:" in explorer.picture(noise=3e-6, step=150).description
    with pytest.raises(ValueError, match="noise must be finite and in"):
        explorer.picture(noise=-1.0)
    with pytest.raises(ValueError, match="step must be finite and in"):
        explorer.picture(step=module.LAST + 1)


def test_bad_arguments():
    with pytest.raises(ValueError, match="start must be one of zeros"):
        symmetry(starts=["ones"])
    with pytest.raises(TypeError, match="predict must be True or False"):
        symmetry(predict=1)
    with pytest.raises(ValueError, match="noise must be finite"):
        paths("zeros", (-1.0,), (0, 1))
