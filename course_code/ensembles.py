"""Ensembles: equal networks along a leading axis, trained by the same code in one call."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from . import checks
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
    TypeError
        If one of them is not an MLP.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> ensemble = stack([MLP([2, 3, 1], rng=rng) for _ in range(5)])
    >>> ensemble.logits(np.ones((7, 2))).shape
    (5, 7, 1)
    """
    if not isinstance(networks, Sequence) or not all(isinstance(n, MLP) for n in networks):
        raise TypeError(f"networks must be a list of MLPs; got {networks!r}")
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
        Along the first leading axis; negative ones count from the end.

    Returns
    -------
    MLP

    Raises
    ------
    IndexError
        If there is no such member, or the network is a single one.
    TypeError
        If `ensemble` is not an MLP or `index` not an integer.
    """
    checks.instance("ensemble", ensemble, MLP)
    index = checks.integer("index", index)
    if not ensemble.ensemble_shape:
        raise IndexError("ensemble is a single network: it has no members")
    n_members = ensemble.ensemble_shape[0]
    if not -n_members <= index < n_members:
        raise IndexError(f"index must be from {-n_members} to {n_members - 1}; got {index}")
    return ensemble.with_arrays(
        [parameter[index].copy() for parameter in ensemble.parameters],
        [statistic[index].copy() for statistic in ensemble.statistics],
    )
