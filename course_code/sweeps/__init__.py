r"""Sweeps: a grid of experiments (initializer, activation, depth, scale, seed) in one tidy table.

Points of the grid whose networks have the same shape are stacked and trained as one ensemble
(:func:`course_code.ensembles.stack`). What cannot be stacked goes to processes through joblib: by
``n_jobs``, or on a Dask cluster::

    with joblib.parallel_config(backend="dask"):
        table = sweeps.run(points, X, y, epochs=1000, path="results.csv")

Every worker needs ``course_code`` installed. Each point's network is drawn from
``np.random.default_rng(seed)`` alone, so its row is the same whatever else is in the grid and in
whatever order; on another machine, or with another number of BLAS threads, to rounding.
"""

from .points import Point, grid
from .running import run

__all__ = ["Point", "grid", "run"]
