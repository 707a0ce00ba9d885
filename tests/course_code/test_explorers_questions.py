"""The replies to the predictions are true: their numbers are what the explorers compute."""

import numpy as np
import pytest

from course_code.explorers import questions
from course_code.explorers.mechanism import Prediction
from course_code.explorers.playground import train
from course_code.explorers.scaling import problem
from course_code.explorers.signals import measure

QUESTIONS = [q for q in vars(questions).values() if isinstance(q, Prediction)]


def steps_to(losses, level):
    """The first step at which each draw's loss is below a level; the length where it is never."""
    below = losses < level
    return np.where(below.any(axis=0), below.argmax(axis=0), len(losses))


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda q: q.question[:30])
def test_a_question_has_three_answers(question):
    assert question.question.endswith("?")
    assert len(question.answers) == 3


def test_xor_or_moons():
    runs = train(["moons", "XOR"], ["Xavier"], "tanh")
    moons, xor = (runs[name, "Xavier"].losses for name in ("moons", "XOR"))
    assert np.sort(steps_to(moons, 0.05))[2:4].tolist() == pytest.approx([250, 260], abs=20)
    assert np.median(steps_to(xor, 0.05)) == pytest.approx(170, abs=15)
    assert (moons[-1] > 0.2).sum() == 2


def test_who_leaves_log_2():
    runs = train(["moons", "circles", "XOR"], ["too small"], "tanh")
    left = steps_to(runs["moons", "too small"].losses, 0.6)
    assert 295 <= left.min() <= left.max() <= 460
    for name in ("circles", "XOR"):
        assert runs[name, "too small"].losses.min() > np.log(2) - 0.005


def test_how_far_down():
    assert measure("relu", [0.1], depth=50)[0.1].last_alive() == (39, 50)
    assert measure("tanh", [0.1], depth=50)[0.1].last_alive()[1] == 5


def test_one_unit_on_xor():
    run = train(["XOR"], ["constant"], "tanh")["XOR", "constant"]
    right = ((run.networks[1000].logits(run.X)[:, 0] > 0) == run.y).mean()
    assert right == pytest.approx(0.72, abs=0.005)


def test_sigmoid_from_xavier():
    run = train(["XOR"], ["Xavier"], "sigmoid")["XOR", "Xavier"]
    assert 0.65 < np.median(run.losses[-1]) < np.log(2)


def test_scale_for_sigmoid():
    at = measure("sigmoid", [1.0, 4.0, 10.0], depth=50)
    assert at[1.0].backward_theory[0] == pytest.approx(1e-31, rel=1)
    assert at[4.0].backward_theory[0] == pytest.approx(1e-10, rel=0.5)
    assert at[4.0].forward_theory[-1] == pytest.approx(2.4, abs=0.05)
    assert 0.5 < at[10.0].backward_theory[0] < 2


def test_xavier_with_relu():
    runs = train(["XOR"], ["Xavier", "He"], "relu")
    xavier, he = (np.median(steps_to(runs["XOR", s].losses, 0.05)) for s in ("Xavier", "He"))
    assert xavier == pytest.approx(110, abs=10)
    assert he == pytest.approx(80, abs=10)


def test_tanh_at_hes_scale():
    one = measure("tanh", [2**0.5], depth=50)[2**0.5]
    assert one.forward_theory[-1] == pytest.approx(0.79, abs=0.005)
    assert one.backward_theory[0] == pytest.approx(7.7, abs=0.05)
    assert 6 <= one.backward[:, 0].min() <= one.backward[:, 0].max() <= 13


def test_limit_or_condition():
    raw, min_max, standardized = (problem(n) for n in ("raw", "min-max", "standardized"))
    losses = (raw, min_max, standardized)
    assert [round(p.condition_number, 1) for p in losses] == [60.2, 15.3, 2.0]
    assert [p.fewest_steps(1e-3)[0] for p in losses] == [54, 17, 3]
    assert [f"{p.limit:.2g}" for p in losses] == ["0.0034", "7.9", "1.5"]
