"""The arrays of a training: the parameters in one long array, and the memory of the last step.

Training asks for the same arrays at every step, so it keeps them:

- All parameters lie one after another in one long array, and so do their gradients. An optimizer
  works elementwise and does not care where one weight ends and the next begins, so it is given
  a few long pieces instead of many short arrays: each call costs the same, however short.
- A step overwrites the trace and the gradients of the step before. Nobody else holds them.
- A large step is done in blocks, see :mod:`course_code.blocks`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from . import blocks, losses, optimizers
from .checks import Array
from .network import MLP

PIECE = 2**18  # numbers in a piece of the long array


class Workspace:
    """A training's own copy of a network, `model`, with all its parameters in one long array."""

    def __init__(
        self, network: MLP, optimizer: optimizers.Optimizer, loss: losses.Loss, batch_size: int
    ) -> None:
        self._network, self._optimizer, self._loss = network, optimizer, loss
        self._shapes = [parameter.shape for parameter in network.parameters]
        long = np.concatenate([parameter.ravel() for parameter in network.parameters])
        long = long.astype(network.dtype, copy=False)
        gradient = np.empty_like(long)
        statistics = [statistic.copy() for statistic in network.statistics]
        self.model = network.with_arrays(optimizers.cut(long, self._shapes), statistics)
        self._blocks = blocks.cut(self.model, gradient, loss, batch_size)
        self._pieces = _pieces(long)
        self._gradient, *self._others = [_pieces(one) for one in self._blocks.sums]
        n, n_parts = len(self._pieces), len(self._blocks.sums)
        self._parts = [range(n * i // n_parts, n * (i + 1) // n_parts) for i in range(n_parts)]
        optimizers.regroup(optimizer, [piece.shape for piece in self._pieces])

    def step(self, X: Any, targets: Array) -> tuple[Array, Array]:
        """Return the loss and the logits; the gradients are those that `update` will use."""
        return self._blocks.step(X, targets, self._loss)

    def update(self) -> None:
        """Move the model's parameters by one step along the gradients of the last `step`."""
        self._optimizer._start(self._pieces)
        if len(self._parts) == 1:
            self._update(self._parts[0])
        else:
            self._blocks.threads.map(self._update, self._parts)

    def _update(self, part: range) -> None:
        for i in part:
            for other in self._others:
                self._gradient[i] += other[i]
            self._optimizer._move(i, self._pieces[i], self._gradient[i])

    def write_back(self, optimizer: optimizers.Optimizer | None = None) -> None:
        """Copy what the model has learned into the arrays of the network."""
        arrays = [*self._network.parameters, *self._network.statistics]
        learned = [*self.model.parameters, *self.model.statistics]
        for array, values in zip(arrays, learned, strict=True):
            array[...] = values
        self._network.write_back(optimizer)

    def finish(self) -> None:
        """Write back, and bring what the optimizer remembers into the parameters' shapes."""
        self._blocks.threads.close()
        optimizers.regroup(self._optimizer, self._shapes)
        self.write_back(self._optimizer)


def _pieces(long: Array) -> list[Array]:
    return [long[start : start + PIECE] for start in range(0, long.size, PIECE)]
