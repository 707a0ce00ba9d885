"""What a training leaves behind: its losses and accuracies, step by step."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from . import losses
from .checks import Array
from .network import MLP


@dataclass
class History:
    """What :func:`course_code.training.fit` recorded.

    For an ensemble of shape (E,), each row holds E numbers.

    Attributes
    ----------
    loss : ndarray, shape (n_steps, ...)
        ``loss[i]`` is the loss of step i's batch before that step's update. With full batches a
        step is an epoch.
    accuracy : ndarray, shape (n_steps, ...), or None
        The fraction of that batch classified correctly, before the update; None where the loss is
        not one of classification.
    diverged_at : int or None, or a list of them for an ensemble
        The step at which the loss stopped being finite. The parameters of that step are kept. A
        single network's training stops there; an ensemble's goes on until every member has
        diverged, with NaN for all that is recorded of a member afterwards.
    validation_loss, validation_accuracy : ndarray, shape (n_epochs, ...), or None
        On the validation data, after each epoch.
    """

    loss: Array
    accuracy: Array | None
    diverged_at: Any
    validation_loss: Array | None = None
    validation_accuracy: Array | None = None


WAITING = 2**16  # logits that are kept to be compared with their targets at once


class Recorder:
    """Collects the history while a training runs, and keeps what a diverged member had."""

    def __init__(self, model: MLP, loss: losses.Loss) -> None:
        self._model, self._loss = model, loss
        self._may_wait = loss._is_ours  # and its `hits` takes many steps at once
        self._losses: list[Array] = []
        self._accuracies: list[Array] = []
        self._waiting: list[Array] = []  # logits whose hits are not counted yet,
        self._targets: Any = None  # and their targets
        self._validation_losses: list[Array] = []
        self._validation_accuracies: list[Array] = []
        self._diverged_at = np.full(model.ensemble_shape, None, dtype=object)
        # A diverged member's arrays, and the number of validations before.
        self._kept: dict[Any, tuple[list[Array], int]] = {}

    @property
    def n_steps(self) -> int:
        return len(self._losses)

    @property
    def all_diverged(self) -> bool:
        return len(self._kept) == self._diverged_at.size

    def step(self, value: Array, logits: Array, targets: Array, statistics: list[Array]) -> None:
        """Record a step; `statistics` are the model's from before this step's forward pass."""
        # math's isfinite of one number takes a fiftieth of NumPy's time.
        if not (np.isfinite(value).all() if value.ndim else math.isfinite(value)):
            for member in map(tuple, np.argwhere(~np.isfinite(value))):
                if member not in self._kept:
                    self._diverged_at[member] = self.n_steps
                    arrays = [*self._model.parameters, *statistics]
                    copies = [array[member].copy() for array in arrays]
                    self._kept[member] = copies, len(self._validation_losses)
        self._losses.append(value)
        if self._loss.hits is not None and not self._may_wait:
            self._accuracies.append(losses.mean(self._loss.hits(logits, targets)))
        elif self._loss.hits is not None:
            # Full batches have the same targets at every step: many are compared at once.
            if targets is not self._targets or len(self._waiting) * logits.size >= WAITING:
                self._count_hits()
            self._targets = targets
            self._waiting.append(logits.copy())

    def _count_hits(self) -> None:
        if self._waiting:
            assert self._loss.hits is not None
            hits = self._loss.hits(np.stack(self._waiting), self._targets)
            self._accuracies.extend(losses.mean(hits))
            self._waiting.clear()

    def validate(self, inputs: Any, targets: Array) -> None:
        logits = self._model._forward(inputs, training=False).logits
        self._validation_losses.append(losses.mean(self._loss.cost(logits, targets)))
        if self._loss.hits is not None:
            self._validation_accuracies.append(losses.mean(self._loss.hits(logits, targets)))

    def restore_diverged(self) -> None:
        for member, (kept, _) in self._kept.items():
            arrays = [*self._model.parameters, *self._model.statistics]
            for array, one in zip(arrays, kept, strict=True):
                array[member] = one

    def history(self) -> History:
        self._count_hits()
        history = History(
            loss=np.array(self._losses, dtype=np.float64),
            accuracy=_array_or_none(self._accuracies),
            diverged_at=self._diverged_at.tolist(),
            validation_loss=_array_or_none(self._validation_losses),
            validation_accuracy=_array_or_none(self._validation_accuracies),
        )
        for member, (_, n_validations) in self._kept.items():
            step = self._diverged_at[member]
            history.loss[(slice(step + 1, None), *member)] = np.nan
            for values, start in (
                (history.accuracy, step),
                (history.validation_loss, n_validations),
                (history.validation_accuracy, n_validations),
            ):
                if values is not None:
                    values[(slice(start, None), *member)] = np.nan
        return history


def _array_or_none(values: list[Array]) -> Array | None:
    return np.array(values, dtype=np.float64) if values else None
