r"""Training: repeat (forward, loss, backward, update), and remember what happened.

The loop of chapter 2::

    for step in range(epochs):
        loss, gradients = network.gradients(X, y)
        optimizer.update(network.parameters, gradients.parameters)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from . import checks, losses, optimizers
from .checks import Array
from .history import History, Recorder
from .network import MLP
from .span import SpanNetwork, reason_against
from .workspace import Workspace

__all__ = ["History", "accuracy", "fit", "predict"]


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
        parameters that gave ``History.loss[step]``. It must not change them.
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
    An interrupted training (Ctrl-C, an error in the callback) leaves the network with what it has
    learned so far: the parameters after its last complete step, unless the interruption falls into
    the middle of an update.

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
    checks.instance("network", network, MLP)
    loss = losses.get(loss)
    optimizer = _optimizer(optimizer, learning_rate)
    epochs = checks.integer("epochs", epochs, minimum=1)
    progress = checks.boolean("progress", progress)
    if callback is not None and not callable(callback):
        raise TypeError(f"callback must be callable(step, network) or None; got {callback!r}")
    span = None if span is None else checks.boolean("span", span)
    inputs, targets = _checked(network, loss, X, y)
    _refuse_one_class(loss, targets)
    if batch_size is not None:
        batch_size = checks.integer("batch_size", batch_size, minimum=1)
    if batch_size is not None or rng is not None:
        checks.generator(rng)
    validation = _validation(network, loss, validation_data)
    reason = reason_against(network, inputs, optimizer, batch_size)
    if span and reason:
        raise ValueError(f"span=True is not valid here: {reason}")

    optimizers.check(optimizer, network.parameters, network.parameters)

    n_samples = targets.shape[-2]
    model = network
    if span or (span is None and reason is None):
        model = SpanNetwork(network, inputs)
        inputs = model.project(inputs)
        validation = validation and (model.project(validation[0]), validation[1])
    work = Workspace(model, optimizer, loss, min(batch_size or n_samples, n_samples))
    recorder = Recorder(work.model, loss)
    with np.errstate(over="ignore", invalid="ignore"):
        try:
            for _ in _epochs(epochs, progress):
                for step_inputs, step_targets in _batches(inputs, targets, batch_size, rng):
                    statistics = work.model.statistics if network.normalizers else []
                    value, logits = work.step(step_inputs, step_targets)
                    recorder.step(value, logits, step_targets, statistics)
                    if recorder.all_diverged:
                        return recorder.history()
                    if callback is not None:
                        work.write_back()
                        callback(recorder.n_steps - 1, network)
                    work.update()
                if validation is not None:
                    recorder.validate(*validation)
        finally:
            recorder.restore_diverged()
            work.finish()
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
    TypeError
        If `network` is not an MLP, or X does not hold real numbers.

    Examples
    --------
    >>> network = MLP([2, 3, 1], rng=np.random.default_rng(0))
    >>> predict(network, [[0.0, 0.0]]).tolist()
    [0]
    """
    checks.instance("network", network, MLP)
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
    TypeError
        If `network` is not an MLP, or X or y does not hold real numbers.

    Examples
    --------
    >>> network = MLP([2, 3, 1], rng=np.random.default_rng(0))
    >>> accuracy(network, [[0.0, 0.0], [0.0, 0.0]], [0, 1])
    0.5
    """
    checks.instance("network", network, MLP)
    kind = "binary_cross_entropy" if network.sizes[-1] == 1 else "categorical_cross_entropy"
    loss = losses.get(kind)
    inputs, targets = _checked(network, loss, X, y)
    assert loss.hits is not None
    right = loss.hits(network.logits(inputs), targets).mean(axis=-1)
    return right if right.ndim else float(right)


def _optimizer(optimizer: str | optimizers.Optimizer, learning_rate: float) -> optimizers.Optimizer:
    if not isinstance(optimizer, optimizers.Optimizer):
        return optimizers.get(optimizer, learning_rate=learning_rate)
    if checks.real("learning_rate", learning_rate) not in (0.01, optimizer.learning_rate):
        raise ValueError(
            f"learning_rate={learning_rate:g} and an optimizer with its own, "
            f"{optimizer.learning_rate:g}: give one"
        )
    return optimizer


def _checked(
    network: MLP, loss: losses.Loss, X: ArrayLike, y: ArrayLike, names: tuple[str, str] = ("X", "y")
) -> tuple[Any, Array]:
    inputs = network.check_inputs(X, names[0])
    return inputs, network.encode(loss, inputs, y, names[1])


def _validation(network: MLP, loss: losses.Loss, data: Any) -> tuple[Any, Array] | None:
    if data is None:
        return None
    if not isinstance(data, tuple | list) or len(data) != 2:
        raise TypeError(f"validation_data must be a pair (X, y); got {data!r}")
    return _checked(network, loss, data[0], data[1], ("validation_data[0]", "validation_data[1]"))


def _refuse_one_class(loss: losses.Loss, targets: Array) -> None:
    if loss.hits is not None and (targets == targets[..., :1, :]).all(axis=(-2, -1)).any():
        raise ValueError("y holds one class only: there is nothing to learn to tell apart")


def _epochs(epochs: int, progress: bool) -> Iterator[int]:
    if not progress:
        return iter(range(epochs))
    from tqdm.auto import tqdm

    return iter(tqdm(range(epochs), desc="training", unit="epoch"))


def _batches(
    inputs: Any, targets: Array, batch_size: int | None, rng: Any
) -> Iterable[tuple[Any, Array]]:
    if batch_size is None:
        return [(inputs, targets)]
    return _shuffled(inputs, targets, batch_size, rng)


def _shuffled(
    inputs: Any, targets: Array, batch_size: int, rng: Any
) -> Iterator[tuple[Any, Array]]:
    n_samples = targets.shape[-2]
    order = rng.permutation(n_samples)
    for start in range(0, n_samples, batch_size):
        chosen = order[start : start + batch_size]
        yield inputs[..., chosen, :], targets[..., chosen, :]
