"""What a training leaves behind: its losses and accuracies, step by step."""

from __future__ import annotations

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


class Recorder:
    """Collects the history while a training runs, and keeps what a diverged member had."""

    def __init__(self, model: MLP, loss: losses.Loss) -> None:
        self._model, self._loss = model, loss
        self._losses: list[Array] = []
        self._accuracies: list[Array] = []
        self._validation_losses: list[Array] = []
        self._validation_accuracies: list[Array] = []
        self._diverged_at = np.full(model.ensemble_shape, None, dtype=object)
        self._kept: dict[Any, list[Array]] = {}  # a diverged member's arrays

    @property
    def n_steps(self) -> int:
        return len(self._losses)

    @property
    def all_diverged(self) -> bool:
        return len(self._kept) == self._diverged_at.size

    def step(self, value: Array, logits: Array, targets: Array, statistics: list[Array]) -> None:
        """Record a step; `statistics` are the model's from before this step's forward pass."""
        self._losses.append(self._nan_where_diverged(value))
        if not np.isfinite(value).all():
            for member in map(tuple, np.argwhere(~np.isfinite(value))):
                if member not in self._kept:
                    self._diverged_at[member] = self.n_steps - 1
                    arrays = [*self._model.parameters, *statistics]
                    self._kept[member] = [array[member].copy() for array in arrays]
        if self._loss.hits is not None:
            self._accuracies.append(self._accuracy(logits, targets))

    def validate(self, inputs: Any, targets: Array) -> None:
        logits = self._model._forward(inputs, training=False).logits
        value = self._loss.cost(logits, targets).mean(axis=-1)
        self._validation_losses.append(self._nan_where_diverged(value))
        if self._loss.hits is not None:
            self._validation_accuracies.append(self._accuracy(logits, targets))

    def restore_diverged(self) -> None:
        for member, kept in self._kept.items():
            arrays = [*self._model.parameters, *self._model.statistics]
            for array, one in zip(arrays, kept, strict=True):
                array[member] = one

    def history(self) -> History:
        return History(
            loss=np.array(self._losses),
            accuracy=_array_or_none(self._accuracies),
            diverged_at=self._diverged_at.tolist(),
            validation_loss=_array_or_none(self._validation_losses),
            validation_accuracy=_array_or_none(self._validation_accuracies),
        )

    def _accuracy(self, logits: Array, targets: Array) -> Array:
        assert self._loss.hits is not None
        return self._nan_where_diverged(self._loss.hits(logits, targets).mean(axis=-1))

    def _nan_where_diverged(self, values: Array) -> Array:
        values = np.array(values, dtype=np.float64)
        for member in self._kept:
            values[member] = np.nan
        return values


def _array_or_none(values: list[Array]) -> Array | None:
    return np.array(values) if values else None
