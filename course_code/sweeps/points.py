"""The points of a grid of experiments."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .. import activations, checks, initializers
from ..network import MLP


@dataclass(frozen=True)
class Point:
    """One experiment of a grid, usually made by :func:`course_code.sweeps.grid`.

    Attributes
    ----------
    initializer : str
        A name of :func:`course_code.initializers.get`, or any label if `draw` is given.
    activation : str
    depth : int
        The number of hidden layers, at least 0.
    scale : float
        The initializer's weights are multiplied by it; at least 0.
    seed : int
        At least 0.
    draw : callable(shape, rng), default None
        Draws the weights; None means the initializer of that name.

    Raises
    ------
    TypeError, ValueError
        For anything else, naming the argument.

    Examples
    --------
    >>> point = Point("random_normal", "tanh", depth=2, scale=10.0, seed=0)
    >>> point.network(3, width=8).sizes
    (3, 8, 8, 1)
    """

    initializer: str
    activation: str
    depth: int
    scale: float
    seed: int
    draw: initializers.Initializer | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        if self.draw is None:
            initializers.get(self.initializer)
        elif not (isinstance(self.initializer, str) and callable(self.draw)):
            raise TypeError(
                "an initializer must be a name or a pair of a label and a callable(shape, rng); "
                f"got ({self.initializer!r}, {self.draw!r})"
            )
        checks.choice("activation", self.activation, activations.names())
        for name in ("depth", "seed"):
            object.__setattr__(self, name, checks.integer(name, getattr(self, name), minimum=0))
        if self.seed >= 2**63:
            raise ValueError(f"seed must be below 2**63; got {self.seed}")
        object.__setattr__(self, "scale", checks.real("scale", self.scale, minimum=0.0))

    @property
    def key(self) -> tuple[str, str, int, float, int]:
        """What tells this point from others: all but `draw`."""
        return (self.initializer, self.activation, self.depth, self.scale, self.seed)

    def network(
        self,
        n_features: int,
        *,
        width: int = 16,
        n_outputs: int = 1,
        normalization: str | None = None,
        dtype: Any = np.float64,
    ) -> MLP:
        """Return this point's network before training.

        Parameters
        ----------
        n_features, width, n_outputs : int
            Of the input, each hidden layer and the output.
        normalization : {None, "batch", "layer", "rms"}, default None
        dtype : {float64, float32}

        Returns
        -------
        MLP
        """
        draw = self.draw or initializers.get(self.initializer)
        name = f"what initializer {self.initializer!r} returned"
        width = checks.integer("width", width, minimum=1)
        return MLP(
            [n_features, *[width] * self.depth, checks.integer("n_outputs", n_outputs, minimum=1)],
            activation=self.activation,
            initializer=lambda shape, rng: self.scale * checks.array(name, draw(shape, rng)),
            normalization=normalization,
            rng=np.random.default_rng(self.seed),
            dtype=dtype,
        )


def grid(
    *,
    initializer: Iterable[str | tuple[str, initializers.Initializer]],
    activation: Iterable[str] = ("tanh",),
    depth: Iterable[int] = (1,),
    scale: Iterable[float] = (1.0,),
    seed: Iterable[int] = (0,),
) -> list[Point]:
    """Return every combination of the values given, the last parameter varying fastest.

    Parameters
    ----------
    initializer : iterable of str or (label, callable)
        Names, or pairs of a label for the table and a ``callable(shape, rng)``.
    activation : iterable of str, default ("tanh",)
    depth : iterable of int, default (1,)
        Numbers of hidden layers.
    scale : iterable of float, default (1.0,)
        Factors on the initializer's weights.
    seed : iterable of int, default (0,)
        Points that differ in anything but the seed start from the same generator.

    Returns
    -------
    list of Point

    Raises
    ------
    TypeError, ValueError
        If a list is empty or a value is not one that :class:`Point` accepts.

    Examples
    --------
    >>> points = grid(initializer=["he_normal", "zeros"], depth=[1, 2, 5], seed=range(10))
    >>> len(points)
    60
    >>> points[-1]
    Point(initializer='zeros', activation='tanh', depth=5, scale=1.0, seed=9)
    """
    axes = {
        "initializer": initializer,
        "activation": activation,
        "depth": depth,
        "scale": scale,
        "seed": seed,
    }
    values = [_values(name, given) for name, given in axes.items()]
    return [_point(*combination) for combination in itertools.product(*values)]


def _values(name: str, given: object) -> list[Any]:
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise TypeError(f"{name} must be a list of values; got {given!r}")
    values = list(given)
    if not values:
        raise ValueError(f"{name} is empty: the grid has no points")
    return values


def _point(initializer: Any, activation: str, depth: int, scale: float, seed: int) -> Point:
    pair = initializer if isinstance(initializer, tuple) else (initializer, None)
    if len(pair) != 2:
        raise ValueError(
            f"an initializer must be a name or a pair (label, callable); got {initializer!r}"
        )
    return Point(pair[0], activation, depth, scale, seed, draw=pair[1])
