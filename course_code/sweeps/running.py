"""Running a grid: chunks of equal networks trained together, over processes, resumable."""

from __future__ import annotations

import dataclasses
import functools
import inspect
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from .. import checks, losses, optimizers, training
from ..checks import Array
from ..ensembles import stack
from ..history import History
from ..network import MLP
from . import tables
from .points import Point

if TYPE_CHECKING:
    import pandas as pd

# Networks are trained together up to about this much memory, what a processor's cache holds. More
# of them take more time a network, and are fewer pieces to spread over processes and to resume.
CHUNK_BYTES = 2**22


def run(
    points: Iterable[Point],
    X: ArrayLike,
    y: ArrayLike,
    *,
    width: int = 16,
    n_outputs: int = 1,
    normalization: str | None = None,
    dtype: Any = np.float64,
    loss: str = "binary_cross_entropy",
    optimizer: str | optimizers.Optimizer = "sgd",
    learning_rate: float = 0.01,
    epochs: int,
    validation_data: tuple[ArrayLike, ArrayLike] | None = None,
    n_jobs: int | None = None,
    path: str | Path | None = None,
    progress: bool = False,
    keep_curves: bool = False,
) -> pd.DataFrame:
    """Train the network of every point on the same data, with full batches, and tabulate.

    Parameters
    ----------
    points : iterable of Point
        Usually from :func:`course_code.sweeps.grid`; no two alike.
    X : array_like, shape (n, n_features)
    y : array_like
        Targets as :func:`course_code.losses.get` says.
    width, n_outputs, normalization, dtype
        Of every network, see :meth:`course_code.sweeps.Point.network`.
    loss, optimizer, learning_rate, epochs, validation_data
        Of every training, see :func:`course_code.training.fit`.
    n_jobs : int, default None
        Number of processes, -1 for one a core. None is joblib's default: one, or what a
        surrounding ``joblib.parallel_config`` says.
    path : str or Path, default None
        A CSV file that keeps the rows already computed: after an interruption, the same call
        computes only what is missing. It may hold points of other grids with the same data and
        settings. It is replaced as a whole, so it is never half written.
    progress : bool, default False
        Show a progress bar.
    keep_curves : bool, default False
        Add a column ``curve``: the list of all losses, up to the one that was not finite.

    Returns
    -------
    pandas.DataFrame
        A row for each point, in their order. Its columns are the point's attributes (without
        `draw`), and

        - ``final_loss``: the loss at the last step, before its update; for a diverged training
          the one that was not finite;
        - ``min_loss``: the smallest finite loss of any step (NaN if there is none);
        - ``accuracy``: at the last step (NaN if diverged, or the loss is not one of
          classification);
        - ``diverged_at``: the step at which the loss stopped being finite, else missing;
        - ``validation_loss``, ``validation_accuracy``: after the last step (NaN if diverged, or
          without validation data).

    Raises
    ------
    TypeError, ValueError
        Before any training: if there are no points, two are alike, the file's folder is missing
        or its rows come from other data, settings or initializers, and for all that
        :func:`course_code.training.fit` refuses.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X, y = rng.standard_normal((50, 2)), np.arange(50) % 2
    >>> X[y == 1] += 2.0
    >>> from course_code import sweeps
    >>> points = sweeps.grid(initializer=["zeros", "glorot_normal"], seed=range(2))
    >>> table = sweeps.run(points, X, y, learning_rate=0.5, epochs=200)
    >>> table["initializer"].tolist()
    ['zeros', 'zeros', 'glorot_normal', 'glorot_normal']
    >>> [f"{value:.2f}" for value in table["min_loss"]]
    ['0.69', '0.69', '0.12', '0.12']
    """
    import joblib
    from tqdm.auto import tqdm

    points = _distinct(points)
    file = None if path is None else tables.file(path)
    data = [checks.array("X", X, minimum_axes=2), checks.array("y", y)]
    if validation_data is not None:
        data += _validation(validation_data)
    checks.boolean("progress", progress)
    checks.boolean("keep_curves", keep_curves)
    if n_jobs not in (None, -1):
        checks.integer("n_jobs", n_jobs, minimum=1)
    network = {
        "n_features": data[0].shape[-1],
        "width": checks.integer("width", width, minimum=1),
        "n_outputs": checks.integer("n_outputs", n_outputs, minimum=1),
        "normalization": normalization,
        "dtype": checks.float_dtype(dtype),
    }
    fit = {
        "loss": checks.choice("loss", loss, losses.names()),
        "optimizer": _recipe(optimizer, learning_rate),
        "epochs": checks.integer("epochs", epochs, minimum=1),
    }
    _fit(points[0].network(**network), fit | {"epochs": 1}, *data)  # refuses what fit refuses

    experiment = tables.fingerprint(*data, network, fit, keep_curves)
    starts = _starts(points, network)
    columns = ["curve", "experiment", "start"] if keep_curves else ["experiment", "start"]
    rows = {} if file is None else _read(file, columns, experiment, starts)

    missing = [point for point in points if point.key not in rows]
    chunks = _chunks(missing, len(data[0]), network)
    parallel = joblib.Parallel(n_jobs=n_jobs, return_as="generator_unordered", batch_size=1)
    finished = parallel(joblib.delayed(_train)(chunk, network, fit, *data) for chunk in chunks)
    done = len(points) - len(missing)
    with tqdm(total=len(points), initial=done, disable=not progress, desc="sweep") as bar:
        for chunk, computed in finished:
            for point, row in zip(chunk, computed, strict=True):
                rows[point.key] = row | {"experiment": experiment, "start": starts[_start(point)]}
            if file is not None:
                tables.write(file, rows.values(), *columns)
            bar.update(len(chunk))
    return tables.table([rows[point.key] for point in points], *columns[:-2])


