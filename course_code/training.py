r"""Training: repeat (forward, loss, backward, update), and remember what happened.

The loop of chapter 2::

    for step in range(epochs):
        loss, gradients = network.gradients(X, y)
        optimizer.update(network.parameters, gradients.parameters)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from . import checks, losses, optimizers
from .checks import Array
from .network import MLP
from .span import SpanNetwork, reason_against


@dataclass
class History:
    """What :func:`fit` recorded. For an ensemble of shape (E,), each row holds E numbers.

    Attributes
    ----------
    loss : ndarray, shape (n_steps, ...)
        ``loss[i]`` is the loss of step i's batch before that step's update. With full batches a
        step is an epoch.
    accuracy : ndarray, shape (n_steps, ...), or None
        The fraction of that batch classified correctly, before the update; None where the loss is
        not one of classification.
    diverged_at : int or None, or a list of them for an ensemble
        The step at which the loss stopped being finite. A single network's training stops there;
        a member's later losses are NaN, and it keeps the parameters it had at that step.
    validation_loss, validation_accuracy : ndarray, shape (n_epochs, ...), or None
        On the validation data, after each epoch.
    """

    loss: Array
    accuracy: Array | None
    diverged_at: Any
    validation_loss: Array | None = None
    validation_accuracy: Array | None = None


def fit(
    network: MLP,
    X: ArrayLike,
    y: ArrayLike,
    *,
    loss: str | losses.Loss = "binary_cross_entropy",
    optimizer: str | optimizers.Optimizer = "sgd",
    learning_rate: float = 0.01,
    epochs: int,
    batch_size: int | None = None,
    rng: np.random.Generator | None = None,
    validation_data: tuple[ArrayLike, ArrayLike] | None = None,
    progress: bool = False,
    callback: Callable[[int, MLP], object] | None = None,
    span: bool | None = None,
) -> History:
    r"""Train a network in place: :math:`\theta \leftarrow \theta - \eta \nabla L`, step by step.

    Parameters
    ----------
    network : MLP
        Its parameters are changed. An ensemble trains all its members at once.
    X : array_like, shape (n, n_features), or (..., n, n_features) for an ensemble
    y : array_like
        Targets as :func:`course_code.losses.get` says.
    loss : str or Loss, default "binary_cross_entropy"
    optimizer : str, SGD, RMSProp or Adam, default "sgd"
        A name, or an optimizer of this training's own.
    learning_rate : float, default 0.01
        Of an optimizer given by name; one given as an object has its own.
    epochs : int
        How often the data are gone through; with full batches the number of steps.
    batch_size : int, default None
        Samples a step; None means all of them. The last batch of an epoch may be smaller.
    rng : numpy.random.Generator, default None
        Shuffles the samples before each epoch: needed with a `batch_size`, not used without. All
        members of an ensemble see the same batches.
    validation_data : (X, y), default None
        Evaluated after each epoch.
    progress : bool, default False
        Show a progress bar.
    callback : callable, default None
        ``callback(step, network)`` is called before each update, when the network has the
        parameters that gave ``History.loss[step]``.
    span : bool, default None
        Whether to train the first layer in the span of the samples, which gives the same losses
        faster (:mod:`course_code.span`). None: wherever it is valid. True: or refuse with the
        reason.

    Returns
    -------
    History

    Raises
    ------
    TypeError, ValueError
        Before any work is done: for a wrong shape (with both shapes), numbers that are not finite,
        empty data, labels outside the loss's domain or all of one class, an unknown name, a
        missing rng.

    Notes
    -----
    An interrupted training (Ctrl-C) leaves the network as it was after its last complete step.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X, y = rng.standard_normal((50, 2)), np.arange(50) % 2
    >>> X[y == 1] += 2.0
    >>> network = MLP([2, 4, 1], rng=rng)
    >>> history = fit(network, X, y, learning_rate=0.5, epochs=200)
    >>> history.loss.shape, bool(history.loss[-1] < history.loss[0])
    ((200,), True)
    """
    loss = losses.get(loss)
    optimizer = _optimizer(optimizer, learning_rate)
    epochs = checks.integer("epochs", epochs, minimum=1)
    inputs, targets = _checked(network, loss, "X", X, "y", y)
    _refuse_one_class(loss, targets)
    n_samples = inputs.shape[-2]
    if batch_size is not None:
        batch_size = min(checks.integer("batch_size", batch_size, minimum=1), n_samples)
        checks.generator(rng)
    validation = None
    if validation_data is not None:
        X_val, y_val = validation_data
        validation = _checked(network, loss, "validation X", X_val, "validation y", y_val)
    reason = reason_against(network, inputs, optimizer, batch_size)
    if span and reason:
        raise ValueError(f"span=True is not valid here: {reason}")

    model = network
    if span or (span is None and reason is None):
        model = SpanNetwork(network, inputs)
        inputs = model.project(inputs)
        validation = validation and (model.project(validation[0]), validation[1])
    recorder = _Recorder(model, loss)
    try:
        with np.errstate(over="ignore", invalid="ignore"):
            for _ in _epochs(epochs, progress):
                for batch in _batches(inputs, targets, n_samples, batch_size, rng):
                    value, logits, gradients = model._gradients(*batch, loss)
                    all_diverged = recorder.step(value, logits, batch[1])
                    if all_diverged:
                        return recorder.history()
                    if callback is not None:
                        model.write_back()
                        callback(recorder.n_steps - 1, network)
                    optimizer.update(model.parameters, gradients.parameters)
                if validation is not None:
                    recorder.validate(*validation)
    finally:
        recorder.restore_diverged()
        model.write_back()
    return recorder.history()


def predict(network: MLP, X: ArrayLike) -> Array:
    """Return the class that the network gives each sample.

    With one logit, class 1 where it is positive, else 0; with several, the largest one's index.

    Parameters
    ----------
    network : MLP
    X : array_like, shape (..., n, n_features)

    Returns
    -------
    ndarray of int, shape (..., n)

    Raises
    ------
    ValueError
        If X is empty, not finite or not of the network's number of features.

    Examples
    --------
    >>> network = MLP([2, 3, 1], rng=np.random.default_rng(0))
    >>> predict(network, [[0.0, 0.0]]).tolist()
    [0]
    """
    logits = network.logits(X)
    return (logits[..., 0] > 0).astype(int) if logits.shape[-1] == 1 else logits.argmax(axis=-1)


def accuracy(network: MLP, X: ArrayLike, y: ArrayLike) -> Any:
    """Return the fraction of samples whose predicted class is `y`.

    Parameters
    ----------
    network : MLP
    X : array_like, shape (..., n, n_features)
    y : array_like of whole numbers, shape (n,)
        Classes: 0 and 1 for a network with one output, else 0 to n_outputs - 1.

    Returns
    -------
    float in [0, 1], or ndarray of the ensemble's shape

    Raises
    ------
    ValueError
        If a shape does not fit, or a label is not a class of this network.

    Examples
    --------
    >>> network = MLP([2, 3, 1], rng=np.random.default_rng(0))
    >>> accuracy(network, [[0.0, 0.0], [0.0, 0.0]], [0, 1])
    0.5
    """
    kind = "binary_cross_entropy" if network.sizes[-1] == 1 else "categorical_cross_entropy"
    loss = losses.get(kind)
    inputs, targets = _checked(network, loss, "X", X, "y", y)
    assert loss.hits is not None
    right = loss.hits(network.logits(inputs), targets).mean(axis=-1)
    return right if right.ndim else float(right)


class _Recorder:
    """Collects the history while a training runs."""

    def __init__(self, model: MLP, loss: losses.Loss) -> None:
        self._model, self._loss = model, loss
        self._values: list[Array] = []
        self._accuracies: list[Array] = []
        self._validation: list[tuple[Array, Array | None]] = []
        self._diverged_at = np.full(model.ensemble_shape, None, dtype=object)
        self._kept: dict[Any, list[Array]] = {}

    @property
    def n_steps(self) -> int:
        return len(self._values)

    def step(self, value: Array, logits: Array, targets: Array) -> bool:
        """Record a step's loss; return whether every member has diverged by now."""
        self._values.append(value)
        if self._loss.hits is not None:
            self._accuracies.append(self._loss.hits(logits, targets).mean(axis=-1))
        if np.isfinite(value).all():
            return False
        for member in map(tuple, np.argwhere(~np.isfinite(value))):
            if member not in self._kept:
                self._kept[member] = [p[member].copy() for p in self._model.parameters]
                self._diverged_at[member] = self.n_steps - 1
        return len(self._kept) == self._diverged_at.size

    def validate(self, inputs: Any, targets: Array) -> None:
        logits = self._model._forward(inputs, training=False).logits
        hits = self._loss.hits
        self._validation.append(
            (
                self._loss.cost(logits, targets).mean(axis=-1),
                None if hits is None else hits(logits, targets).mean(axis=-1),
            )
        )

    def restore_diverged(self) -> None:
        for member, parameters in self._kept.items():
            for parameter, kept in zip(self._model.parameters, parameters, strict=True):
                parameter[member] = kept

    def history(self) -> History:
        values = np.array(self._values, dtype=np.float64)
        for member in self._kept:
            values[(slice(self._diverged_at[member] + 1, None), *member)] = np.nan
        classified = self._loss.hits is not None
        losses_, accuracies = zip(*self._validation, strict=True) if self._validation else ((), ())
        return History(
            loss=values,
            accuracy=np.array(self._accuracies) if classified else None,
            diverged_at=self._diverged_at.tolist(),
            validation_loss=np.array(losses_, dtype=np.float64) if losses_ else None,
            validation_accuracy=np.array(accuracies) if losses_ and classified else None,
        )


