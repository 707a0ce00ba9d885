"""One mechanism for every explorer: all states of a few controls, computed once, as pictures.

:func:`explore` renders a picture for each combination of the controls' values. The pictures are
widgets in nested stacks, one level a control, and the links between controls and stacks run in the
browser: the built page needs no kernel. With a live kernel the same object takes other values too.
"""

from __future__ import annotations

import itertools
import math
import pickle
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .. import checks
from .controls import Control

MAX_STATES = 1000
# Seconds of work still to do from which a progress bar helps, and processes pay for their start;
# judged once so many states are done.
PROGRESS_AFTER, PARALLEL_AFTER, ENOUGH = 2.0, 20.0, 5

State = tuple[Any, ...]
Render = Callable[..., "Picture"]


@dataclass(frozen=True)
class Picture:
    """One state of an explorer.

    Attributes
    ----------
    svg : str
        One ``<svg>`` element or several, which stand side by side where there is room.
    description : str
        The numbers of this state in plain text. The first line, one or two sentences, is the
        picture's name and is read out at each change; further lines, if any, go into detail.
    """

    svg: str
    description: str


@dataclass(frozen=True)
class Prediction:
    """A question to answer before the explorer shows.

    Attributes
    ----------
    question : str
    answers : mapping of str to str
        Each possible answer, and what to say to a reader who chose it.
    """

    question: str
    answers: Mapping[str, str]


class Explorer:
    """The states of an explorer and its widget; :func:`explore` makes it.

    Show it as the last line of a cell. With a live kernel, the fields "any value" and :meth:`show`
    accept numbers that were not computed beforehand.

    Attributes
    ----------
    title : str
    controls : tuple of Control
    widget : ipywidgets.VBox
    """

    def __init__(
        self,
        render: Render,
        controls: tuple[Control, ...],
        pictures: dict[State, Picture],
        title: str,
        prediction: Prediction | None,
    ) -> None:
        from .widgets import Panel

        self.title, self.controls, self.prediction = title, controls, prediction
        self._render, self._pictures = render, pictures
        self._panel = Panel(self)
        self.widget = self._panel.widget

    @property
    def values(self) -> dict[str, Any]:
        """The values shown now, by the controls' keys."""
        return dict(zip((control.key for control in self.controls), self._panel.state))

    def picture(self, **values: Any) -> Picture:
        """Return the picture of a state; what is not given is as shown now. Computed only once.

        Raises
        ------
        TypeError, ValueError
            For an unknown control, a value that it does not take, or what `render` raises.
        """
        return self.at(self._state(values))

    def show(self, **values: Any) -> None:
        """Show a state, computed beforehand or not; what is not given stays as it is.

        Raises
        ------
        TypeError, ValueError
            As :meth:`picture`; the picture on show then stays.
        """
        state = self._state(values)
        self.at(state)
        self._panel.show(state)

    def at(self, state: State) -> Picture:
        """Return the picture of a state given as a tuple, one value a control."""
        if state not in self._pictures:
            self._pictures[state] = _rendered(self._render, self.controls, state)
        return self._pictures[state]

    def _state(self, values: dict[str, Any]) -> State:
        keys = [control.key for control in self.controls]
        for key in values:
            checks.choice("control", key, keys)
        current = self.values
        return tuple(c.check(values.get(c.key, current[c.key])) for c in self.controls)

    @property
    def size(self) -> int:
        """The bytes of all pictures and descriptions computed so far."""
        return sum(len((p.svg + p.description).encode()) for p in self._pictures.values())

    def _ipython_display_(self) -> None:
        self._panel.display()


