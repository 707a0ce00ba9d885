"""One training step cut into blocks, which several threads work on at once.

- An ensemble is cut into blocks of *members*, which share nothing but the data.
- A large batch of one network is cut into blocks of *samples*: the loss and its gradients are sums
  over the samples, so those of the blocks are added.

Each thread multiplies with one thread of the BLAS, and does the elementwise work of its block,
which NumPy leaves to one thread.

A step overwrites the arrays of the step before. Nobody else holds them.
"""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from . import losses, optimizers
from .checks import Array
from .network import MLP
from .span import SpanNetwork
from .trace import Gradients, Trace

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

# Bytes in the widest layer of a block of members: calls on less take turns at Python's lock rather
# than run side by side, and what is larger does not stay in a processor's cache.
AT_LEAST, AT_MOST = 2**20, 2**21
SAMPLES = 128  # in a block of samples, at least: a product over fewer is not worth a second one
PRODUCTS = 2**26  # samples times parameters below which threads cost more than they save


class Block:
    """A network and the arrays of its last step; the gradients are given."""

    def __init__(self, model: MLP, gradients: list[Array]) -> None:
        self._model, self._gradients = model, gradients
        self._last: dict[int, tuple[Trace, Gradients]] = {}  # for each size of batch

    def step(
        self, X: Any, targets: Array, loss: losses.Loss, n_samples: int | None = None
    ) -> tuple[Array, Array]:
        """Return the loss and the logits, and overwrite the gradients.

        With `n_samples`, X is some of so many samples, and the loss is their part of it.
        """
        n = targets.shape[-2]
        if n not in self._last:
            self._last[n] = self._arrays(n)
        value, trace, _ = self._model._gradients(X, targets, loss, self._last[n], n_samples)
        return value, trace.logits

    def _arrays(self, n: int) -> tuple[Trace, Gradients]:
        """Return the arrays for a step on n samples; those that are None the step makes itself."""
        model, n_layers = self._model, len(self._model.weights)
        trace = Trace.empty(n_layers, len(model.normalizers))
        gradients = Gradients.empty(n_layers, 0)
        gradients.weights = self._gradients[:n_layers]
        gradients.biases = self._gradients[n_layers : 2 * n_layers]
        gradients.normalization = self._gradients[2 * n_layers :]
        if type(model) in (MLP, SpanNetwork) and not model.normalizers:
            shapes = [(*model.ensemble_shape, n, width) for width in model.sizes[1:]]
            sizes = [math.prod(shape) for shape in shapes]
            trace.pre_activations = optimizers.cut(np.empty(sum(sizes), model.dtype), shapes)
            if model.activation.in_place:
                trace.activations = list(trace.pre_activations)
            # A signal backward is read for the next one below only: two arrays take turns.
            two = np.empty((2, max(sizes)), model.dtype)
            gradients.pre_activations = [
                two[layer % 2, :size].reshape(shape)
                for layer, (size, shape) in enumerate(zip(sizes, shapes, strict=True))
            ]
        return trace, gradients


class Whole(Block):
    """The whole step as one block, on the caller's thread."""

    def __init__(self, model: MLP, gradient: Array) -> None:
        super().__init__(model, _gradients(model, gradient))
        self.threads, self.sums = Threads(1), [gradient]


class MemberBlocks:
    """An ensemble, in blocks of `size` members."""

    def __init__(self, model: MLP, gradient: Array, size: int, n_threads: int) -> None:
        starts = range(0, model.ensemble_shape[0], size)
        self._members = [slice(start, start + size) for start in starts]
        self._blocks = [
            Block(
                model.with_arrays([parameter[members] for parameter in model.parameters], []),
                [one[members] for one in _gradients(model, gradient)],
            )
            for members in self._members
        ]
        self.threads, self.sums = Threads(min(n_threads, len(self._blocks))), [gradient]

    def step(self, X: Any, targets: Array, loss: losses.Loss) -> tuple[Array, Array]:
        """Return the losses and the logits, and overwrite the gradients."""

        def part(block: Block, members: slice) -> tuple[Array, Array]:
            return block.step(_of(members, X), _of(members, targets), loss)

        values, logits = zip(*self.threads.map(part, self._blocks, self._members), strict=True)
        return np.concatenate(values), np.concatenate(logits)


