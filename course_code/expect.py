"""What a check expects of an answer: numbers within a tolerance, a law of random weights, an rng.

Each function returns nothing if the answer is right and raises `course_code.exercises.Problem`
if it is not. A *hint* is a pair of a wrong result and what it comes from: an answer that agrees
with it gets that sentence instead of a bare "should be".
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from course_code.exercises import Answers, Problem, Seed, array

__all__ = ["centred", "close", "prediction", "reproducible", "standard_deviation"]

SIGMAS = 5.0
Hints = Iterable[tuple[Any, str]]


def close(
    answer: object,
    expected: ArrayLike,
    what: str,
    *,
    rtol: float = 1e-6,
    atol: float = 0.0,
    hints: Hints = (),
) -> None:
    """Compare numbers of any shape.

    Parameters
    ----------
    answer : object
        What the student's function returned, or a variable of the student's.
    expected : array_like
        The right result; the answer must have its shape (a single number may be a (1,) array).
    what : str
        How the message calls it.
    rtol, atol : float, default 1e-6 and 0
        Every entry may be off by ``atol + rtol * abs(expected)``.
    hints : iterable of (array_like, str)
        Wrong results and what they come from.

    Raises
    ------
    Problem
        If the shape differs, a number is not finite, or any entry is off.

    Examples
    --------
    >>> close(0.5, 0.5, "the variance")
    >>> close(0.25, 0.5, "the std", hints=[(0.25, "this is the variance: take its root")])
    Traceback (most recent call last):
    ...
    course_code.exercises.Problem: the std: 0.25, but should be 0.5. This is the variance: ...
    """
    wanted = np.asarray(expected, dtype=np.float64)
    found = array(answer, what, None if wanted.size == 1 else wanted.shape).astype(np.float64)
    if wanted.size == 1:
        if found.size != 1:
            raise Problem(f"{what}: one number is expected, not an array of shape {found.shape}")
        found = found.reshape(wanted.shape)
    off = np.abs(found - wanted) > atol + rtol * np.abs(wanted)
    if not off.any():
        return
    where = tuple(int(i) for i in np.argwhere(off)[0])
    place = f" at {list(where)}" if where else ""
    digits = 4 if abs(found[where] - wanted[where]) > 1e-3 * abs(wanted[where]) else 10
    text = f"{what}: {found[where]:.{digits}g}{place}, but should be {wanted[where]:.{digits}g}"
    for wrong, reason in hints:
        if np.shape(wrong) == wanted.shape or np.size(wrong) == wanted.size == 1:
            other = np.reshape(np.asarray(wrong, dtype=np.float64), wanted.shape)
            if np.allclose(found, other, rtol=max(rtol, 1e-6), atol=atol):
                raise Problem(f"{text}. {_sentence(reason)}")
    raise Problem(text)


def centred(sample: ArrayLike, what: str, *, hint: str = "") -> None:
    """Check that independent draws have mean 0, within five standard errors.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> centred(rng.standard_normal(1000), "the weights")
    >>> centred(rng.random(1000), "the weights", hint="all are between 0 and 1")
    Traceback (most recent call last):
    ...
    course_code.exercises.Problem: the weights: the mean is 0.483, but should be 0. All are ...
    """
    values = array(sample, what).astype(np.float64)
    if abs(values.mean()) > SIGMAS * values.std() / np.sqrt(values.size):
        text = f"{what}: the mean is {values.mean():.3g}, but should be 0"
        raise Problem(f"{text}. {_sentence(hint)}" if hint else text)


def standard_deviation(
    sample: ArrayLike, expected: float, what: str, *, kurtosis: float = 3.0, hints: Hints = ()
) -> None:
    r"""Check the standard deviation of independent draws, within five standard errors.

    The relative standard error of a standard deviation is :math:`\sqrt{(\kappa - 1) / (4 n)}` for
    :math:`n` draws of a law with kurtosis :math:`\kappa`.

    Parameters
    ----------
    sample : array_like
        The draws; at least some 10,000, or the neighbours are not told apart.
    expected : float
        The right standard deviation.
    what : str
        How the message calls the sample.
    kurtosis : float, default 3
        Of the law: 3 for the normal, 1.8 for the uniform law.
    hints : iterable of (float, str)
        Wrong standard deviations and what they come from.

    Examples
    --------
    >>> W = 0.02 * np.random.default_rng(0).standard_normal(10_000)
    >>> standard_deviation(W, 0.02, "the weights")
    >>> standard_deviation(W, 0.1414, "the weights", hints=[(0.02, "that is the variance")])
    Traceback (most recent call last):
    ...
    course_code.exercises.Problem: the weights: the standard deviation is 0.01996, but should be ...
    """
    values = array(sample, what).astype(np.float64)
    tolerance = SIGMAS * np.sqrt((kurtosis - 1) / (4 * values.size))
    found = values.std()
    if abs(found / expected - 1) <= tolerance:
        return
    text = f"{what}: the standard deviation is {found:.4g}, but should be {expected:.4g}"
    for wrong, reason in hints:
        if abs(found - wrong) <= tolerance * abs(wrong):
            raise Problem(f"{text}. {_sentence(reason)}")
    raise Problem(text)


def reproducible(answers: Answers, name: str, *args: Any, **kwargs: Any) -> None:
    """Check that a function draws its random numbers from the ``rng`` that it is given.

    The function is called twice with one seed and once with another, in the place of every `Seed`
    among the arguments.

    Examples
    --------
    >>> from course_code.exercises import Local
    >>> good = Local({"draw": lambda shape, rng: rng.standard_normal(shape)})
    >>> reproducible(good, "draw", (3, 4), Seed(0))
    >>> stale = Local({"draw": lambda shape, rng: np.random.default_rng(0).random(shape)})
    >>> reproducible(stale, "draw", (3, 4), Seed(0))
    Traceback (most recent call last):
    ...
    course_code.exercises.Problem: draw gives the same numbers for every rng: ...
    """

    def numbers(seed: int) -> NDArray[Any]:
        given = [Seed(seed) if isinstance(arg, Seed) else arg for arg in args]
        named = {k: Seed(seed) if isinstance(arg, Seed) else arg for k, arg in kwargs.items()}
        return _flat(answers.call(name, *given, **named))

    first, again, other = numbers(11), numbers(11), numbers(12)
    if not np.array_equal(first, again, equal_nan=True):
        raise Problem(
            f"{name} gives other numbers when it is called again with an equal rng: draw from the "
            "argument rng, not from np.random or from a generator of your own"
        )
    if np.array_equal(first, other, equal_nan=True):
        raise Problem(
            f"{name} gives the same numbers for every rng: draw from the argument rng, not from a "
            "generator with a fixed seed"
        )


def prediction(answers: Answers, name: str, low: float, high: float) -> None:
    """Check that a variable holds a number between `low` and `high`, right or wrong.

    Examples
    --------
    >>> from course_code.exercises import Local
    >>> prediction(Local({"predicted_steps": 120}), "predicted_steps", 0, 1000)
    >>> prediction(Local({"predicted_steps": None}), "predicted_steps", 0, 1000)
    Traceback (most recent call last):
    ...
    course_code.exercises.Problem: predicted_steps is None: enter a number
    """
    value = answers.value(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Problem(f"{name} is {value!r}: enter a number")
    if not low <= value <= high:
        raise Problem(f"{name} is {value:g}: a number from {low:g} to {high:g} is expected")


def _flat(value: Any) -> NDArray[Any]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        return np.concatenate([np.zeros(0), *(_flat(part) for part in value)])
    return array(value, "the result").astype(np.float64).ravel()


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
