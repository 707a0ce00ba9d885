"""What the problem sets' notebooks and their grader share: checks, and the answers they look at.

A check is a function of the student's `Answers`. It calls the student's functions with plain data,
looks at what comes back, and raises `Problem` with a sentence that helps. In the notebook the
student's work is `Local`; the grader has the same two verbs, `call` and `value`, over a pipe to
a sandbox, so a check never runs in the process where the student's code runs.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from course_code import checks

__all__ = [
    "Answers", "Check", "Local", "Problem", "Seed",
    "array", "call_text", "check", "label", "number", "outcome", "plain",
]  # fmt: skip

MAX_BYTES = 64 * 2**20
MAX_DEPTH = 16
MAX_ITEMS = 100_000
MAX_TEXT = 1_000_000
ALLOWED = "numbers, strings, NumPy arrays of numbers, and lists, tuples and dicts of these"


class Problem(Exception):
    """What is off in an answer, in words for the student."""


@dataclass(frozen=True)
class Seed:
    """A seed among a call's arguments: the function receives ``np.random.default_rng(value)``."""

    value: int

    def generator(self) -> np.random.Generator:
        """Return a new generator with this seed."""
        return np.random.default_rng(self.value)


class Answers(ABC):
    """A student's work as a check sees it."""

    def call(self, name: str, *args: Any, **kwargs: Any) -> Any:
        """Call the student's function and return plain data.

        Parameters
        ----------
        name : str
            The function's name in the notebook.
        *args, **kwargs
            Plain data (see `plain`) or `Seed`. The function gets copies.

        Raises
        ------
        Problem
            If there is no such function, if it raises, or if it returns something else than plain
            data; in the grader also if it takes too long.
        """
        return self.call_and_arguments(name, *args, **kwargs)[0]

    @abstractmethod
    def call_and_arguments(self, name: str, *args: Any, **kwargs: Any) -> tuple[Any, list[Any]]:
        """Like `call`; return also the positional arguments as the function left them.

        For a check that the function does not change its input. A `Seed` comes back as None.
        """

    @abstractmethod
    def value(self, name: str) -> Any:
        """Return a variable of the student's as plain data; Problem if it is not defined."""


class Local(Answers):
    """Answers in this process: a notebook's ``globals()``, or any mapping of names.

    Examples
    --------
    >>> answers = Local({"double": lambda x: 2 * x, "guess": 3})
    >>> answers.call("double", 4.0)
    8.0
    >>> answers.value("guess")
    3
    >>> answers.call("triple", 4.0)
    Traceback (most recent call last):
    ...
    course_code.exercises.Problem: triple is not defined
    """

    def __init__(self, namespace: Mapping[str, Any]) -> None:
        self.namespace = namespace

    def call_and_arguments(self, name: str, *args: Any, **kwargs: Any) -> tuple[Any, list[Any]]:
        function = self._find(name)
        if not callable(function):
            raise Problem(f"{name} is not a function but {_short(function)}")
        given = [_argument(arg) for arg in args]
        named = {key: _argument(arg) for key, arg in kwargs.items()}
        text = call_text(name, args, kwargs)
        try:
            result = function(*given, **named)
        except (Exception, SystemExit) as error:
            raise Problem(f"{text} raised {_error(error)}") from error
        left = [None if isinstance(arg, Seed) else copy for arg, copy in zip(args, given)]
        return plain(result, f"what {text} returned"), [plain(arg) for arg in left]

    def value(self, name: str) -> Any:
        return plain(self._find(name), name)

    def _find(self, name: str) -> Any:
        if name not in self.namespace:
            raise Problem(f"{name} is not defined")
        return self.namespace[name]


def plain(value: Any, what: str = "the value") -> Any:
    """Return a copy of `value` as plain data.

    Plain are None, bool, int, float, str, NumPy arrays of those numbers, and lists, tuples and
    dicts (keys: str) of plain data. A NumPy scalar becomes Python's number, a subclass of an array
    an ordinary array, a longdouble a float64.

    Raises
    ------
    Problem
        For anything else, naming it as `what`, and for more than 64 MB of numbers, 100,000 parts or
        a million characters.

    Examples
    --------
    >>> plain([np.float32(0.5), {"std": np.arange(2)}])
    [0.5, {'std': array([0, 1])}]
    >>> plain({1, 2}, "the answer")
    Traceback (most recent call last):
    ...
    course_code.exercises.Problem: the answer holds a set; it may hold numbers, strings, ...
    """
    return _plain(value, what, 0, [MAX_BYTES, MAX_ITEMS, MAX_TEXT])


def _plain(value: Any, what: str, depth: int, budget: list[int]) -> Any:
    budget[1] -= 1
    if depth > MAX_DEPTH or budget[1] < 0:
        raise Problem(f"{what} is nested too deeply or holds too many parts: use a NumPy array")
    if isinstance(value, np.ndarray | np.generic) and value.dtype.kind in "biuf":
        budget[0] -= value.nbytes
        if budget[0] < 0:
            raise Problem(f"{what} is larger than {MAX_BYTES // 2**20} MB")
        if isinstance(value, np.generic):
            return float(value) if isinstance(value, np.longdouble) else value.item()
        dtype = np.float64 if value.dtype == np.longdouble else value.dtype.newbyteorder("=")
        return np.array(value, dtype=dtype, order="C", subok=False)
    if value is None or isinstance(value, bool | float):
        return value if value is None or isinstance(value, bool) else float(value)
    if isinstance(value, int) and value.bit_length() <= 64:
        return int(value)
    if isinstance(value, str):
        budget[2] -= len(value)
        if budget[2] < 0:
            raise Problem(f"{what} holds more than {MAX_TEXT:,} characters")
        return str(value)
    if isinstance(value, list | tuple):
        parts = [_plain(part, what, depth + 1, budget) for part in value]
        return tuple(parts) if isinstance(value, tuple) else parts
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return {
            _plain(key, what, depth, budget): _plain(part, what, depth + 1, budget)
            for key, part in value.items()
        }
    raise Problem(f"{what} holds {_kind(value)}; it may hold {ALLOWED}")


