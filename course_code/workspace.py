"""The arrays of a training: the parameters in one long array, and the memory of the last step.

Training asks for the same arrays at every step, so it keeps them:

- All parameters lie one after another in one long array, and so do their gradients. An optimizer
  works elementwise and does not care where one weight ends and the next begins, so it is given
  a few long pieces instead of many short arrays: each call costs the same, however short.
- A step overwrites the trace and the gradients of the step before. Nobody else holds them.
- A large ensemble is worked through in blocks of members whose arrays stay in the processor's
  cache, on several threads. Its members are independent, and share nothing but the data.

Nothing of this changes a number.
"""

from __future__ import annotations

import math
import os
from typing import TYPE_CHECKING, Any

import numpy as np

from . import losses, optimizers
from .checks import Array
from .network import MLP
from .trace import Gradients, Trace

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

PIECE = 2**15  # numbers in a piece of the long array
BLOCK = 2**19  # bytes in the widest layer of a block of members


class Workspace:
    """A training's own copy of a network, `model`, with all its parameters in one long array."""

    def __init__(self, network: MLP, optimizer: optimizers.Optimizer, batch_size: int) -> None:
        self._network, self._optimizer = network, optimizer
        shapes = [parameter.shape for parameter in network.parameters]
        long = np.concatenate([parameter.ravel() for parameter in network.parameters])
        long = long.astype(network.dtype, copy=False)
        gradient = np.empty_like(long)
        self._gradients = optimizers.cut(gradient, shapes)
        statistics = [statistic.copy() for statistic in network.statistics]
        self.model = network.with_arrays(optimizers.cut(long, shapes), statistics)
        starts = range(0, long.size, PIECE)
        self._pieces = [long[start : start + PIECE] for start in starts]
        self._gradient_pieces = [gradient[start : start + PIECE] for start in starts]
        optimizers.regroup(optimizer, [piece.shape for piece in self._pieces])
        self._blocks = _blocks(self.model, self._gradients, batch_size)
        self._pool = _threads(len(self._blocks))

    def step(self, X: Any, targets: Array, loss: losses.Loss) -> tuple[Array, Array]:
        """Return the loss and the logits; the gradients are those that `update` will use."""
        if len(self._blocks) == 1:
            return self._blocks[0].step(X, targets, loss)
        run = self._pool.map if self._pool else map
        values, logits = zip(
            *run(lambda block: block.step_of_members(X, targets, loss), self._blocks), strict=True
        )
        return np.concatenate(values), np.concatenate(logits)

    def update(self) -> None:
        """Move the model's parameters by one step along the gradients of the last `step`."""
        self._optimizer._move(self._pieces, self._gradient_pieces)

    def write_back(self, optimizer: optimizers.Optimizer | None = None) -> None:
        """Copy what the model has learned into the arrays of the network."""
        arrays = [*self._network.parameters, *self._network.statistics]
        learned = [*self.model.parameters, *self.model.statistics]
        for array, values in zip(arrays, learned, strict=True):
            array[...] = values
        self._network.write_back(optimizer)

    def finish(self) -> None:
        """Write back, and bring what the optimizer remembers into the parameters' shapes."""
        if self._pool:
            self._pool.shutdown()
        optimizers.regroup(self._optimizer, [array.shape for array in self._gradients])
        self.write_back(self._optimizer)


class _Block:
    """Some members of an ensemble (or a single network), and the arrays of their last step."""

    def __init__(self, model: MLP, gradients: list[Array], members: slice) -> None:
        self._model, self._gradients, self._members = model, gradients, members
        self._last: dict[int, tuple[Trace | None, Gradients]] = {}  # for each size of batch

    def step(self, X: Any, targets: Array, loss: losses.Loss) -> tuple[Array, Array]:
        n = targets.shape[-2]
        reuse = self._last.get(n) or (None, self._without_signals())
        value, trace, gradients = self._model._gradients(X, targets, loss, reuse)
        self._last[n] = trace, gradients
        return value, trace.logits

    def step_of_members(self, X: Any, targets: Array, loss: losses.Loss) -> tuple[Array, Array]:
        with np.errstate(over="ignore", invalid="ignore"):  # a thread does not inherit it
            return self.step(self._of_members(X), self._of_members(targets), loss)

    def _of_members(self, arrays: Any) -> Any:
        if isinstance(arrays, tuple):
            return tuple(map(self._of_members, arrays))
        return arrays[self._members] if arrays.ndim > 2 else arrays

    def _without_signals(self) -> Gradients:
        n = len(self._model.weights)
        signals = Gradients.empty(n, 0).pre_activations
        return Gradients(
            self._gradients[:n], self._gradients[n : 2 * n], signals, self._gradients[2 * n :]
        )


def _blocks(model: MLP, gradients: list[Array], batch_size: int) -> list[_Block]:
    if not model.ensemble_shape or model.normalizers:  # which replace their running statistics
        return [_Block(model, gradients, slice(None))]
    n_members = model.ensemble_shape[0]
    numbers = batch_size * max(model.sizes[1:]) * math.prod(model.ensemble_shape[1:])
    size = max(1, BLOCK // (numbers * model.dtype.itemsize))
    blocks = []
    for start in range(0, n_members, size):
        members = slice(start, start + size)
        part = model.with_arrays(
            [parameter[members] for parameter in model.parameters],
            [statistic[members] for statistic in model.statistics],
        )
        blocks.append(_Block(part, [gradient[members] for gradient in gradients], members))
    return blocks


def _threads(n_blocks: int) -> ThreadPoolExecutor | None:
    n = min(n_blocks, _available_threads())
    if n == 1:
        return None
    from concurrent.futures import ThreadPoolExecutor  # slow to import, and seldom needed

    return ThreadPoolExecutor(n)


def _available_threads() -> int:
    """Return the number of this process's processors, or what OMP_NUM_THREADS says if less."""
    processors = (
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    )
    wanted = os.environ.get("OMP_NUM_THREADS", "")
    return (
        min(processors or 1, int(wanted)) if wanted.isdigit() and int(wanted) else processors or 1
    )
