r"""Signal through depth: what weights of one scale make of activations and gradients.

A network of equal layers, 100 units wide, gets 20 inputs of independent N(0, 1) features, and a
gradient of the same kind at its last layer. Weights are normal with standard deviation
:math:`\sigma_w / \sqrt{\mathrm{fan\_in}}`, biases 0. Everything is computed in float32, so that it
ends where float32 ends. The theory drawn over it is that of :mod:`course_code.moments`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from .. import activations as functions
from .. import checks
from ..activations import Activation
from ..checks import Array
from ..gaussian import gaussian_mean
from .controls import choice, slider
from .mechanism import Explorer, Picture, Prediction, explore

WIDTH, N_INPUTS, N_DRAWS = 100, 20, 5
SCALES = (0.1, 0.3, 0.5, 0.8, 1.0, 1.2, 2**0.5, 2.0, 4.0, 10.0)
DEPTHS = (10, 30, 50)
ACTIVATIONS = ("tanh", "relu", "sigmoid")
SHOWN = 5  # layers with histograms


@dataclass(frozen=True)
class Signals:
    """What :func:`measure` returns for one scale.

    Attributes
    ----------
    forward, backward : ndarray, shape (n_draws, depth)
        Root mean square of the pre-activations, and of the gradient at them, in each layer.
        Not finite where a value of the layer is not finite.
    forward_theory, backward_theory : ndarray, shape (depth,)
        For infinite width.
    activations, gradients : dict of int to ndarray
        The values of the first draw, in five layers counted from 1.
    """

    forward: Array
    backward: Array
    forward_theory: Array
    backward_theory: Array
    activations: dict[int, Array]
    gradients: dict[int, Array]

    def last_alive(self) -> tuple[int, int]:
        """Return how far forward and how far back the first draw's signal survives in float32.

        That is the last layer, counted from 1, that the pre-activations reach with values which
        are finite and not all 0 (0 if none), and the first that the gradient reaches (depth + 1
        if none).
        """
        depth = self.forward.shape[1]
        alive = [np.isfinite(rms[0]) & (rms[0] > 0) for rms in (self.forward, self.backward)]
        dead_forward = np.flatnonzero(~alive[0])
        dead_backward = np.flatnonzero(~alive[1])
        return (
            int(dead_forward[0]) if dead_forward.size else depth,
            int(dead_backward[-1]) + 2 if dead_backward.size else 1,
        )


def measure(
    activation: str | Activation, scales: Sequence[float], depth: int
) -> dict[float, Signals]:
    r"""Send signals forward and gradients back, for each scale of the same random weights.

    .. math:: Z_l = A_{l-1} W_l, \qquad A_l = f(Z_l), \qquad
              \Delta_{l-1} = (\Delta_l W_l^\top) \odot f'(Z_{l-1}), \qquad
              W_l \sim N(0, \sigma_w^2 / \mathrm{fan\_in})

    Parameters
    ----------
    activation : str or Activation
    scales : sequence of float
        :math:`\sigma_w`, each in [0.001, 1000].
    depth : int
        The number of layers, 2 to 200.

    Returns
    -------
    dict of float to Signals

    Raises
    ------
    TypeError, ValueError
        For an unknown activation, or a scale or depth out of range.

    Examples
    --------
    >>> signals = measure("relu", [1.0], depth=20)[1.0]
    >>> f"{signals.forward_theory[-1]:.5f}", bool(signals.forward[0, -1] < 0.01)
    ('0.00138', True)
    """
    f = functions.get(activation)
    scales = [checks.real("weight scale", s, minimum=1e-3, maximum=1e3) for s in scales]
    depth = checks.integer("depth", depth, minimum=2)
    checks.real("depth", depth, maximum=200)
    W, X, delta = _draws(depth)
    # All scales share the batch axis.
    sigma = np.repeat(np.array(scales, np.float32), N_INPUTS)[:, None]
    Z, a = [], np.tile(X, (1, len(scales), 1))
    with np.errstate(all="ignore"):
        for l in range(depth):
            Z.append(sigma * (a @ W[l]))
            a = f.f(Z[-1])
        # Where the output is not finite, the loss and its gradient are not either.
        deltas = [np.where(np.isfinite(a), np.tile(delta, (1, len(scales), 1)), np.float32("nan"))]
        for l in reversed(range(1, depth)):
            back = sigma * (deltas[0] @ W[l].swapaxes(-1, -2))
            deltas.insert(0, back * f.df(Z[l - 1]))
        forward, backward = _root_mean_squares(Z, scales), _root_mean_squares(deltas, scales)
        theory = _theory(f, np.array(scales), depth)
        shown = np.unique(np.rint(np.linspace(1, depth, SHOWN)).astype(int)).tolist()
        return {
            scale: Signals(
                forward[i],
                backward[i],
                theory[0][i],
                theory[1][i],
                {l: f.f(Z[l - 1][0, N_INPUTS * i : N_INPUTS * (i + 1)]) for l in shown},
                {l: deltas[l - 1][0, N_INPUTS * i : N_INPUTS * (i + 1)] for l in shown},
            )
            for i, scale in enumerate(scales)
        }


def _draws(depth: int) -> tuple[list[Array], Array, Array]:
    """Return weights of deviation 1 / sqrt(fan_in), inputs and gradients, one row a draw."""
    rngs = [np.random.default_rng(draw) for draw in range(N_DRAWS)]

    def normal(*shape: int) -> Array:
        return np.stack([rng.standard_normal(shape, dtype=np.float32) for rng in rngs])

    X, delta = normal(N_INPUTS, WIDTH), normal(N_INPUTS, WIDTH)
    return [normal(WIDTH, WIDTH) / np.float32(WIDTH**0.5) for _ in range(depth)], X, delta


def _root_mean_squares(values: list[Array], scales: list[float]) -> Array:
    """Return the root mean square of every layer: shape (scales, draws, depth)."""
    rows = [v.reshape(N_DRAWS, len(scales), -1).astype(np.float64) for v in values]
    return np.stack([np.sqrt((v**2).mean(axis=-1)) for v in rows]).transpose(2, 1, 0)


def _theory(f: Activation, scales: Array, depth: int) -> tuple[Array, Array]:
    """Return the predicted root mean squares, forward and backward: each (scales, depth)."""
    q = [scales**2]
    for _ in range(depth - 1):
        q.append(scales**2 * _mean_square(f.f, q[-1]))
    d = [np.ones(len(scales))]
    for l in reversed(range(depth - 1)):
        d.insert(0, scales**2 * _mean_square(f.df, q[l]) * d[0])
    return np.sqrt(np.transpose(q)), np.sqrt(np.transpose(d))


def _mean_square(g: Callable[[Array], Array], q: Array) -> Array:
    """Return E[g(sqrt(q) Z)^2] for several q in one integral."""
    root = np.sqrt(q)[:, None]
    return np.asarray(gaussian_mean(lambda z: g(root * z) ** 2))


def signal_through_depth(
    activations: Sequence[str] = ("tanh", "relu"),
    *,
    scales: Sequence[float] = SCALES,
    start: float = 1.0,
    depth: int = 30,
    prediction: Prediction | None = None,
) -> Explorer:
    r"""Return the explorer: activation, depth and scale of the weights.

    Parameters
    ----------
    activations : sequence of {"tanh", "relu", "sigmoid"}
        With one there is no control for it.
    scales : sequence of float
        :math:`\sigma_w`, increasing.
    start : float, default 1
        The scale shown first, one of them.
    depth : {10, 30, 50}, default 30
        The number of layers shown first.
    prediction : Prediction, default None
        A question to answer before the explorer shows.

    Returns
    -------
    Explorer

    Raises
    ------
    TypeError, ValueError
        For an unknown activation, or scales that do not increase from 0.001 to 1000.
    """
    from .signals_picture import draw

    for name in choice("activation", activations).values:
        checks.choice("activation", name, ACTIVATIONS)
    scale = slider("weight scale", scales, format="{:.3g}", start=start, minimum=1e-3, maximum=1e3)
    measured = {
        (name, depth, s): one
        for name in activations
        for depth in DEPTHS
        for s, one in measure(name, scale.values, depth).items()
    }

    def render(depth: int, weight_scale: float, activation: str = activations[0]) -> Picture:
        key = activation, depth, weight_scale
        one = measured[key] if key in measured else measure(*key[:1], key[2:], depth)[weight_scale]
        return draw(one, activation, weight_scale)

    controls = [choice("activation", activations)] if len(activations) > 1 else []
    controls += [slider("depth", DEPTHS, start=depth, minimum=2, maximum=200), scale]
    return explore(render, controls, title="Signal through depth", prediction=prediction)
