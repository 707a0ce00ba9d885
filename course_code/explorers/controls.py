"""Named controls: what a reader can move in an explorer, and which values it takes.

A control has a name, which is its label on the page, and a list of values. `render` gets its value
under the control's key: the name with underscores for spaces.
"""

from __future__ import annotations

import numbers
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .. import checks


@dataclass(frozen=True)
class Control:
    """What :func:`choice`, :func:`slider` and :func:`play` return.

    Attributes
    ----------
    name : str
    kind : {"choice", "slider", "play"}
    values : tuple
        The values that are computed beforehand.
    labels : tuple of str
        What the page shows for each of them.
    start : int
        The position of the value that is shown first.
    minimum, maximum : float
        The limits of any other value, of a slider or play control.
    """

    name: str
    kind: str
    values: tuple[Any, ...]
    labels: tuple[str, ...]
    start: int = 0
    minimum: float = -float("inf")
    maximum: float = float("inf")

    @property
    def key(self) -> str:
        """The name as a Python identifier."""
        return self.name.replace(" ", "_")

    @property
    def numeric(self) -> bool:
        """Whether it takes values that were not computed beforehand."""
        return self.kind != "choice"

    @property
    def whole(self) -> bool:
        """Whether it takes integers only."""
        return self.numeric and all(isinstance(v, int) for v in self.values)

    def check(self, value: object) -> Any:
        """Return `value` if this control takes it, else raise an error that says what it takes."""
        if not self.numeric:
            return checks.choice(self.name, value, self.values)
        if self.whole:
            if isinstance(value, float) and value.is_integer():
                value = int(value)
            checks.integer(self.name, value)
            number = checks.real(self.name, value, minimum=self.minimum, maximum=self.maximum)
            return int(number)
        return checks.real(self.name, value, minimum=self.minimum, maximum=self.maximum)

    def read(self, text: str) -> Any:
        """Return the value that a reader typed, or raise a ValueError that says what is wrong."""
        try:
            number = float(text)
        except ValueError:
            raise ValueError(f"{self.name} must be a number; got {text!r}") from None
        try:
            return self.check(number)
        except TypeError as error:
            raise ValueError(str(error)) from None


def choice(name: str, values: Sequence[str], *, start: str | None = None) -> Control:
    """Return a control that picks one of several names: buttons for up to three, else a list.

    Parameters
    ----------
    name : str
        The label: letters, digits and spaces.
    values : sequence of str
        At least one, no two alike.
    start : str, default None
        The value shown first; None means the first.

    Raises
    ------
    TypeError, ValueError
        If the name is no label, or the values are none, not strings or not distinct.

    Examples
    --------
    >>> choice("hidden activation", ["tanh", "relu"]).key
    'hidden_activation'
    """
    _check_name(name)
    labels = _sequence(name, values)
    for label in labels:
        if not isinstance(label, str) or not label:
            raise TypeError(f"the values of {name!r} must be non-empty strings; got {label!r}")
    if len(set(labels)) < len(labels):
        raise ValueError(f"the values of {name!r} must differ; got {', '.join(labels)}")
    return Control(name, "choice", labels, labels, _start(name, start, labels))


def slider(
    name: str,
    values: Sequence[float],
    *,
    format: str = "{:g}",
    start: float | None = None,
    minimum: float = -float("inf"),
    maximum: float = float("inf"),
) -> Control:
    """Return a slider over increasing numbers; with a live kernel, any other number too.

    Parameters
    ----------
    name : str
        The label: letters, digits and spaces.
    values : sequence of int or float
        At least one, increasing. If all are ints, the control takes integers only.
    format : str, default "{:g}"
        How a value is written beside the slider.
    start : float, default None
        The value shown first; None means the first.
    minimum, maximum : float
        The limits, inclusive, of a value that the reader types; default: none.

    Raises
    ------
    TypeError, ValueError
        If the name is no label, or the values are none, not finite numbers, not increasing or
        beyond the limits.

    Examples
    --------
    >>> slider("weight scale", [0.1, 1, 10], format="x {:g}").labels
    ('x 0.1', 'x 1', 'x 10')
    """
    return _numeric("slider", name, values, format, start, minimum, maximum)


def play(
    name: str,
    values: Sequence[float],
    *,
    format: str = "{:g}",
    start: float | None = None,
    minimum: float = -float("inf"),
    maximum: float = float("inf"),
) -> Control:
    """Return a slider with a play button, which walks through the values.

    Parameters and errors are those of :func:`slider`. An explorer has at most one.

    Examples
    --------
    >>> play("step", [0, 1, 10]).values
    (0, 1, 10)
    """
    return _numeric("play", name, values, format, start, minimum, maximum)


def _numeric(
    kind: str,
    name: str,
    values: Sequence[float],
    format: str,
    start: float | None,
    minimum: float,
    maximum: float,
) -> Control:
    _check_name(name)
    numbers_ = tuple(_number(name, value) for value in _sequence(name, values))
    for left, right in zip(numbers_, numbers_[1:]):
        if not left < right:
            raise ValueError(f"the values of {name!r} must increase; got {left:g} before {right:g}")
    if numbers_[0] < minimum or numbers_[-1] > maximum:
        raise ValueError(
            f"the values of {name!r} must be in [{minimum:g}, {maximum:g}]; "
            f"got {numbers_[0]:g} to {numbers_[-1]:g}"
        )
    labels = tuple(format.format(number) for number in numbers_)
    if len(set(labels)) < len(labels):
        raise ValueError(f"format {format!r} writes two values of {name!r} alike: {labels}")
    return Control(name, kind, numbers_, labels, _start(name, start, numbers_), minimum, maximum)


def _number(name: str, value: object) -> int | float:
    if isinstance(value, numbers.Integral) and not isinstance(value, bool):
        return int(value)
    return checks.real(f"every value of {name!r}", value)


def _check_name(name: object) -> None:
    if not isinstance(name, str):
        raise TypeError(f"a control's name must be a string; got {name!r}")
    if not name.replace(" ", "_").isidentifier():
        raise ValueError(f"a control's name must be letters, digits and spaces; got {name!r}")


def _sequence(name: str, values: Any) -> tuple[Any, ...]:
    if isinstance(values, str):
        raise TypeError(f"the values of {name!r} must be a list; got {values!r}")
    try:
        result = tuple(values)
    except TypeError:
        raise TypeError(f"the values of {name!r} must be a list; got {values!r}") from None
    if not result:
        raise ValueError(f"{name!r} has no values")
    return result


def _start(name: str, start: Any, values: tuple[Any, ...]) -> int:
    if start is None:
        return 0
    if start not in values:
        listed = ", ".join(str(value) for value in values)
        raise ValueError(f"start of {name!r} must be one of its values {listed}; got {start!r}")
    return values.index(start)