def _distinct(points: Iterable[Point]) -> list[Point]:
    if not isinstance(points, Iterable):
        raise TypeError(f"points must be a list of Point; got {points!r}")
    distinct: set[Point] = set()
    points = list(points)
    for point in points:
        if not isinstance(point, Point):
            raise TypeError(f"points must be a list of Point; got {point!r} in it")
        if point in distinct:
            raise ValueError(f"points holds {point} twice")
        distinct.add(point)
    if not points:
        raise ValueError("points is empty: there is nothing to run")
    return points


def _validation(given: Any) -> list[Array]:
    if not isinstance(given, tuple | list) or len(given) != 2:
        raise TypeError(f"validation_data must be a pair (X, y); got {given!r}")
    return [checks.array(f"validation_data[{i}]", part) for i, part in enumerate(given)]


def _recipe(
    optimizer: str | optimizers.Optimizer, learning_rate: float
) -> Callable[[], optimizers.Optimizer]:
    """Return what makes a new optimizer of this kind: each training needs one of its own."""
    made = training._optimizer(optimizer, learning_rate)
    names = inspect.signature(type(made)).parameters
    return functools.partial(type(made), **{name: getattr(made, name) for name in names})


def _start(point: Point) -> tuple[str, int]:
    return (point.initializer, point.depth)


def _starts(points: list[Point], network: dict[str, Any]) -> dict[tuple[str, int], str]:
    """Return what each initializer draws from one seed, in short: equal labels may not be equal."""
    first = {_start(point): point for point in reversed(points)}
    draws = {
        start: dataclasses.replace(point, scale=1.0, seed=0).network(**network).parameters
        for start, point in first.items()
    }
    return {start: tables.fingerprint(*parameters) for start, parameters in draws.items()}


def _read(
    path: Path, columns: list[str], experiment: str, starts: dict[tuple[str, int], str]
) -> dict[tuple[Any, ...], tables.Row]:
    """Return the rows of an earlier run by key; refuse those that this one would not compute."""
    rows = {}
    for row in tables.read(path, *columns):
        if row["experiment"] != experiment:
            raise ValueError(
                f"path: {path} holds a sweep with other data or settings; give another path"
            )
        if starts.get((row["initializer"], row["depth"]), row["start"]) != row["start"]:
            raise ValueError(
                f"path: in {path}, initializer {row['initializer']!r} is one that draws other "
                "weights; give another label or another path"
            )
        rows[tuple(row[name] for name in tables.PARAMETERS)] = row
    return rows


def _chunks(points: list[Point], n_samples: int, network: dict[str, Any]) -> Iterator[list[Point]]:
    groups: dict[tuple[str, int], list[Point]] = {}
    for point in points:
        groups.setdefault((point.activation, point.depth), []).append(point)
    for group in groups.values():
        member = group[0].network(**network)
        numbers = n_samples * sum(member.sizes[1:]) + member.n_parameters
        size = max(1, CHUNK_BYTES // (4 * numbers * member.dtype.itemsize))
        yield from (group[i : i + size] for i in range(0, len(group), size))


def _train(
    points: list[Point], network: dict[str, Any], fit: dict[str, Any], *data: Array
) -> tuple[list[Point], list[tables.Row]]:
    """Train these points' networks as one ensemble (the piece of work that a process gets)."""
    ensemble = stack([point.network(**network) for point in points])
    history = _fit(ensemble, fit, *data)
    return points, [tables.row(point, history, i) for i, point in enumerate(points)]


def _fit(network: MLP, fit: dict[str, Any], X: Array, y: Array, *validation: Array) -> History:
    options = fit | {"optimizer": fit["optimizer"](), "validation_data": validation or None}
    return training.fit(network, X, y, **options)
