"""Ensembles: equal networks along a leading axis, trained by the same code in one call."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .network import MLP


def stack(networks: Sequence[MLP]) -> MLP:
    """Return an ensemble: the parameters of equal networks along a new leading axis.

    Parameters
    ----------
    networks : sequence of MLP
        At least one, all of the same class, sizes, activation, normalization and dtype.

    Returns
    -------
    MLP
        With weights ``(len(networks), fan_in, fan_out)``, copied.

    Raises
    ------
    ValueError
        If there is none, or they differ in more than the values of their parameters.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> ensemble = stack([MLP([2, 3, 1], rng=rng) for _ in range(5)])
    >>> ensemble.logits(np.ones((7, 2))).shape
    (5, 7, 1)
    """
    networks = list(networks)
    if not networks:
        raise ValueError("networks is empty: an ensemble needs at least one network")
    first = networks[0]
    for other in networks[1:]:
        if other.kind() != first.kind():
            raise ValueError(
                "networks must be alike but for the values of their parameters; "
                f"got {first.kind()} and {other.kind()}"
            )
    return first.with_arrays(
        [np.stack(arrays) for arrays in zip(*(n.parameters for n in networks), strict=True)],
        [np.stack(arrays) for arrays in zip(*(n.statistics for n in networks), strict=True)],
    )


def member(ensemble: MLP, index: int) -> MLP:
    """Return one network of an ensemble, its parameters copied.

    Parameters
    ----------
    ensemble : MLP
    index : int
        Along the first leading axis.

    Returns
    -------
    MLP

    Raises
    ------
    IndexError
        If there is no such member, or the network is a single one.
    """
    if not ensemble.ensemble_shape:
        raise IndexError("a single network has no members")
    return ensemble.with_arrays(
        [parameter[index].copy() for parameter in ensemble.parameters],
        [statistic[index].copy() for statistic in ensemble.statistics],
    )