def explore(
    render: Render,
    controls: Sequence[Control],
    *,
    title: str,
    prediction: Prediction | None = None,
) -> Explorer:
    """Compute the picture of every combination of the controls, and return the explorer.

    Parameters
    ----------
    render : callable
        ``render(**values)`` returns a :class:`Picture`; values by the controls' keys. It must be a
        function of these values alone.
    controls : sequence of Control
        From :func:`choice`, :func:`slider` and :func:`play`. The last one's pictures are closest
        together: put the one that is moved most there.
    title : str
    prediction : Prediction, default None
        A question that the reader answers before the explorer shows.

    Returns
    -------
    Explorer

    Raises
    ------
    TypeError, ValueError
        Before the work: for controls that are none, of another class or of one name, for more than
        1000 states, or if the first state fails.
    RuntimeError
        If `render` raises, naming the state's values; or if it returns no Picture.

    Examples
    --------
    >>> def render(side):
    ...     return Picture("<svg></svg>", f"A square of area {side**2:g}.")
    >>> from course_code.explorers import slider
    >>> squares = explore(render, [slider("side", [1, 2, 3])], title="Squares")
    >>> squares.picture(side=3).description
    'A square of area 9.'
    """
    controls = _check_controls(controls)
    if not callable(render):
        raise TypeError(f"render must be callable(**values); got {render!r}")
    if not isinstance(title, str) or not title:
        raise TypeError(f"title must be a non-empty string; got {title!r}")
    if prediction is not None:
        _check_prediction(prediction)
    first = tuple(control.values[control.start] for control in controls)
    pictures = {first: _rendered(render, controls, first)}
    others = [s for s in itertools.product(*(c.values for c in controls)) if s != first]
    pictures.update(zip(others, list(_all_rendered(render, controls, others, title))))
    return Explorer(render, controls, pictures, title, prediction)


def _check_controls(controls: Sequence[Control]) -> tuple[Control, ...]:
    if isinstance(controls, Control) or not isinstance(controls, Sequence):
        raise TypeError(f"controls must be a list of controls; got {controls!r}")
    if not controls:
        raise ValueError("controls is empty: an explorer needs at least one")
    for control in controls:
        if not isinstance(control, Control):
            raise TypeError(f"a control is made by choice, slider or play; got {control!r}")
    keys = [control.key for control in controls]
    if doubled := sorted({key for key in keys if keys.count(key) > 1}):
        raise ValueError(f"two controls have the same name: {', '.join(doubled)}")
    if sum(control.kind == "play" for control in controls) > 1:
        raise ValueError("an explorer has at most one play control")
    count = math.prod(len(control.values) for control in controls)
    if count > MAX_STATES:
        product = " x ".join(str(len(control.values)) for control in controls)
        raise ValueError(f"{product} = {count} states, at most {MAX_STATES}: give fewer values")
    return tuple(controls)


def _check_prediction(prediction: Prediction) -> None:
    checks.instance("prediction", prediction, Prediction)
    if len(prediction.answers) < 2:
        raise ValueError(f"a prediction needs at least two answers; got {prediction.answers!r}")


def _rendered(render: Render, controls: tuple[Control, ...], state: State) -> Picture:
    values = {control.key: value for control, value in zip(controls, state)}
    named = ", ".join(f"{key}={value!r}" for key, value in values.items())
    try:
        picture = render(**values)
    except Exception as error:
        raise RuntimeError(f"render({named}) failed: {type(error).__name__}: {error}") from error
    if not isinstance(picture, Picture):
        raise RuntimeError(f"render({named}) must return a Picture; it returned {picture!r:.80}")
    return picture


def _all_rendered(
    render: Render, controls: tuple[Control, ...], states: list[State], title: str
) -> Iterator[Picture]:
    """Yield the pictures of all states in order: from this process, or from several if it pays."""
    times: list[float] = []
    left, progress = 0.0, None
    try:
        for done, state in enumerate(states):
            if len(times) >= ENOUGH:
                # The median: a state that fills a cache says nothing about the others.
                left = statistics.median(times) * (len(states) - done)
            if left > PROGRESS_AFTER and progress is None:
                progress = _progress(len(states), done, title)
            if left > PARALLEL_AFTER:
                yield from _in_processes(render, controls, states[done:], progress)
                return
            started = time.perf_counter()
            yield _rendered(render, controls, state)
            times.append(time.perf_counter() - started)
            if progress is not None:
                progress.update()
    finally:
        if progress is not None:
            progress.close()


def _progress(total: int, done: int, title: str) -> Any:
    from tqdm.auto import tqdm

    return tqdm(total=total, initial=done, desc=title, unit="state", leave=False)


def _in_processes(
    render: Render, controls: tuple[Control, ...], states: list[State], progress: Any
) -> Iterator[Picture]:
    from joblib import Parallel, delayed

    work = (delayed(_rendered)(render, controls, state) for state in states)
    try:
        for picture in Parallel(n_jobs=-1, return_as="generator")(work):
            progress.update()
            yield picture
    except pickle.PicklingError:  # a function that other processes cannot be given
        for state in states:
            progress.update()
            yield _rendered(render, controls, state)