def array(value: Any, what: str, shape: Sequence[int] | None = None) -> NDArray[Any]:
    """Return what a function gave back as an array of finite numbers; Problem says what is off.

    Parameters
    ----------
    value : object
        An array, a number or nested lists of numbers.
    what : str
        How the messages call it, for example ``"the weights"``.
    shape : sequence of int, optional
        The shape that it must have.

    Examples
    --------
    >>> array([[1, 2], [3, 4]], "the weights", (2, 2)).mean()
    np.float64(2.5)
    >>> array(None, "the weights")
    Traceback (most recent call last):
    ...
    course_code.exercises.Problem: the weights: None came back. Is a `return` missing?
    """
    if value is None:
        raise Problem(f"{what}: None came back. Is a `return` missing?")
    try:
        result = np.asarray(value)
    except ValueError:
        raise Problem(f"{what}: the rows are of unequal length") from None
    if result.dtype.kind not in "biuf":
        raise Problem(f"{what}: an array of numbers is expected, not {_kind(value)}")
    if shape is not None and result.shape != tuple(shape):
        raise Problem(f"{what}: the shape is {result.shape}, but should be {tuple(shape)}")
    if result.size == 0:
        raise Problem(f"{what}: the array is empty")
    if not np.isfinite(result).all():
        raise Problem(f"{what}: {np.sum(~np.isfinite(result))} numbers are nan or infinite")
    return result if result.dtype.kind == "f" else result.astype(np.float64)


def number(value: Any, what: str) -> float:
    """Return what a function gave back as a finite float; Problem says what is off.

    Examples
    --------
    >>> number(np.ones((1, 1)), "the loss")
    1.0
    >>> number([1.0, 2.0], "the loss")
    Traceback (most recent call last):
    ...
    course_code.exercises.Problem: the loss: one number is expected, not an array of shape (2,)
    """
    result = array(value, what)
    if result.size != 1:
        raise Problem(f"{what}: one number is expected, not an array of shape {result.shape}")
    return float(result.item())


Check = Callable[[Answers], None]


def label(function: Check) -> str:
    """Return the first line of a check's docstring, by which the student knows it."""
    return (function.__doc__ or function.__name__).strip().splitlines()[0].rstrip(".")


def outcome(function: Check, answers: Answers) -> str | None:
    """Run one check; return None if it passes, else what is off."""
    try:
        function(answers)
    except Problem as problem:
        return str(problem)
    except Exception as error:  # the answer is of a kind that the check did not expect
        return f"the check could not read the answer ({_error(error)})"
    return None


def check(task: str, tests: Mapping[str, Sequence[Check]], namespace: Mapping[str, Any]) -> None:
    """Run the visible checks of one task on the notebook's variables and print a line for each.

    Parameters
    ----------
    task : str
        The task's name, one of the keys of `tests`.
    tests : dict of list of functions
        The visible checks of the problem set, a list for each task.
    namespace : dict
        Where the student's functions are: ``globals()``.

    Raises
    ------
    ValueError
        If `tests` has no such task.

    Examples
    --------
    >>> def check_sign(answers):
    ...     '''The sign.'''
    ...     if answers.call("double", 1.0) < 0:
    ...         raise Problem("double(1.0) is negative")
    >>> check("double", {"double": [check_sign]}, {"double": lambda x: 2 * x})
    ok  The sign
    >>> check("double", {"double": [check_sign]}, {"double": lambda x: -2 * x})
    --  The sign: double(1.0) is negative
    """
    checks.choice("task", task, tests)
    answers = Local(namespace)
    for function in tests[task]:
        problem = outcome(function, answers)
        print(f"ok  {label(function)}" if problem is None else f"--  {label(function)}: {problem}")


def call_text(name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> str:
    """Return a call as a message shows it, with arrays named by their shape.

    Examples
    --------
    >>> call_text("he_normal", [(3, 4), Seed(0)], {"gain": np.ones(2)})
    'he_normal((3, 4), rng, gain=<array (2,)>)'
    """
    parts = [_short(arg) for arg in args]
    parts += [f"{key}={_short(arg)}" for key, arg in kwargs.items()]
    return f"{name}({', '.join(parts)})"


def _argument(value: Any) -> Any:
    return value.generator() if isinstance(value, Seed) else plain(value, "an argument")


def _short(value: Any) -> str:
    if isinstance(value, Seed):
        return "rng"
    if isinstance(value, np.ndarray):
        return f"<array {value.shape}>"
    if isinstance(value, list) and len(value) <= 8:
        return f"[{', '.join(_short(part) for part in value)}]"
    text = " ".join(repr(value).split())
    return text if len(text) <= 60 else text[:57] + "..."


def _kind(value: Any) -> str:
    name = type(value).__name__
    return f"{'an' if name[0] in 'aeiouAEIOU' else 'a'} {name}"


def _error(error: BaseException) -> str:
    text = str(error)
    text = text if len(text) <= 300 else text[:297] + "..."
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
