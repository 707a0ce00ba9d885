"""Figures: one function a kind of figure, each returning a new matplotlib Figure.

Nothing global changes: no style is set, and no figure stays open. Colours are those of Okabe and
Ito, which colour-blind readers tell apart, and every series has a line style or a marker of its
own besides. Sizes are made for a phone's width.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from . import checks
from .network import MLP

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00")
LINES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (8, 2)))
MARKERS = ("o", "s", "^", "D", "v", "P")
FONT = 11  # points, on a figure 5.2 inches wide

Levels = Mapping[str, float]


def curves(
    series: Mapping[str, tuple[ArrayLike, ArrayLike]],
    *,
    x_label: str,
    y_label: str,
    x_scale: str = "linear",
    y_scale: str = "linear",
    levels: Levels | None = None,
    markers: bool = False,
) -> Figure:
    """Draw curves; where a curve has several members, their median and the range of all of them.

    Parameters
    ----------
    series : dict of label to (x, y)
        x of shape ``(n,)``; y of shape ``(n,)``, or ``(n, members)``. At most six series.
    x_label, y_label : str
        With the unit.
    x_scale, y_scale : {"linear", "log"}, default "linear"
    levels : dict of label to float, default None
        Horizontal reference lines.
    markers : bool, default False
        Whether to mark the points.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        If there is no series or more than six, x and y do not fit, or a scale is unknown.

    Examples
    --------
    >>> figure = curves({"loss": ([0, 1], [0.7, 0.5])}, x_label="step", y_label="loss (nats)")
    >>> figure.axes[0].get_xlabel()
    'step'
    """
    _count("series", series)
    checks.choice("x_scale", x_scale, ("linear", "log"))
    checks.choice("y_scale", y_scale, ("linear", "log"))
    data = {label: _curve(label, *xy) for label, xy in series.items()}
    figure, (axes,) = _figure()
    for i, (label, (x, y)) in enumerate(data.items()):
        middle = y if y.ndim == 1 else np.nanmedian(y, axis=1)
        style: dict[str, Any] = {"color": COLORS[i], "linestyle": LINES[i], "linewidth": 2}
        axes.plot(x, middle, label=label, marker=MARKERS[i] if markers else None, **style)
        if y.ndim == 2:
            low, high = np.nanmin(y, axis=1), np.nanmax(y, axis=1)
            axes.fill_between(x, low, high, color=COLORS[i], alpha=0.15, linewidth=0)
    axes.set(xscale=x_scale, yscale=y_scale)
    _levels(axes, levels)
    _finish(axes, x_label, y_label)
    return figure


def loss_curves(
    losses: Mapping[str, ArrayLike],
    *,
    x_label: str = "step",
    y_label: str = "training loss (nats)",
    y_scale: str = "linear",
    levels: Levels | None = None,
) -> Figure:
    """Draw losses step by step, such as several trainings' ``History.loss``.

    Parameters
    ----------
    losses : dict of label to ndarray, each (n_steps,) or (n_steps, members)
        With members: their median and the range of all of them.
    x_label, y_label, y_scale, levels
        As in :func:`curves`.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        As :func:`curves`.

    Examples
    --------
    >>> loss_curves({"SGD": [0.7, 0.5, 0.4]}).axes[0].get_ylabel()
    'training loss (nats)'
    """
    series = {label: (np.arange(len(np.asarray(y))), y) for label, y in losses.items()}
    return curves(series, x_label=x_label, y_label=y_label, y_scale=y_scale, levels=levels)


def final_losses(
    groups: Mapping[str, ArrayLike],
    *,
    x_label: str,
    y_label: str = "final training loss (nats)",
    levels: Levels | None = None,
) -> Figure:
    """Draw one dot for each training's final loss, group beside group.

    Parameters
    ----------
    groups : dict of label to ndarray, each (members,)
    x_label, y_label : str
    levels : dict of label to float, default None
        Horizontal reference lines.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        If there is no group, or a group is not one-dimensional.

    Examples
    --------
    >>> figure = final_losses({"2": [0.1, 0.3], "8": [0.0, 0.1]}, x_label="hidden units")
    >>> [label.get_text() for label in figure.axes[0].get_xticklabels()]
    ['2', '8']
    """
    _count("groups", groups, maximum=None)
    data = {label: np.asarray(values, float) for label, values in groups.items()}
    for label, values in data.items():
        if values.ndim != 1 or not values.size:
            raise ValueError(f"groups[{label!r}] must have one axis; got shape {values.shape}")
    figure, (axes,) = _figure()
    for i, values in enumerate(data.values()):
        # Spread the dots sideways in a fixed pattern: equal losses would hide one another.
        sideways = i + 0.3 * (2 * (np.arange(values.size) * 0.618034 % 1) - 1)
        color, marker = COLORS[i % len(COLORS)], MARKERS[i % len(MARKERS)]
        axes.plot(sideways, values, marker, color=color, markersize=4, alpha=0.5, mew=0)
    axes.set_xticks(range(len(data)), list(data))
    _levels(axes, levels)
    _finish(axes, x_label, y_label)
    return figure


def decision_boundaries(
    ensembles: Mapping[str, MLP],
    X: ArrayLike,
    y: ArrayLike,
    *,
    x_label: str,
    y_label: str,
    classes: Sequence[str] = ("class 0", "class 1"),
) -> Figure:
    """Draw, for two features, where each member of an ensemble changes its mind: logit zero.

    Parameters
    ----------
    ensembles : dict of title to MLP
        One panel each. Two features, one logit; a single network or an ensemble ``(E,)``.
    X : array_like, shape (n, 2)
    y : array_like of 0 and 1, shape (n,)
    x_label, y_label : str
        Names of the features, with the unit.
    classes : sequence of two str
        Names of class 0 and class 1.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        If there is no panel, X and y do not fit, or a network does not take two features to one
        logit.
    """
    _count("ensembles", ensembles)
    X, y = checks.array("X", X, minimum_axes=2), checks.array("y", y)
    if X.shape[1:] != (2,) or y.shape != X.shape[:1]:
        raise ValueError(f"X must be (n, 2) and y (n,); got {X.shape} and {y.shape}")
    for title, network in ensembles.items():
        if (network.sizes[0], network.sizes[-1]) != (2, 1):
            raise ValueError(f"{title} must take 2 features to 1 logit; it has {network.sizes}")
    figure, panels = _figure(len(ensembles))
    low, high = X.min(axis=0) - 0.3, X.max(axis=0) + 0.3
    grid = np.meshgrid(np.linspace(low[0], high[0], 150), np.linspace(low[1], high[1], 150))
    points = np.stack([g.ravel() for g in grid], axis=1)
    for axes, (title, network) in zip(panels, ensembles.items(), strict=True):
        for k, name in enumerate(classes):
            u, v = X[y == k].T
            dots: dict[str, Any] = {"alpha": 0.35, "mew": 0, "markersize": 4, "color": COLORS[k]}
            axes.plot(u, v, MARKERS[k], label=name, **dots)
        for z in network.logits(points).reshape(-1, *grid[0].shape):
            if z.min() < 0 < z.max():
                axes.contour(*grid, z, levels=[0.0], colors="black", linewidths=0.9)
        axes.set_title(title, fontsize=FONT)
        _finish(axes, x_label if axes is panels[-1] else "", y_label, legend=axes is panels[0])
    return figure


def _count(name: str, given: Mapping[str, Any], maximum: int | None = len(COLORS)) -> None:
    if not given or (maximum and len(given) > maximum):
        limit = f" to {maximum}" if maximum else " or more"
        raise ValueError(f"{name} must hold 1{limit} entries; got {len(given)}")


def _curve(label: str, x: ArrayLike, y: ArrayLike) -> tuple[checks.Array, checks.Array]:
    x, y = np.asarray(x, float), np.asarray(y, float)
    if x.ndim != 1 or y.ndim not in (1, 2) or len(x) != len(y) or not x.size:
        raise ValueError(
            f"series[{label!r}] must be x (n,) and y (n,) or (n, members); "
            f"got {x.shape} and {y.shape}"
        )
    return x, y


def _figure(n_panels: int = 1) -> tuple[Figure, list[Axes]]:
    """Return a figure that pyplot does not keep, so that a notebook shows it once."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(
        n_panels,
        1,
        figsize=(5.2, 3.6 + 3.2 * (n_panels - 1)),
        dpi=150,
        squeeze=False,
        sharex=True,
        layout="constrained",
        facecolor="white",
    )
    plt.close(figure)
    return figure, list(axes[:, 0])


def _levels(axes: Axes, levels: Levels | None) -> None:
    axes.margins(y=0.08)  # room for a label above the highest line
    for label, value in (levels or {}).items():
        axes.axhline(value, color="0.35", linewidth=1, linestyle=(0, (1, 2)), zorder=0)
        axes.annotate(
            label,
            (0.99, value),
            (0, 3),
            xycoords=axes.get_yaxis_transform(),
            textcoords="offset points",
            ha="right",
            fontsize=FONT - 1,
        )


def _finish(axes: Axes, x_label: str, y_label: str, legend: bool = True) -> None:
    axes.set_xlabel(x_label, fontsize=FONT)
    axes.set_ylabel(y_label, fontsize=FONT)
    axes.tick_params(labelsize=FONT - 1)
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    if legend and axes.get_legend_handles_labels()[1]:
        axes.legend(fontsize=FONT - 1, framealpha=0.85)
