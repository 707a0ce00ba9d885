"""The products of a training step, each by the routine that is fast for its shape.

``out`` is an array to overwrite with the result, or None for a new one.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from .checks import Array


def product(a: Array, b: Array, out: Array | None) -> Array:
    """Return ``a @ b``, fast also over an inner axis of size 1, where `np.matmul` is not."""
    if a.shape[-1] > 1:
        return np.matmul(a, b, out=out)
    return np.dot(a, b, out) if a.ndim == 2 else np.einsum("...ik,...kj->...ij", a, b, out=out)


def sum_over_samples(delta: Array, out: Array | None) -> Array:
    """Return ``delta.sum(axis=-2)`` as a product with a row of ones, several times as fast."""
    return np.matmul(_ones(delta.shape[-2], delta.dtype), delta, out=out)


def into(out: Array | None, values: Array) -> Array:
    """Return `values`, copied into `out` unless that is None."""
    if out is None:
        return values
    out[...] = values
    return out


@functools.lru_cache(maxsize=16)
def _ones(n: int, dtype: Any) -> Array:
    ones = np.ones(n, dtype)
    ones.flags.writeable = False
    return ones
