"""Messages between the grader and the worker: a JSON header and raw array bytes, nothing else.

A frame is two lengths (8 bytes each), the header, and the bytes of all its arrays. The grader reads
frames that a hostile process may have written: every length, shape, type and depth is checked, and
nothing is ever unpickled or evaluated.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Callable
from typing import Any

import numpy as np

from course_code.exercises import MAX_BYTES, MAX_DEPTH, MAX_ITEMS, Seed

LENGTHS = struct.Struct("<QQ")
MAX_HEADER = 32 * 2**20  # a million characters may be written as twelve million
DTYPES = frozenset(
    np.dtype(name).str
    for name in ("?", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8")
)


class Malformed(Exception):
    """The other side sent something that is no message."""


def encode(message: dict[str, Any]) -> bytes:
    """Return a message as one frame; its values are plain data (`course_code.exercises.plain`)."""
    arrays: list[bytes] = []
    header = json.dumps({key: _pack(value, arrays) for key, value in message.items()}).encode()
    body = b"".join(arrays)
    return LENGTHS.pack(len(header), len(body)) + header + body


def _pack(value: Any, arrays: list[bytes]) -> Any:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Seed):
        return {"seed": value.value}
    if isinstance(value, np.ndarray | np.generic):
        value = np.asarray(value)
        arrays.append(value.tobytes())
        return {"array": [value.dtype.str, list(value.shape)]}
    if isinstance(value, list | tuple):
        return {type(value).__name__: [_pack(part, arrays) for part in value]}
    if isinstance(value, dict):
        return {"dict": {key: _pack(part, arrays) for key, part in value.items()}}
    raise TypeError(f"cannot send a {type(value).__name__}")


def receive(read: Callable[[int], bytes]) -> dict[str, Any]:
    """Read one message; `read(n)` returns exactly n bytes or raises.

    Raises
    ------
    Malformed
        If what arrives is too large or not a message.
    """
    n_header, n_body = LENGTHS.unpack(read(LENGTHS.size))
    if n_header > MAX_HEADER or n_body > 2 * MAX_BYTES:
        raise Malformed(f"a message of {n_header + n_body} bytes")
    header, body = read(n_header), read(n_body)
    try:
        fields = json.loads(header)
        if not isinstance(fields, dict):
            raise Malformed("the header is no object")
        unpacker = _Unpacker(body)
        message = {key: unpacker.unpack(value, 0) for key, value in fields.items()}
    except (ValueError, RecursionError, MemoryError, TypeError, KeyError) as error:
        raise Malformed(f"{type(error).__name__} while reading a message") from None
    if unpacker.position != len(body):
        raise Malformed("bytes are left over")
    return message


class _Unpacker:
    def __init__(self, body: bytes) -> None:
        self.body = body
        self.position = 0
        self.items = 0

    def unpack(self, value: Any, depth: int) -> Any:
        self.items += 1
        if depth > MAX_DEPTH + 2 or self.items > 2 * MAX_ITEMS:
            raise Malformed("too many parts")
        if value is None or isinstance(value, bool | int | float | str):
            return value
        if not isinstance(value, dict) or len(value) != 1:
            raise Malformed("an unknown kind of value")
        ((kind, content),) = value.items()
        if kind in ("list", "tuple") and isinstance(content, list):
            parts = [self.unpack(part, depth + 1) for part in content]
            return parts if kind == "list" else tuple(parts)
        if kind == "dict" and isinstance(content, dict):
            return {key: self.unpack(part, depth + 1) for key, part in content.items()}
        if kind == "array":
            return self._array(*content)
        if kind == "seed" and type(content) is int:
            return Seed(content)
        raise Malformed("an unknown kind of value")

    def _array(self, dtype: Any, shape: Any) -> np.ndarray[Any, Any]:
        if not (isinstance(dtype, str) and dtype in DTYPES and isinstance(shape, list)):
            raise Malformed("an unknown kind of array")
        if len(shape) > 32 or not all(type(n) is int and 0 <= n < 2**40 for n in shape):
            raise Malformed("an impossible shape")
        n_bytes = math.prod(shape) * np.dtype(dtype).itemsize
        if n_bytes > len(self.body) - self.position:
            raise Malformed("an array without its bytes")
        part = self.body[self.position : self.position + n_bytes]
        self.position += n_bytes
        return np.frombuffer(part, dtype).reshape(shape).copy()