def _optimizer(optimizer: str | optimizers.Optimizer, learning_rate: float) -> optimizers.Optimizer:
    if isinstance(optimizer, optimizers.Optimizer):
        if learning_rate not in (0.01, optimizer.learning_rate):
            raise ValueError(
                f"learning_rate={learning_rate:g} and an optimizer with its own, "
                f"{optimizer.learning_rate:g}: give one"
            )
        return optimizer
    return optimizers.get(optimizer, learning_rate=learning_rate)


def _checked(
    network: MLP, loss: losses.Loss, X_name: str, X: ArrayLike, y_name: str, y: ArrayLike
) -> tuple[Any, Array]:
    inputs = network.check_inputs(X, X_name)
    return inputs, network.encode(loss, inputs, y, y_name)


def _refuse_one_class(loss: losses.Loss, targets: Array) -> None:
    if loss.hits is not None and (targets == targets[..., :1, :]).all():
        raise ValueError("y holds one class only: there is nothing to learn to tell apart")


def _epochs(epochs: int, progress: bool) -> Iterator[int]:
    if not progress:
        return iter(range(epochs))
    from tqdm.auto import tqdm

    return iter(tqdm(range(epochs), desc="training", unit="epoch"))


def _batches(
    inputs: Any, targets: Array, n_samples: int, batch_size: int | None, rng: Any
) -> Iterator[tuple[Any, Array]]:
    if batch_size is None:
        yield inputs, targets
        return
    order = rng.permutation(n_samples)
    for start in range(0, n_samples, batch_size):
        chosen = order[start : start + batch_size]
        yield inputs[..., chosen, :], targets[..., chosen, :]
