"""Checks of answers: right ones pass, wrong ones are told why, and every refusal is a Problem."""

from __future__ import annotations

import numpy as np
import pytest

from course_code import expect
from course_code.exercises import Local, Problem, Seed


@pytest.mark.parametrize(
    ("answer", "right"),
    [(0.5, 0.5), (np.float32(0.1), 0.1), ([1, 2], [1.0, 2.0]), (np.ones((1, 1)), 1.0), (1, [1.0])],
)
def test_close_accepts_numbers_in_any_clothes(answer, right):
    expect.close(answer, right, "it", rtol=1e-6)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (None, "None came back"),
        ("two", "an array of numbers"),
        ([1.0, 2.0], r"shape is \(2,\), but should be \(3,\)"),
        ([1.0, np.nan, 3.0], "nan"),
        ([1.0, 2.0, 4.0], r"it: 4 at \[2\], but should be 3$"),
        ([1.0, 2.0, 3.00001], r"3.00001 at \[2\], but should be 3$"),
        ([2.0, 4.0, 6.0], "but should be 1. Twice too large"),
    ],
)
def test_close_says_what_is_off(answer, words):
    hints = [(7.0, "another shape"), ([2, 4, 6], "twice too large")]
    with pytest.raises(Problem, match=words):
        expect.close(answer, [1.0, 2.0, 3.0], "it", hints=hints)


def test_close_wants_one_number_where_one_is_right():
    with pytest.raises(Problem, match=r"one number is expected, not an array of shape \(3,\)"):
        expect.close([1.0, 1.0, 1.0], 1.0, "it")
    with pytest.raises(Problem, match="That is the square"):
        expect.close([0.25], 0.5, "it", hints=[(0.25, "that is the square")])


def test_the_mean_and_the_standard_deviation_have_five_standard_errors():
    rng = np.random.default_rng(0)
    n = 10_000
    for _ in range(50):
        z = rng.standard_normal(n)
        expect.centred(z, "z")
        expect.standard_deviation(z, 1.0, "z")
        expect.standard_deviation(rng.uniform(-1, 1, n), 3**-0.5, "z", kurtosis=1.8)
    with pytest.raises(Problem, match=r"the mean is 0\.\d+, but should be 0$"):
        expect.centred(z + 0.1, "z")
    with pytest.raises(Problem, match=r"should be 1\.06$"):
        expect.standard_deviation(z, 1.06, "z", hints=[(2.0, "no")])
    with pytest.raises(Problem, match="The variance"):
        expect.standard_deviation(z / 4, 0.5, "z", hints=[(2.0, "no"), (0.25, "the variance")])


def test_a_function_has_to_draw_from_its_rng():
    shared = np.random.default_rng(0)
    work = Local(
        {
            "good": lambda n, rng: {"W": rng.random(n), "b": (0.0, [rng.random()])},
            "keyword": lambda n, *, rng: rng.random(n),
            "own": lambda n, rng: shared.random(n),
            "fixed": lambda n, rng: np.random.default_rng(0).random(n),
        }
    )
    expect.reproducible(work, "good", 3, Seed(0))
    expect.reproducible(work, "keyword", 3, rng=Seed(0))
    with pytest.raises(Problem, match="own gives other numbers"):
        expect.reproducible(work, "own", 3, Seed(0))
    with pytest.raises(Problem, match="fixed gives the same numbers"):
        expect.reproducible(work, "fixed", 3, Seed(0))


@pytest.mark.parametrize("value", [None, "3", True, 11, -1.0])
def test_a_prediction_is_a_number_in_the_range(value):
    expect.prediction(Local({"guess": 3.5}), "guess", 0, 10)
    with pytest.raises(Problem, match=r"guess is .*number"):
        expect.prediction(Local({"guess": value}), "guess", 0, 10)