class SampleBlocks:
    """One network, its batches cut into `n_blocks` blocks of samples, each with its thread."""

    def __init__(self, model: MLP, gradient: Array, n_blocks: int) -> None:
        self.threads = Threads(n_blocks)
        self.sums = [gradient, *(np.empty_like(gradient) for _ in range(n_blocks - 1))]
        self._blocks = [Block(model, _gradients(model, one)) for one in self.sums]

    def step(self, X: Array, targets: Array, loss: losses.Loss) -> tuple[Array, Array]:
        """Return the loss and the logits; the gradients are the sum of `sums`."""
        n, n_blocks = len(targets), len(self._blocks)
        ends = [n * i // n_blocks for i in range(n_blocks + 1)]
        rows = [slice(*both) for both in zip(ends, ends[1:], strict=False)]

        def part(block: Block, rows: slice) -> tuple[Array, Array]:
            return block.step(X[rows], targets[rows], loss, n)

        values, logits = zip(*self.threads.map(part, self._blocks, rows), strict=True)
        return np.add.reduce(values), np.concatenate(logits)


Blocks = Whole | MemberBlocks | SampleBlocks


def cut(model: MLP, gradient: Array, loss: losses.Loss, batch_size: int) -> Blocks:
    """Return the blocks of a training whose gradients go into the long array `gradient`.

    They have `threads`, and `sums`: long arrays, of which `gradient` is the first, whose sum is
    the gradient.
    """
    # The number of the BLAS's threads is the process's: a second thread that trains would find it
    # changed.
    is_main = threading.current_thread() is threading.main_thread()
    n_threads = _available_threads() if is_main else 1
    if model.normalizers:  # they need the whole batch, or replace their running statistics
        return Whole(model, gradient)
    if model.ensemble_shape:
        n_members = model.ensemble_shape[0]
        widest = batch_size * max(model.sizes[1:]) * model.dtype.itemsize
        size = widest * math.prod(model.ensemble_shape)  # in bytes
        n_blocks = max(math.ceil(size / AT_MOST), min(n_threads, size // AT_LEAST))
        if n_blocks > 1:
            return MemberBlocks(model, gradient, math.ceil(n_members / n_blocks), n_threads)
    elif (
        # A user's network or loss may need the whole batch (and have a weight for each sample).
        type(model) is MLP and loss._is_ours and batch_size * model.n_parameters >= PRODUCTS
    ):
        n_blocks = min(n_threads, batch_size // SAMPLES)
        if n_blocks > 1:
            return SampleBlocks(model, gradient, n_blocks)
    return Whole(model, gradient)


def _gradients(model: MLP, long: Array) -> list[Array]:
    return optimizers.cut(long, [parameter.shape for parameter in model.parameters])


def _of(members: slice, arrays: Any) -> Any:
    if isinstance(arrays, tuple):
        return tuple(_of(members, array) for array in arrays)
    return arrays[members] if arrays.ndim > 2 else arrays


class Threads:
    """So many threads, each with one thread of the BLAS; a single one is the caller's as it is."""

    def __init__(self, n: int) -> None:
        self._pool: ThreadPoolExecutor | None = None
        if n > 1:
            from concurrent.futures import ThreadPoolExecutor  # slow to import, and seldom needed

            from threadpoolctl import ThreadpoolController

            self._pool, self._libraries = ThreadPoolExecutor(n), ThreadpoolController()

    def map(self, function: Callable[..., Any], *arguments: Sequence[Any]) -> list[Any]:
        if self._pool is None:
            return list(map(function, *arguments))
        # Threads that share the threads of a BLAS wait for each other, many times as long as it
        # takes to do without.
        with self._libraries.limit(limits=1, user_api="blas"):
            return list(self._pool.map(_quiet(function), *arguments))

    def close(self) -> None:
        if self._pool:
            self._pool.shutdown()


def _quiet(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function without NumPy's warnings: a thread does not inherit the caller's."""

    def quiet(*arguments: Any) -> Any:
        with np.errstate(over="ignore", invalid="ignore"):
            return function(*arguments)

    return quiet


def _available_threads() -> int:
    """Return the number of this process's processors, or what OMP_NUM_THREADS says if less."""
    processors = (
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    )
    wanted = os.environ.get("OMP_NUM_THREADS", "")
    return (
        min(processors or 1, int(wanted)) if wanted.isdigit() and int(wanted) else processors or 1
    )
