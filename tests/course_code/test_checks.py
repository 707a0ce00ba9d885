"""What comes in at the door of the public functions, and what is turned away, with which words."""

import numpy as np
import pytest

from course_code import checks


def test_a_generator_passes_and_a_seed_is_told_what_to_pass():
    rng = np.random.default_rng(0)
    assert checks.generator(rng) is rng
    for wrong in (0, None, np.random.RandomState(0), np.random):
        with pytest.raises(TypeError, match=r"rng must be a .*np\.random\.default_rng\(0\)"):
            checks.generator(wrong)


def test_a_wrong_choice_lists_the_valid_ones():
    assert checks.choice("colour", "red", ["red", "blue"]) == "red"
    with pytest.raises(ValueError, match="colour must be one of red, blue; got 'green'"):
        checks.choice("colour", "green", ["red", "blue"])
    with pytest.raises(TypeError, match="colour must be a string, one of red, blue; got 3"):
        checks.choice("colour", 3, ["red", "blue"])


def test_instances():
    checks.instance("x", 1.5, float)
    with pytest.raises(TypeError, match=r"x must be of class float; got '1\.5'"):
        checks.instance("x", "1.5", float)


def test_booleans_are_not_numbers_or_words():
    assert checks.boolean("flag", True) is True
    assert checks.boolean("flag", np.False_) is False
    for wrong in (0, 1, None, "False"):
        with pytest.raises(TypeError, match="flag must be True or False; got"):
            checks.boolean("flag", wrong)


def test_integers():
    assert checks.integer("n", np.int32(3), minimum=3) == 3
    assert type(checks.integer("n", np.int32(3), minimum=3)) is int
    assert checks.integer("n", -(10**30)) == -(10**30)
    for wrong in (True, 2.0, "2", None, np.array([2])):
        with pytest.raises(TypeError, match="n must be an integer; got"):
            checks.integer("n", wrong, minimum=1)
    with pytest.raises(ValueError, match="n must be at least 1; got 0"):
        checks.integer("n", 0, minimum=1)


def test_real_numbers_closed_and_open():
    assert checks.real("x", np.float32(0.5)) == 0.5
    assert type(checks.real("x", 1)) is float
    assert checks.real("x", 0, minimum=0.0, maximum=1.0) == 0.0
    assert checks.real("x", 1, minimum=0.0, maximum=1.0) == 1.0
    for bound in (0, 1):
        with pytest.raises(ValueError, match=rf"x must be finite and in \(0, 1\); got {bound}"):
            checks.real("x", bound, minimum=0.0, maximum=1.0, exclusive=True)
    for outside in (-1e-9, 1 + 1e-9, np.nan, np.inf, -np.inf, 10**400):
        with pytest.raises(ValueError, match=r"x must be finite and in \[0, 1\]; got"):
            checks.real("x", outside, minimum=0.0, maximum=1.0)
    with pytest.raises(ValueError, match=r"in \[-inf, inf\]; got inf"):
        checks.real("x", 10**400)
    for wrong in (True, np.True_, "1", None, 1j, [1.0]):
        with pytest.raises(TypeError, match="x must be a real number; got"):
            checks.real("x", wrong)


def test_shapes():
    assert checks.shape([2, np.int64(3)]) == (2, 3)
    for wrong in (3, "23", None, {2: 3}, np.array(3)):
        with pytest.raises(TypeError, match="shape must be a tuple of positive integers; got"):
            checks.shape(wrong)
    with pytest.raises(ValueError, match="every entry of shape must be at least 1; got 0"):
        checks.shape((2, 0))
    with pytest.raises(TypeError, match=r"every entry of shape must be an integer; got 2\.0"):
        checks.shape((2.0, 3))
    with pytest.raises(ValueError, match=r"shape must have at least 2 axes; got \(3,\)"):
        checks.shape((3,), minimum_axes=2)
    with pytest.raises(ValueError, match="shape asks for more numbers than an array can hold"):
        checks.shape((2**40, 2**40))


def test_only_the_two_float_types_are_dtypes():
    for good in (np.float32, "float32", "f4"):
        assert checks.float_dtype(good) == np.float32
    assert checks.float_dtype(float) == np.float64
    for wrong in (np.float16, int, complex, object, ">f8"):
        with pytest.raises(ValueError, match="dtype must be float32 or float64; got"):
            checks.float_dtype(wrong)
    for wrong in ("fast", 7, None, {"x": 1}):
        with pytest.raises(TypeError, match="dtype must be float32 or float64; got"):
            checks.float_dtype(wrong)


def test_arrays_become_floats_and_float32_stays():
    assert checks.array("X", [1, 2]).dtype == np.float64
    assert checks.array("X", [True]).dtype == np.float64
    assert checks.array("X", np.ones(2, np.float16)).dtype == np.float64
    assert checks.array("X", np.ones(2, ">f8")).dtype == np.dtype(np.float64)
    x = np.ones(2, np.float32)
    assert checks.array("X", x) is x
    assert checks.array("X", x, dtype=np.float64).dtype == np.float64


def test_arrays_turned_away():
    with pytest.raises(ValueError, match="X must be a rectangular array; got rows of unequal"):
        checks.array("X", [[1.0], [1.0, 2.0]])
    for wrong in (["a"], [None], [1j], {1.0}, np.array(["2020"], "M8"), [10**40]):
        with pytest.raises(TypeError, match="X must hold real numbers; got dtype"):
            checks.array("X", wrong)
    with pytest.raises(ValueError, match=r"X must have at least 2 axes; got shape \(3,\)"):
        checks.array("X", [1, 2, 3], minimum_axes=2)
    with pytest.raises(ValueError, match=r"X is empty: shape \(0, 3\)"):
        checks.array("X", np.ones((0, 3)))
    with pytest.raises(ValueError, match=r"X must be finite in float64; got nan at index \(1, 0\)"):
        checks.array("X", [[1.0, 2.0], [np.nan, np.inf]])
    with pytest.raises(ValueError, match=r"got inf at index \(0,\)"):
        checks.array("X", [np.inf, -np.inf])


def test_a_number_too_large_for_float32_is_named_and_a_finite_overflowing_sum_is_not():
    with pytest.raises(
        ValueError, match=r"X must be finite in float32; got 1e\+300 at index \(1,\)"
    ):
        checks.array("X", [1.0, 1e300], dtype=np.float32)
    assert checks.array("X", [1e308, 1e308]).tolist() == [1e308, 1e308]


def test_floats_are_taken_as_they_are_and_the_rest_is_checked():
    z = np.array([np.nan, 1.0], np.float32)
    assert checks.floats("z", z) is z
    assert checks.floats("z", [1, 2]).dtype == np.float64
    with pytest.raises(TypeError, match="z must hold real numbers"):
        checks.floats("z", ["a"])


def test_unknown_parameters_are_named_beside_the_known_ones():
    def draw(shape, rng, *, std, mean):
        pass

    checks.parameters("draw", draw, ["std"])
    with pytest.raises(TypeError, match="draw has no parameter a, sd; it accepts std, mean"):
        checks.parameters("draw", draw, ["sd", "a", "std"])
    with pytest.raises(TypeError, match="f has no parameter x; it accepts none"):
        checks.parameters("f", lambda: None, ["x"])
