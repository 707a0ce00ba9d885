"""Checks at the door of the public functions: bad input is named before any work is done."""

from __future__ import annotations

import inspect
import math
import numbers
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[Any]


def generator(rng: object) -> np.random.Generator:
    """Return `rng` if it is a `numpy.random.Generator`; a seed or None is a TypeError."""
    if not isinstance(rng, np.random.Generator):
        raise TypeError(
            "rng must be a numpy.random.Generator, for example np.random.default_rng(0); "
            f"got {rng!r}"
        )
    return rng


def instance(name: str, value: object, kind: type) -> None:
    """Refuse a `value` that is not of that class."""
    if not isinstance(value, kind):
        raise TypeError(f"{name} must be of class {kind.__name__}; got {value!r}")


def choice(name: str, value: object, valid: Iterable[str]) -> str:
    """Return `value` if it is one of the `valid` strings; the error lists them."""
    valid = list(valid)
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a string, one of {', '.join(valid)}; got {value!r}")
    if value not in valid:
        raise ValueError(f"{name} must be one of {', '.join(valid)}; got {value!r}")
    return value


def boolean(name: str, value: object) -> bool:
    """Return `value` as a bool; 0, 1, None and strings are not booleans here."""
    if not isinstance(value, bool | np.bool_):
        raise TypeError(f"{name} must be True or False; got {value!r}")
    return bool(value)


def integer(name: str, value: object, *, minimum: float = -np.inf) -> int:
    """Return `value` as an int of at least `minimum`; True and 2.0 are not integers here."""
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise TypeError(f"{name} must be an integer; got {value!r}")
    if value < minimum:
        raise ValueError(f"{name} must be at least {minimum}; got {value}")
    return int(value)


def real(
    name: str,
    value: object,
    *,
    minimum: float = -np.inf,
    maximum: float = np.inf,
    exclusive: bool = False,
) -> float:
    """Return `value` as a finite float in [minimum, maximum], or in the open interval."""
    if isinstance(value, bool | np.bool_) or not isinstance(value, numbers.Real):
        raise TypeError(f"{name} must be a real number; got {value!r}")
    try:
        number = float(value)
    except OverflowError:  # an integer beyond float64
        number = np.inf
    inside = minimum < number < maximum if exclusive else minimum <= number <= maximum
    if not (np.isfinite(number) and inside):
        brackets = "()" if exclusive else "[]"
        raise ValueError(
            f"{name} must be finite and in {brackets[0]}{minimum:g}, {maximum:g}{brackets[1]}; "
            f"got {number:g}"
        )
    return number


def shape(value: object, *, minimum_axes: int = 1) -> tuple[int, ...]:
    """Return `value` as a tuple of positive ints with at least `minimum_axes` entries."""
    if not isinstance(value, tuple | list):
        raise TypeError(f"shape must be a tuple of positive integers; got {value!r}")
    sizes = tuple(integer("every entry of shape", size, minimum=1) for size in value)
    if len(sizes) < minimum_axes:
        raise ValueError(f"shape must have at least {minimum_axes} axes; got {sizes}")
    if math.prod(sizes) * 8 > np.iinfo(np.intp).max:
        raise ValueError(f"shape asks for more numbers than an array can hold; got {sizes}")
    return sizes


def layer_sizes(sizes: object) -> tuple[int, ...]:
    """Return a network's `sizes`, at least two positive integers, as a tuple."""
    if isinstance(sizes, np.ndarray):
        sizes = sizes.tolist()
    if isinstance(sizes, str) or not isinstance(sizes, Sequence):
        raise TypeError(f"sizes must be a list of positive integers; got {sizes!r}")
    if len(sizes) < 2:
        raise ValueError(f"sizes needs at least an input and an output size; got {list(sizes)}")
    return tuple(integer("every entry of sizes", size, minimum=1) for size in sizes)


def float_dtype(dtype: object) -> np.dtype[Any]:
    """Return `dtype` as float32 or float64; anything else is an error."""
    try:
        if dtype is None:  # which NumPy reads as float64
            raise TypeError
        result: np.dtype[Any] = np.dtype(dtype)  # type: ignore[call-overload]
    except (TypeError, ValueError):
        raise TypeError(f"dtype must be float32 or float64; got {dtype!r}") from None
    if result not in (np.dtype(np.float32), np.dtype(np.float64)):
        raise ValueError(f"dtype must be float32 or float64; got {result}")
    return result


def largest(dtype: Any) -> float:
    """Return a magnitude whose sums and products with random draws stay finite in `dtype`."""
    return float(np.finfo(dtype).max) / 100


def array(name: str, value: ArrayLike, *, dtype: Any = None, minimum_axes: int = 0) -> Array:
    """Return `value` as a finite float array (`dtype`, or its own float type, else float64)."""
    try:
        raw = np.asarray(value)
    except ValueError:
        raise ValueError(f"{name} must be a rectangular array; got rows of unequal size") from None
    if raw.dtype.kind not in "biuf":
        raise TypeError(f"{name} must hold real numbers; got dtype {raw.dtype}")
    if dtype is None:
        dtype = raw.dtype if raw.dtype in (np.float32, np.float64) else np.float64
    if raw.ndim < minimum_axes:
        raise ValueError(f"{name} must have at least {minimum_axes} axes; got shape {raw.shape}")
    if raw.size == 0:
        raise ValueError(f"{name} is empty: shape {raw.shape}")
    # A sum is finite only if every term is (an overflowing sum is looked at again, term by term).
    with np.errstate(over="ignore", invalid="ignore"):
        result = raw.astype(dtype, copy=False)
        suspicious = not np.isfinite(result.sum())
    if suspicious and not np.isfinite(result).all():
        where = tuple(np.argwhere(~np.isfinite(result))[0].tolist())
        raise ValueError(
            f"{name} must be finite in {result.dtype}; got {raw[where]} at index {where}"
        )
    return result


def floats(name: str, value: ArrayLike) -> Array:
    """Return `value` as a float array; what is one already is not looked at (for inner loops)."""
    if isinstance(value, np.ndarray) and value.dtype.kind == "f":
        return value
    return array(name, value)


def parameters(name: object, function: Callable[..., Any], given: Iterable[str]) -> None:
    """Refuse keyword parameters that `function`, known to the user as `name`, does not have."""
    signature = inspect.signature(function).parameters
    accepted = [p for p in signature if p not in ("shape", "rng")]
    unknown = sorted(set(given) - set(accepted))
    if unknown:
        raise TypeError(
            f"{name} has no parameter {', '.join(unknown)}; "
            f"it accepts {', '.join(accepted) or 'none'}"
        )
