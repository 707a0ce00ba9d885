"""Controls: what they take, and what they say to what they do not take."""

import math

import pytest

from course_code.explorers import choice, play, slider


def test_key_and_labels():
    control = slider("weight scale", [0.1, 1, 10], format="x {:g}", start=1)
    assert (control.key, control.labels, control.start) == (
        "weight_scale",
        ("x 0.1", "x 1", "x 10"),
        1,
    )
    assert control.values == (0.1, 1, 10)


@pytest.mark.parametrize("make", [slider, play])
@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (("s", []), ValueError, "'s' has no values"),
        (("s", [1, 1]), ValueError, "must increase; got 1 before 1"),
        (("s", [2, 1]), ValueError, "must increase; got 2 before 1"),
        (("s", [1, math.nan]), ValueError, "every value of 's' must be finite"),
        (("s", [1, "2"]), TypeError, "every value of 's' must be a real number"),
        (("s", [True]), TypeError, "every value of 's' must be a real number"),
        (("s", "12"), TypeError, "must be a list"),
        (("s", 3), TypeError, "must be a list"),
        (("a-b", [1]), ValueError, "letters, digits and spaces; got 'a-b'"),
        ((3, [1]), TypeError, "name must be a string"),
    ],
)
def test_bad_numbers(make, arguments, error, message):
    with pytest.raises(error, match=message):
        make(*arguments)


def test_values_beyond_the_limits_alike_labels_and_unknown_starts():
    with pytest.raises(ValueError, match=r"must be in \[0, 1\]; got 0.5 to 2"):
        slider("s", [0.5, 2.0], minimum=0, maximum=1)
    with pytest.raises(ValueError, match="writes two values of 's' alike"):
        slider("s", [1.01, 1.02], format="{:.1f}")
    with pytest.raises(ValueError, match=r"one of its values 1, 2; got 3"):
        slider("s", [1, 2], start=3)


@pytest.mark.parametrize(
    ("values", "error", "message"),
    [
        ([], ValueError, "has no values"),
        (["a", "a"], ValueError, "must differ"),
        (["a", 1], TypeError, "non-empty strings; got 1"),
        ("ab", TypeError, "must be a list"),
    ],
)
def test_bad_choices(values, error, message):
    with pytest.raises(error, match=message):
        choice("kind", values)


def test_a_choice_takes_its_values_only():
    control = choice("kind", ["a", "b"], start="b")
    assert control.start == 1
    assert control.check("a") == "a"
    with pytest.raises(ValueError, match="kind must be one of a, b; got 'c'"):
        control.check("c")


def test_a_slider_of_integers_takes_integers_only():
    control = play("step", [0, 10], minimum=0, maximum=100)
    assert control.whole
    assert control.check(7.0) == 7
    assert isinstance(control.read("7"), int)
    for value in (0.5, -1, 101, math.inf):
        with pytest.raises((TypeError, ValueError), match="step must be"):
            control.check(value)
    with pytest.raises(ValueError, match=r"step must be an integer; got 0\.5"):
        control.read("0.5")


def test_a_slider_of_numbers_reads_what_is_typed():
    control = slider("noise", [0.0, 1.0], minimum=0)
    assert not control.whole
    assert control.read(" 1e-3 ") == 0.001
    with pytest.raises(ValueError, match="noise must be a number; got 'x'"):
        control.read("x")
    for text in ("-1", "nan", "inf"):
        with pytest.raises(ValueError, match="noise must be finite and in"):
            control.read(text)
