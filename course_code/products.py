"""The products of a training step, each by the routine that is fast for its shape.

``out`` is an array to overwrite with the result, or None for a new one.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from .checks import Array


def product(a: Array, b: Array, out: Array | None) -> Array:
    """Return ``a @ b``.

    An array's own `dot` takes less time to start than `np.matmul`, which a small product notices.
    `np.matmul` is slow for a stack of products over an inner axis of size 1, and for a stack of
    transposed factors it is faster to turn these over first.
    """
    if a.ndim == b.ndim == 2:
        return a.dot(b, out)
    if a.shape[-1] > 1:
        return np.matmul(a, np.ascontiguousarray(b), out=out)
    return np.einsum("...ik,...kj->...ij", a, b, out=out)


def sum_over_samples(delta: Array, out: Array | None) -> Array:
    """Return ``delta.sum(axis=-2)`` as a product with a row of ones, several times as fast."""
    ones = _ones(delta.shape[-2], delta.dtype)
    return ones.dot(delta, out) if delta.ndim == 2 else np.matmul(ones, delta, out=out)


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
