"""What crosses between a student's work and its checks, and what the messages say."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from course_code import exercises
from course_code.exercises import Local, Problem, Seed, plain


def same(a: Any, b: Any) -> bool:
    return type(a) is type(b) and bool(np.all(a == b))


class Sub(np.ndarray):
    pass


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        (True, True),
        (np.bool_(True), True),
        (np.int32(3), 3),
        (np.float32(0.5), 0.5),
        (np.longdouble(0.5), 0.5),
        (2**63, 2**63),
        ("text", "text"),
        ([1, (2.0, "a")], [1, (2.0, "a")]),
        ({"a": [1]}, {"a": [1]}),
    ],
)
def test_plain_values_stay_what_they_are(value: Any, expected: Any) -> None:
    assert same(plain(value), expected)


def test_arrays_become_ordinary_copies() -> None:
    for array in (
        np.arange(6.0).reshape(2, 3).T,
        np.arange(3, dtype=">i4"),
        np.arange(3).view(Sub),
        np.ma.masked_array([1.0, 2.0]),
        np.array(1.5),
    ):
        copy = plain(array)
        assert type(copy) is np.ndarray
        assert copy.dtype.isnative
        assert copy.flags.c_contiguous
        assert not np.shares_memory(copy, array)
        assert np.array_equal(copy, array)
    assert plain(np.zeros(2, np.longdouble)).dtype == np.float64
    assert plain(np.zeros(2, np.float32)).dtype == np.float32


def cyclic() -> list[Any]:
    result: list[Any] = []
    result.append(result)
    return result


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({1, 2}, "the answer holds a set; it may hold numbers, strings, NumPy arrays"),
        (1j, "holds a complex"),
        (np.complex128(1j), "holds a complex128"),
        (np.array(["a"]), "holds a ndarray"),
        (np.array([object()]), "holds a ndarray"),
        (len, "holds a builtin_function_or_method"),
        ({1: 2}, "holds a dict"),
        (2**65, "holds an int"),
        (cyclic(), "nested too deeply"),
        ([0] * 100_001, "holds too many parts"),
        (np.broadcast_to(0.0, (2**13, 2**13)), "larger than 64 MB"),
        (["x" * 600_000, "y" * 600_000], "more than 1,000,000 characters"),
        ({"x" * 1_000_001: 1}, "more than 1,000,000 characters"),
    ],
)
def test_anything_else_is_a_problem(value: Any, message: str) -> None:
    with pytest.raises(Problem, match=message):
        plain(value, "the answer")


def test_a_call_gets_copies_and_a_new_generator() -> None:
    def f(x: Any, rng: np.random.Generator, *, scale: float) -> Any:
        x[0] = 5
        return scale * rng.normal()

    answers = Local({"f": f})
    x = np.zeros(2)
    first, left = answers.call_and_arguments("f", x, Seed(3), scale=2.0)
    assert first == 2 * np.random.default_rng(3).normal()
    assert left[0].tolist() == [5, 0]
    assert left[1] is None
    assert x.tolist() == [0, 0]
    assert answers.call("f", x, Seed(3), scale=2.0) == first


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("pass", "f is not defined"),
        ("f = 3", "f is not a function but 3"),
        ("f = lambda: 1", r"f\(\[1.0\], rng, k=1\) raised TypeError: .*unexpected keyword"),
        ("def f(*a, **k): raise SystemExit", r"f\(\[1.0\], rng, k=1\) raised SystemExit$"),
        ("def f(*a, **k): raise ValueError('x' * 1000)", r"raised ValueError: x{297}\.\.\.$"),
        ("def f(*a, **k): return {1}", r"what f\(\[1.0\], rng, k=1\) returned holds a set"),
    ],
)
def test_calls_that_fail_are_problems_in_words(source: str, message: str) -> None:
    namespace: dict[str, Any] = {}
    exec(source, namespace)
    with pytest.raises(Problem, match=message):
        Local(namespace).call("f", [1.0], Seed(0), k=1)


def test_values() -> None:
    answers = Local({"guess": np.float64(2), "odd": len})
    assert same(answers.value("guess"), 2.0)
    for name, message in (("odd", "odd holds"), ("none", "none is not defined")):
        with pytest.raises(Problem, match=message):
            answers.value(name)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (None, "w: None came back. Is a `return` missing"),
        ([[1], [2, 3]], "w: the rows are of unequal length"),
        ("text", "w: an array of numbers is expected, not a str"),
        ([1.0], r"w: the shape is \(1,\), but should be \(2,\)"),
        ([np.nan, np.inf], "w: 2 numbers are nan or infinite"),
    ],
)
def test_array_says_what_is_off(value: Any, message: str) -> None:
    with pytest.raises(Problem, match=message):
        exercises.array(value, "w", (2,))


def test_array_and_number_accept_what_is_meant() -> None:
    assert exercises.array([True, False], "w").dtype == np.float64
    assert exercises.array(np.zeros(2, np.float32), "w").dtype == np.float32
    assert exercises.number(np.array([[2]]), "n") == 2.0
    with pytest.raises(Problem, match="the array is empty"):
        exercises.array([], "w")
    with pytest.raises(Problem, match=r"n: one number is expected, not an array of shape \(2,\)"):
        exercises.number([1, 2], "n")


def test_messages_show_calls_in_short() -> None:
    text = exercises.call_text("f", [[np.ones(2)], "x" * 100, list(range(9)), (1,)], {"s": Seed(1)})
    assert text.startswith("f([<array (2,)>], 'xxx")
    assert text.endswith("..., [0, 1, 2, 3, 4, 5, 6, 7, 8], (1,), s=rng)")


def test_a_check_that_cannot_read_the_answer_fails_in_words() -> None:
    def reads(answers: exercises.Answers) -> None:
        answers.value("x").shape  # noqa: B018

    problem = exercises.outcome(reads, Local({"x": 1}))
    assert problem is not None
    assert problem.startswith("the check could not read the answer (AttributeError: 'int'")
    assert exercises.label(reads) == "reads"


def test_check_prints_a_line_each_and_wants_a_task_it_knows(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def good(answers: exercises.Answers) -> None:
        """Good."""

    def bad(answers: exercises.Answers) -> None:
        """Bad.

        More.
        """
        raise Problem("off")

    exercises.check("t", {"t": [good, bad]}, {})
    assert capsys.readouterr().out == "ok  Good\n--  Bad: off\n"
    with pytest.raises(ValueError, match="task must be one of t; got 'u'"):
        exercises.check("u", {"t": []}, {})
